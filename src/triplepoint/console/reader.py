"""One look at ledger and gateway: everything that the first page shows, read once for all browsers.

Reading blocks, so it happens in a thread, one look at a time. What cannot be read is said in the frame and leaves the rest
as it was.
"""

import statistics
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from triplepoint.console.panels import Panels, Vitals, draw
from triplepoint.console.ports import Services
from triplepoint.console.rows import EVERYTHING, Lens, Line, to_line
from triplepoint.console.sums import History, add_up, first_hour
from triplepoint.foundation.clock import Clock
from triplepoint.ledger.model import AttemptRow
from triplepoint.telemetry.logs import get_logger
from triplepoint.telemetry.status import GatewayStatus

Answer = TypeVar("Answer")

_LOOK_S = 2.0
"""Seconds between two looks at the rollups."""
_RATE_S = 10.0
"""Seconds over which requests a second are measured."""

_log = get_logger("console")


@dataclass(frozen=True, slots=True)
class Frame:
    """What a look saw. Frames are shared by all browsers and never change."""

    lines: Mapping[Lens, Sequence[Line]]
    """What each lens shows, newest first; what a viewer has just turned to is in the next frame."""
    is_empty: bool
    """Whether nothing was ever asked."""
    models: Sequence[str]
    """Models to choose from, by name."""
    panels: Panels
    status: GatewayStatus | None
    """None where no gateway answers."""
    is_stale: bool
    """Whether the ledger could not be read this time: lines and sums are those of before."""


@dataclass(slots=True)
class Rate:
    """Requests a second, from the gateway's own counter."""

    _seen: deque[tuple[float, GatewayStatus]] = field(default_factory=deque[tuple[float, GatewayStatus]])

    def observe(self, status: GatewayStatus | None, at_s: float) -> tuple[float, float] | None:
        """Take a status in and return the rate, and over how many seconds; None where there is nothing to measure yet."""
        if status is None or (self._seen and self._seen[-1][1].started_us != status.started_us):
            self._seen.clear()
        if status is None:
            return None
        self._seen.append((at_s, status))
        while len(self._seen) > 2 and self._seen[1][0] <= at_s - _RATE_S:
            self._seen.popleft()
        since_s, first = self._seen[0]
        seconds = at_s - since_s
        return ((status.requests - first.requests) / seconds, seconds) if seconds > 0 else None


class Reader:
    """Looks again and again; from one thread at a time.

    Args:
        services: Ledger and gateway.
        clock: Time.
    """

    def __init__(self, services: Services, clock: Clock) -> None:
        self._ledger = services.ledger
        self._gateway = services.gateway
        self._clock = clock
        self._history = History()
        self._rate = Rate()
        self._looked_s: float | None = None
        self._rows: Mapping[Lens, Sequence[AttemptRow]] = {}
        self._failing: set[str] = set()

    def read(self, lenses: Collection[Lens]) -> Frame:
        """Look once.

        Args:
            lenses: What viewers look at.
        """
        status = self._try("gateway", self._gateway.status)
        found = self._try("ledger", lambda: self._read_ledger({EVERYTHING, *lenses}))
        if found is not None:
            self._rows = found
        return self._frame(status, is_stale=found is None)

    def keep_count(self) -> None:
        """Look at the sums alone, while nobody watches."""
        self._try("ledger", self._observe)

    def _read_ledger(self, lenses: Collection[Lens]) -> Mapping[Lens, Sequence[AttemptRow]]:
        self._observe()
        depths: dict[str | None, int] = {}
        for lens in lenses:
            depths[lens.model] = max(depths.get(lens.model, 0), lens.depth)
        read = {model: self._ledger.attempts(model=model, limit=depth) for model, depth in depths.items()}
        return {lens: lens.pick(read[lens.model]) for lens in lenses}

    def _observe(self) -> None:
        now_s = self._clock.steady_s()
        if self._looked_s is not None and now_s - self._looked_s < _LOOK_S:
            return
        now_us = self._clock.now_us()
        self._history.observe(add_up(self._ledger.rollups(since_us=first_hour(now_us))), at_s=now_s, now_us=now_us)
        self._looked_s = now_s

    def _frame(self, status: GatewayStatus | None, *, is_stale: bool) -> Frame:
        latest = self._rows.get(EVERYTHING, ())
        vitals = Vitals(
            now_us=self._clock.now_us(),
            rate=self._rate.observe(status, self._clock.steady_s()),
            minute=self._history.minute(),
            hour=self._history.hour(),
            first_byte=_median(latest),
        )
        return Frame(
            lines={lens: tuple(to_line(row) for row in rows) for lens, rows in self._rows.items()},
            is_empty=not latest,
            models=sorted({row.served_model for row in latest} | set(vitals.hour.models)),
            panels=draw(vitals, status, is_stale=is_stale),
            status=status,
            is_stale=is_stale,
        )

    def _try(self, what: str, ask: Callable[[], Answer]) -> Answer | None:
        try:
            answer = ask()
        except Exception:  # noqa: BLE001 - whatever it is, the page says so, goes on and tries again
            if what not in self._failing:  # once, not twice a second
                _log.exception("the console cannot read", what=what)
            self._failing.add(what)
            return None
        self._failing.discard(what)
        return answer


def _median(rows: Sequence[AttemptRow]) -> tuple[int, int] | None:
    """Return the median time to the first byte, in microseconds, and of how many attempts."""
    known = [row.first_byte_us for row in rows if row.first_byte_us is not None]
    return (round(statistics.median(known)), len(known)) if known else None
