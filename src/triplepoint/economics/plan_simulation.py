"""What a plan would earn: expected margin, loss-makers and downgrades, from how much its subscribers use.

A plan has a fee and a ladder: so many messages of the first model in a period, then so many of the next, then the last, and
after it a refusal. A subscriber's use is a random number of messages. What a plan earns on average, whom it loses money on, and
who is sent down the ladder follow from that number's distribution: worked out exactly (`expect`), and by walking many
subscribers down the ladder (`simulate`) as a check that shares no formula with it.

    usage = LognormalUsage.of_mean(400, sigma=1.5)
    plan = PlanOffer(fee_usd=20 / WEEKS_A_MONTH, steps=(Step("thinking", 0.02, quota=3000), Step("mini", 0.004)))
    expect(plan, usage).margin_share

A period is that of the quotas; a monthly fee is first made one of the period. Messages here may be fractions, and the same
holds for tokens and watt-hours. Amounts are floats, since this is a forecast and no bill.
"""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from triplepoint.economics.usage import Usage

WEEKS_A_MONTH = 52 / 12
"""For a fee of a month and quotas of a week."""

_TOP = 0.01

_Steps = tuple[tuple[float, float, float], ...]
"""Quota, cost and charge of each, as the walk reads them 200,000 times."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a ladder."""

    model: str
    cost_usd: float
    """What a message costs us, at least 0."""
    quota: float = math.inf
    """Messages of it in a period; after them comes the next step."""
    charge_usd: float = 0.0
    """What a message is charged beside the fee, at least 0."""


@dataclass(frozen=True, slots=True)
class PlanOffer:
    """A plan, as far as money is concerned."""

    fee_usd: float
    """For a period."""
    steps: tuple[Step, ...]
    """From the top; after the last one's quota, messages are refused and cost nothing."""
    payment_share: float = 0.0
    """Share of what is paid that payment costs, such as 0.029; at least 0 and below 1."""
    payment_usd: float = 0.0
    """What each payment costs beside, where there is anything to pay."""
    overhead_usd: float = 0.0
    """What a subscriber costs in a period beside messages: support, storage."""


@dataclass(frozen=True, slots=True)
class PlanOutcome:
    """Averages over subscribers, for one period."""

    revenue_usd: float
    """Fee and charges."""
    cost_usd: float
    """Of messages."""
    payment_usd: float
    overhead_usd: float
    margin_usd: float
    """Revenue less all costs."""
    margin_share: float | None
    """Of the revenue; None: there is none."""
    loss_makers: float
    """Share of subscribers who cost more than they pay, all costs counted."""
    messages: float
    """Asked for."""
    downgraded: float
    """Share of the messages asked for that a lower step answers."""
    refused: float
    """Share of the messages asked for that no step answers."""
    reach_ladder: float
    """Share of subscribers who use up the first step."""
    top_share: float
    """Share of the cost of messages that the costliest hundredth of subscribers cause."""


@dataclass(frozen=True, slots=True)
class _Layer:
    """Messages between two bounds, which one step answers; above the last quota none does."""

    low: float
    high: float
    cost_usd: float
    charge_usd: float


def expect(plan: PlanOffer, usage: Usage) -> PlanOutcome:
    """Work out what a plan earns.

    Args:
        plan: With at least one step.
        usage: Messages of a subscriber in a period.
    Raises: ValueError: the plan cannot be, and why.
    Source: limited expected values, Klugman, Panjer and Willmot, Loss Models, section 3.1.
    """
    layers = _layers(plan)
    shares = [usage.limited_mean(layer.high) - usage.limited_mean(layer.low) for layer in layers]
    cost = math.fsum(layer.cost_usd * share for layer, share in zip(layers, shares, strict=True))
    charges = math.fsum(layer.charge_usd * share for layer, share in zip(layers, shares, strict=True))
    return _outcome(
        plan,
        revenue=plan.fee_usd + charges,
        cost=cost,
        paying=1.0 if plan.fee_usd > 0 else usage.share_above(_first_charge(layers)),
        losing=_losing(plan, layers, usage),
        messages=usage.mean,
        downgraded=math.fsum(shares[1 : len(plan.steps)]),
        refused=math.fsum(shares[len(plan.steps) :]),
        reach=usage.share_above(layers[0].high),
        top=_top_share(usage, layers, cost),
    )


