"""A cheap answer is looked at: what will not do is found, in many languages, and what is sound is let through."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.lineups.model import Check
from triplepoint.routing.answers.model import Call, Said, Wanted
from triplepoint.routing.escalation.examine import examine
from triplepoint.routing.escalation.model import Asked, Finding

ALL = list(Check)
PERSON = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"], "additionalProperties": False}
AS_PERSON = Asked(wanted=Wanted(json=True, schema=json.dumps(PERSON).encode()))
WITH_TOOL = Asked(tools={"look": json.dumps(PERSON).encode(), "plain": b""})
APPLES = Asked("Ann has 12 apples and gives 5 to each of her 2 friends. How many apples are left?")
OPTIONS = Asked("Which is a fruit?\nA) Apple\nB) Stone\nC) Chair")


def look(said: Said | str | None, asked: Asked | str = "", *checks: Check, **told: Any) -> Finding | None:
    """Examine an answer with all checks, or some."""
    answer = Said(said) if isinstance(said, str) else said
    return examine(answer, Asked(asked) if isinstance(asked, str) else asked, checks or ALL, **told)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (None, "it broke off"),
        (Said(""), "it was empty"),
        (Said(" \n"), "it was empty"),
        (Said("Once upon a", is_cut=True), "it ended for want of room"),
    ],
)
def test_an_answer_is_there_and_whole(said: Said | None, words: str) -> None:
    """No answer, an empty one and one that ran out of room will not do."""
    assert look(said) == Finding(Check.COMPLETE, words)


@pytest.mark.parametrize(("room", "passes"), [(None, False), (16, True), (255, True), (4096, False)])
def test_an_answer_that_was_to_be_short_is_not_held_against_the_model(room: int | None, passes: bool) -> None:
    """With little room by its caller or plan, another answer would be cut as well."""
    found = look(Said("The reasons are:", is_cut=True), Asked("Name 5 reasons.", room_tokens=room))
    assert (found is None) is passes


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I’m sorry, but I can’t assist with that request.",
        "Es tut mir leid, aber dabei kann ich nicht helfen.",
        "Je suis désolé, mais je ne peux pas vous aider.",
        "Lo siento, pero no puedo ayudar con eso.",
        "Desculpe, não posso ajudar com isso.",
        "Mi dispiace, ma non posso aiutarti.",
        "Извините, но я не могу помочь с этим.",
        "抱歉，我无法回答这个问题。",
        "申し訳ありませんが、お手伝いできません。",
        "죄송하지만 도와드릴 수 없습니다.",
        "Przykro mi, ale nie mogę pomóc.",
        "Üzgünüm, bu konuda yardımcı olamam.",
        "عذراً، لا أستطيع مساعدتك في ذلك.",
        "क्षमा करें, मैं मदद नहीं कर सकता।",
        "Xin lỗi, tôi không thể giúp việc đó.",
    ],
)
def test_refusals_are_found_in_many_languages(text: str) -> None:
    """And said to be such."""
    assert look(text) == Finding(Check.ANSWERS, "it refused")


@pytest.mark.parametrize(
    "text",
    [
        "I don't know.",
        "I am not sure who that is.",
        "Sorry, I do not know.",
        "Ich weiß es nicht.",
        "Je ne sais pas.",
        "No lo sé.",
        "Não sei dizer.",
        "Non lo so.",
        "Я не знаю.",
        "我不知道。",
        "わかりません。",
        "모르겠습니다.",
        "لا أعرف.",
        "Cannot be determined.",
    ],
)
def test_not_knowing_is_no_answer(text: str) -> None:
    """In a short answer that opens with it."""
    assert look(text) == Finding(Check.ANSWERS, "it did not know")


@pytest.mark.parametrize(
    "text",
    ["The reasons are:", "First, one needs flour,", "So 3 * 4 =", "```python\nprint(1)", "原因如下：", "and then **then:**"],
)
def test_what_stops_in_the_middle_is_no_answer(text: str) -> None:
    """An open end, an open fence."""
    assert look(text) == Finding(Check.ANSWERS, "it broke off in the middle")


@pytest.mark.parametrize(
    ("asked", "good", "bad"),
    [
        ("Work it out. End with #### and the number.", "2 + 2 = 4\n#### 4", "The answer is 4."),
        (r"Put the result into \boxed{}.", r"It is \boxed{4}.", "It is 4."),
        (OPTIONS.text, "B) Stone", "Neither of these, I would say."),
        (OPTIONS.text, "The answer is **A**.", "It has seeds."),
        (OPTIONS.text, "An apple.", "It grows on trees."),
    ],
)
def test_a_result_that_was_asked_for_is_there(asked: str, good: str, bad: str) -> None:
    """In its place: behind ####, in a box, or one of the options by letter or in words."""
    assert look(good, asked) is None
    found = look(bad, asked)
    assert found is not None
    assert found.check is Check.ANSWERS


