"""Broken answers and lost connections: what the gateway hears, and that nothing is ever sent twice."""

import asyncio

import pytest

from triplepoint.foundation.errors import UpstreamFault

from .conftest import Serve
from .helpers import CHUNKED, OK, Peer, ask, client_of, fault_of, fetch


@pytest.mark.parametrize("is_reset", [False, True], ids=["closed", "reset"])
async def test_a_kept_connection_that_dies_under_a_request_is_not_retried(serve: Serve, is_reset: bool) -> None:
    """The upstream saw the request once and the gateway hears `connection_lost`: it alone decides on another attempt."""

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(OK)
        await peer.request()
        if is_reset:
            peer.abort()

    upstream = await serve(script)
    async with client_of(upstream) as client:
        await fetch(client)
        fault = await fault_of(ask(client, b"costly"))
        assert (type(fault), fault.code, fault.status) == (UpstreamFault, "connection_lost", 502)
        assert "used before" in fault.message
        await asyncio.sleep(0.02)
        assert len(upstream.requests) == 2
        assert upstream.accepted == 1


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/1.1 200 O",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        CHUNKED + b"5\r\nab",
        CHUNKED + b"2\r\nab\r\n",
        CHUNKED + b"2\r\nab\r\n0\r\n",
    ],
)
async def test_an_answer_that_ends_early_is_lost(serve: Serve, raw: bytes) -> None:
    """A close before the answer's own end never looks like its end."""

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(raw)

    async with client_of(await serve(script)) as client:
        assert (await fault_of(fetch(client))).code == "connection_lost"
        assert client.stats().open == 0


async def test_what_came_before_the_cut_can_be_read(serve: Serve) -> None:
    """A stream that breaks off gives its pieces first, then the fault, and the fault again."""

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(CHUNKED + b"3\r\nabc\r\n")

    upstream = await serve(script)
    async with client_of(upstream) as client:
        answer = await ask(client)
        await upstream.emptied()
        await asyncio.sleep(0.01)
        assert await answer.chunk() == b"abc"
        assert (await fault_of(answer.chunk())).code == "connection_lost"
        assert (await fault_of(answer.chunk())).code == "connection_lost"


@pytest.mark.parametrize(
    "raw",
    [
        b"\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 99 Low\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.1 200 O\x00K\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1 1\r\n\r\na",
        b"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 103 Hints\r\nContent-Length: 5\r\n\r\nHTTP/",
        b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX : a\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\na",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\nContent-Length: 1\r\n\r\na",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 65536 + b"\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 200 + b"Content-Length: 0\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n" * 3000,
    ],
)
async def test_bad_heads_are_refused(serve: Serve, raw: bytes) -> None:
    """A head on whose meaning two readers could disagree, or that has no end, is a `protocol_error`."""

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(raw)
        await peer.closed()

    upstream = await serve(script)
    async with client_of(upstream) as client:
        fault = await fault_of(ask(client))
        assert (type(fault), fault.code) == (UpstreamFault, "protocol_error")
        await asyncio.wait_for(upstream.seen_closed.wait(), 5)
        assert client.stats().open == 0


@pytest.mark.parametrize(
    "raw",
    [
        b"-1\r\na\r\n0\r\n\r\n",
        b"0x1\r\na\r\n0\r\n\r\n",
        b"1 \r\na\r\n0\r\n\r\n",
        b"1\na\r\n0\r\n\r\n",
        b"1\r\nab\r\n0\r\n\r\n",
        b"fffffffffffffffff\r\na",
        b"1;" + b"x" * 40_000,
        b"1\r\na\r\n0\r\nX: " + b"y" * 40_000,
        b"1\r\na\r\n0\r\n" + b"X: y\r\n" * 201 + b"\r\n",
        b"1\r\na\r\n0\r\nContent-Length: 5\r\n\r\n",
    ],
)
async def test_bad_chunks_are_refused(serve: Serve, raw: bytes) -> None:
    """A body that breaks the rules of chunks, or hides a flood in them, is a `protocol_error`."""

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(CHUNKED + raw)
        await peer.closed()

    async with client_of(await serve(script)) as client:
        assert (await fault_of(fetch(client))).code == "protocol_error"
        assert client.stats().open == 0


async def test_faults_do_not_quote_what_was_said(serve: Serve) -> None:
    """Neither the request nor the upstream's bytes are in a fault, its cause, or what is printed of them."""

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nX-Secret: hush\x00hush\r\n\r\n")
        await peer.closed()

    async with client_of(await serve(script)) as client:
        fault = await fault_of(ask(client, b"my prompt"))
    said = f"{fault!r} {fault} {fault.__cause__!r}"
    assert "hush" not in said
    assert "prompt" not in said
