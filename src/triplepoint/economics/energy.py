"""Puts energy and carbon on a row of the ledger."""

import math
from typing import Protocol

import msgspec

from triplepoint.economics.model import Grade, Profile, Spread, to_nano
from triplepoint.economics.profile import find_place, work_out
from triplepoint.ledger.model import AttemptRow
from triplepoint.settings import Settings

_COUNTER_WITHIN = 1.05
"""Accuracy that makers state for the counters of their boards."""


class MeasuredEnergy(Protocol):
    """A meter of ours, whose counters are shared out among attempts (`allocation.py`)."""

    def joules(self, row: AttemptRow) -> float | None:
        """Return what the accelerators took for an attempt; None where no meter was read."""
        ...


class Meter:
    """Says what attempts took, by what the settings say of their upstreams.

    Calling it is cheap and always gives the same answer; the first attempt of a model costs some hundredths of a second more,
    unless its `profile` was asked for before.
    """

    def __init__(self, settings: Settings, measured: MeasuredEnergy | None = None) -> None:
        """Be ready.

        Args:
            settings: What the upstreams run on.
            measured: A meter of ours, where there is one.
        """
        self._upstreams = settings.upstreams
        self._measured = measured
        self._profiles: dict[tuple[str, str], Profile | None] = {}

    def __call__(self, row: AttemptRow) -> AttemptRow:
        """Return the row with its energy, carbon and their grade; as it is where nothing can be said."""
        profile = self.profile(row.upstream, row.upstream_model)
        if row.outcome is None or profile is None:
            return row
        joules = self._measured.joules(row) if self._measured is not None else None
        if joules is not None:
            wh = _measured_wh(joules, profile)
            return _noted(row, wh, _product(wh, profile.g_per_wh), Grade.MEASURED)
        wh, g = profile.wh.of(row.usage), profile.g.of(row.usage)
        return row if wh is None or g is None else _noted(row, wh, g, profile.grade)

    def profile(self, upstream: str, upstream_model: str) -> Profile | None:
        """Return what a model at an upstream takes.

        Args:
            upstream: Its name in the settings.
            upstream_model: Name of the model there.
        Returns: None where no model runs (a scripted upstream), or the settings no longer know the upstream.
        """
        key = (upstream, upstream_model)
        if key not in self._profiles:
            known = self._upstreams.get(upstream)
            place = find_place(known, upstream_model) if known is not None else None
            self._profiles[key] = work_out(place) if place is not None else None
        return self._profiles[key]


def amount_text(amount: float) -> str:
    """Write an amount in plain digits: at most six that count, and at most nine behind the point."""
    whole, parts = divmod(to_nano(amount), 1_000_000_000)
    return f"{whole}.{parts:09d}".rstrip("0").rstrip(".")


def _measured_wh(joules: float, profile: Profile) -> Spread:
    counted = joules / 3600
    return _product(Spread(counted / _COUNTER_WITHIN, counted, counted * _COUNTER_WITHIN), profile.overhead)


def _product(one: Spread, other: Spread) -> Spread:
    """Multiply two quantities that err apart: their logarithms' distances add as squares."""
    median = one.median * other.median
    if median == 0:
        return Spread(0.0, 0.0, 0.0)
    down = math.hypot(math.log(one.median / one.low), math.log(other.median / other.low))
    up = math.hypot(math.log(one.high / one.median), math.log(other.high / other.median))
    return Spread(median * math.exp(-down), median, median * math.exp(up))


def _noted(row: AttemptRow, wh: Spread, g: Spread, grade: Grade) -> AttemptRow:
    return msgspec.structs.replace(
        row,
        energy_wh=amount_text(wh.median),
        energy_low_wh=amount_text(wh.low),
        energy_high_wh=amount_text(wh.high),
        energy_grade=grade.value,
        carbon_g=amount_text(g.median),
        carbon_low_g=amount_text(g.low),
        carbon_high_g=amount_text(g.high),
    )
