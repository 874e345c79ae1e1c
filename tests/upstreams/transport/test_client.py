"""Requests and answers over a real socket, byte for byte."""

import asyncio

import pytest

from triplepoint.foundation.errors import RequestInvalid
from triplepoint.upstreams.ports import UpstreamClient

from .conftest import Serve
from .helpers import CHUNKED, OK, Peer, ask, client_of, fault_of, fetch, limits


async def _echo_ok(peer: Peer) -> None:
    while True:
        await peer.request()
        peer.send(OK)


async def test_request_bytes(serve: Serve) -> None:
    """A request goes out as one head with our own host, length and encoding, then the body."""
    upstream = await serve(_echo_ok)
    async with client_of(upstream) as http:
        client: UpstreamClient = http  # the port that the gateway knows
        headers = [(b"authorization", b"Bearer k"), (b"x-a", b"1")]
        answer = await client.send(b"POST", b"/v1/x?y=1", headers, b"{}", limits=limits())
        assert (answer.status, await answer.read(100)) == (200, b"ok")
        await (await client.send(b"GET", b"/", [(b"accept-encoding", b"gzip")], b"", limits=limits())).read(100)
    host = b"127.0.0.1:%d" % upstream.port
    assert upstream.requests == [
        b"POST /v1/x?y=1 HTTP/1.1\r\nhost: " + host + b"\r\nauthorization: Bearer k\r\nx-a: 1\r\n"
        b"accept-encoding: identity\r\ncontent-length: 2\r\n\r\n{}",
        b"GET / HTTP/1.1\r\nhost: " + host + b"\r\naccept-encoding: gzip\r\n\r\n",
    ]


