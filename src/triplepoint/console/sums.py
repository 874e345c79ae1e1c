"""What happened in the last minute and the last hour, from rollups that only grow.

The ledger adds up whole hours. Looked at again and again, the difference of two looks is what reached the ledger between
them, exactly, at a cost that does not grow with the traffic: no attempt is read. A short history of looks, dense for a minute
and sparse for an hour, answers for both spans. It begins with the running hour, which the ledger knows from its start.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from triplepoint.foundation.money import EXACT, ZERO
from triplepoint.ledger.model import Rollup

HOUR_US = 3_600_000_000
_MINUTE_S = 60.0
_HOUR_S = 3600.0
_SPARSE_S = 30.0


@dataclass(frozen=True, slots=True)
class Tally:
    """Attempts that have ended, added up."""

    requests: int = 0
    attempts: int = 0
    failed: int = 0
    cost: Decimal = ZERO
    unpriced: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.requests + other.requests,
            self.attempts + other.attempts,
            self.failed + other.failed,
            EXACT.add(self.cost, other.cost),
            self.unpriced + other.unpriced,
        )

    def __sub__(self, other: "Tally") -> "Tally":
        return Tally(
            self.requests - other.requests,
            self.attempts - other.attempts,
            self.failed - other.failed,
            EXACT.subtract(self.cost, other.cost),
            self.unpriced - other.unpriced,
        )


_NONE = Tally()
Sums = Mapping[tuple[int, str], Tally]
"""Tallies by hour and model."""


def floor_hour(at_us: int) -> int:
    """Return the beginning of an hour."""
    return at_us - at_us % HOUR_US


def first_hour(now_us: int) -> int:
    """Return the earliest hour whose rollups a look needs: an hour ago some attempts belonged to the hour before."""
    return floor_hour(now_us) - HOUR_US


def add_up(rollups: Iterable[Rollup]) -> Sums:
    """Add rollups up over customers and line-ups."""
    sums: dict[tuple[int, str], Tally] = {}
    for rollup in rollups:
        key = (rollup.hour_us, rollup.served_model)
        tally = Tally(rollup.requests, rollup.attempts, rollup.failed, Decimal(rollup.cost_usd), rollup.unpriced)
        sums[key] = sums.get(key, _NONE) + tally
    return sums


@dataclass(frozen=True, slots=True)
class Span:
    """What reached the ledger in a span of time."""

    seconds: float
    """How much of it was seen."""
    is_whole: bool
    """Whether that is the whole span asked for."""
    models: Mapping[str, Tally]
    """By model; those of which nothing came are left out."""

    @property
    def total(self) -> Tally:
        """All models together."""
        return sum(self.models.values(), _NONE)


@dataclass(frozen=True, slots=True)
class _Look:
    at_s: float
    sums: Sums


@dataclass(slots=True)
class History:
    """Looks at the rollups, of the last hour."""

    _dense: deque[_Look] = field(default_factory=deque[_Look])
    _sparse: deque[_Look] = field(default_factory=deque[_Look])

    def observe(self, sums: Sums, *, at_s: float, now_us: int) -> None:
        """Take a look in.

        Args:
            sums: Since `first_hour` at least.
            at_s: Steady clock, seconds.
            now_us: Wall clock.
        """
        if not self._sparse:
            begun = floor_hour(now_us)
            earlier = {key: tally for key, tally in sums.items() if key[0] < begun}
            self._sparse.append(_Look(at_s - (now_us - begun) / 1e6, earlier))
        look = _Look(at_s, sums)
        self._dense.append(look)
        if at_s - self._sparse[-1].at_s >= _SPARSE_S:
            self._sparse.append(look)
        _forget(self._dense, before_s=at_s - _MINUTE_S)
        _forget(self._sparse, before_s=at_s - _HOUR_S)

    def minute(self) -> Span:
        """Return the last minute."""
        return self._since(self._dense, _MINUTE_S)

    def hour(self) -> Span:
        """Return the last hour."""
        return self._since(self._sparse, _HOUR_S)

    def _since(self, looks: deque[_Look], asked_s: float) -> Span:
        if not self._dense:
            return Span(0.0, is_whole=False, models={})
        first, last = looks[0], self._dense[-1]
        seconds = last.at_s - first.at_s
        return Span(seconds, is_whole=seconds >= asked_s, models=_difference(last.sums, first.sums))


def _forget(looks: deque[_Look], *, before_s: float) -> None:
    """Keep one look at or before the moment, to count from."""
    while len(looks) > 1 and looks[1].at_s <= before_s:
        looks.popleft()


def _difference(later: Sums, earlier: Sums) -> dict[str, Tally]:
    models: dict[str, Tally] = {}
    for key, tally in later.items():
        more = tally - earlier.get(key, _NONE)
        if more != _NONE:
            models[key[1]] = models.get(key[1], _NONE) + more
    return models
