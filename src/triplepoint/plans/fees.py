"""What a customer owes in fees: which plan it held from when to when, and how much of each fee that comes to.

A fee is owed for the time in which its plan is held, by the microsecond: of each period of the fee, in the customer's time
zone, the share that was held. A customer holds the plan that was assigned last. Without any, it holds the default of
``plans.yaml``, from its own beginning on, or from when there was a default. What a fee is at a moment is what ``plans.yaml``
said at that moment; of times before the first that was kept, what the first one said.

A share of a fee is a fraction that may have no end as a decimal, such as a third of 20 dollars; so it stays a fraction until
the line of a statement is rounded, once.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import msgspec

from triplepoint.foundation.money import money_text
from triplepoint.plans.model import Assignment, Calendar, PlansFile
from triplepoint.plans.periods import Period, following, period_at


class Fee(msgspec.Struct, frozen=True):
    """A plan's fee."""

    usd: str
    """Exact decimal text."""
    per: Calendar


class FeeSchedule(msgspec.Struct, frozen=True):
    """What ``plans.yaml`` says of fees."""

    default: str | None
    """Plan of customers who were given none."""
    fees: dict[str, Fee]
    """By plan."""

    @classmethod
    def of(cls, file: PlansFile) -> "FeeSchedule":
        """Take it from a file."""
        return cls(file.default, {name: Fee(money_text(plan.fee_usd), plan.fee_per) for name, plan in file.plans.items()})


@dataclass(frozen=True, slots=True)
class Revision:
    """``plans.yaml`` from a moment on."""

    since_us: int
    digest: str
    """Of `configuration.model.LoadedPlans`; empty where there was no ``plans.yaml``."""
    schedule: FeeSchedule | None


@dataclass(frozen=True, slots=True)
class Tenure:
    """What decides which plan a customer holds."""

    created_us: int
    """When the customer was made."""
    time_zone: str
    assignments: tuple[Assignment, ...]
    """Oldest first."""


@dataclass(frozen=True, slots=True)
class HeldPart:
    """A stretch of time in which one plan was held at one fee."""

    plan: str
    span: Period
    fee: Fee | None
    """None: ``plans.yaml`` had no such plan then, so nobody knows."""


def held_parts(tenure: Tenure, revisions: Sequence[Revision], span: Period) -> list[HeldPart]:
    """Say which plans a customer holds within a span, and at which fees.

    Args:
        tenure: The customer's.
        revisions: All of them, oldest first.
        span: From when to when.
    Returns: Parts in their order; time without a plan is in none of them.
    """
    moments = {span.start_us, span.end_us, tenure.created_us}
    moments |= {one.since_us for one in tenure.assignments} | {one.since_us for one in revisions}
    edges = sorted(moment for moment in moments if span.start_us <= moment <= span.end_us)
    parts: list[HeldPart] = []
    for start_us, end_us in pairwise(edges):
        part = _held(tenure, revisions, Period(start_us, end_us))
        if part is None:
            continue
        former = parts[-1] if parts else None
        if former is not None and former.span.end_us == start_us and (former.plan, former.fee) == (part.plan, part.fee):
            parts[-1] = HeldPart(part.plan, Period(former.span.start_us, end_us), part.fee)
        else:
            parts.append(part)
    return parts


def pro_rated(fee: Fee, span: Period, time_zone: str) -> Fraction:
    """Return what a fee comes to for a span, exactly.

    Args:
        fee: The fee of a whole period.
        span: In which the plan was held.
        time_zone: Where the periods of the fee begin and end.
    Returns: US dollars.
    """
    total = Fraction(0)
    for period in _periods(fee.per, time_zone, span):
        held_us = min(span.end_us, period.end_us) - max(span.start_us, period.start_us)
        total += Fraction(held_us, period.end_us - period.start_us)
    return Fraction(Decimal(fee.usd)) * total


def plan_held(tenure: Tenure, revisions: Sequence[Revision], at_us: int) -> str | None:
    """Return the plan that a customer holds at a moment; None: none."""
    part = _held(tenure, revisions, Period(at_us, at_us + 1))
    return None if part is None else part.plan


def _held(tenure: Tenure, revisions: Sequence[Revision], span: Period) -> HeldPart | None:
    assigned = [one for one in tenure.assignments if one.since_us <= span.start_us]
    number = bisect_right(revisions, span.start_us, key=lambda one: one.since_us) - 1
    schedule = revisions[max(0, number)].schedule if revisions else None
    if schedule is None:  # without plans.yaml nobody holds a plan
        return None
    own = assigned[-1].plan if assigned else ""  # empty too where the customer's own plan was ended
    if own:
        return HeldPart(own, span, schedule.fees.get(own))
    if number < 0 or schedule.default is None or span.start_us < tenure.created_us:
        return None
    return HeldPart(schedule.default, span, schedule.fees.get(schedule.default))


def _periods(per: Calendar, time_zone: str, span: Period) -> Iterator[Period]:
    if span.end_us <= span.start_us:
        return
    period = period_at(per, time_zone, span.start_us)
    yield period
    while period.end_us < span.end_us:
        period = following(per, time_zone, period)
        yield period