@pytest.mark.parametrize(
    ("method", "raw", "status", "body"),
    [
        (b"POST", OK, 200, b"ok"),
        (b"POST", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, b""),
        (b"POST", CHUNKED + b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: 1\r\n\r\n", 200, b"abcde"),
        (b"GET", b"HTTP/1.1 200 OK\r\n\r\nuntil the end", 200, b"until the end"),
        (b"GET", b"HTTP/1.0 200 OK\r\n\r\nold", 200, b"old"),
        (b"HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n", 200, b""),
        (b"POST", b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 999\r\n\r\n", 304, b""),
        (b"POST", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK, 200, b"ok"),
        (b"POST", b"HTTP/1.1 429\r\nRetry-After: 1\r\nContent-Length: 2\r\n\r\nno", 429, b"no"),
    ],
)
@pytest.mark.parametrize("is_slow", [False, True], ids=["at-once", "by-bytes"])
async def test_framing(serve: Serve, method: bytes, raw: bytes, status: int, body: bytes, is_slow: bool) -> None:
    """Every kind of framing gives the same answer, however the bytes arrive."""

    async def script(peer: Peer) -> None:
        await peer.request()
        for at in range(0, len(raw), 1 if is_slow else len(raw)):
            peer.send(raw[at : at + (1 if is_slow else len(raw))])
            await asyncio.sleep(0)
        await peer.writer.drain()

    async with client_of(await serve(script)) as client:
        whole = await fetch(client, method=method)
    assert (whole.status, whole.body) == (status, body)


async def test_headers_are_found_by_lower_case_name(serve: Serve) -> None:
    """Names come in lower case, values without the space around them, and the first of a name is found."""

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nX-Request-Id:  abc \t\r\nSet-Cookie: a\r\nset-cookie: b\r\nContent-Length: 0\r\n\r\n")
        await peer.closed()

    async with client_of(await serve(script)) as client:
        answer = await ask(client)
        assert answer.header(b"x-request-id") == b"abc"
        assert answer.header(b"set-cookie") == b"a"
        assert answer.header(b"none") is None
        assert answer.headers[1:3] == [(b"set-cookie", b"a"), (b"set-cookie", b"b")]


async def test_chunks_come_as_they_are_sent(serve: Serve) -> None:
    """A piece of a stream is handed over when it arrives, not when the stream ends; the end is empty, and stays so."""
    go_on = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(CHUNKED + b"4\r\none \r\n")
        await go_on.wait()
        peer.send(b"3\r\ntwo\r\n0\r\n\r\n")
        await peer.closed()

    async with client_of(await serve(script)) as client:
        answer = await ask(client)
        assert await answer.chunk() == b"one "
        go_on.set()
        assert await answer.chunk() == b"two"
        assert await answer.chunk() == b""
        assert await answer.chunk() == b""


async def test_a_cancelled_chunk_loses_nothing(serve: Serve) -> None:
    """Waiting for a piece may be given up and taken up again."""
    go_on = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(CHUNKED)
        await go_on.wait()
        peer.send(b"3\r\ntwo\r\n0\r\n\r\n")
        await peer.closed()

    async with client_of(await serve(script)) as client:
        answer = await ask(client)
        for _ in range(3):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(answer.chunk(), 0.005)
        go_on.set()
        assert await answer.read(100) == b"two"


@pytest.mark.parametrize("has_length", [False, True])
async def test_read_refuses_more_than_its_limit(serve: Serve, has_length: bool) -> None:
    """A body longer than the limit is a fault, and the connection is closed: at once where the length is announced."""

    async def script(peer: Peer) -> None:
        await peer.request()
        if has_length:
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        else:
            peer.send(CHUNKED + b"b\r\n01234567890\r\n")
        await peer.closed()

    upstream = await serve(script)
    async with client_of(upstream) as client:
        answer = await ask(client)
        assert (await fault_of(answer.read(10))).code == "answer_too_large"
        await asyncio.wait_for(upstream.seen_closed.wait(), 5)
        assert client.stats().open == 0


async def test_read_takes_exactly_its_limit(serve: Serve) -> None:
    """The limit itself is allowed."""
    upstream = await serve(_echo_ok)
    async with client_of(upstream) as client:
        assert await (await ask(client)).read(2) == b"ok"


async def test_cancelling_send_stops_the_upstream(serve: Serve) -> None:
    """A caller who leaves before the head closes the upstream's connection."""
    asked = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        asked.set()
        await peer.closed()

    upstream = await serve(script)
    async with client_of(upstream) as client:
        task = asyncio.create_task(ask(client))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(upstream.seen_closed.wait(), 5)
        assert client.stats().open == 0


async def test_closing_an_answer_stops_the_upstream(serve: Serve) -> None:
    """`close` before the end closes the connection; doing it again does nothing; reading on is a fault."""

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(CHUNKED + b"3\r\nabc\r\n")
        await peer.closed()

    upstream = await serve(script)
    async with client_of(upstream) as client:
        answer = await ask(client)
        assert await answer.chunk() == b"abc"
        answer.close()
        answer.close()
        await asyncio.wait_for(upstream.seen_closed.wait(), 5)
        assert (await fault_of(answer.chunk())).code == "connection_lost"
        assert client.stats().open == 0


async def test_closing_a_whole_answer_keeps_the_connection(serve: Serve) -> None:
    """`close` after the end neither closes the connection nor disturbs the request that uses it next."""
    upstream = await serve(_echo_ok)
    async with client_of(upstream) as client:
        first = await ask(client)
        await first.read(10)
        second = await ask(client)
        first.close()
        assert await second.read(10) == b"ok"
    assert upstream.accepted == 1


async def test_nothing_unsendable_is_sent(serve: Serve) -> None:
    """A header with a line end is refused before a connection is made."""
    upstream = await serve(_echo_ok)
    async with client_of(upstream) as client:
        with pytest.raises(RequestInvalid):
            await client.send(b"GET", b"/", [(b"x", b"1\r\ny: 2")], b"", limits=limits())
        assert client.stats().open == 0
    assert upstream.accepted == 0


async def test_a_second_reader_is_refused(serve: Serve) -> None:
    """Two tasks reading one answer is a mistake that is said, not a hang."""

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(CHUNKED)
        await peer.closed()

    async with client_of(await serve(script)) as client:
        answer = await ask(client)
        reading = asyncio.create_task(answer.chunk())
        await asyncio.sleep(0.01)
        with pytest.raises(RuntimeError, match="one reader"):
            await answer.chunk()
        answer.close()
        assert (await fault_of(reading)).code == "connection_lost"