@pytest.mark.parametrize(
    ("text", "asked", "words"),
    [
        ("12 - 10 = 3, so 3 are left.", APPLES.text, "its equation did not hold"),
        ("5 * 2 = 10. 12 - 10 = 3. #### 3", APPLES.text, "1 of its 2 equations did not hold"),
        ("Some are left over.", APPLES.text, "it came to no number"),
        ("12 / 5 = 2.4. The answer is 2.4", APPLES.text, "it came to a part of what is counted in whole"),
        ("3 + 4 = 7. The answer is 7", APPLES.text, "it left out 3 of the 3 numbers given"),
        ("一共有 5 × 3 = 16 个。", "每盒5个，3盒一共多少？", "its equation did not hold"),
        ("7 mal 8 ergibt 54.", "Wie viel ist 7 mal 8?", "its equation did not hold"),
    ],
)
def test_arithmetic_is_worked_out_again(text: str, asked: str, words: str) -> None:
    """What does not hold is counted, and none of it is repeated."""
    assert look(text, asked) == Finding(Check.ARITHMETIC, words)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("5 * 2 = 10 apples are given away, so 12 - 10 = 2 are left.", APPLES.text),
        ("2", APPLES.text),
        ("Two are left.", APPLES.text),
        ("It takes 150 / 60 = 2.5 hours. The answer is 2.5", "How many hours are 150 minutes at 60 a piece?"),
        ("x + 3 = 10, hence x = 7.", "Solve x + 3 = 10. What is x?"),
        ("It was signed in 1648.", "When was the peace of 1648 signed?"),
    ],
)
def test_sound_arithmetic_is_let_be(text: str, asked: str) -> None:
    """Also where there is none to be worked out."""
    assert look(text, asked) is None


@pytest.mark.parametrize(
    ("said", "asked", "words"),
    [
        (Said("age: 3"), AS_PERSON, "it was no JSON"),
        (Said('{"age": "three"}'), AS_PERSON, "it did not keep to the schema"),
        (Said('{"age": 3'), AS_PERSON, "it was no JSON"),
        (Said("", (Call("steal", "{}"),)), WITH_TOOL, "it called a tool that was not offered"),
        (Said("", (Call("look", "{"),)), WITH_TOOL, "the arguments of a call were no JSON object"),
        (Said("", (Call("look", "[3]"),)), WITH_TOOL, "the arguments of a call were no JSON object"),
        (Said("", (Call("look", "{}"),)), WITH_TOOL, "the arguments of a call did not keep to the tool's schema"),
        (Said("Hello."), Asked(wanted=Wanted(must_call=True)), "it called no tool, and one had to be called"),
        (Said("1. one\n2. two\n"), Asked("List five reasons to go."), "it listed 2 of 5"),
        (Said("- eins\n- zwei\n"), Asked("Nenne mir 3 Gründe."), "it listed 2 of 3"),
        (Said("word " * 80), Asked("Describe it in at most 50 words."), "it had 80 words, and 50 are the most"),
        (Said("wort " * 9), Asked("Schreibe mindestens 100 Wörter."), "it had 9 words, and 100 are the least"),
        (Said("字" * 150), Asked("请用不超过100字总结。"), "it had 150 words, and 100 are the most"),
        (Said("A is big, B is small."), Asked("Compare A and B as a table."), "it had no table"),
        (Said("A est grand."), Asked("Compare A et B sous forme de tableau."), "it had no table"),
        (Said("age is 3"), Asked("Answer in JSON with the key age."), "it was no JSON"),
    ],
)
def test_form_is_what_was_asked_for(said: Said, asked: Asked, words: str) -> None:
    """By parameters and, where it is plain, by words."""
    assert look(said, asked) == Finding(Check.FORMAT, words)


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        (Said('{"age": 3}'), AS_PERSON),
        (Said("", (Call("look", '{"age": 3}'),)), WITH_TOOL),
        (Said("", (Call("plain", '{"any": 1}'),)), WITH_TOOL),
        (Said("", (Call("plain", ""),)), WITH_TOOL),
        (Said("Let me look:", (Call("plain", "{}"),)), WITH_TOOL),
        (Said("1. one\n2. two\n3. three\n"), Asked("List three reasons to go.")),
        (Said("They are many; three of them follow in prose."), Asked("List three reasons to go.")),
        (Said("word " * 52), Asked("Describe it in at most 50 words.")),
        (Said("| a | b |\n|---|---|\n| 1 | 2 |"), Asked("Compare A and B as a table.")),
        (Said('Here you are:\n```json\n{"age": 3}\n```'), Asked("Answer in JSON with the key age.")),
        (Said("def f():\n    return 1"), Asked("Write a Python function that returns JSON in a table.")),
        (Said("The 300 words are there."), Asked("What does the phrase '300 words' mean?")),
    ],
)
def test_sound_form_is_let_be(said: Said, asked: Asked) -> None:
    """Nothing is demanded that was not plainly asked for."""
    assert look(said, asked) is None


