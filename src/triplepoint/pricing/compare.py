"""Where two price rows, or two books, say different things.

Rows are compared by what they charge, not by how they are written: ``from 200000`` and ``above 199999`` are the same, and a row
with a tier differs from one without it from the tier's start on. What only one of them states (a cached rate, a service tier)
is no contradiction; it is listed apart as missing.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from triplepoint.foundation.money import money_text
from triplepoint.pricing.book import PriceBook
from triplepoint.pricing.model import DAY_MINUTES, WEEK_MINUTES, WEEKDAYS
from triplepoint.pricing.price import Price
from triplepoint.pricing.rates import Fees, Rates, Schedule

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Difference:
    """One number that differs."""

    what: str
    """Kind of token or piece, with service tier, hours and length of context where it is not the plain one."""
    old: Decimal
    new: Decimal

    @property
    def percent(self) -> str | None:
        """Change in percent of the old number, one decimal; None where that was 0."""
        if not self.old:
            return None
        return f"{(self.new - self.old) * 100 / self.old:+.1f}"

    def __str__(self) -> str:
        percent = "" if self.percent is None else f" ({self.percent}%)"
        return f"{self.what} {money_text(self.old)} → {money_text(self.new)}{percent}"


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two rows held against each other."""

    differences: tuple[Difference, ...]
    missing: tuple[str, ...]
    """What only one of the two states."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Days on which two books charge differently for a model."""

    model: str
    since: date
    until: date | None
    """Last day; None: to this day and on."""
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two books held against each other."""

    disagreements: tuple[Disagreement, ...]
    compared: int
    """Models that both price on a day compared."""
    missing: dict[str, tuple[str, ...]]
    """By model, what only one of the two states."""
    only_old: tuple[str, ...]
    only_new: tuple[str, ...]


def contrast(old: Price, new: Price) -> Contrast:
    """Hold one row against another."""
    differences = list(_schedules("", old.standard, new.standard))
    missing = list(_unsaid("", old.standard, new.standard))
    for tier in sorted({*old.service_tiers, *new.service_tiers}):
        ours, theirs = old.service_tiers.get(tier), new.service_tiers.get(tier)
        if ours is None or theirs is None:
            missing.append(f"service tier {tier}")
        else:
            differences += _schedules(f"{tier} ", ours, theirs)
            missing += _unsaid(f"{tier} ", ours, theirs)
    differences += _by_hour(old, new)
    return Contrast(tuple(differences), tuple(missing))


def compare(old: PriceBook, new: PriceBook, at: date | None = None) -> Comparison:
    """Find where two books contradict each other on the same models and days.

    Args:
        old, new: The books; differences are told from the one to the other.
        at: Day (UTC) to compare; None: every day that both price.
    """
    names = set(old.models()), set(new.models())
    disagreements: list[Disagreement] = []
    missing: dict[str, tuple[str, ...]] = {}
    compared = 0
    for model in sorted(names[0] & names[1]):
        spans = list(_spans(old, new, model, at))
        compared += bool(spans)
        disagreements += _merged(model, spans)
        unsaid = tuple(dict.fromkeys(what for _, _, found in spans for what in found.missing))
        if unsaid:
            missing[model] = unsaid
    return Comparison(
        tuple(disagreements), compared, missing, tuple(sorted(names[0] - names[1])), tuple(sorted(names[1] - names[0]))
    )


def _spans(old: PriceBook, new: PriceBook, model: str, at: date | None) -> Iterator[tuple[date, date | None, Contrast]]:
    """Yield the stretches of days on which both books have one row each, with what they say."""
    rows = (*old.history(model), *new.history(model))
    days = sorted({row.since for row in rows} | {row.until + _DAY for row in rows if row.until is not None})
    stretches = [(at, at)] if at is not None else list(zip(days, [day - _DAY for day in days[1:]] + [None], strict=True))
    for first, last in stretches:
        ours, theirs = old.price(model, first), new.price(model, first)
        if ours is not None and theirs is not None:
            yield first, last, contrast(ours, theirs)


def _merged(model: str, spans: list[tuple[date, date | None, Contrast]]) -> list[Disagreement]:
    merged: list[Disagreement] = []
    for first, last, found in spans:
        if not found.differences:
            continue
        former = merged[-1] if merged else None
        if former is not None and former.until == first - _DAY and former.differences == found.differences:
            merged[-1] = Disagreement(model, former.since, last, former.differences)
        else:
            merged.append(Disagreement(model, first, last, found.differences))
    return merged


def _schedules(label: str, old: Schedule, new: Schedule) -> Iterator[Difference]:
    names = old.stated & new.stated
    for start in (0, *sorted({*old.starts, *new.starts})):
        ours = old.rates[bisect_left(old.starts, start + 1)]
        theirs = new.rates[bisect_left(new.starts, start + 1)]
        for name in Rates.__struct_fields__:
            before, after = getattr(ours, name), getattr(theirs, name)
            if name in names and before is not None and after is not None and before != after:
                yield Difference(f"{label}{name}{f' from {start + 1} input tokens' if start else ''}", before, after)
    for name in Fees.__struct_fields__:
        before, after = getattr(old.fees, name), getattr(new.fees, name)
        if before is not None and after is not None and before != after:
            yield Difference(f"{label}{name}", before, after)


def _unsaid(label: str, old: Schedule, new: Schedule) -> Iterator[str]:
    for name in sorted(old.stated ^ new.stated):
        yield f"{label}{name}"
    for name in Fees.__struct_fields__:
        if (getattr(old.fees, name) is None) is not (getattr(new.fees, name) is None):
            yield f"{label}{name}"


def _by_hour(old: Price, new: Price) -> Iterator[Difference]:
    """Compare each stretch of the week in which either row has hours; what repeats day after day is told once."""
    edges = sorted({minute for price in (old, new) for start, end, _ in price.hours for minute in (start, end % WEEK_MINUTES)})
    told: set[tuple[int, str, Decimal, Decimal]] = set()
    for minute in edges:
        ours, theirs = _in(old, minute), _in(new, minute)
        if ours is old.standard and theirs is new.standard:
            continue
        time = minute % DAY_MINUTES
        for found in _schedules("", ours, theirs):
            key = (time, found.what, found.old, found.new)
            if key not in told:
                told.add(key)
                label = f"{WEEKDAYS[minute // DAY_MINUTES]} {time // 60:02d}:{time % 60:02d} UTC"
                yield Difference(f"{found.what} from {label}", found.old, found.new)


def _in(price: Price, minute: int) -> Schedule:
    return next((schedule for start, end, schedule in price.hours if start <= minute < end), price.standard)
