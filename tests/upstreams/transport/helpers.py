"""A scripted upstream, and short ways to make clients and requests."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass

from triplepoint.foundation.errors import UpstreamFault
from triplepoint.settings import LimitSettings, PoolSettings
from triplepoint.upstreams.transport.answer import Answer
from triplepoint.upstreams.transport.client import HttpClient

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


class Peer:
    """The upstream's side of one connection."""

    def __init__(self, upstream: "Upstream", reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        self.upstream = upstream
        self.reader = reader
        self.writer = writer
        self.number = number
        """Counted from 1 in the order in which connections came."""

    async def request(self) -> bytes:
        """Read a whole request and note it."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.startswith(b"content-length:")]
        request = head + (await self.reader.readexactly(int(lengths[0])) if lengths else b"")
        self.upstream.requests.append(request)
        return request

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(data)

    async def closed(self) -> None:
        """Wait until the client has closed."""
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(65536):
                pass
        self.upstream.seen_closed.set()

    def abort(self) -> None:
        """Reset the connection."""
        self.writer.transport.abort()


class Upstream:
    """A server on loopback that runs a script for each connection and closes when it ends."""

    def __init__(self, script: Callable[[Peer], Awaitable[None]]) -> None:
        self.script = script
        self.requests: list[bytes] = []
        self.accepted = 0
        self.open = 0
        self.seen_closed = asyncio.Event()
        """Set once a script saw the client close."""
        self.port = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, context: ssl.SSLContext | None) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def emptied(self) -> None:
        """Wait until no connection is left."""
        await until(lambda: self.open == 0)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        self.open += 1
        task = asyncio.create_task(self._run(Peer(self, reader, writer, self.accepted)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, peer: Peer) -> None:
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
                await self.script(peer)
        finally:
            self.open -= 1
            peer.writer.close()


async def until(claim: Callable[[], bool]) -> None:
    """Wait until something is so, for which there is no event to wait for."""
    async with asyncio.timeout(5):
        while not claim():  # noqa: ASYNC110  # what is asked are counters, which nobody announces
            await asyncio.sleep(0.002)


def limits(*, connect: float = 5.0, first_byte: float = 5.0, idle: float = 5.0, total: float = 10.0) -> LimitSettings:
    """Make limits from seconds."""
    return LimitSettings.model_construct(connect=connect, first_byte=first_byte, idle=idle, total=total)


def pool(*, connections: int = 8, keep_alive: float = 30.0) -> PoolSettings:
    """Make settings of a pool."""
    return PoolSettings.model_construct(connections=connections, keep_alive=keep_alive)


@contextlib.asynccontextmanager
async def client_of(upstream: Upstream, *, connections: int = 8, keep_alive: float = 30.0) -> AsyncGenerator[HttpClient]:
    """Make a client of an upstream, closed at the end."""
    client = HttpClient(f"http://127.0.0.1:{upstream.port}", pool(connections=connections, keep_alive=keep_alive))
    try:
        yield client
    finally:
        await client.aclose()


async def ask(
    client: HttpClient,
    body: bytes = b"",
    *,
    method: bytes = b"POST",
    within: LimitSettings | None = None,
    deadline_s: float | None = None,
) -> Answer:
    """Send a small request."""
    return await client.send(method, b"/v1", [], body, limits=within or limits(), deadline_s=deadline_s)


@dataclass(frozen=True)
class Whole:
    """A whole answer."""

    status: int
    body: bytes


async def fetch(
    client: HttpClient, body: bytes = b"", *, method: bytes = b"POST", within: LimitSettings | None = None
) -> Whole:
    """Send a small request and read its answer to the end."""
    answer = await ask(client, body, method=method, within=within)
    return Whole(answer.status, await answer.read(2**26))


async def fault_of(work: Awaitable[object]) -> UpstreamFault:
    """Return the fault that the work ends with."""
    try:
        await work
    except UpstreamFault as fault:
        return fault
    raise AssertionError("no fault came")
