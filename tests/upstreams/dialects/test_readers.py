"""Readers of answers: what they learn, what they refuse, and that nothing an upstream sends can break them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.foundation.errors import UpstreamFault
from triplepoint.foundation.usage import Usage, UsageSource
from triplepoint.upstreams.dialects.read_chat import ChatReader
from triplepoint.upstreams.dialects.read_messages import MessagesReader
from triplepoint.upstreams.dialects.read_responses import ResponsesReader
from triplepoint.upstreams.dialects.reader import AnswerReader

Make = Callable[[], AnswerReader]
CHAT: Make = lambda: ChatReader("asked", wants_usage=True)  # noqa: E731 - a table of three
MESSAGES: Make = lambda: MessagesReader("asked")  # noqa: E731
RESPONSES: Make = lambda: ResponsesReader("asked")  # noqa: E731
READERS = pytest.mark.parametrize("make", [CHAT, MESSAGES, RESPONSES], ids=["chat", "messages", "responses"])

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
KNOWN = (
    "id", "created", "model", "choices", "usage", "error", "data", "content", "stop_reason", "input_tokens", "output", "status",
    "message", "delta", "response", "index", "finish_reason", "type",
)  # fmt: skip
TYPES = st.sampled_from((
    "message_start", "content_block_delta", "message_delta", "message_stop", "ping", "error", "response.created",
    "response.completed", "response.failed", "response.output_text.delta",
))  # fmt: skip
CHOICE = st.fixed_dictionaries(
    {},
    optional={"index": JSON, "delta": JSON | st.fixed_dictionaries({"content": JSON}), "finish_reason": JSON, "message": JSON},
)
USAGE = st.dictionaries(
    st.sampled_from(["prompt_tokens", "completion_tokens", "input_tokens", "output_tokens", "cache_read_input_tokens"]),
    JSON | st.integers(-5, 10**20),
)
OBJECTS = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(KNOWN, JSON) | {"type": TYPES, "choices": st.lists(CHOICE, max_size=2), "usage": USAGE}
)
BYTES = (JSON | OBJECTS).map(lambda value: json.dumps(value).encode()) | st.binary(max_size=80)


def event(value: object, name: str = "") -> bytes:
    """Write one event of a stream."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(value, separators=(',', ':'))}\n\n".encode()


def fault_of(act: Callable[[], object]) -> str:
    """Return the code of the fault that an act ends in."""
    with pytest.raises(UpstreamFault) as refused:
        act()
    return refused.value.code


@READERS
@given(body=BYTES)
def test_any_whole_answer_is_read_or_refused(make: Make, body: bytes) -> None:
    """Nothing but an `UpstreamFault` comes out of reading, and a usage that is reported has counts that can be."""
    reader = make()
    try:
        forwarded = reader.whole(body)
    except UpstreamFault:
        return
    assert isinstance(json.loads(forwarded), dict)
    assert reader.is_complete
    _assert_sane(reader.usage)


@READERS
@given(bodies=st.lists(BYTES, max_size=5), names=st.lists(st.sampled_from([b"", b"event: error\n", b"event: x\n"]), min_size=5))
def test_any_stream_is_read_or_refused(make: Make, bodies: list[bytes], names: list[bytes]) -> None:
    """The same holds for events, in any order; what is handed on is whole events."""
    reader = make()
    try:
        for body, name in zip(bodies, names, strict=False):
            data = body.replace(b"\r", b" ").replace(b"\n", b" ")
            forwarded = reader.block(name + b"data: " + data + b"\n\n")
            assert forwarded == b"" or forwarded.endswith(b"\n\n")
    except UpstreamFault:
        return
    assert isinstance(reader.output_text(), str)
    _assert_sane(reader.usage)


def _assert_sane(usage: Usage | None) -> None:
    if usage is None:
        return
    assert usage.source is UsageSource.REPORTED
    assert 0 <= (usage.input_tokens or 0) < 2**63
    assert 0 <= (usage.output_tokens or 0) < 2**63
    assert usage.cache_read_tokens + usage.cache_write_tokens <= (usage.input_tokens or 0)


