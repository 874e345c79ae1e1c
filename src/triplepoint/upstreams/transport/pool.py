"""The connections to one origin: at most so many, the one used last first, those who wait in the order in which they came.

Last in, first out keeps a small set of connections busy and lets the others grow old and go. A slot belongs to a
connection, to one being made, or to the waiter that a closing connection left it to; it is counted by what holds it
(`_held`, `_connecting`), so no fault can lose one.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from triplepoint.settings import PoolSettings
from triplepoint.upstreams.transport import faults
from triplepoint.upstreams.transport.alarm import SLACK_S
from triplepoint.upstreams.transport.connection import Connection

_SERVER_MARGIN_S = 1.0
"""So much before a server says that it closes an idle connection, we do."""


@dataclass(frozen=True, slots=True)
class PoolStats:
    """A pool at one moment."""

    open: int
    """Connections, also those being made."""
    idle: int
    """Of them, those that wait for a request."""
    waiting: int
    """Requests that wait for a connection."""


class Pool:
    """Keeps connections; the `connection.Owner` of each.

    Args:
        connect: Makes a connection that this pool owns.
        settings: Bound and idle time.
    """

    def __init__(self, connect: Callable[[], Awaitable[Connection]], settings: PoolSettings) -> None:
        self._connect = connect
        self._settings = settings
        self._held: set[Connection] = set()
        self._connecting = 0
        self._idle: list[Connection] = []
        self._waiters: deque[asyncio.Future[Connection | None]] = deque()
        self._sockets: set[Connection] = set()
        self._emptied: asyncio.Future[None] | None = None
        self._sweep: asyncio.TimerHandle | None = None
        self._is_closed = False

    @property
    def has_room(self) -> bool:
        """Whether another connection may be made."""
        return len(self._held) + self._connecting < self._settings.connections

    def stats(self) -> PoolStats:
        """Count."""
        waiting = sum(not waiter.done() for waiter in self._waiters)
        return PoolStats(open=len(self._held) + self._connecting, idle=len(self._idle), waiting=waiting)

    def take_idle(self, now: float) -> Connection | None:
        """Return an idle connection, if there is one that is neither closing nor too old."""
        while self._idle:
            connection = self._idle.pop()
            if connection.idle_until > now and connection.is_usable:
                return connection
            connection.abort()
        return None

    async def acquire(self) -> Connection:
        """Return a connection, making or waiting for one; the caller bounds the wait.

        Raises:
            OSError: It cannot be made.
            UpstreamFault: The pool is closed.
        """
        while True:
            if self._is_closed:
                raise faults.connect_failed("the client is closed")
            connection = self.take_idle(asyncio.get_running_loop().time())
            if connection is not None:
                return connection
            if self.has_room:
                self._connecting += 1
                return await self._open()
            connection = await self._wait()
            if connection is not None and connection.is_usable:
                return connection
            if connection is None and not self._is_closed:
                return await self._open()
            if connection is None:
                self._connecting -= 1

    async def aclose(self) -> None:
        """Close every connection and wait until their sockets are closed."""
        self._is_closed = True
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        while self._waiters:
            self._wake_waiter()
        for connection in [*self._held]:
            connection.shut()
        while self._sockets:
            if self._emptied is None:
                self._emptied = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._emptied)

    # ── Owner ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def release(self, connection: Connection) -> None:
        """Hand it to who waits longest, or keep it for a while."""
        if self._is_closed:
            connection.abort()
            return
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return
        loop = asyncio.get_running_loop()
        keeps_s = self._settings.keep_alive
        if connection.server_keeps_s is not None:
            keeps_s = min(keeps_s, connection.server_keeps_s - _SERVER_MARGIN_S)
        connection.idle_until = loop.time() + keeps_s
        self._idle.append(connection)
        if self._sweep is None:
            self._sweep = loop.call_later(max(keeps_s, 0.0), self._sweep_idle)

    def discard(self, connection: Connection) -> None:
        """Forget a connection that closes, and pass its slot on."""
        if connection not in self._held:
            return
        self._held.remove(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        self._pass_slot_on()

    def closed(self, connection: Connection) -> None:
        """Stop counting its socket."""
        self._sockets.discard(connection)
        if not self._sockets and self._emptied is not None:
            self._emptied.set_result(None)
            self._emptied = None

    # ── Below ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _open(self) -> Connection:
        """Make a connection in a slot that is already counted under `_connecting`.

        Its socket is counted only once it is ours: where uvloop cancels a connection that just stood, it closes the socket
        and never says so to the protocol.
        """
        try:
            connection = await self._connect()
        except BaseException:
            self._connecting -= 1
            self._pass_slot_on()
            raise
        self._connecting -= 1
        self._held.add(connection)
        if connection.is_open:
            self._sockets.add(connection)
        if self._is_closed or not connection.is_usable:
            connection.shut()
            raise faults.connect_failed("the connection was closed as soon as it stood")
        return connection

    async def _wait(self) -> Connection | None:
        """Wait for a connection, or for a slot (None)."""
        waiter: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            self._take_back(waiter)
            raise

    def _take_back(self, waiter: "asyncio.Future[Connection | None]") -> None:
        """Undo a wait that was cancelled, also where its turn had just come."""
        if waiter.cancelled() or not waiter.done():
            if waiter in self._waiters:
                self._waiters.remove(waiter)
            return
        connection = waiter.result()
        if connection is None:
            self._connecting -= 1
            self._pass_slot_on()
        elif connection.is_usable:
            self.release(connection)

    def _pass_slot_on(self) -> None:
        """Give a free slot to who waits longest."""
        if self._waiters and not self._is_closed:
            self._wake_waiter()

    def _wake_waiter(self) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                self._connecting += 1  # the slot is the waiter's from now on
                waiter.set_result(None)
                return

    def _sweep_idle(self) -> None:
        """Close what was idle too long, and look again when the next one will be."""
        self._sweep = None
        loop = asyncio.get_running_loop()
        now = loop.time() + SLACK_S
        for connection in [connection for connection in self._idle if connection.idle_until <= now]:
            connection.abort()
        if self._idle:
            self._sweep = loop.call_at(min(connection.idle_until for connection in self._idle), self._sweep_idle)
