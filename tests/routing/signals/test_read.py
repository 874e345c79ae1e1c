"""Signals are read from all three dialects, from the last three turns, and from anything at all without an exception."""

import time
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.routing.signals.bodies import CONVERSATION, fields_of, said

from triplepoint.routing.model import Signals
from triplepoint.routing.signals.read import read_request
from triplepoint.upstreams.dialects.model import Dialect

MEMBERS = ["messages", "input", "instructions", "system", "tools", "functions", "response_format", "text", "output_config"]

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.sampled_from(["role", "content", "type"]), inner)
    ),
    max_leaves=12,
)
parts: st.SearchStrategy[Any] = st.fixed_dictionaries({}, optional={"type": json_values, "text": json_values})
almost_messages: st.SearchStrategy[Any] = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "role": st.sampled_from(["user", "assistant", "tool", "system"]) | json_values,
            "content": st.text() | st.lists(parts),
            "type": json_values,
            "output": json_values,
        },
    )
    | json_values,
    max_size=6,
)


def read(body: dict[str, Any], dialect: Dialect = Dialect.CHAT) -> Signals:
    """Read the signals of a body."""
    return read_request(fields_of(body), dialect).signals


@pytest.mark.parametrize("dialect", Dialect)
def test_dialects(dialect: Dialect) -> None:
    """The same conversation gives the same signals in each dialect."""
    signals = read({CONVERSATION[dialect]: said("Write a Python script", "Here it is", "and 2 + 2?")}, dialect)
    assert (signals.code, signals.maths, signals.turns, signals.last_text_chars) == (True, True, 2, len("and 2 + 2?"))


def test_last_three_turns() -> None:
    """A short answer after a turn about code is still about code, until three other turns have passed."""
    talk = ["Write a Python script", "```python\nprint()\n```", "yes, go on", "done"]
    assert read({"messages": said(*talk)}).code
    talk += ["thank you", "welcome", "how is the weather", "fine", "good night", "good night"]
    assert not read({"messages": said(*talk)}).code


def test_system_prompt_is_not_looked_at() -> None:
    """What the application's instructions speak of says nothing about this request."""
    chat: dict[str, Any] = {"messages": [{"role": "system", "content": "You write Python"}, *said("Tell me a tale")]}
    assert not read(chat).code
    assert not read({"system": "You write Python", "messages": said("Tell me a tale")}, Dialect.MESSAGES).code
    assert not read({"instructions": "You write Python", "input": "Tell me a tale"}, Dialect.RESPONSES).code


def test_the_text_is_given_where_it_is_wanted() -> None:
    """The last three turns, newest last, and without being asked none of it."""
    fields = fields_of({"messages": said("zero", "nought", "one", "first", "two", "second", "three")})
    assert read_request(fields, Dialect.CHAT, wants_text=True).text == "one\nfirst\ntwo\nsecond\nthree"
    assert read_request(fields, Dialect.CHAT).text == ""


def test_a_tag_names_the_task() -> None:
    """The caller's tag ``task`` is a signal, other tags are not."""
    fields = fields_of({"messages": said("hello")})
    assert read_request(fields, Dialect.CHAT, tags={"task": "summary", "team": "x"}).signals.task == "summary"


def test_responses_string_input() -> None:
    """A responses input that is a plain string is one user turn."""
    signals = read({"input": "Solve the equation"}, Dialect.RESPONSES)
    assert (signals.turns, signals.maths, signals.last_text_chars) == (1, True, 18)


def test_tool_results_continue_a_turn() -> None:
    """A tool's result is no turn of its own, and its words count."""
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": "look at my file"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "read", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "#include <stdio.h>"}]},
    ]
    signals = read({"messages": messages}, Dialect.MESSAGES)
    assert (signals.turns, signals.code) == (1, True)
    items = [{"role": "user", "content": "look"}, {"type": "function_call_output", "call_id": "1", "output": "#include <a>"}]
    assert read({"input": items}, Dialect.RESPONSES).code


@pytest.mark.parametrize(
    ("dialect", "part"),
    [
        (Dialect.CHAT, {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 400_000}}),
        (Dialect.RESPONSES, {"type": "input_image", "image_url": "data:image/png;base64," + "A" * 400_000}),
        (Dialect.MESSAGES, {"type": "image", "source": {"type": "base64", "data": "A" * 400_000}}),
        (Dialect.MESSAGES, {"type": "tool_result", "content": [{"type": "image", "source": {"data": "A" * 400_000}}]}),
    ],
)
def test_images(dialect: Dialect, part: dict[str, Any]) -> None:
    """An image is seen wherever it may stand, and its bytes are not taken for text."""
    kind = "input_text" if dialect is Dialect.RESPONSES else "text"
    signals = read(
        {CONVERSATION[dialect]: [{"role": "user", "content": [{"type": kind, "text": "what is it?"}, part]}]}, dialect
    )
    assert signals.images
    assert signals.input_tokens < 2_000


def test_word_image_is_no_image() -> None:
    """A prompt that speaks of images, even in JSON, attaches none."""
    assert not read({"messages": said('{"type": "image_url", "image": 1}')}).images


@pytest.mark.parametrize(
    ("dialect", "body"),
    [
        (Dialect.CHAT, {"response_format": {"type": "json_schema", "json_schema": {}}}),
        (Dialect.CHAT, {"response_format": {"type": "json_object"}}),
        (Dialect.RESPONSES, {"text": {"format": {"type": "json_schema", "name": "x"}}}),
        (Dialect.MESSAGES, {"output_config": {"format": {"type": "json_schema"}}}),
        (Dialect.MESSAGES, {"output_format": {"type": "json_schema"}}),
    ],
)
def test_json_output(dialect: Dialect, body: dict[str, Any]) -> None:
    """Structured output is recognised in each dialect's own field."""
    assert read(body, dialect).json_output
    assert not read({"response_format": {"type": "text"}, "text": {"format": {"type": "text"}}}, dialect).json_output


