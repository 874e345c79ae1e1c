import asyncio
import json
import time
from typing import Any

import pytest
from tests.upstreams.simulated.helpers import (
    CHAT,
    MESSAGES,
    RESPONSES,
    Wire,
    chat,
    faulty,
    receive,
    request_bytes,
    script,
    talk,
    until,
)

from triplepoint.upstreams.simulated.server import SimulatedServer

STREAM = chat(stream=True)
MESSAGE = {"model": "small", "max_tokens": 50, "messages": [{"role": "user", "content": "hello"}]}


async def _seen_with(request: dict[str, Any], *, path: str = CHAT, silence_s: float = 0.1, **fault: Any) -> Wire:
    async with SimulatedServer(faulty(**fault)) as server:
        return await talk(server, request, path=path, silence_s=silence_s)


@pytest.mark.parametrize(
    ("status", "code"), [(429, "rate_limit_exceeded"), (500, None), (503, "overloaded"), (529, "overloaded")]
)
async def test_status_is_an_openai_error(status: int, code: str | None) -> None:
    """A status fault on OpenAI's paths has OpenAI's body with the code that belongs to it, and the connection stays."""
    wire = await _seen_with(chat(), kind="status", status=status)
    assert (wire.status, wire.end, wire.json()["error"]["code"]) == (status, "open", code)


@pytest.mark.parametrize(("status", "kind"), [(429, "rate_limit_error"), (500, "api_error"), (529, "overloaded_error")])
async def test_status_is_an_anthropic_error(status: int, kind: str) -> None:
    """A status fault on Anthropic's paths has Anthropic's body."""
    wire = await _seen_with(MESSAGE, path=MESSAGES, kind="status", status=status)
    assert (wire.status, wire.json()["type"], wire.json()["error"]["type"]) == (status, "error", kind)


async def test_status_sends_what_the_script_gives() -> None:
    """Retry-After, further headers and a raw body are sent as written."""
    fault: dict[str, Any] = {"retry_after": "7", "headers": {"server": "a proxy"}, "body": "<html>busy</html>"}
    wire = await _seen_with(chat(), kind="status", status=503, **fault)
    assert (wire.header("retry-after"), wire.header("server"), wire.body) == ("7", "a proxy", b"<html>busy</html>")


@pytest.mark.parametrize("stream", [False, True])
async def test_error_body_comes_with_200(stream: bool) -> None:
    """The status says that all is well, the body has an error, also where a stream was asked for."""
    wire = await _seen_with(chat(stream=stream), kind="error_body", message="no")
    assert (wire.status, wire.json()["error"]["message"], wire.end) == (200, "no", "open")


async def test_empty_has_no_body() -> None:
    """A whole answer promises and sends no byte; a stream has only the chunk that ends it."""
    whole, stream = await _seen_with(chat(), kind="empty"), await _seen_with(STREAM, kind="empty")
    assert (whole.status, whole.header("content-length"), whole.body) == (200, "0", b"")
    assert (stream.status, stream.header("transfer-encoding"), stream.body) == (200, "chunked", b"0\r\n\r\n")


@pytest.mark.parametrize(("how", "end"), [("close", "eof"), ("reset", "reset")])
async def test_close_before_the_head(how: str, end: str) -> None:
    """The connection ends without a byte, by FIN or RST as the script says."""
    assert await _seen_with(chat(), kind="close", how=how) == Wire(b"", end)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("how", ["close", "reset"])
async def test_close_inside_the_head(how: str) -> None:
    """So many bytes of the head come, and never the whole head."""
    assert (await _seen_with(chat(), kind="close", how=how, after_bytes=9)).data == b"HTTP/1.1 "
    most = (await _seen_with(chat(), kind="close", how=how, after_bytes=9999)).data
    assert most.endswith(b"\r\n\r")
    assert b"\r\n\r\n" not in most


