"""Time as an argument: a wall clock to date things with, a steady clock to measure with.

Durations are always taken from the steady clock, so a wall clock that steps back makes no negative latency and no early expiry.
"""

import time
from typing import Protocol


class Clock(Protocol):
    """What the rooms ask for the time."""

    def now_us(self) -> int:
        """Return the wall clock: microseconds since 1970, UTC. May step back."""
        ...

    def steady_s(self) -> float:
        """Return seconds on a clock that only goes forward; its zero means nothing."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now_us(self) -> int:
        """Return microseconds since 1970, UTC."""
        return time.time_ns() // 1000

    steady_s = staticmethod(time.monotonic)
    """Seconds since some moment; the function itself, for every request asks it several times."""