def test_tools() -> None:
    """Tools are offered where the list has one, not where it is empty."""
    assert read({"tools": [{"type": "function"}]}).tools
    assert read({"functions": [{"name": "f"}]}).tools
    assert not read({"tools": []}).tools
    assert not read({"tools": None}).tools


def test_input_estimate() -> None:
    """A quarter of the bytes, and about the same for text that a client wrote with escapes."""
    text = "Расскажи мне о погоде в Москве. " * 40
    body = {"messages": said(text)}
    plain = read(body).input_tokens
    escaped = read_request(fields_of(body, escaped=True), Dialect.CHAT).signals
    assert plain == pytest.approx(len(text.encode()) / 4, rel=0.1)
    assert escaped.input_tokens == pytest.approx(plain, rel=0.02)


def test_long_documents_are_read_at_both_ends() -> None:
    """The question is found before or after a long document, and the middle is not looked at."""
    document = "The sea was calm and the day went by. " * 30_000
    assert read({"messages": said("Write a Python script. " + document)}).code
    assert read({"messages": said(document + "Write a Python script.")}).code
    assert not read({"messages": said(document + "Write a Python script." + document)}).code


@given(st.dictionaries(st.sampled_from(MEMBERS), json_values | almost_messages), st.sampled_from(list(Dialect)))
def test_any_json(body: dict[str, Any], dialect: Dialect) -> None:
    """Any JSON gives signals, never an exception, and counts that are not negative."""
    signals = read(body, dialect)
    assert signals.input_tokens >= 0
    assert signals.turns >= 0
    assert signals.last_text_chars >= 0


@given(st.dictionaries(st.sampled_from(MEMBERS), st.binary(max_size=60)), st.sampled_from(list(Dialect)))
def test_any_bytes(body: dict[str, bytes], dialect: Dialect) -> None:
    """Members that are not even JSON give signals, never an exception."""
    read_request({name: msgspec.Raw(value) for name, value in body.items()}, dialect)


SIZES: dict[str, Any] = {
    "one character": "x",
    "10 MB": "word " * 2_000_000,
    "10 MB without a space": "x" * 10_000_000,
    "10 MB of Chinese": "好" * 3_300_000,
    "only images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 1_000_000}}] * 5,
    "control characters": "".join(map(chr, range(32))) * 1000,
    "tags that are never closed": "<system-reminder></x>" * 100_000,
    "parts": [{"type": "text", "text": "a"}] * 100_000,
}


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("content", SIZES.values(), ids=SIZES.keys())
def test_sizes(dialect: Dialect, content: Any) -> None:
    """Any size and any stuff gives one turn and no more text than is read; a second of CPU is ten times what it may take."""
    fields = fields_of({CONVERSATION[dialect]: [{"role": "user", "content": content}]})
    start = time.process_time()
    reading = read_request(fields, dialect, wants_text=True)
    assert time.process_time() - start < 1.0
    assert reading.signals.turns == 1
    assert len(reading.text) <= 8_001
    assert reading.signals.images == (content is SIZES["only images"])


HALVES = [rb"\ud83d", rb"\udc00", rb"\ud83d\ud83d", rb"\udc00\ud83d", "\ud83d".encode("utf-8", "surrogatepass")]


@pytest.mark.parametrize(
    "item", ["{}", '{"role":"user","content":""}', '{"role":"user","content":[{"type":"image"}]}', '{"role":1}']
)
def test_very_many_messages(item: str) -> None:
    """A body of nothing but messages is read in time that its size warrants: a microsecond or two for each, and no more."""
    many = 2_000_000 // len(item)
    raw = msgspec.Raw(f"[{','.join([item] * many)}]".encode())
    start = time.process_time()
    read_request({"messages": raw}, Dialect.CHAT, wants_text=True)
    assert time.process_time() - start < 1.0


@pytest.mark.parametrize("half", HALVES)
def test_lone_surrogates(half: bytes) -> None:
    """Half a character makes a body that the wire refuses; here it says nothing, and nothing raises."""
    raw = msgspec.Raw(b'[{"role":"user","content":"' + half + b' Write a Python script"}]')
    signals = read_request({"messages": raw}, Dialect.CHAT, wants_text=True).signals
    assert (signals.code, signals.last_text_chars, signals.language) == (False, 0, "")


NESTS = [('{"type":"tool_result","content":[', "]}"), ('{"content":[{"type":"image"},', "]}"), ("[", "]"), ('{"content":', "}")]


@pytest.mark.parametrize("depth", [10, 200, 900, 5_000, 100_000])
@pytest.mark.parametrize(("opening", "closing"), NESTS)
def test_deep_nesting(opening: str, closing: str, depth: int) -> None:
    """However deep a body is nested, it is read in time that its size warrants, and no stack overflows."""
    data = opening * depth + '{"type":"text","text":"Python"}' + closing * depth
    raw = msgspec.Raw(f'[{{"role":"user","content":[{data}]}}]'.encode())
    start = time.process_time()
    signals = read_request({"messages": raw}, Dialect.MESSAGES).signals
    assert time.process_time() - start < 0.5
    assert not signals.code


@pytest.mark.parametrize("wrong", [["x"], [1], {}, None, [[{"role": "user"}]], "text"])
def test_wrong_shapes_are_neutral(wrong: Sequence[Any]) -> None:
    """A conversation that is none says nothing."""
    signals = read({"messages": wrong})
    assert (signals.turns, signals.code, signals.maths, signals.last_text_chars) == (0, False, False, 0)