@pytest.mark.parametrize(
    ("fault", "sent"),
    [
        ({}, b""),
        ({"where": "after_head"}, b"content-length"),
        ({"where": "in_body"}, b'{"id"'),
    ],
)
async def test_stall_of_a_whole_answer(fault: dict[str, Any], sent: bytes) -> None:
    """Nothing more comes after the given place, and the connection stays open for as long as the client does."""
    wire = await _seen_with(chat(), kind="stall", **fault)
    assert wire.end == "open"
    assert sent in wire.data
    assert b'"finish_reason"' not in wire.data


async def test_stall_inside_a_stream() -> None:
    """The stream falls silent after so many words."""
    wire = await _seen_with(STREAM, kind="stall", where="in_body", after_chunks=2)
    assert (wire.words(), wire.end, wire.is_terminated) == ("one two", "open", False)


@pytest.mark.parametrize(("then", "end"), [("close", "eof"), ("reset", "reset")])
@pytest.mark.parametrize("where", ["before_head", "after_head", "in_body"])
async def test_stall_ends(where: str, then: str, end: str) -> None:
    """After its time a stall ends the connection, and not the answer."""
    started = time.monotonic()
    wire = await _seen_with(STREAM, kind="stall", where=where, lasts="50ms", then=then, silence_s=1.0)
    assert wire.end == end
    assert not wire.is_terminated
    assert time.monotonic() - started >= 0.05


@pytest.mark.parametrize("where", ["before_head", "after_head", "in_body"])
@pytest.mark.parametrize("stream", [False, True])
async def test_stall_goes_on(where: str, stream: bool) -> None:
    """A stall that goes on loses nothing."""
    body = chat(stream=stream)
    wire = await _seen_with(body, kind="stall", where=where, lasts="50ms", then="go_on", silence_s=0.15)
    text = wire.words() if stream else wire.json()["choices"][0]["message"]["content"]
    assert (text, wire.end) == ("one two three four", "open")


@pytest.mark.parametrize(
    ("how", "end", "terminated"), [("terminated", "open", True), ("close", "eof", False), ("reset", "reset", False)]
)
async def test_cut_of_a_stream(how: str, end: str, terminated: bool) -> None:
    """A cut stream has so many words and no end; only a terminated one is well-formed HTTP."""
    wire = await _seen_with(STREAM, kind="cut", how=how, after_chunks=3)
    assert (wire.words(), wire.end, wire.is_terminated) == ("one two three", end, terminated)
    assert b"[DONE]" not in wire.data
    assert b'"finish_reason":"stop"' not in wire.data


async def test_cut_comes_before_the_finish() -> None:
    """A cut after more words than there are still loses the end of the stream."""
    wire = await _seen_with(STREAM, kind="cut", after_chunks=99)
    assert wire.words() == "one two three four"
    assert b'"finish_reason":"stop"' not in wire.data


async def test_cut_of_a_whole_answer() -> None:
    """A cut body is shorter than its content-length."""
    wire = await _seen_with(chat(), kind="cut")
    assert len(wire.body) == int(wire.header("content-length") or 0) // 2
    assert wire.end == "eof"


@pytest.mark.parametrize(
    ("path", "body", "last"),
    [
        (CHAT, STREAM, b"[DONE]"),
        (MESSAGES, MESSAGE | {"stream": True}, b"message_stop"),
        (RESPONSES, {"model": "m", "input": "x", "stream": True}, b"response.completed"),
    ],
)
async def test_missing_and_double_done(path: str, body: dict[str, Any], last: bytes) -> None:
    """The dialect's last event comes never or twice, and HTTP ends well."""
    for kind, times in [("missing_done", 0), ("double_done", 2)]:
        wire = await _seen_with(body, path=path, kind=kind)
        assert sum(last in line for line in wire.data_lines()) == times
        assert wire.is_terminated


async def test_missing_finish() -> None:
    """No finish reason is given, in a stream and in a whole answer; ``[DONE]`` comes all the same."""
    stream, whole = await _seen_with(STREAM, kind="missing_finish"), await _seen_with(chat(), kind="missing_finish")
    assert b'"finish_reason":"stop"' not in stream.data
    assert stream.data_lines()[-1] == b"[DONE]"
    assert whole.json()["choices"][0]["finish_reason"] is None