@READERS
@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b"{", b"\xff", b'{"note": "\xff"}', b'{"a":' * 50_000, b'{"choices": "x"}', b'{"hello": 1}'],
    ids=["nothing", "list", "null", "half", "no text", "no text inside", "nested", "wrong type", "something else"],
)
def test_what_is_no_answer_is_refused(make: Make, body: bytes) -> None:
    """It is a protocol error, which says nothing of what came."""
    assert fault_of(lambda: make().whole(body)) == "protocol_error"


@READERS
@pytest.mark.parametrize("error", [{"message": "x"}, "x", True, 5, [1]])
def test_an_error_in_a_whole_answer_is_one(make: Make, error: object) -> None:
    """Whatever the status was; beside an answer too."""
    body: dict[str, Any] = {"error": error, "choices": [], "content": [], "output": []}
    assert fault_of(lambda: make().whole(json.dumps(body).encode())) == "error_in_answer"


@READERS
@pytest.mark.parametrize("error", [None, False, "", {}])
def test_an_error_that_is_empty_is_none(make: Make, error: object) -> None:
    """Some servers always write the member."""
    body: dict[str, Any] = {"error": error, "choices": [], "content": [], "output": []}
    make().whole(json.dumps(body).encode())


def test_the_caller_gets_the_name_that_it_asked_for() -> None:
    """In a whole answer and in each event, and wherever else the upstream's name stands it is left alone."""
    whole = ChatReader("asked", wants_usage=True).whole(b'{"model":"up", "choices":[], "note":"model up"}')
    assert json.loads(whole) == {"model": "asked", "choices": [], "note": "model up"}
    reader = ChatReader("asked", wants_usage=True)
    text = {"id": "1", "created": 1, "model": "up", "choices": [{"index": 0, "delta": {"content": '"model":"up"'}}]}
    assert json.loads(reader.block(event(text))[6:]) == {**text, "model": "asked"}
    created: dict[str, Any] = {"type": "response.created", "response": {"model": "up", "output": []}}
    assert json.loads(ResponsesReader("asked").block(event(created))[6:])["response"]["model"] == "asked"
    start: dict[str, Any] = {"type": "message_start", "message": {"model": "up", "usage": {}}}
    assert json.loads(MessagesReader("asked").block(event(start))[6:])["message"]["model"] == "asked"


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_name_is_replaced(asked: str, upstream: str) -> None:
    """Whatever characters the two names have, the event stays JSON, and has the asked one."""
    reader = ChatReader(asked, wants_usage=True)
    for _ in range(2):
        chunk = event({"id": "1", "created": 1, "model": upstream, "choices": [{"index": 0, "delta": {"content": upstream}}]})
        forwarded = json.loads(reader.block(chunk)[6:])
        assert forwarded["model"] == asked
        assert forwarded["choices"][0]["delta"]["content"] == upstream


def chunk(content: str = "", *, finish: str | None = None, index: int = 0, **members: Any) -> bytes:
    """Write a chunk of a chat stream."""
    choice = {"index": index, "delta": {"content": content}, "finish_reason": finish}
    return event({"id": "1", "created": 1, "model": "up", "choices": [choice], **members})


def test_a_chat_stream_is_whole_with_its_last_event() -> None:
    """Only ``[DONE]`` ends it, in any spelling; what comes after is dropped."""
    reader = ChatReader("asked", wants_usage=False)
    reader.block(chunk("a"))
    reader.block(chunk(finish="stop"))
    assert not reader.is_complete
    assert reader.block(b"data: [DONE]\n\n") == b"data: [DONE]\n\n"
    assert (reader.is_complete, reader.finish_reason, reader.output_text()) == (True, "stop", "a")
    assert reader.block(chunk("late")) == b""


def test_a_chat_stream_without_done_is_whole_if_every_choice_is() -> None:
    """A missing ``[DONE]`` alone is made up for; a choice without its finish reason is not."""
    reader = ChatReader("asked", wants_usage=False)
    for index in (0, 1):
        reader.block(chunk("a", index=index))
    reader.block(chunk(finish="stop", index=0))
    assert (reader.end(), reader.is_complete) == (b"", False)
    reader.block(chunk(finish="stop", index=1))
    assert (reader.end(), reader.is_complete) == (b"data: [DONE]\n\n", True)


