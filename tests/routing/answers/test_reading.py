"""What was said is read alike out of every dialect, whole or streamed; what is no whole answer is none."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.routing.answers.model import Call, Said
from triplepoint.routing.answers.reading import read_answer, read_stream
from triplepoint.upstreams.dialects.model import Dialect
from triplepoint.upstreams.simulated.model import Script
from triplepoint.upstreams.simulated.responder import Responder
from triplepoint.upstreams.simulated.script_file import prepare

PATHS = {Dialect.CHAT: "/chat/completions", Dialect.RESPONSES: "/responses", Dialect.MESSAGES: "/messages"}
CALLS: list[dict[str, Any]] = [{"name": "forecast", "arguments": {"city": "Bern"}}, {"name": "clock", "arguments": {}}]
FORECAST = Call("forecast", '{"city":"Bern"}')
ANSWERS: dict[str, tuple[dict[str, Any], Said]] = {
    "text": ({"text": "Bern is the seat."}, Said("Bern is the seat.")),
    "thought": ({"text": "42", "reasoning": "six times seven"}, Said("42")),
    "refusal": ({"refusal": "I will not say."}, Said("I will not say.", refused=True)),
    "calls": ({"tool_calls": CALLS}, Said("", (FORECAST, Call("clock", "{}")))),
    "text and call": (
        {"text": "Let me see.", "tool_calls": CALLS[:1]},
        Said("Let me see.", (Call("forecast", '{"city":"Bern"}'),)),
    ),
    "several": ({"text": ["one", "two"]}, Said("one")),
}


def answer_bytes(dialect: Dialect, answer: dict[str, Any], *, stream: bool, **members: Any) -> bytes:
    """Have a simulated upstream write an answer."""
    responder = Responder(prepare(Script.model_validate({"answer": answer}, strict=False)))
    asked = {"input": "q"} if dialect is Dialect.RESPONSES else {"messages": [{"role": "user", "content": "q"}]}
    body = json.dumps({"model": "m", **asked, "stream": stream, "max_tokens": 100, **members}).encode()
    outcome = responder.respond(1, "POST", PATHS[dialect], {}, body, running_s=0.0, now_s=1)
    return b"".join(piece.data for piece in outcome.layout.pieces)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("name", ANSWERS)
def test_every_dialect_says_the_same(dialect: Dialect, name: str, stream: bool) -> None:
    """Words, calls and refusals come out of a whole body and of a stream as they were put in; thoughts are left out."""
    answer, expected = ANSWERS[name]
    data = answer_bytes(dialect, answer, stream=stream)
    assert (read_stream if stream else read_answer)(data, dialect) == expected


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("dialect", Dialect)
def test_an_answer_that_ended_for_want_of_room_is_cut(dialect: Dialect, stream: bool) -> None:
    """Each dialect has its own word for it."""
    data = answer_bytes(dialect, {"text": "one two three four"}, stream=stream, max_tokens=2, max_output_tokens=2)
    said = (read_stream if stream else read_answer)(data, dialect)
    assert said is not None
    assert (said.text, said.is_cut) == ("one two", True)


@pytest.mark.parametrize("dialect", Dialect)
def test_a_stream_without_its_last_event_is_no_answer(dialect: Dialect) -> None:
    """However much has come, it is not whole."""
    data = answer_bytes(dialect, {"text": "one two three"}, stream=True)
    events = data.split(b"\n\n")
    for kept in range(len(events) - 1):
        assert read_stream(b"\n\n".join(events[:kept]), dialect) is None


@pytest.mark.parametrize("dialect", Dialect)
@given(data=st.one_of(st.binary(max_size=200), st.text(max_size=100).map(str.encode)))
def test_nonsense_is_no_answer(dialect: Dialect, data: bytes) -> None:
    """Nothing raises, whatever the bytes are."""
    assert read_answer(data, dialect) is None
    assert read_stream(b"data: " + data + b"\n\n", dialect) is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "message", "content", "output", "type", "text", "tool_calls", "function", "status", "delta"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(value=_JSON)
def test_odd_shapes_do_not_raise(value: object) -> None:
    """An answer of whatever shape is read as far as it has one."""
    body = json.dumps(value).encode()
    for dialect in Dialect:
        said = read_answer(body, dialect)
        assert said is None or isinstance(said.text, str)
        read_stream(b"data: " + body + b"\n\ndata: [DONE]\n\n", dialect)
