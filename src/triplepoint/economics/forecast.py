"""What a plan would earn, asked for in words: use stated or fitted to the ledger, costs stated or taken from it.

The formulas answer (`plan_simulation.expect`), and simulated subscribers check them; both are told, with how far they differ.
"""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

import msgspec

from triplepoint.access.model import Actor
from triplepoint.economics.offers import MessagePrices, Offer, Other, ladder_of, make_offer
from triplepoint.economics.plan_simulation import PlanOutcome, break_even_messages, expect, simulate
from triplepoint.economics.ports import LedgerSums, Payers
from triplepoint.economics.usage import EmpiricalUsage, LognormalUsage, Usage
from triplepoint.foundation.clock import Clock
from triplepoint.foundation.errors import RequestInvalid
from triplepoint.ledger.rollups import HOUR_US, By
from triplepoint.plans.fees import Tenure, held_parts
from triplepoint.plans.model import Calendar, Plan
from triplepoint.plans.periods import Period, period_at

SUBSCRIBERS = 200_000
"""Simulated where nothing else is said."""
_SEED = 20
_NOTHING = 1e-3
_COSTS_SINCE_US = 30 * 24 * HOUR_US
"""How far back the ledger is asked what messages cost."""


@dataclass(frozen=True, slots=True)
class StatedUse:
    """Use as somebody assumes it."""

    mean_messages: float
    """Of a subscriber in a period of the quotas."""
    sigma: float = 1.5
    """Standard deviation of the logarithm; 1 to 2 is usual for chat."""
    zero_share: float = 0.0
    """Share of subscribers who use nothing."""


@dataclass(frozen=True, slots=True)
class ObservedUse:
    """Use as the ledger has it, of those who held the plan all through a period."""

    as_it_was: bool = False
    """The sample itself, and no distribution fitted to it."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked."""

    name: str
    """Of the plan."""
    plan: Plan
    models: Sequence[str]
    """Of the line-up, weakest first."""
    use: StatedUse | ObservedUse
    costs: Mapping[str, float] = field(default_factory=dict[str, float])
    """Of a message of each model, where the ledger is not to be asked."""
    charges: Mapping[str, float] = field(default_factory=dict[str, float])
    other: Other | None = None
    subscribers: int = SUBSCRIBERS


class ForecastStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step of the ladder."""

    model: str
    quota: float | None
    """Messages in a period; None: no limit."""
    cost_usd: float
    charge_usd: float


class UseFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The use that was reckoned with."""

    kind: str
    """``stated``, ``fitted`` or ``as it was``."""
    mean_messages: float
    sigma: float | None = None
    zero_share: float | None = None
    customers: int | None = None
    """Of the ledger."""
    distance: float | None = None
    """Largest gap between the fitted shares and those that were, from 0 to 1; above 0.1 the fit is poor."""
    start_us: int | None = None
    end_us: int | None = None


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """The answer: averages over subscribers, for one period of the quotas."""

    plan: str
    period: str
    """``week``; or a sliding window's length, ``10800 s``."""
    fee_usd: float
    """For that period."""
    steps: list[ForecastStep]
    use: UseFacts
    expected: dict[str, float | None]
    """By the formulas; the members of `plan_simulation.PlanOutcome`."""
    simulated: dict[str, float | None]
    subscribers: int
    largest_difference: float
    """Between the two, of the greater; of what is not nothing."""
    break_even_messages: float | None
    """Use above which a subscriber costs more than it pays; None: there is none."""
    notes: list[str]


