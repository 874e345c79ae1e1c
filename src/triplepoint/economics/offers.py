"""A plan of ``plans.yaml`` as an offer whose margin can be forecast: its fee for one period of its quotas, and its ladder.

Only quotas that count messages can be forecast from messages. Of several periods the longest counts. What is left out is told.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from triplepoint.economics.plan_simulation import PlanOffer, Step
from triplepoint.foundation.errors import RequestInvalid
from triplepoint.plans.model import AtCostCharge, Beyond, Calendar, IncludedCharge, Plan, Quota, Unit

_YEAR_S = 365 * 86_400.0
_A_YEAR = {Calendar.HOUR: 8760.0, Calendar.DAY: 365.0, Calendar.WEEK: 52.0, Calendar.MONTH: 12.0, Calendar.YEAR: 1.0}
"""How often a period comes round; a month is 52/12 weeks, as in `plan_simulation`."""


@dataclass(frozen=True, slots=True)
class MessagePrices:
    """What a message of each model costs and is charged, in dollars."""

    cost_usd: Mapping[str, float]
    charge_usd: Mapping[str, float] = field(default_factory=dict[str, float])
    """Where the plan has prices of its own."""


@dataclass(frozen=True, slots=True)
class Other:
    """What a subscriber costs beside messages, in a period of the fee."""

    payment_share: float = 0.0
    payment_usd: float = 0.0
    overhead_usd: float = 0.0


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan to forecast."""

    plan: PlanOffer
    """For one period."""
    period: Calendar | float
    """Of the quotas: of the calendar, or a sliding window's seconds."""
    notes: tuple[str, ...]
    """What was left out."""


def ladder_of(plan: Plan, models: Sequence[str]) -> list[str]:
    """Return the models that a subscriber of a plan is sent down, the best first.

    Args:
        plan: The plan.
        models: Of the line-up, weakest first.
    Raises: RequestInvalid: it entitles to none of them.
    """
    entitled = [name for name in models if plan.models is None or name in plan.models]
    if not entitled:
        raise RequestInvalid("the plan entitles to no model of the line-up", param="plan")
    steps = [entitled[-1]]
    while (lower := plan.ladder.get(steps[-1])) is not None and lower not in steps:
        steps.append(lower)
    return steps


def make_offer(plan: Plan, ladder: Sequence[str], message: MessagePrices, other: Other | None = None) -> Offer:
    """Make an offer of a plan.

    Args:
        plan: The plan.
        ladder: Its models, as `ladder_of` returns them.
        message: What messages cost and are charged.
        other: Payment and overhead.
    Raises: RequestInvalid: a cost or a charge is unknown.
    """
    other = other or Other()
    counted, period, notes = _quotas(plan)
    times = _a_year(period) / _A_YEAR[plan.fee_per]  # periods of the quotas in one of the fee
    quotas = _bounds(ladder, counted)
    steps = [
        Step(model, _known(message.cost_usd, model, "cost"), quota, _charge(plan, model, message))
        for model, quota in zip(ladder, quotas, strict=True)
        if quota > 0
    ]
    endless = next((place for place, step in enumerate(steps) if math.isinf(step.quota)), None)
    if endless is not None and endless < len(steps) - 1:
        notes.append(f"{steps[endless].model} has no quota of messages, so what stands below it is never reached")
        steps = steps[: endless + 1]
    if not steps:
        raise RequestInvalid("the plan's quotas leave no message of any model", param="plan")
    offer = PlanOffer(
        fee_usd=float(plan.fee_usd) / times,
        steps=tuple(steps),
        payment_share=other.payment_share,
        payment_usd=other.payment_usd / times,
        overhead_usd=other.overhead_usd / times,
    )
    return Offer(offer, period, tuple(notes))


def _quotas(plan: Plan) -> tuple[list[Quota], Calendar | float, list[str]]:
    notes: list[str] = []
    counted: dict[str, Quota] = {}
    for name, quota in plan.quotas.items():
        if quota.unit is not Unit.MESSAGES:
            notes.append(f"quota {name} counts {quota.unit}, and is left out")
        else:
            counted[name] = quota
        if quota.beyond is Beyond.CREDIT:
            notes.append(f"prepaid credit beyond quota {name} is left out")
    if not counted:
        return [], plan.fee_per, notes
    longest = min(counted.values(), key=lambda quota: _a_year(_period(quota)))
    notes += [
        f"quota {name} is of another period, and is left out"
        for name, quota in counted.items()
        if _period(quota) != _period(longest)
    ]
    return [quota for quota in counted.values() if _period(quota) == _period(longest)], _period(longest), notes


def _period(quota: Quota) -> Calendar | float:
    return quota.per if quota.per is not None else quota.sliding or _YEAR_S


def _a_year(period: Calendar | float) -> float:
    return _A_YEAR[period] if isinstance(period, Calendar) else _YEAR_S / period


def _bounds(ladder: Sequence[str], quotas: Sequence[Quota]) -> list[float]:
    """Return how many messages each step answers at most, after those before it: a quota may count several models together."""
    taken: list[float] = []
    for place, model in enumerate(ladder):
        room = [
            float(quota.limit) - sum(taken[n] for n in range(place) if _counts(quota, ladder[n]))
            for quota in quotas
            if _counts(quota, model)
        ]
        taken.append(max(0.0, min(room, default=math.inf)))
    return taken


def _counts(quota: Quota, model: str) -> bool:
    return quota.models is None or model in quota.models


def _charge(plan: Plan, model: str, message: MessagePrices) -> float:
    charge = plan.charge
    if isinstance(charge, IncludedCharge):
        return 0.0
    if isinstance(charge, AtCostCharge):
        return _known(message.cost_usd, model, "cost") * float(1 + charge.margin_percent / Decimal(100))
    return _known(message.charge_usd, model, "charge")


def _known(amounts: Mapping[str, float], model: str, what: str) -> float:
    try:
        return amounts[model]
    except KeyError:
        raise RequestInvalid(
            f"the ledger does not know the {what} of a message of {model}; state it: --{what} {model}=0.02", param=what
        ) from None