def test_usage_that_nobody_asked_for_is_kept_to_ourselves() -> None:
    """The chunk that holds usage alone is learnt from and taken out, unless the caller wants it."""
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 5}}
    last = event({"id": "1", "created": 1, "model": "up", "choices": [], "usage": usage})
    for wants_usage in (False, True):
        reader = ChatReader("asked", wants_usage=wants_usage)
        reader.block(chunk("a", usage=None))
        assert (reader.block(last) != b"") is wants_usage
        assert reader.usage is not None
        assert (reader.usage.input_tokens, reader.usage.output_tokens, reader.usage.cache_read_tokens) == (7, 3, 5)


def test_input_of_messages_is_the_sum_of_its_parts() -> None:
    """Anthropic reports the three parts apart, the last event has the last word on the output."""
    reader = MessagesReader("asked")
    usage = {"input_tokens": 3, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 20, "output_tokens": 1}
    reader.block(event({"type": "message_start", "message": {"model": "up", "usage": usage}}, "message_start"))
    reader.block(
        event({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}}, "message_delta")
    )
    reader.block(event({"type": "message_stop"}, "message_stop"))
    assert reader.usage == Usage(
        input_tokens=123, output_tokens=9, cache_read_tokens=100, cache_write_tokens=20, source=UsageSource.REPORTED
    )
    assert (reader.is_complete, reader.finish_reason) == (True, "end_turn")


@pytest.mark.parametrize("status", ["completed", "incomplete", "failed"])
def test_a_response_ends_in_one_of_three_ways(status: str) -> None:
    """Each is an end; a failed one says so though the answer is whole."""
    reader = ResponsesReader("asked")
    response: dict[str, Any] = {"model": "up", "status": status, "usage": {"input_tokens": 4, "output_tokens": 2}, "output": []}
    reader.block(event({"type": f"response.{status}", "response": response}, f"response.{status}"))
    assert reader.is_complete
    assert reader.has_failed is (status == "failed")
    assert reader.usage is not None
    assert reader.end() == b""


@pytest.mark.parametrize("count", [-1, 10**13, 10**30, 1.5, "7", None, True, [], {}])
def test_a_count_that_cannot_be_is_no_count(count: object) -> None:
    """A usage with such a count is as good as none: it will be estimated, and no column has to hold it."""
    usage = {"prompt_tokens": count, "completion_tokens": 1, "input_tokens": count, "output_tokens": 1}
    for make, content in ((CHAT, "choices"), (MESSAGES, "content"), (RESPONSES, "output")):
        reader = make()
        reader.whole(json.dumps({content: [], "usage": usage}).encode())
        assert reader.usage is None


def test_a_generation_without_a_count_of_its_output_is_uncounted() -> None:
    """Only embeddings have no output; anywhere else a missing count is unknown, and never zero."""
    usage = {"prompt_tokens": 5, "total_tokens": 5}
    reader = ChatReader("asked", wants_usage=False)
    reader.whole(json.dumps({"choices": [], "usage": usage}).encode())
    assert reader.usage is None
    reader.block(chunk("a", usage=usage))
    assert reader.usage is None
    reader.whole(json.dumps({"data": [], "usage": usage}).encode())
    assert reader.usage == Usage(input_tokens=5, output_tokens=0, source=UsageSource.REPORTED)


@READERS
def test_a_comment_goes_through(make: Make) -> None:
    """An upstream's keep-alive keeps the caller's connection alive too."""
    assert make().block(b": ping\n\n") == b": ping\n\n"


@pytest.mark.parametrize(
    ("make", "block"),
    [
        (CHAT, event({"error": {"message": "x"}})),
        (CHAT, event({"message": "x"}, "error")),
        (MESSAGES, event({"type": "error", "error": {"type": "overloaded_error"}}, "error")),
        (RESPONSES, event({"type": "error", "message": "x"}, "error")),
    ],
)
def test_an_error_event_is_an_error(make: Make, block: bytes) -> None:
    """In each dialect's own form."""
    assert fault_of(lambda: make().block(block)) == "error_in_answer"