@pytest.mark.parametrize("done", [False, True])
async def test_error_event(done: bool) -> None:
    """After so many words an error comes as an event, and nothing after it but, if the script says so, ``[DONE]``."""
    wire = await _seen_with(STREAM, kind="error_event", after_chunks=2, message="no", error_code="x", done=done)
    lines = wire.data_lines()
    assert wire.words() == "one two"
    assert (lines[-1] == b"[DONE]") is done
    error = json.loads(lines[-2] if done else lines[-1])["error"]
    assert (error["message"], error["code"]) == ("no", "x")


async def test_error_event_of_other_dialects() -> None:
    """Anthropic's and responses' error events have their own names and shapes."""
    anthropic = await _seen_with(MESSAGE | {"stream": True}, path=MESSAGES, kind="error_event", error_type="overloaded_error")
    assert json.loads(anthropic.data_lines()[-1]) == {
        "type": "error",
        "error": {"type": "overloaded_error", "message": "a scripted fault"},
    }
    openai = await _seen_with({"model": "m", "input": "x", "stream": True}, path=RESPONSES, kind="error_event")
    assert json.loads(openai.data_lines()[-1])["type"] == "error"


@pytest.mark.parametrize(("replaces", "words"), [(False, "one two three four"), (True, "one two four")])
async def test_malformed_json_in_a_stream(replaces: bool, words: str) -> None:
    """One event's JSON ends in the middle; it is one more, or it takes the place of a good one."""
    wire = await _seen_with(STREAM, kind="malformed_json", after_chunks=2, replaces=replaces)
    broken = [line for line in wire.data_lines() if line.startswith(b"{") and not line.endswith(b"}")]
    assert len(broken) == 1
    assert (wire.words(), wire.data_lines()[-1]) == (words, b"[DONE]")


async def test_malformed_json_in_a_whole_answer() -> None:
    """The body is no JSON, and its length is true."""
    wire = await _seen_with(chat(), kind="malformed_json")
    assert len(wire.body) == int(wire.header("content-length") or 0)
    with pytest.raises(json.JSONDecodeError):
        wire.json()


@pytest.mark.parametrize(
    ("form", "bytes_in_it"), [("no_colon", b"data {"), ("bad_utf8", b"\xff\xfe"), ("unfinished", b'data: {"choices": [')]
)
async def test_malformed_event(form: str, bytes_in_it: bytes) -> None:
    """Lines that are no event stand in the stream; an unfinished one ends it."""
    wire = await _seen_with(STREAM, kind="malformed_event", form=form, after_chunks=1)
    assert bytes_in_it in b"".join(wire.chunks())
    assert wire.is_terminated
    assert b"".join(wire.chunks()).endswith(b"\n\n") is (form != "unfinished")


async def test_garbage() -> None:
    """Instead of a head come bytes that are no HTTP; instead of a chunk's length, none; instead of JSON, noise."""
    head = await _seen_with(chat(), kind="garbage", where="head")
    assert (head.data[:2], head.end) == (b"\x00\xff", "eof")
    framing = await _seen_with(STREAM, kind="garbage", where="framing")
    assert (b"\r\nzz;not-a-length\r\n" in framing.body, framing.is_terminated, framing.end) == (True, False, "eof")
    body = await _seen_with(chat(), kind="garbage", where="body")
    assert (body.status, body.body[:2], len(body.body)) == (200, b"\x00\xff", int(body.header("content-length") or 0))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("by", "then", "end"), [(10, "close", "eof"), (10, "keep_open", "open"), (-10, "close", "eof"), (-10, "keep_open", "open")]
)
async def test_wrong_length(stream: bool, by: int, then: str, end: str) -> None:
    """The promised length is off by so many bytes, whatever is sent."""
    wire = await _seen_with(chat(stream=stream), kind="wrong_length", by=by, then=then)
    assert int(wire.header("content-length") or 0) - len(wire.body) == by
    assert (wire.end, wire.header("transfer-encoding")) == (end, None)


