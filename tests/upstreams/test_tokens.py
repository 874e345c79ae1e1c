"""Tokens are counted as OpenAI counts them, in bounded time, and every estimate says that it is one."""

import threading
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.foundation.usage import UsageSource
from triplepoint.upstreams.dialects.model import Dialect
from triplepoint.upstreams.tokens import CHARACTERS_COUNTED, count_request_tokens, count_tokens, estimate_usage, load_tokenizers


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    """Load the vocabularies once."""
    load_tokenizers()


def fields_of(body: dict[str, Any]) -> dict[str, msgspec.Raw]:
    """Cut a body apart as the wire does."""
    return msgspec.json.decode(msgspec.json.encode(body), type=dict[str, msgspec.Raw])


@pytest.mark.parametrize(
    ("model", "tokenizer"),
    [
        ("gpt-4o-mini", "o200k_base"),
        ("gpt-4.1", "o200k_base"),
        ("gpt-5", "o200k_base"),
        ("o3", "o200k_base"),
        ("claude-sonnet-4-5", "o200k_base"),
        ("anything", "o200k_base"),
        ("gpt-4", "cl100k_base"),
        ("gpt-4-turbo", "cl100k_base"),
        ("openai/gpt-3.5-turbo", "cl100k_base"),
        ("text-embedding-3-small", "cl100k_base"),
    ],
)
def test_tokenizer_by_model(model: str, tokenizer: str) -> None:
    """A model's name chooses the vocabulary; an unknown one gets the newest."""
    assert count_tokens("hello", model).tokenizer == tokenizer


@pytest.mark.parametrize(
    ("text", "o200k", "cl100k"),
    [("hello world", 2, 2), ("", 0, 0), ("antidisestablishmentarianism", 6, 6), ("<|endoftext|>", 7, 7), ("Привет, мир", 4, 6)],
)
def test_known_counts(text: str, o200k: int, cl100k: int) -> None:
    """Counts are those of OpenAI's tokenizers; what looks like a special token is text."""
    assert (count_tokens(text, "gpt-4o").tokens, count_tokens(text, "gpt-4").tokens) == (o200k, cl100k)


@pytest.mark.parametrize("piece", ["ab", " ", "\n", "!?", "中文", "7", "a\u0301", "=" * 7])
def test_hostile_text_is_bounded(piece: str) -> None:
    """Endless words, spaces and marks take time in proportion to their length, not to its square."""
    start = time.process_time()
    counted = count_tokens(piece * (200_000 // len(piece)), "gpt-4o")
    assert counted.tokens > 0
    assert time.process_time() - start < 2


def test_beyond_the_limit_in_proportion() -> None:
    """A text longer than is counted is reckoned in proportion, and the tokenizer's name says so."""
    text = "All work and no play. "
    short = count_tokens(text * (CHARACTERS_COUNTED // len(text)), "gpt-4o")
    long = count_tokens(text * (3 * CHARACTERS_COUNTED // len(text)), "gpt-4o")
    assert long.tokens == pytest.approx(3 * short.tokens, rel=0.001)
    assert long.tokenizer == "o200k_base, in proportion"


@given(st.text(), st.text())
def test_more_text_is_not_fewer_tokens_by_much(first: str, second: str) -> None:
    """Joining texts saves tokens at the seam at most: the whole is no more than its parts."""
    whole = count_tokens(f"{first}\n{second}", "gpt-4o").tokens
    parts = count_tokens(f"{first}\n", "gpt-4o").tokens + count_tokens(second, "gpt-4o").tokens
    assert whole <= parts + 2


def test_request_overhead() -> None:
    """A prompt counts its words, 3 tokens for each message, and 3 for the answer's beginning."""
    body = {"messages": [{"role": "user", "content": "hello world"}]}
    assert count_request_tokens(fields_of(body), Dialect.CHAT, "gpt-4o").tokens == 2 + 3 + 3
    assert count_request_tokens(fields_of({"input": "hello world"}), Dialect.RESPONSES, "gpt-4o").tokens == 2 + 3 + 3


HELLO = {"role": "user", "content": "hello"}
HI = {"role": "assistant", "content": [{"type": "text", "text": "hi"}]}
WEATHER = {"name": "weather", "description": "Tells the weather.", "input_schema": {"type": "object"}}
MORE: list[dict[str, Any]] = [
    {"system": "Be brief and kind."},
    {"tools": [WEATHER]},
    {"messages": [HELLO, HI]},
    {"messages": [{"role": "user", "content": [{"type": "text", "text": "hello"}, {"type": "image"}]}]},
]


@pytest.mark.parametrize("more", MORE)
def test_everything_in_the_prompt_counts(more: dict[str, Any]) -> None:
    """Instructions, tools, further messages and images make a prompt longer."""
    least: dict[str, Any] = {"messages": [HELLO]}
    before = count_request_tokens(fields_of(least), Dialect.MESSAGES, "claude").tokens
    assert count_request_tokens(fields_of({**least, **more}), Dialect.MESSAGES, "claude").tokens > before


def test_estimated_usage_says_so() -> None:
    """An estimated usage is marked, with the tokenizer's name, and counts both sides."""
    fields = fields_of({"messages": [{"role": "user", "content": "hello world"}]})
    usage = estimate_usage(fields, "hi there", Dialect.CHAT, "gpt-4o")
    assert (usage.input_tokens, usage.output_tokens) == (8, 2)
    assert (usage.source, usage.tokenizer) == (UsageSource.ESTIMATED, "o200k_base")


def test_any_shape() -> None:
    """A request of the wrong shape is counted without an exception."""
    wrong: list[Any] = ["text", [1, None], {"role": 1}, [[]], None]
    for messages in wrong:
        assert count_request_tokens(fields_of({"messages": messages, "tools": messages}), Dialect.CHAT, "m").tokens >= 0


def test_threads() -> None:
    """Counting from several threads at once gives what counting alone gives."""
    texts = [f"number {i} of the texts, with some words" for i in range(50)]
    alone = [count_tokens(text, "gpt-4o").tokens for text in texts]
    found: list[list[int]] = []
    threads = [
        threading.Thread(target=lambda: found.append([count_tokens(text, "gpt-4o").tokens for text in texts])) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [alone] * 4