class Forecasts:
    """Answers questions.

    Args:
        ledger: What was used, and what it cost.
        payers: Who held which plan.
        clock: Tells which period was the last that is over.
    """

    def __init__(self, ledger: LedgerSums, payers: Payers, clock: Clock) -> None:
        self._ledger = ledger
        self._payers = payers
        self._clock = clock

    def answer(self, actor: Actor, question: Question) -> Forecast:
        """Forecast what a plan earns.

        Raises: RequestInvalid: a cost or charge is unknown, use cannot be fitted, or a number cannot be.
        """
        ladder = ladder_of(question.plan, question.models)
        offer = make_offer(question.plan, ladder, self._prices(question), question.other)
        try:
            usage, facts = self._usage(actor, question, offer)
            expected = expect(offer.plan, usage)
            draw = random.Random(_SEED)  # noqa: S311 - the same question has the same answer
            simulated = simulate(offer.plan, usage, subscribers=question.subscribers, draw=draw)
            threshold = break_even_messages(offer.plan)
        except (ValueError, OverflowError) as error:
            raise RequestInvalid(str(error)) from error
        return Forecast(
            plan=question.name,
            period=str(offer.period) if isinstance(offer.period, Calendar) else f"{offer.period:g} s",
            fee_usd=offer.plan.fee_usd,
            steps=_steps(offer),
            use=facts,
            expected=asdict(expected),
            simulated=asdict(simulated),
            subscribers=question.subscribers,
            largest_difference=_difference(expected, simulated),
            break_even_messages=threshold,
            notes=list(offer.notes),
        )

    def _prices(self, question: Question) -> MessagePrices:
        now_us = self._clock.now_us()
        costs: dict[str, float] = {}
        charges: dict[str, float] = {}
        since_us = now_us - _COSTS_SINCE_US
        for total in self._ledger.sum(by=By.MODEL, since_us=since_us, until_us=now_us, with_audits=False):
            if total.answered and not total.unpriced:  # an average that leaves some out would be too low
                costs[total.group] = float(total.cost_usd) / total.answered
            if total.answered and not total.uncharged:
                charges[total.group] = float(total.charge_usd) / total.answered
        return MessagePrices(costs | dict(question.costs), charges | dict(question.charges))

    def _usage(self, actor: Actor, question: Question, offer: Offer) -> tuple[Usage, UseFacts]:
        use = question.use
        if isinstance(use, StatedUse):
            stated = LognormalUsage.of_mean(use.mean_messages, sigma=use.sigma, zero_share=use.zero_share)
            facts = UseFacts(kind="stated", mean_messages=stated.mean, sigma=use.sigma, zero_share=use.zero_share)
            return stated, facts
        period = _last(offer.period, self._clock.now_us())
        values = self._values(actor, question.name, period)
        if not values:
            raise RequestInvalid(
                f"nobody held {question.name} all through the last period; state the use: --mean-messages 400 --sigma 1.5",
                param="fit",
            )
        sample = {"customers": len(values), "start_us": period.start_us, "end_us": period.end_us}
        if use.as_it_was:
            was = EmpiricalUsage(tuple(values))
            return was, UseFacts(kind="as it was", mean_messages=was.mean, **sample)
        fitted = LognormalUsage.fit(values)
        facts = UseFacts(
            kind="fitted",
            mean_messages=fitted.mean,
            sigma=fitted.sigma,
            zero_share=fitted.zero_share,
            distance=fitted.distance(values),
            **sample,
        )
        return fitted, facts

    def _values(self, actor: Actor, plan: str, period: Period) -> list[float]:
        """Return the messages of each customer that held a plan all through a period, nothing included."""
        revisions = self._payers.revisions()
        assigned = {holder.customer_id: holder.assignments for holder in self._payers.holders()}
        answered = {
            rollup.customer_id: rollup.answered
            for rollup in self._ledger.earned(since_us=period.start_us, until_us=period.end_us)
            if rollup.plan == plan
        }
        values: list[float] = []
        for customer in self._payers.customers(actor):
            tenure = Tenure(customer.created_us, customer.time_zone, assigned.get(customer.id, ()))
            held = held_parts(tenure, revisions, period)
            if {part.plan for part in held} == {plan} and (held[0].span.start_us, held[-1].span.end_us) == (
                period.start_us,
                period.end_us,
            ):
                values.append(float(answered.get(customer.id, 0)))
        return values


def _last(period: Calendar | float, now_us: int) -> Period:
    """Return the last whole period before now, in UTC; of a sliding window, the last that ended with an hour."""
    if isinstance(period, Calendar):
        return period_at(period, "UTC", period_at(period, "UTC", now_us).start_us - 1)
    end_us = now_us - now_us % HOUR_US
    return Period(end_us - max(1, round(period * 1e6 / HOUR_US)) * HOUR_US, end_us)


def _steps(offer: Offer) -> list[ForecastStep]:
    return [
        ForecastStep(
            model=step.model,
            quota=None if math.isinf(step.quota) else step.quota,
            cost_usd=step.cost_usd,
            charge_usd=step.charge_usd,
        )
        for step in offer.plan.steps
    ]


def _difference(one: PlanOutcome, other: PlanOutcome) -> float:
    """Return the largest relative difference of two outcomes, of what is not nothing."""
    second = asdict(other)
    pairs = [(a, second[name]) for name, a in asdict(one).items() if a is not None and second[name] is not None]
    greater = [(abs(a - b), max(abs(a), abs(b))) for a, b in pairs]
    return max((gap / size for gap, size in greater if size > _NOTHING), default=0.0)


def read_amounts(texts: Sequence[str], param: str) -> dict[str, float]:
    """Read amounts of models, such as ``thinking=0.02``.

    Raises: RequestInvalid: one of them is none.
    """
    amounts: dict[str, float] = {}
    for text in texts:
        model, _, number = text.partition("=")
        try:
            amounts[model] = float(number)
        except ValueError:
            amounts[model] = math.nan
        if not model or not 0 <= amounts[model] < math.inf:
            raise RequestInvalid(f"{text!r} is no amount of a model; write it like thinking=0.02", param=param)
    return amounts
