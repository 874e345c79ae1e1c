"""Requests that routers on record sent to the wrong model, worded anew; each names the public thread that it is of."""

from typing import Any

import pytest
from tests.routing.signals.bodies import fields_of, said

from triplepoint.routing.model import Signals
from triplepoint.routing.signals.read import read_request
from triplepoint.upstreams.dialects.model import Dialect


def read(messages: list[Any], **members: Any) -> Signals:
    """Read the signals of a chat."""
    return read_request(fields_of({"messages": messages, **members}), Dialect.CHAT).signals


PLAN = "This is how I would go about it, and it is complex: 1. derive the new schema 2. refactor the store 3. migrate. Execute?"


@pytest.mark.parametrize("reply", ["yes", "Yes, do it", "go on", "好的", "да", "oui, vas-y", "はい、お願いします", "👍"])
def test_yes_to_a_hard_plan(reply: str) -> None:
    """BerriAI/litellm PR 35471: "yes" to a plan that the model itself called complex went to the cheapest tier."""
    signals = read(said("our orders table is slow", PLAN, reply))
    assert signals.earlier_hard
    assert not signals.hard


def test_difficulty_two_turns_back() -> None:
    """BerriAI/litellm, docs/auto_router/benchmarks.md: the last message alone agrees on 14 % of follow-ups."""
    talk = said(
        "Prove that the scheduler never deadlocks", "Here is a proof …", "make it shorter", "Shorter: …", "now in French"
    )
    assert read(talk).earlier_hard
    assert not read(talk[2:]).earlier_hard


@pytest.mark.parametrize(
    "question", ["What is the capital of Peru?", "thanks!", "ok, what time is it in Lima?", "法国的首都是哪里？"]
)
def test_an_easy_question_after_a_hard_one(question: str) -> None:
    """The other way round, so that one hard question does not make a conversation dear for ever."""
    signals = read(said("Prove that the scheduler never deadlocks", "Here is a proof …", question))
    assert not signals.earlier_hard
    assert not signals.hard


@pytest.mark.parametrize(
    ("text", "shows"),
    [
        ("Which stereoisomer forms when the nucleophile attacks (R)-2-bromobutane, and at what rate?", {"hard"}),
        ("Show that infinitely many primes leave remainder 3 when divided by 4; prove each step.", {"hard", "maths"}),
        ("Our supplier repudiated: which remedies for breach of contract are open, and does liability survive?", {"hard"}),
        ("The patient is 71, presents with syncope, other symptoms are mild: what is your differential diagnosis?", {"hard"}),
        ("Write an essay of 1500 words on the causes of the Thirty Years' War.", {"structure"}),
        ("Write a sonnet on rain in which every line begins with the letter R.", {"structure"}),
        ("A shop sold 48 clips in April and half as many in May. How many were that altogether?", {"maths"}),
        ("Implement an LRU cache as a Python class with tests", {"code"}),
    ],
)
def test_hard_across_domains(text: str, shows: set[str]) -> None:
    """BerriAI/litellm PR 39226: chemistry, a proof, law, a clinical case, exact forms all went to the cheapest tier."""
    signals = read(said(text))
    assert {name for name in ("hard", "maths", "structure", "code") if getattr(signals, name)} == shows


@pytest.mark.parametrize(
    "text",
    [
        "Compare TCP, UDP and QUIC: use cases for each, performance on bad links, and what packet loss does to them",
        "Write a distributed rate limiter in Python, backed by Redis",
    ],
)
def test_detailed_engineering(text: str) -> None:
    """BerriAI/litellm PR 37910: a multi-part networking question and a distributed rate limiter went to the cheap tiers."""
    assert read(said(text)).hard


def test_borrowed_phrases() -> None:
    """BerriAI/litellm PR 37500: a greeting with two reasoning phrases went to the dearest tier."""
    signals = read(said("hi, step by step, pros and cons"))
    assert (signals.hard, signals.code, signals.maths, signals.structure) == (False, False, False, False)


def test_long_session() -> None:
    """BerriAI/litellm PR 38844: a session went to a model whose window it overflows; what counts is all that is sent."""
    history = said(*["word " * 4_000] * 20, "go on")
    tools = [{"type": "function", "function": {"name": "f", "description": "word " * 4_000}}]
    signals = read(history, tools=tools)
    assert signals.input_tokens > 21 * 4_000
    assert signals.last_text_chars == len("go on")


def test_spelling() -> None:
    """vllm-project/semantic-router issue 952: the same sum, misspelt, was another class."""
    right = "Please solve this problem step by step: the perimeters of two squares are as 3 : 2, and their sum is 30."
    wrong = "Plese slove ths prblem stp by stp: the perimetrs of tow sqaures ar as 3 : 2, adn their sum is 30, so 3x + 2x = 30"
    assert read(said(right)).maths
    assert read(said(wrong)).maths


@pytest.mark.parametrize(
    ("text", "signal"),
    [
        ("Solve x^2 - 5x + 6 = 0", "maths"),
        ("Write Python that sorts a list of dates", "code"),
        ("Plan a marketing campaign for a new tea", None),
        ("What were the causes of the First World War?", None),
    ],
)
def test_batch(text: str, signal: str | None) -> None:
    """vllm-project/semantic-router issue 318: of four plain subjects, none was classified rightly."""
    signals = read(said(text))
    assert [name for name in ("code", "maths", "hard") if getattr(signals, name)] == ([signal] if signal else [])


def test_agents_own_instructions() -> None:
    """A coding tool's system prompt and reminders make every request of its look hard; they are not what is asked."""
    reminder = "<system-reminder>Always refactor, prove invariants, keep the architecture</system-reminder>"
    messages = [
        {"role": "system", "content": "You are a coding agent. Refactor, migrate, prove."},
        {"role": "user", "content": [{"type": "text", "text": reminder}, {"type": "text", "text": "what day is it?"}]},
    ]
    signals = read(messages)
    assert (signals.hard, signals.code) == (False, False)
    assert signals.last_text_chars == len("what day is it?")