def simulate(plan: PlanOffer, usage: Usage, *, subscribers: int, draw: random.Random) -> PlanOutcome:
    """Walk subscribers down the ladder, one by one, and take averages.

    Each is drawn from a stretch of the distribution of its own, and stands for as many as that is wide; stretches are the
    narrower the heavier the use. Drawn without, 200,000 subscribers of a heavy tail would miss the mean by half a per cent as
    often as not, and what lies beyond a quota by far more.

    Args:
        plan: With at least one step.
        usage: Messages of a subscriber in a period.
        subscribers: At least 1.
        draw: Where random numbers come from.
    Raises: ValueError: the plan cannot be, and why.
    """
    _check(plan)
    steps = tuple((step.quota, step.cost_usd, step.charge_usd) for step in plan.steps)
    fee, fixed, overhead, kept = plan.fee_usd, plan.payment_usd, plan.overhead_usd, 1 - plan.payment_share
    uniform, quantile = draw.random, usage.quantile
    everybody = cost = charges = asked = first = answered = paying = losing = reach = 0.0
    costs: list[tuple[float, float]] = []
    for number in range(subscribers):
        above = 1 - (number + uniform()) / subscribers  # squared, so that draws are dense where use is heavy
        weight, messages = 2 * above, quantile(1 - above * above)
        own_cost, own_charge, of_first, got = _walk(steps, messages)
        paid = fee + own_charge
        everybody += weight
        asked += weight * messages
        answered += weight * got
        first += weight * of_first
        cost += weight * own_cost
        charges += weight * own_charge
        if paid > 0:
            paying += weight
        if paid * kept - (fixed if paid > 0 else 0.0) - overhead < own_cost:
            losing += weight
        if of_first < messages:
            reach += weight
        costs.append((own_cost, weight))
    return _outcome(
        plan,
        revenue=plan.fee_usd + charges / everybody,
        cost=cost / everybody,
        paying=paying / everybody,
        losing=losing / everybody,
        messages=asked / everybody,
        downgraded=(answered - first) / everybody,
        refused=(asked - answered) / everybody,
        reach=reach / everybody,
        top=_costliest(costs, everybody * _TOP) / cost if cost > 0 else 0.0,
    )


def break_even_messages(plan: PlanOffer) -> float | None:
    """Return the use above which a subscriber first costs more than it pays; None: there is none.

    Raises: ValueError: the plan cannot be, and why.
    """
    if _net_at_zero(plan) < 0:
        return 0.0
    return min((low for low, _ in _losing_stretches(plan, _layers(plan))), default=None)


def _walk(steps: _Steps, messages: float) -> tuple[float, float, float, float]:
    """Send one subscriber down the ladder.

    Returns: Cost and charge in dollars, messages of the first step, and messages that were answered.
    """
    left, cost, charge, first = messages, 0.0, 0.0, -1.0
    for quota, unit_cost, unit_charge in steps:
        taken = left if left < quota else quota
        cost += taken * unit_cost
        charge += taken * unit_charge
        left -= taken
        if first < 0:
            first = taken
        if left <= 0:
            break
    return cost, charge, first, messages - left


def _costliest(costs: list[tuple[float, float]], room: float) -> float:
    """Add up the cost of the costliest, until so many are counted; the last one in part."""
    costs.sort(reverse=True)
    total = 0.0
    for cost, weight in costs:
        counted = min(weight, room)
        total += counted * cost
        room -= counted
        if room <= 0:
            break
    return total


def _layers(plan: PlanOffer) -> list[_Layer]:
    _check(plan)
    layers: list[_Layer] = []
    low = 0.0
    for step in plan.steps:
        layers.append(_Layer(low, low + step.quota, step.cost_usd, step.charge_usd))
        low += step.quota
    if not math.isinf(low):
        layers.append(_Layer(low, math.inf, 0.0, 0.0))
    return layers


def _first_charge(layers: Sequence[_Layer]) -> float:
    """Return the use above which anything is charged beside the fee."""
    return next((layer.low for layer in layers if layer.charge_usd > 0), math.inf)