def test_confidence_is_held_against_the_line_ups_least() -> None:
    """Where the upstream tells it; where it does not, nothing is held against an answer."""
    assert look("Bern.", "", Check.CONFIDENCE, logprob=-0.9, min_logprob=-0.5) == Finding(
        Check.CONFIDENCE, "the mean log-probability of its tokens was -0.9, below -0.5"
    )
    assert look("Bern.", "", Check.CONFIDENCE, logprob=-0.5, min_logprob=-0.5) is None
    assert look("Bern.", "", Check.CONFIDENCE, logprob=None, min_logprob=-0.5) is None
    assert look("Bern.", "", Check.COMPLETE, logprob=-9.0, min_logprob=-0.5) is None


def test_only_what_is_asked_for_is_looked_at() -> None:
    """A line-up without the check of arithmetic takes a wrong sum; nobody takes what is no answer at all."""
    assert look("2 + 2 = 5", "", Check.COMPLETE, Check.FORMAT) is None
    assert look("I can't help with that.", "", Check.ARITHMETIC) is None
    assert look(Said("cut", is_cut=True), "", Check.ARITHMETIC) is None
    assert look(None, "", Check.ARITHMETIC) == Finding(Check.COMPLETE, "it broke off")


words = st.text(max_size=300) | st.text("0123456789=+-*/().,:;{}[]<>|#$%`\\ \nABCabc字は", max_size=400)
saids = st.none() | st.builds(
    Said,
    words,
    st.lists(st.builds(Call, st.sampled_from(["look", "x"]), words), max_size=2).map(tuple),
    st.booleans(),
    st.booleans(),
)
askeds = st.builds(
    Asked,
    words | st.sampled_from([APPLES.text, OPTIONS.text, "List 3 ideas", "in at most 5 words", "Answer in JSON"]),
    st.builds(Wanted, st.booleans(), st.sampled_from([b"", b"{}", b"{", b'{"type":"object","properties":3}']), st.booleans()),
    st.dictionaries(st.sampled_from(["look", "y"]), st.sampled_from([b"", b"{}", b"[", b'{"required":["a"]}'])),
)


@given(saids, askeds, st.none() | st.floats())
def test_looking_never_raises_and_repeats_nothing(said: Said | None, asked: Asked, logprob: float | None) -> None:
    """Whatever either side has written: there is a finding or none, in words of ours."""
    found = examine(said, asked, ALL, logprob=logprob, min_logprob=-1.0)
    if found is not None:
        assert found.words.isascii()
        assert len(found.words) < 120


@pytest.mark.parametrize("secret", ["4711", "Zanzibar"])
def test_no_word_of_request_or_answer_is_in_a_finding(secret: str) -> None:
    """What stands on receipts says which check failed, not what was said."""
    sayings = [
        f"{secret} = {secret}",
        f"{secret} + 1 = 5",
        f"I can't help with {secret}.",
        f"{secret}:",
        f"I don't know {secret}.",
        f'{{"{secret}": 1}}',
    ]
    for asked in (Asked(f"How many {secret} are 4711 and 4711?"), AS_PERSON, OPTIONS):
        for text in sayings:
            found = look(text, asked)
            assert found is None or secret not in found.words


@pytest.mark.parametrize(
    "piece",
    [
        "1+1=2 ",
        "(",
        "a",
        "1 ",
        "- x\n",
        "1. x\n",
        "|",
        "`",
        "```json\n{",
        "{",
        "[",
        '{"a":',
        "####",
        "\\boxed{",
        "=",
        "字",
        "A) x\n",
        "<table",
        "-",
        "- ",
    ],
)
def test_an_answer_of_a_megabyte_is_looked_at_in_bounded_time(piece: str) -> None:
    """Also against a question that demands everything at once, and one as long."""
    text = (piece * 2**20)[: 2**20]
    everything = "Answer in JSON. List 5 ideas as a table in at most 10 words. End with ####. How many are 3 and 4?\n"
    for asked in (Asked(everything), Asked((piece * 8_000)[:8_000]), AS_PERSON):
        started = time.perf_counter()
        examine(Said(text), asked, ALL)
        examine(Said("", (Call("look", text),)), WITH_TOOL, ALL)
        assert time.perf_counter() - started < 2
