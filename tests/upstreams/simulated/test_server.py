import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.upstreams.simulated.helpers import CHAT, chat, receive, request_bytes, script, talk, until

from triplepoint.foundation.errors import SettingsInvalid
from triplepoint.upstreams.ports import ManagedUpstream
from triplepoint.upstreams.simulated.model import Script
from triplepoint.upstreams.simulated.server import SimulatedServer, SimulatedUpstream

SECRET = "sk-planted-secret-4711"
PROMPT = "the planted prompt"


@pytest.fixture
async def echo() -> AsyncIterator[SimulatedServer]:
    """A server without a script."""
    async with SimulatedServer(Script()) as server:
        yield server


async def test_requests_are_numbered_and_described(echo: SimulatedServer) -> None:
    """Each request is in the log with a rising number, what it asked for, and the bytes that went out."""
    wires = [await talk(echo, chat(stream=stream)) for stream in (False, True)]
    assert [seen.id for seen in echo.seen] == [1, 2]
    assert [(seen.path, seen.model, seen.stream, seen.status) for seen in echo.seen] == [
        (CHAT, "small", False, 200),
        (CHAT, "small", True, 200),
    ]
    assert [seen.sent_bytes for seen in echo.seen] == [len(wire.data) for wire in wires]
    assert all(seen.is_finished and seen.left_at_s is None for seen in echo.seen)


async def test_credentials_and_prompts_stay_out_of_the_log(tmp_path: Path) -> None:
    """Neither keys nor prompts are in the log, its repr or its file; the body's hash is."""
    async with SimulatedServer(Script(), seen_file=tmp_path / "seen") as server:
        headers = {"authorization": f"Bearer {SECRET}", "x-api-key": SECRET, "cookie": SECRET, "x-request-id": "req-1"}
        await talk(server, chat(PROMPT), headers=headers)
        shown = repr(list(server.seen)) + str(server.seen[0].headers) + (tmp_path / "seen").read_text()
    assert SECRET not in shown
    assert PROMPT not in shown
    assert server.seen[0].body is None
    assert server.seen[0].headers["x-request-id"] == "req-1"


async def test_bodies_are_kept_only_where_asked_for() -> None:
    """A script that records keeps the body as it came."""
    async with SimulatedServer(script(record=True)) as server:
        await talk(server, chat(PROMPT))
        assert json.loads(server.seen[0].body or b"") == chat(PROMPT)


async def test_the_log_is_bounded_and_still_counts() -> None:
    """Only the newest requests are kept; numbers and the count go on."""
    async with SimulatedServer(script(keep=2)) as server:
        for _ in range(5):
            await talk(server, silence_s=0.02)
        assert ([seen.id for seen in server.seen], server.seen.count) == ([4, 5], 5)


async def test_the_file_has_a_line_before_the_answer(tmp_path: Path) -> None:
    """A request is in the file even if its answer never begins, so another process can count what was sent."""
    path = tmp_path / "seen"
    async with SimulatedServer(script(cases=[{"fault": {"kind": "stall"}}]), seen_file=path) as server:
        await talk(server, headers={"x-request-id": "req-7"})
        line = json.loads(path.read_bytes())
    assert (line["id"], line["path"], line["model"], line["request_id"]) == (1, CHAT, "small", "req-7")


@pytest.mark.parametrize("stream", [False, True])
async def test_a_leaving_client_stops_the_answer(stream: bool) -> None:
    """Generation stops at once when the client leaves, and the log says when."""
    slow = script(answer={"text": "word " * 1000, "pace": {"between_tokens": "20ms"}})
    async with SimulatedServer(slow) as server:
        started = time.monotonic()
        await talk(server, chat(stream=stream), silence_s=0.06 if not stream else 0.015)
        seen = server.seen[0]
        await until(lambda: seen.left_at_s is not None)
        assert seen.left_at_s is not None
        assert seen.left_at_s < time.monotonic() - started + 0.1
        sent = seen.sent_bytes
        await asyncio.sleep(0.06)
        assert (seen.sent_bytes, seen.is_finished, len(server.connections)) == (sent, False, 0)
        assert (sent > 0) is stream


async def test_a_client_that_does_not_read_is_waited_for() -> None:
    """A huge answer is not piled up in memory for a client that does not read, and comes whole when it does."""
    size = 32 * 2**20
    async with SimulatedServer(script(cases=[{"fault": {"kind": "huge", "part": "body", "size": "32MiB"}}])) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(request_bytes(CHAT, chat()))
        await asyncio.sleep(0.1)
        assert server.seen[0].sent_bytes < size / 2  # sockets of loopback take a few MiB
        wire = await receive(reader, 1.0)
        writer.close()
        assert len(wire.body) >= size
        assert server.seen[0].is_finished


async def test_one_connection_serves_many(echo: SimulatedServer) -> None:
    """A kept connection answers one request after another, also those that were sent at once, in order."""
    reader, writer = await asyncio.open_connection("127.0.0.1", echo.port)
    writer.write(b"".join(request_bytes(CHAT, chat(f"number {index}")) for index in range(5)))
    wire = await receive(reader, 0.1)
    writer.close()
    assert wire.data.count(b"HTTP/1.1 200 OK") == 5
    assert [wire.data.find(f"number {index}".encode()) for index in range(5)] == sorted(
        wire.data.find(f"number {index}".encode()) for index in range(5)
    )