def _losing(plan: PlanOffer, layers: Sequence[_Layer], usage: Usage) -> float:
    shares = [usage.share_above(low) - usage.share_above(high) for low, high in _losing_stretches(plan, layers)]
    idle = 1 - usage.share_above(0.0)
    return math.fsum(shares) + (idle if _net_at_zero(plan) < 0 else 0.0)


def _net_at_zero(plan: PlanOffer) -> float:
    paid = plan.fee_usd * (1 - plan.payment_share) - (plan.payment_usd if plan.fee_usd > 0 else 0.0)
    return paid - plan.overhead_usd


def _losing_stretches(plan: PlanOffer, layers: Sequence[_Layer]) -> Iterator[tuple[float, float]]:
    """Yield the stretches of use, without their lower end, in which a subscriber costs more than it pays.

    What a subscriber leaves us is a straight line within each layer; where nothing is paid before the first charge, the
    payment's fixed cost comes with that.
    """
    net = _net_at_zero(plan)
    begins = _first_charge(layers) if plan.fee_usd <= 0 else math.inf
    for layer in layers:
        if layer.low == begins:
            net -= plan.payment_usd
        slope = layer.charge_usd * (1 - plan.payment_share) - layer.cost_usd
        crossing = layer.low - net / slope if slope != 0 else math.inf
        if net < 0 and slope > 0:
            yield layer.low, min(crossing, layer.high)
        elif net < 0:
            yield layer.low, layer.high
        elif slope < 0 and crossing < layer.high:
            yield crossing, layer.high
        if not math.isinf(layer.high):
            net += slope * (layer.high - layer.low)


def _top_share(usage: Usage, layers: Sequence[_Layer], cost: float) -> float:
    """Return the costliest hundredth's share of the cost; cost grows with use, so they are those who use most."""
    if cost <= 0:
        return 0.0
    least = usage.quantile(1 - _TOP)

    def top_mean(limit: float) -> float:
        """Average over all subscribers of the use of the hundredth, up to a limit."""
        return limit * _TOP if limit < least else least * _TOP + usage.limited_mean(limit) - usage.limited_mean(least)

    parts = [layer.cost_usd * (top_mean(layer.high) - top_mean(layer.low)) for layer in layers if layer.cost_usd > 0]
    return math.fsum(parts) / cost


def _outcome(
    plan: PlanOffer,
    *,
    revenue: float,
    cost: float,
    paying: float,
    losing: float,
    messages: float,
    downgraded: float,
    refused: float,
    reach: float,
    top: float,
) -> PlanOutcome:
    payment = revenue * plan.payment_share + paying * plan.payment_usd
    margin = revenue - cost - payment - plan.overhead_usd
    return PlanOutcome(
        revenue_usd=revenue,
        cost_usd=cost,
        payment_usd=payment,
        overhead_usd=plan.overhead_usd,
        margin_usd=margin,
        margin_share=margin / revenue if revenue > 0 else None,
        loss_makers=losing,
        messages=messages,
        downgraded=downgraded / messages if messages > 0 else 0.0,
        refused=refused / messages if messages > 0 else 0.0,
        reach_ladder=reach,
        top_share=top,
    )


def _check(plan: PlanOffer) -> None:
    if not plan.steps:
        raise ValueError("a plan has at least one step")
    for position, step in enumerate(plan.steps):
        if not step.quota > 0:
            raise ValueError(f"the quota of {step.model} is above 0")
        if math.isinf(step.quota) and position < len(plan.steps) - 1:
            raise ValueError(f"{step.model} has no quota, so that {plan.steps[position + 1].model} below it is never reached")
        if not (0 <= step.cost_usd < math.inf and 0 <= step.charge_usd < math.inf):
            raise ValueError(f"cost and charge of a message of {step.model} are at least 0")
    amounts = (plan.fee_usd, plan.payment_usd, plan.overhead_usd)
    if not all(0 <= amount < math.inf for amount in amounts) or not 0 <= plan.payment_share < 1:
        raise ValueError("fee, payment and overhead are at least 0, and the payment's share below 1")
