"""Whether Valkey can be reached, and the way back.

What does not answer in time, or breaks, is *away*: from then on nobody waits, every call fails at once, and one task in the
background tries to come back. Valkey is back when it takes writes, knows the scripts and has taken what waited for it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from triplepoint.foundation.clock import Clock
from triplepoint.plans.counters.line import Client, Line, Unreachable
from triplepoint.telemetry.logs import get_logger

_log = get_logger("plans")

_REST_S = 0.05
_LONGEST_REST_S = 1.0
_STEADY_S = 5.0
"""Who is lost again sooner than this after coming back is not tried again at once."""
_CLOCK_MAY_DIFFER_S = 1.0


@dataclass(frozen=True, slots=True)
class Away:
    """Since when Valkey cannot be reached, and why."""

    since_us: int
    why: str

    def __str__(self) -> str:
        since = datetime.fromtimestamp(self.since_us / 1e6, UTC)
        return f"away since {since:%Y-%m-%dT%H:%M:%SZ} ({self.why})"


class Link:
    """The line to Valkey while there is one.

    Args:
        scripts: Texts that the server is to know.
        deliver: Called with a new line before anybody else may use it; sends what waited.
        probe: Key that is written to see that writes are taken.
        connect_s, command_s: How long is waited for a connection, and for an answer.
    """

    def __init__(
        self,
        client: Client,
        *,
        scripts: Iterable[str],
        deliver: Callable[[Line], Awaitable[None]],
        probe: str,
        clock: Clock,
        connect_s: float,
        command_s: float,
    ) -> None:
        self._client = client
        self._scripts = tuple(scripts)
        self._deliver = deliver
        self._probe = probe
        self._clock = clock
        self._connect_s = connect_s
        self._command_s = command_s
        self._line: Line | None = None
        self._coming: asyncio.Task[None] | None = None
        """Who tries to come back; at the very beginning, who comes."""
        self._back_at_s = float("-inf")
        self.away: Away | None = None
        self.clock_ahead_s = 0.0
        """How far this host's clock is ahead of the server's, as it was last seen."""

    async def call(self, *command: bytes | str | int) -> Any:
        """Send a command and return its answer.

        Raises: Unreachable.
        """
        line = self._line or await self._first_line()
        return await line.call(*command)

    async def close(self) -> None:
        """Hang up, for good."""
        if self._coming is not None:
            self._coming.cancel()
            await asyncio.gather(self._coming, return_exceptions=True)
        line, self._line = self._line, None
        self.away = Away(self._clock.now_us(), "closed")
        if line is not None:
            await line.close()

    def line(self) -> Line | None:
        """Return the line while there is one."""
        return self._line

    async def _first_line(self) -> Line:
        """Wait for the first line; who was there and is away is not waited for."""
        if self.away is None and self._coming is None:
            self._coming = asyncio.get_running_loop().create_task(self._come(), name="reaching valkey")
        if self.away is None and self._coming is not None:
            await asyncio.shield(self._coming)
        if self._line is None:
            raise Unreachable(str(self.away))
        return self._line

    async def _come(self) -> None:
        """Come once; where that fails, go on in the background."""
        try:
            self._line = await self._open()
        except Unreachable as error:
            self._go_away(error.why)
        else:
            self._back_at_s = self._clock.steady_s()

    async def _come_back(self, rest_s: float) -> None:
        """Try until Valkey is back."""
        away = self.away or Away(self._clock.now_us(), "")
        while True:
            await asyncio.sleep(rest_s)
            try:
                self._line = await self._open()
            except Unreachable as error:
                self.away = Away(away.since_us, error.why)
                rest_s = min(max(2 * rest_s, _REST_S), _LONGEST_REST_S)
            else:
                break
        self._back_at_s = self._clock.steady_s()
        _log.info("the counters in Valkey are back", were=str(away))
        self.away = None

    async def _open(self) -> Line:
        """Connect, and see that the server does what is needed.

        Raises: Unreachable.
        """
        connection = self._client.make_connection()
        try:
            async with asyncio.timeout(self._connect_s):
                await connection.connect()
        except self._client.faults as error:
            await connection.disconnect(nowait=True)
            raise Unreachable(str(error) or f"no connection within {self._connect_s:g} s") from error
        line = Line(connection, self._client, command_s=self._command_s, on_loss=self._lost)
        try:
            await self._see(line)
            await self._deliver(line)
        except BaseException:
            await line.close()
            raise
        return line

    async def _see(self, line: Line) -> None:
        await line.call("SET", self._probe, self._clock.now_us(), "PX", 60_000)  # a replica, or one that is full, refuses
        await asyncio.gather(*(line.call("SCRIPT", "LOAD", script) for script in self._scripts))
        seconds, us = await line.call("TIME")
        self.clock_ahead_s = (self._clock.now_us() - int(seconds) * 10**6 - int(us)) / 1e6
        if abs(self.clock_ahead_s) > _CLOCK_MAY_DIFFER_S:
            _log.warning("this host's clock and Valkey's differ; keep both on NTP", ahead_s=round(self.clock_ahead_s, 3))

    def _lost(self, line: Line, why: str) -> None:
        if line is self._line:
            self._line = None
            self._go_away(why)

    def _go_away(self, why: str) -> None:
        self.away = Away(self._clock.now_us(), why)
        _log.warning("the counters in Valkey are away", why=why)
        is_steady = self._clock.steady_s() - self._back_at_s > _STEADY_S
        self._coming = asyncio.get_running_loop().create_task(
            self._come_back(0.0 if is_steady else _REST_S), name="coming back to valkey"
        )