async def test_slow_answers_keep_their_order() -> None:
    """A request that comes while another is answered waits for its turn."""
    slow_first = script(cases=[{"when": {"nth": 1}, "answer": {"text": "slow", "pace": {"first_token": "50ms"}}}])
    async with SimulatedServer(slow_first) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(request_bytes(CHAT, chat()) + request_bytes(CHAT, chat("quick")))
        wire = await receive(reader, 0.3)
        writer.close()
    assert 0 < wire.data.find(b'"slow"') < wire.data.find(b'"quick"')


async def test_the_connection_ends_where_the_client_asks(echo: SimulatedServer) -> None:
    """``Connection: close`` is answered in kind."""
    wire = await talk(echo, headers={"connection": "close"}, silence_s=1.0)
    assert (wire.status, wire.header("connection"), wire.end) == (200, "close", "eof")


async def test_http_10_gets_no_chunks(echo: SimulatedServer) -> None:
    """A client of HTTP/1.0 gets its stream with a length."""
    reader, writer = await asyncio.open_connection("127.0.0.1", echo.port)
    writer.write(request_bytes(CHAT, chat(stream=True)).replace(b"HTTP/1.1", b"HTTP/1.0"))
    wire = await receive(reader, 1.0)
    writer.close()
    assert (wire.header("transfer-encoding"), wire.end) == (None, "eof")
    assert len(wire.body) == int(wire.header("content-length") or 0)
    assert wire.body.endswith(b"data: [DONE]\n\n")


async def test_expect_100_and_chunked_bodies(echo: SimulatedServer) -> None:
    """A client may wait before its body and may send it in chunks."""
    reader, writer = await asyncio.open_connection("127.0.0.1", echo.port)
    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ntransfer-encoding: chunked\r\n\r\n"
    writer.write(head)
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    body = json.dumps(chat("in two parts")).encode()
    for part in (body[:20], body[20:]):
        writer.write(b"%x\r\n%s\r\n" % (len(part), part))
    writer.write(b"0\r\n\r\n")
    wire = await receive(reader, 0.1)
    writer.close()
    assert wire.json()["choices"][0]["message"]["content"] == "in two parts"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"model": 1, "messages": []}', b'{"messages": []}', b"\xff\xfe"])
async def test_bodies_that_cannot_be_read_are_400(echo: SimulatedServer, body: bytes) -> None:
    """A body that is no request of its dialect gets the dialect's 400, and the connection stays."""
    wire = await talk(echo, body)
    assert (wire.status, wire.json()["error"]["type"], wire.end) == (400, "invalid_request_error", "open")
    assert echo.seen[0].status == 400


async def test_unknown_paths_are_404_and_no_http_is_400(echo: SimulatedServer) -> None:
    """What is not served is 404; what is no HTTP ends the connection."""
    assert (await talk(echo, path="/v1/images")).status == 404
    reader, writer = await asyncio.open_connection("127.0.0.1", echo.port)
    writer.write(b"\x16\x03\x01 hello\r\n\r\n")
    wire = await receive(reader, 1.0)
    writer.close()
    assert (wire.status, wire.end) == (400, "eof")


async def test_reset_begins_anew() -> None:
    """After a reset counts, times and the log start from nothing, with another script if one is given."""
    async with SimulatedServer(script(cases=[{"when": {"nth": 1}, "fault": {"kind": "status", "status": 500}}])) as server:
        assert [(await talk(server)).status for _ in range(2)] == [500, 200]
        server.reset()
        assert (len(server.seen), (await talk(server)).status) == (0, 500)
        server.reset(script(answer={"text": "other"}))
        assert (await talk(server)).json()["choices"][0]["message"]["content"] == "other"
        assert server.seen[0].id == 1


async def test_a_taken_port_says_so(echo: SimulatedServer) -> None:
    """A port that somebody else holds is a clear error."""
    other = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port: int = other.sockets[0].getsockname()[1]
    with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1:{port}"):
        await SimulatedServer(Script(), port=port).start()
    other.close()
    await other.wait_closed()


async def test_it_is_an_upstream_that_a_line_up_can_name(tmp_path: Path) -> None:
    """The managed upstream is ready after its start, answers there, and is gone after its stop."""
    path = tmp_path / "script.yaml"
    path.write_text("answer: {text: from the file}\n")
    upstream = SimulatedUpstream(path)
    managed: ManagedUpstream = upstream
    assert managed.endpoint() is None
    await managed.start()
    endpoint = managed.endpoint()
    assert endpoint is not None
    assert (managed.state(), endpoint.base_url, endpoint.api_key) == ("ready", upstream.server.base_url, None)
    assert (await talk(upstream.server)).json()["choices"][0]["message"]["content"] == "from the file"
    await managed.stop()
    assert (managed.endpoint(), managed.state()) == (None, "stopped")
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", upstream.server.port)


def test_an_upstream_refuses_a_wrong_script(tmp_path: Path) -> None:
    """A wrong script is refused when the upstream is made, before anything is started."""
    path = tmp_path / "script.yaml"
    path.write_text("answer: {txt: x}\n")
    with pytest.raises(SettingsInvalid, match="txt"):
        SimulatedUpstream(path)
