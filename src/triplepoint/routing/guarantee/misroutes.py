"""How often the router is wrong, by what audits found: rates with exact intervals, for all requests and by plan, model and
group.

An audit that nothing could decide is neither a misroute nor none. It is counted apart, the rate is that of the decided ones,
and a second interval shows how far it can be off: all undecided ones as good at its lower end, all as bad at its upper end.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

import msgspec

from triplepoint.routing.audits.model import Outcome
from triplepoint.stats.binomial import Interval, clopper_pearson
from triplepoint.stats.confidence_sequence import ConfidenceSequence


class Audited(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one audit said of one decision."""

    outcome: Outcome
    chosen_is_reference: bool
    """The decision took the strongest model there was: it cannot be an under-route."""
    plan: str
    """Of the caller; empty: none."""
    model: str
    """Model that was chosen."""
    reference: str
    """Strongest model that could have been chosen, of those that the scorer knows, by the scorer's name."""
    group: str = ""
    """Group of the request, as the scorer has it."""
    has_signal: bool = True
    """False: the request was unlike anything that the scorer had learnt."""
    propensity: float = 1.0
    """Probability with which such a request is audited, in (0, 1]."""

    @property
    def is_decided(self) -> bool:
        """Something could tell."""
        return self.outcome is not Outcome.UNDECIDED


class Slice(StrEnum):
    """What requests are told apart by."""

    ALL = "all"
    PLAN = "plan"
    MODEL = "model"
    GROUP = "group"


class Rate(msgspec.Struct, frozen=True, gc=False):
    """How often something is so among the requests of a slice, as far as audits tell."""

    audits: int
    found: int
    undecided: int
    rate: float | None
    """Among the decided, each weighed by how rarely its like is audited; None: none is decided."""
    interval: Interval
    """Of ``rate``: right if the undecided are like the decided."""
    bounds: Interval
    """Whatever the undecided are."""


class Misroutes(msgspec.Struct, frozen=True, gc=False):
    """The rates of one slice."""

    slice: Slice
    name: str
    """Of the plan, model or group; empty for all."""
    under: Rate
    """Under-routes among all audited requests of the slice: what is promised and alarmed about."""
    over: Rate
    """Over-routes among those that the reference served."""


class _Look(NamedTuple):
    """One audit, seen as a yes or no."""

    found: bool | None
    at_least: bool
    at_most: bool
    propensity: float


def misroute_rates(audits: Iterable[Audited], *, confidence: float = 0.95) -> list[Misroutes]:
    """Return the rates of all requests, then by plan, model and group, by name.

    Intervals are exact, each by itself, for one look: Clopper-Pearson where all requests of a slice are audited with the same
    probability, else a confidence sequence of the weighed audits, which is wider. To look on all the time, see `alarm`.

    Args:
        audits: In the order in which they were made.
        confidence: Of each interval, in (0, 1).
    """
    parts: dict[tuple[Slice, str], list[Audited]] = {(Slice.ALL, ""): []}
    for audited in audits:
        names = {Slice.ALL: "", Slice.PLAN: audited.plan, Slice.MODEL: audited.model, Slice.GROUP: audited.group}
        for key in names.items():
            parts.setdefault(key, []).append(audited)
    order = list(Slice)
    return [
        Misroutes(
            slice=key[0],
            name=key[1],
            under=_rate([_under(one) for one in parts[key]], confidence),
            over=_rate([_over(one) for one in parts[key] if one.chosen_is_reference], confidence),
        )
        for key in sorted(parts, key=lambda key: (order.index(key[0]), key[1]))
    ]


def _under(audited: Audited) -> _Look:
    is_open = not audited.is_decided and not audited.chosen_is_reference
    found = audited.outcome is Outcome.UNDER_ROUTE
    return _Look(found if audited.is_decided else None, found, found or is_open, audited.propensity)


def _over(audited: Audited) -> _Look:
    found = audited.outcome is Outcome.OVER_ROUTE
    return _Look(found if audited.is_decided else None, found, found or not audited.is_decided, audited.propensity)


def _rate(looks: Sequence[_Look], confidence: float) -> Rate:
    decided = [(look.found, look.propensity) for look in looks if look.found is not None]
    total = sum(1.0 / propensity for _, propensity in decided)
    return Rate(
        audits=len(looks),
        found=sum(found for found, _ in decided),
        undecided=len(looks) - len(decided),
        rate=sum(found / propensity for found, propensity in decided) / total if decided else None,
        interval=_interval(decided, confidence),
        bounds=Interval(
            _interval([(look.at_least, look.propensity) for look in looks], confidence).low,
            _interval([(look.at_most, look.propensity) for look in looks], confidence).high,
        ),
    )


def _interval(looks: Sequence[tuple[bool, float]], confidence: float) -> Interval:
    least = min((propensity for _, propensity in looks), default=1.0)
    if all(propensity == least for _, propensity in looks):
        return clopper_pearson(sum(found for found, _ in looks), len(looks), confidence=confidence)
    sequence = ConfidenceSequence(confidence)
    for found, propensity in looks:
        sequence.add(float(found), weight=least / propensity)
    return sequence.interval
