"""Neither side can make us hold more than a bounded part of a message."""

import asyncio

from triplepoint.upstreams.transport.answer import HIGH_WATER

from .conftest import Serve
from .helpers import OK, Peer, ask, client_of, fault_of, fetch, limits

_MEGABYTE = 1024 * 1024


async def test_an_answer_nobody_reads_stops_the_upstream(serve: Serve) -> None:
    """The upstream can send little more than socket buffers and our mark hold until the answer is read; then all comes."""
    size = 64 * _MEGABYTE
    sent = 0

    async def script(peer: Peer) -> None:
        nonlocal sent
        await peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        block = b"x" * 65536
        while sent < size:
            peer.send(block)
            await peer.writer.drain()
            sent += len(block)
        await peer.closed()

    async with client_of(await serve(script)) as client:
        answer = await ask(client, within=limits(idle=0.2))
        before = -1
        while sent != before:  # until the upstream is stuck
            before = sent
            await asyncio.sleep(0.1)
        assert sent < 32 * _MEGABYTE
        await asyncio.sleep(0.2)  # longer than the idle limit: the silence is ours
        first = await answer.chunk()
        assert HIGH_WATER <= len(first) < HIGH_WATER + _MEGABYTE
        total = len(first)
        while piece := await answer.chunk():
            total += len(piece)
        assert total == size
        assert client.stats().idle == 1


async def test_a_large_request_is_sent_whole(serve: Serve) -> None:
    """A body of many pieces arrives in order at an upstream that takes longer over it than the first-byte limit."""
    body = bytes(range(256)) * (32 * 4096)
    taken: list[bytes] = []

    async def script(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        for _ in range(32):
            taken.append(await peer.reader.readexactly(len(body) // 32))
            await asyncio.sleep(0.02)
        peer.send(OK)
        await peer.closed()

    async with client_of(await serve(script)) as client:
        assert (await fetch(client, body, within=limits(first_byte=0.45))).body == b"ok"
        assert client.stats().idle == 1
    assert b"".join(taken) == body


async def test_an_answer_before_the_request_was_sent_is_heard(serve: Serve) -> None:
    """An upstream that refuses without reading is understood at once; the connection is not used again."""

    async def script(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        peer.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
        await peer.writer.drain()
        await asyncio.sleep(0.1)

    async with client_of(await serve(script)) as client:
        whole = await fetch(client, b"x" * (32 * _MEGABYTE))
        assert (whole.status, whole.body) == (413, b"no")
        assert client.stats().open == 0


async def test_an_upstream_that_answers_while_it_reads_gets_the_rest(serve: Serve) -> None:
    """Sending goes on under an answer that has begun, so an upstream that streams both ways does not wait for ever."""
    body = b"y" * (8 * _MEGABYTE)

    async def script(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")
        await peer.reader.readexactly(len(body))
        peer.send(b"k")
        await peer.closed()

    async with client_of(await serve(script)) as client:
        assert (await fetch(client, body)).body == b"ok"
        assert client.stats().idle == 1


async def test_an_upstream_that_takes_nothing_runs_into_the_first_byte_limit(serve: Serve) -> None:
    """A body that the upstream does not take ends the attempt, counted from the last piece that it took."""

    async def script(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.5)

    async with client_of(await serve(script)) as client:
        fault = await fault_of(ask(client, b"z" * (32 * _MEGABYTE), within=limits(first_byte=0.1)))
        assert fault.code == "first_byte_timeout"
        assert client.stats().open == 0
