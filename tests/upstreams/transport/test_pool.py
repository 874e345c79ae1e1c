"""Who gets which connection, for how long, and that none is ever lost."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import pytest

from triplepoint.upstreams.transport.client import HttpClient
from triplepoint.upstreams.transport.pool import PoolStats

from .conftest import Serve
from .helpers import CHUNKED, OK, Peer, ask, client_of, fault_of, fetch, limits, pool, until


async def _echo_ok(peer: Peer) -> None:
    while True:
        await peer.request()
        peer.send(OK)


async def test_a_connection_is_used_again(serve: Serve) -> None:
    """Requests one after the other share one connection."""
    upstream = await serve(_echo_ok)
    async with client_of(upstream) as client:
        for _ in range(5):
            await fetch(client)
        assert client.stats() == PoolStats(open=1, idle=1, waiting=0)
    assert upstream.accepted == 1


@pytest.mark.parametrize(
    ("raw", "method"),
    [
        (OK, b"POST"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b"POST"),
        (CHUNKED + b"2\r\nok\r\n0\r\n\r\n", b"POST"),
        (CHUNKED + b"0\r\nX-Sum:\r\n\r\n", b"POST"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"POST"),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", b"GET"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"HEAD"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, b"POST"),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", b"POST"),
    ],
)
async def test_a_clean_connection_is_used_again(serve: Serve, raw: bytes, method: bytes) -> None:
    """After every kind of answer that ends by its own framing the connection serves the next request."""

    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            peer.send(raw)

    upstream = await serve(script)
    async with client_of(upstream) as client:
        bodies = [(await fetch(client, method=method)).body for _ in range(3)]
        assert client.stats().idle == 1
    assert bodies in ([b"ok"] * 3, [b""] * 3)
    assert upstream.accepted == 1


async def test_the_connection_used_last_comes_first(serve: Serve) -> None:
    """Of several idle connections the youngest is taken, so that the others can grow old."""
    numbers: list[int] = []
    together = asyncio.Barrier(3)

    async def script(peer: Peer) -> None:
        await peer.request()
        await together.wait()
        await asyncio.sleep(0.01 * peer.number)
        peer.send(OK)
        while True:
            await peer.request()
            numbers.append(peer.number)
            peer.send(OK)

    async with client_of(await serve(script)) as client:
        await asyncio.gather(*(fetch(client) for _ in range(3)))
        assert client.stats().idle == 3
        await fetch(client)
        await fetch(client)
    assert numbers == [3, 3]


async def test_the_bound_holds_and_waiters_come_in_order(serve: Serve) -> None:
    """No more connections than allowed, and who waits longest is served first."""
    go_on = asyncio.Event()
    order: list[int] = []

    async def script(peer: Peer) -> None:
        await go_on.wait()
        await _echo_ok(peer)

    async def one(client: HttpClient, number: int) -> None:
        await fetch(client)
        order.append(number)

    upstream = await serve(script)
    async with client_of(upstream, connections=1) as client:
        tasks = [asyncio.create_task(one(client, number)) for number in range(10)]
        await until(lambda: client.stats().waiting == 9)
        assert client.stats() == PoolStats(open=1, idle=0, waiting=9)
        go_on.set()
        await asyncio.gather(*tasks)
    assert order == list(range(10))
    assert upstream.accepted == 1


async def test_a_waiter_gets_the_slot_of_a_closed_connection(serve: Serve) -> None:
    """Where a connection is closed instead of given back, who waits makes a new one."""

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")

    upstream = await serve(script)
    async with client_of(upstream, connections=2) as client:
        answers = await asyncio.gather(*(fetch(client) for _ in range(8)))
        assert [answer.body for answer in answers] == [b"ok"] * 8
        assert client.stats() == PoolStats(open=0, idle=0, waiting=0)
    assert upstream.accepted == 8


async def test_a_waiter_that_leaves_passes_its_turn_on(serve: Serve) -> None:
    """Cancelling waiters at any moment neither loses the connection nor the turn of those behind."""
    upstream = await serve(_echo_ok)
    async with client_of(upstream, connections=1) as client:
        for round_ in range(40):
            tasks = [asyncio.create_task(fetch(client)) for _ in range(6)]
            for _ in range(round_ % 20):
                await asyncio.sleep(0)
            for task in tasks[:5]:
                task.cancel()
            assert (await tasks[5]).body == b"ok"
            await asyncio.gather(*tasks, return_exceptions=True)
            assert client.stats().waiting == 0
            assert client.stats().open <= 1
        assert (await fetch(client)).body == b"ok"


async def test_leaving_at_any_moment_leaks_nothing(serve: Serve) -> None:
    """A caller may leave at any turn of the loop, also just as its connection stands, and closing the client still ends."""
    upstream = await serve(_echo_ok)
    for turns in range(40):
        async with asyncio.timeout(5), client_of(upstream) as client:
            task = asyncio.create_task(ask(client))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                (await task).close()
            assert client.stats().waiting == 0
            assert client.stats().open == client.stats().idle
        await upstream.emptied()


async def test_failing_to_connect_frees_the_slot(serve: Serve) -> None:
    """A refused connection is `connect_failed`, for those who wait as well, and leaves the pool empty."""
    upstream = await serve(_echo_ok)
    await upstream.stop()
    async with client_of(upstream, connections=1) as client:
        faults = await asyncio.gather(*(fault_of(ask(client)) for _ in range(4)))
        assert [fault.code for fault in faults] == ["connect_failed"] * 4
        assert client.stats() == PoolStats(open=0, idle=0, waiting=0)


async def test_idle_connections_expire(serve: Serve) -> None:
    """An idle connection is closed after its time, and a later request makes another."""
    upstream = await serve(_echo_ok)
    async with client_of(upstream, keep_alive=0.05) as client:
        await asyncio.gather(fetch(client), fetch(client))
        assert client.stats().idle == 2
        await upstream.emptied()
        assert client.stats() == PoolStats(open=0, idle=0, waiting=0)
        assert (await fetch(client)).body == b"ok"


async def test_the_servers_own_keep_alive_is_obeyed(serve: Serve) -> None:
    """A server that closes idle connections after a second is not asked again on one that may be closing."""

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1, max=100\r\nContent-Length: 2\r\n\r\nok")
        await peer.closed()

    upstream = await serve(script)
    async with client_of(upstream) as client:
        await fetch(client)
        assert (await fetch(client)).body == b"ok"
    assert upstream.accepted == 2


@pytest.mark.parametrize("end", ["close", "reset", "bytes"])
async def test_an_idle_connection_that_ended_is_not_used(serve: Serve, end: str) -> None:
    """Closed, reset, or spoken on without a question: an idle connection leaves the pool at once."""

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(OK)
        await peer.writer.drain()
        await asyncio.sleep(0.02)
        if end == "bytes":
            peer.send(OK)
            await peer.closed()
        elif end == "reset":
            peer.abort()

    upstream = await serve(script)
    async with client_of(upstream) as client:
        await fetch(client)
        assert client.stats().idle == 1
        await until(lambda: client.stats().open == 0)
        assert (await fetch(client)).body == b"ok"
    assert upstream.accepted == 2


@pytest.mark.parametrize(
    ("raw", "method"),
    [
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", b"POST"),
        (b"HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 2\r\n\r\nok", b"POST"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", b"POST"),
        (OK + b"x", b"POST"),
        (OK + OK, b"POST"),
        (CHUNKED + b"2\r\nok\r\n0\r\n\r\n\r\n", b"POST"),
        (CHUNKED + b"2\r\nok\r\n0\r\n\r\nHTTP/1.1", b"POST"),
        (b"HTTP/1.1 204 No Content\r\n\r\nok", b"POST"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", b"HEAD"),
    ],
)
async def test_a_dirty_connection_is_not_used_again(serve: Serve, raw: bytes, method: bytes) -> None:
    """Whole answers after which the connection is in doubt are delivered, and the connection is closed."""

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(raw)
        await peer.closed()

    upstream = await serve(script)
    async with client_of(upstream) as client:
        assert (await fetch(client, method=method)).status in {200, 204}
        await asyncio.wait_for(upstream.seen_closed.wait(), 5)
        assert client.stats().open == 0


async def _reset(peer: Peer) -> None:
    await peer.request()
    peer.abort()


async def _cut(peer: Peer) -> None:
    await peer.request()
    peer.send(CHUNKED + b"5\r\nab")


async def _garbage(peer: Peer) -> None:
    await peer.request()
    peer.send(b"SSH-2.0-OpenSSH\r\n")
    await peer.closed()


async def _bad_chunk(peer: Peer) -> None:
    await peer.request()
    peer.send(CHUNKED + b"zz\r\n")
    await peer.closed()


async def _silence(peer: Peer) -> None:
    await peer.request()
    await peer.closed()


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (_reset, "connection_lost"),
        (_cut, "connection_lost"),
        (_garbage, "protocol_error"),
        (_bad_chunk, "protocol_error"),
        (_silence, "first_byte_timeout"),
    ],
)
async def test_no_fault_leaks_a_connection(serve: Serve, script: Callable[[Peer], Awaitable[None]], code: str) -> None:
    """After any number of faults the pool is empty, the upstream sees no connection, and the next request goes through."""
    is_well = False

    async def turn(peer: Peer) -> None:
        await (_echo_ok if is_well else script)(peer)

    upstream = await serve(turn)
    async with client_of(upstream, connections=2) as client:
        faults = await asyncio.gather(*(fault_of(fetch(client, within=limits(first_byte=0.02))) for _ in range(6)))
        assert [fault.code for fault in faults] == [code] * 6
        assert client.stats() == PoolStats(open=0, idle=0, waiting=0)
        await upstream.emptied()
        is_well = True
        assert (await fetch(client)).body == b"ok"


async def test_closing_the_client_ends_everything(serve: Serve) -> None:
    """`aclose` closes idle and busy connections, fails who waits or asks later, and may be called again."""
    upstream = await serve(_silence)
    client = HttpClient(f"http://127.0.0.1:{upstream.port}", pool(connections=1))
    busy, waiting = asyncio.create_task(fault_of(ask(client))), asyncio.create_task(fault_of(ask(client)))
    await until(lambda: client.stats().waiting == 1 and bool(upstream.requests))
    await client.aclose()
    assert (await busy).code == "connection_lost"
    assert (await waiting).code == "connect_failed"
    assert (await fault_of(ask(client))).code == "connect_failed"
    assert client.stats() == PoolStats(open=0, idle=0, waiting=0)
    await upstream.emptied()
    await client.aclose()