async def test_both_lengths() -> None:
    """One head has a content-length and says that the body is chunked."""
    wire = await _seen_with(chat(), kind="both_lengths")
    assert wire.header("transfer-encoding") == "chunked"
    assert wire.header("content-length") == str(len(wire.chunks()[0]))


@pytest.mark.parametrize("part", ["head", "body"])
async def test_drip(part: str) -> None:
    """Head or body comes in crumbs of the given size, each after its pause, and nothing is lost."""
    async with SimulatedServer(faulty(kind="drip", part=part, size=20, every="2ms")) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(request_bytes(CHAT, chat()))
        head = await reader.readuntil(b"\r\n\r\n") if part == "body" else b""
        started = time.monotonic()
        wire = await receive(reader, 0.1)
        writer.close()
    whole = Wire(head + wire.data, wire.end)
    crumbs = -(-len(whole.body if part == "body" else whole.head) // 20)
    assert whole.json()["choices"][0]["message"]["content"] == "one two three four"
    assert time.monotonic() - started >= crumbs * 0.002


async def test_huge_head() -> None:
    """Headers are as large as the script says, and the answer follows."""
    wire = await _seen_with(chat(), kind="huge", part="head", size="100KiB")
    assert 100 * 1024 <= len(wire.head) < 110 * 1024
    assert wire.json()["object"] == "chat.completion"


@pytest.mark.parametrize("stream", [False, True])
async def test_huge_body_is_legal(stream: bool) -> None:
    """The body grows by so much, and is still JSON, or still the same events."""
    wire = await _seen_with(chat(stream=stream), kind="huge", part="body", size="3MiB", silence_s=0.5)
    assert len(wire.body) >= 3 * 2**20
    text = wire.words() if stream else wire.json()["choices"][0]["message"]["content"]
    assert text == "one two three four"


async def test_huge_line() -> None:
    """One line of the stream is as long as the script says."""
    wire = await _seen_with(STREAM, kind="huge", part="line", size="1MiB", silence_s=0.5)
    longest = max(b"".join(wire.chunks()).split(b"\n"), key=len)
    assert 2**20 <= len(longest) < 2**20 + 8192
    assert wire.words() == "one two three four"


async def test_usage_can_be_left_out() -> None:
    """An answer whose usage is omitted says nothing of it, asked or not."""
    omitted = script(answer={"text": "one", "usage": "omitted"})
    async with SimulatedServer(omitted) as server:
        whole = await talk(server)
        stream = await talk(server, chat(stream=True, stream_options={"include_usage": True}))
    assert "usage" not in whole.json()
    assert all(json.loads(line)["usage"] is None for line in stream.data_lines()[:-1])


@pytest.mark.parametrize(("how", "end"), [("reset", "reset"), ("close", "eof")])
async def test_connections_end_at_once(how: str, end: str) -> None:
    """A connection that the script refuses ends before it is used; the others are served."""
    async with SimulatedServer(script(connections=[{"nth": 2, "how": how}])) as server:
        ends: list[str] = []
        for _ in range(3):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            ends.append((await receive(reader, 0.05)).end)
            writer.close()
    assert ends == ["open", end, "open"]


async def test_nobody_listens_while_down() -> None:
    """While it is down connections are refused and open ones reset; afterwards it answers on the same port."""
    async with SimulatedServer(script()) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(request_bytes(CHAT, chat()))
        await reader.readuntil(b"\r\n\r\n")
        await server.go_down()
        assert (await receive(reader, 1.0)).end == "reset"
        writer.close()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", server.port)
        await server.come_up()
        assert (await talk(server)).status == 200


async def test_down_times_of_the_script() -> None:
    """A server that is down from its start refuses, and answers when its time is over."""
    started = time.monotonic()
    async with SimulatedServer(script(down=[{"before": "200ms"}])) as server:
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", server.port)
        await until(lambda: server.is_up)
        assert time.monotonic() - started >= 0.2
        assert (await talk(server)).status == 200
