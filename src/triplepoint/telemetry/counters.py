"""Counters and histograms that cost a fraction of a microsecond: plain dictionaries and lists on one event loop.

The label values of a family are bounded: when it has as many series as it may, further ones are counted together under
``other``. Nothing that a caller writes may become a label, but a bound that holds whatever happens is worth its one comparison.
"""

from bisect import bisect_left
from collections.abc import Hashable, Iterator, Sequence
from typing import Final, Generic, TypeVar

SERIES_LIMIT: Final = 1_000
OTHER: Final = "other"

Labels = tuple[str, ...]
T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


class Bounded(Generic[T]):
    """Series of one family by their labels.

    Args:
        names: Names of the labels.
        limit: Series that are kept apart.
    """

    def __init__(self, names: Labels, *, limit: int = SERIES_LIMIT) -> None:
        self.names = names
        self.series: dict[Labels, T] = {}
        self._limit = limit

    def place(self, labels: Labels) -> Labels:
        """Return the labels under which to keep a new series: its own, or ``other`` where there is no more room."""
        return labels if len(self.series) < self._limit else (OTHER,) * len(self.names)

    def __iter__(self) -> Iterator[tuple[Labels, T]]:
        return iter(list(self.series.items()))


class Counts(Bounded[int]):
    """Counters."""

    def add(self, labels: Labels, amount: int = 1) -> None:
        """Count."""
        try:
            self.series[labels] += amount
        except KeyError:
            labels = self.place(labels)
            self.series[labels] = self.series.get(labels, 0) + amount


class Histogram:
    """Counts by size, as Prometheus keeps them; the sum is kept in microseconds so that it is exact."""

    __slots__ = ("_bounds_us", "counts", "sum_us")

    def __init__(self, bounds_s: Sequence[float]) -> None:
        self._bounds_us = [round(bound * 1e6) for bound in bounds_s]
        self.counts = [0] * (len(bounds_s) + 1)
        """By bucket, not summed up; the last one has no upper bound."""
        self.sum_us = 0

    def observe(self, duration_us: int) -> None:
        """Count a duration."""
        self.counts[bisect_left(self._bounds_us, duration_us)] += 1
        self.sum_us += duration_us
