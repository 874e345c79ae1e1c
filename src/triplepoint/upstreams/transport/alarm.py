"""One lazy timer for every limit of a connection.

A timer made and cancelled for each limit of each request would cost more than the request. An alarm's moment is moved by an
assignment; the event loop's own timer is touched only where the moment comes *nearer* than the timer already set. A timer
that fires too early looks at the moment and sets itself again, so a busy connection costs one timer per limit's length, not
per request.
"""

import asyncio
from collections.abc import Callable
from math import inf

SLACK_S = 0.001
"""The clock of uvloop stands still within one turn and counts whole milliseconds; so much early is on time."""


class Alarm:
    """Calls back once its moment has come, unless it was moved or stopped before."""

    __slots__ = ("_handle", "_loop", "_ring", "_set_for", "at")

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._loop = loop
        self._ring = ring
        self._handle: asyncio.TimerHandle | None = None
        self._set_for = inf
        self.at = inf
        """Moment at which it rings, on the loop's clock; write it by `move` and `rest`."""

    def move(self, at: float) -> None:
        """Ring at ``at`` instead."""
        self.at = at
        if at < self._set_for:
            if self._handle is not None:
                self._handle.cancel()
            self._set(at)

    def rest(self) -> None:
        """Ring at no time; the timer stays for the next request."""
        self.at = inf

    def stop(self) -> None:
        """Let go of the timer."""
        self.at = inf
        self._set_for = inf
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _set(self, at: float) -> None:
        self._set_for = at
        self._handle = self._loop.call_at(at, self._fire)

    def _fire(self) -> None:
        self._handle, self._set_for = None, inf
        if self.at == inf:
            return
        if self._loop.time() + SLACK_S >= self.at:
            self.at = inf
            self._ring()
        else:
            self._set(self.at)
