"""Each limit rings in its own phase, says so by its code, and closes the connection."""

import asyncio

import pytest

from triplepoint.foundation.errors import UpstreamTimeout
from triplepoint.settings import LimitSettings
from triplepoint.upstreams.transport.client import HttpClient

from .conftest import Serve
from .helpers import CHUNKED, OK, Peer, ask, client_of, fault_of, fetch, limits, pool


async def _silent(peer: Peer) -> None:
    await peer.request()
    await peer.closed()


async def test_connect_limit(serve: Serve) -> None:
    """A connection that never stands, here TLS with a server that does not speak it, fails as `connect_timeout`."""

    async def mute(peer: Peer) -> None:
        await peer.closed()

    upstream = await serve(mute)
    client = HttpClient(f"https://127.0.0.1:{upstream.port}", pool())
    fault = await fault_of(ask(client, within=limits(connect=0.05)))
    assert (type(fault), fault.code) == (UpstreamTimeout, "connect_timeout")
    await upstream.emptied()
    assert client.stats().open == 0
    await client.aclose()


async def test_connect_limit_counts_the_wait_for_a_connection(serve: Serve) -> None:
    """Where all connections stay busy, a request gives up after its connect limit and leaves the queue."""
    async with client_of(await serve(_silent), connections=1) as client:
        busy = asyncio.create_task(ask(client))
        await asyncio.sleep(0.02)
        fault = await fault_of(ask(client, within=limits(connect=0.05)))
        assert fault.code == "connect_timeout"
        assert "pool.connections" in fault.message
        assert client.stats().waiting == 0
        busy.cancel()
        await asyncio.gather(busy, return_exceptions=True)


@pytest.mark.parametrize(
    ("sent", "within", "code"),
    [
        (b"", limits(first_byte=0.05), "first_byte_timeout"),
        (b"HTTP/1.1 20", limits(idle=0.05), "idle_timeout"),
        (b"", limits(total=0.05), "total_timeout"),
        (b"", limits(first_byte=0.05, total=0.05), "total_timeout"),
    ],
)
async def test_limits_before_the_head(serve: Serve, sent: bytes, within: LimitSettings, code: str) -> None:
    """Silence before the head is the first byte's limit, silence within it the idle one, and the total always counts."""

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(sent)
        await peer.closed()

    upstream = await serve(script)
    async with client_of(upstream) as client:
        fault = await fault_of(ask(client, within=within))
        assert (type(fault), fault.code, fault.status) == (UpstreamTimeout, code, 504)
        await upstream.emptied()
        assert client.stats().open == 0


async def test_idle_limit_in_the_body(serve: Serve) -> None:
    """A stream that falls silent gives what came, then `idle_timeout`."""

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(CHUNKED + b"3\r\nabc\r\n")
        await peer.closed()

    upstream = await serve(script)
    async with client_of(upstream) as client:
        answer = await ask(client, within=limits(idle=0.05))
        await asyncio.wait_for(upstream.seen_closed.wait(), 5)
        assert await answer.chunk() == b"abc"
        assert (await fault_of(answer.chunk())).code == "idle_timeout"


async def test_idle_limit_starts_again_with_each_piece(serve: Serve) -> None:
    """A stream slower in all than the idle limit, but never silent for so long, is read whole."""

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(CHUNKED)
        for _ in range(10):
            await asyncio.sleep(0.02)
            peer.send(b"1\r\nx\r\n")
        peer.send(b"0\r\n\r\n")
        await peer.closed()

    async with client_of(await serve(script)) as client:
        assert (await fetch(client, within=limits(first_byte=0.15, idle=0.15))).body == b"x" * 10


async def test_total_limit_ends_a_stream_that_never_rests(serve: Serve) -> None:
    """An upstream that drips for ever is cut by the limit on the whole."""

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(CHUNKED)
        while not peer.writer.transport.is_closing():
            peer.send(b"1\r\nx\r\n")
            await asyncio.sleep(0.005)

    async with client_of(await serve(script)) as client:
        answer = await ask(client, within=limits(total=0.1))
        assert (await fault_of(answer.read(10_000))).code == "total_timeout"


async def test_deadline_shortens_the_limits(serve: Serve) -> None:
    """The caller's deadline wins over a longer total; one that is past sends nothing at all."""
    upstream = await serve(_silent)
    async with client_of(upstream) as client:
        now = asyncio.get_running_loop().time()
        assert (await fault_of(ask(client, deadline_s=now - 1))).code == "total_timeout"
        assert upstream.accepted == 0
        assert (await fault_of(ask(client, deadline_s=now + 0.05))).code == "total_timeout"
        assert asyncio.get_running_loop().time() - now < 2


async def test_a_short_limit_follows_a_long_one(serve: Serve) -> None:
    """On one connection, each request has its own limits, whatever timer the one before it left."""

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(OK)
        await peer.request()
        await asyncio.sleep(0.1)
        peer.send(OK)
        await peer.request()
        await peer.closed()

    upstream = await serve(script)
    async with client_of(upstream) as client:
        await fetch(client, within=limits(first_byte=0.05, total=0.06))
        await fetch(client)
        assert (await fault_of(ask(client, within=limits(first_byte=0.05)))).code == "first_byte_timeout"
    assert upstream.accepted == 1
