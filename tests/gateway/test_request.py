"""Reading a request: what we act on is read strictly, everything else stays as it came."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.gateway.making import chat

from triplepoint.foundation.errors import RequestInvalid
from triplepoint.gateway.request import caller_deadline_s, in_session, is_bound, parse_request
from triplepoint.upstreams.dialects.model import Dialect

CHAT = "/v1/chat/completions"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=10,
)


def parse(body: bytes) -> Any:
    """Read a chat body."""
    return parse_request(body, Dialect.CHAT, CHAT)


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_a_request_or_a_clear_refusal(body: bytes) -> None:
    """Nothing but a `RequestInvalid` comes out of reading, whatever goes in."""
    refused: RequestInvalid | None = None
    try:
        assert isinstance(parse(body).asked_model, str)
    except RequestInvalid as error:
        refused = error
    assert refused is None or (refused.status, bool(refused.message)) == (400, True)


@given(members=st.dictionaries(st.text(max_size=8).filter(lambda name: name not in {"model", "stream", "triplepoint"}), JSON))
def test_unknown_members_stay_as_they_came(members: dict[str, Any]) -> None:
    """Order, escapes and numbers of what we do not read are not touched."""
    members = {name: value for name, value in members.items() if name != "stream_options"}
    texts = {name: json.dumps(value).encode() for name, value in members.items()}
    body = b"{" + b", ".join([b'"model": "m"', *(json.dumps(name).encode() + b" : " + text for name, text in texts.items())])
    request = parse(body + b"}")
    assert list(request.fields) == ["model", *members]
    assert all(bytes(request.fields[name]) == text for name, text in texts.items())


def test_a_member_given_twice_counts_once() -> None:
    """The last value counts for us and is the only one that an upstream will see."""
    request = parse(b'{"model": "first", "stream": true, "model": "last", "stream": false}')
    assert (request.asked_model, request.stream) == ("last", False)
    assert msgspec.json.encode(request.fields) == b'{"model":"last","stream":false}'


@pytest.mark.parametrize(("value", "is_stream"), [(b"true", True), (b"false", False), (b"null", False)])
def test_stream_is_true_false_or_null(value: bytes, is_stream: bool) -> None:
    """Clients write null for what they leave out."""
    assert parse(b'{"model": "m", "stream": ' + value + b"}").stream is is_stream


def test_our_own_member_goes_no_further() -> None:
    """Controls are read and taken out; what they say is kept."""
    request = chat(triplepoint={"conversation": "c-1", "tags": {"team": "red"}})
    assert "triplepoint" not in request.fields
    assert (request.controls.conversation, request.controls.tags) == ("c-1", {"team": "red"})


def test_null_controls_are_none() -> None:
    """Null in the place of a conversation or of tags is as good as nothing."""
    request = chat(triplepoint={"conversation": None, "tags": None})
    assert (request.controls.conversation, request.controls.tags) == (None, {})


@pytest.mark.parametrize(
    ("options", "wants_usage"),
    [
        ({"include_usage": True}, True),
        ({"include_usage": False}, False),
        ({}, False),
        (None, False),
        ({"include_usage": "yes"}, False),
    ],
)
def test_who_wants_usage(options: object, wants_usage: bool) -> None:
    """The usage chunk is asked for by ``include_usage: true`` alone."""
    assert chat(stream=True, stream_options=options).wants_usage is wants_usage


@pytest.mark.parametrize("number", ["1e999", "9" * 400, "-" + "9" * 400])
def test_numbers_beyond_all_bounds_are_refused_where_they_are_read(number: str) -> None:
    """Where we have to read a member, a number that nothing can hold is a 400; elsewhere it passes through."""
    with pytest.raises(RequestInvalid):
        parse(b'{"model": "m", "stream": true, "stream_options": ' + number.encode() + b"}")
    assert bytes(parse(b'{"model": "m", "seed": ' + number.encode() + b"}").fields["seed"]) == number.encode()


@pytest.mark.parametrize("depth", [10, 200, 100_000])
def test_depth_is_bounded(depth: int) -> None:
    """A body may be nested as deep as any sensible one, and no deeper than we can follow."""
    body = b'{"model": "m", "messages": ' + b"[" * depth + b"]" * depth + b"}"
    if depth <= 200:
        assert parse(body).asked_model == "m"
    else:
        with pytest.raises(RequestInvalid, match="nested"):
            parse(body)


def test_the_input_is_estimated_from_its_bytes() -> None:
    """A quarter of the bytes, and something for every request."""
    request = chat("x" * 4000)
    assert request.input_estimate == len(request.body) // 4


@pytest.mark.parametrize(
    ("headers", "deadline_s"),
    [
        ({}, None),
        ({b"x-stainless-read-timeout": b"30"}, 130.0),
        ({b"x-stainless-timeout": b"2.5"}, 102.5),
        ({b"x-stainless-read-timeout": b"0"}, None),
        ({b"x-stainless-read-timeout": b"-1"}, None),
        ({b"x-stainless-read-timeout": b"nan"}, None),
        ({b"x-stainless-read-timeout": b"inf"}, None),
        ({b"x-stainless-read-timeout": b"soon"}, None),
        ({b"x-stainless-read-timeout": b"\xff"}, None),
    ],
)
def test_how_long_a_caller_waits(headers: dict[bytes, bytes], deadline_s: float | None) -> None:
    """The official clients say so; nonsense says nothing."""
    assert caller_deadline_s(headers, 100.0) == deadline_s


def test_a_session_is_a_conversation_where_the_body_names_none() -> None:
    """An agent's own header is taken, but what the body says goes before it."""
    header = {b"x-claude-code-session-id": b"s-1"}
    assert in_session(chat(), header).controls.conversation == "s-1"
    assert in_session(chat(triplepoint={"conversation": "mine"}), header).controls.conversation == "mine"
    assert in_session(chat(), {b"x-claude-code-session-id": b"x" * 257}).controls.conversation is None


def test_what_one_upstream_alone_can_know_is_bound_to_it() -> None:
    """A stored response or an encrypted item ties a request to the upstream that made it; words about them do not."""

    def bound(**members: Any) -> bool:
        body = json.dumps({"model": "m", "input": "x", **members}, separators=(",", ":")).encode()
        return is_bound(parse_request(body, Dialect.RESPONSES, "/v1/responses"))

    assert bound(previous_response_id="resp_1")
    assert bound(input=[{"type": "reasoning", "encrypted_content": "abc"}])
    assert not bound(previous_response_id=None)
    assert not bound(input='tell me of "encrypted_content"')
    assert not is_bound(chat(previous_response_id="resp_1"))
