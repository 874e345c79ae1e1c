"""What plans and customers earn: revenue, cost and margin from the ledger and the fees, and who costs more than it pays.

Revenue is fees, charges and what was credited or refunded; cost is what vendors charge us, payment and overhead. Everything is
exact: fees that are pro-rated are fractions without an end, and are rounded where they are shown (`usd_text`). What is unknown
is counted beside the sums, and a customer is only judged where the unknown cannot change the judgement.

    report = find_margins(rollups, incomes)
    report.plans[0].loss_makers, report.plans[0].customers
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from triplepoint.foundation.money import money_text
from triplepoint.ledger.model import Rollup

_ZERO = Fraction(0)
_TOP = Fraction(1, 100)


@dataclass(frozen=True, slots=True)
class Income:
    """What a customer pays for a plan in the span, beside charges."""

    customer_id: str
    plan: str
    """As rollups have it; empty where there are no plans."""
    fee_usd: Fraction | None
    """Pro-rated; None: nobody knows the fee."""
    adjustment_usd: Fraction = _ZERO
    """Refunds and goodwill as amounts below 0, other entries above; prepaid credit is no income until it is burnt."""


@dataclass(frozen=True, slots=True)
class OtherCosts:
    """What a customer costs beside its requests, in the span."""

    payment_share: Fraction = _ZERO
    """Share of the revenue that payment costs."""
    payment_usd: Fraction = _ZERO
    """What payment costs beside, for each customer with any revenue."""
    overhead_usd: Fraction = _ZERO
    """For each customer, on each plan that it held."""


class Verdict(StrEnum):
    """Whether a customer costs more than it pays."""

    EARNS = "earns"
    """It pays at least what it costs."""
    LOSES = "loses"
    """It costs more than it pays."""
    UNKNOWN = "unknown"
    """A fee, a charge or a cost is unknown that could change it."""


@dataclass(frozen=True, slots=True)
class CustomerMargin:
    """One customer on one plan."""

    customer_id: str
    plan: str
    fee_usd: Fraction
    charge_usd: Fraction
    adjustment_usd: Fraction
    cost_usd: Fraction
    """What vendors charge us."""
    other_usd: Fraction
    """Payment and overhead."""
    requests: int
    downgraded: int
    unpriced: int
    """Attempts whose cost is in no sum."""
    uncharged: int
    """Attempts whose charge is in no sum."""
    is_fee_unknown: bool

    @property
    def revenue_usd(self) -> Fraction:
        """What it pays."""
        return self.fee_usd + self.charge_usd + self.adjustment_usd

    @property
    def margin_usd(self) -> Fraction:
        """What it leaves, of what is known."""
        return self.revenue_usd - self.cost_usd - self.other_usd

    @property
    def verdict(self) -> Verdict:
        """Judge it: unknown costs could only lower the margin, unknown revenue only raise it."""
        is_loss = self.margin_usd < 0
        if (self.is_fee_unknown or self.uncharged) if is_loss else self.unpriced:
            return Verdict.UNKNOWN
        return Verdict.LOSES if is_loss else Verdict.EARNS


@dataclass(frozen=True, slots=True)
class PlanMargin:
    """All customers of one plan, or of all plans."""

    plan: str | None
    """None: all plans together."""
    customers: int
    loss_makers: int
    """Of the customers; those who cost more than they pay."""
    undecided: int
    """Customers of whom it cannot be said."""
    fee_usd: Fraction
    charge_usd: Fraction
    adjustment_usd: Fraction
    cost_usd: Fraction
    other_usd: Fraction
    requests: int
    downgraded: int
    unpriced: int
    uncharged: int
    unknown_fees: int
    """Customers whose fee is unknown."""
    top_share: Fraction | None
    """Share of the cost that the costliest hundredth of customers cause, at least one of them; None: there is no cost."""

    @property
    def revenue_usd(self) -> Fraction:
        """What they pay."""
        return self.fee_usd + self.charge_usd + self.adjustment_usd

    @property
    def margin_usd(self) -> Fraction:
        """What they leave, of what is known."""
        return self.revenue_usd - self.cost_usd - self.other_usd

    @property
    def margin_share(self) -> Fraction | None:
        """Margin of the revenue; None: there is no revenue."""
        return self.margin_usd / self.revenue_usd if self.revenue_usd > 0 else None

    @property
    def loss_share(self) -> Fraction | None:
        """Share of the customers who cost more than they pay; None: of nobody it can be said."""
        judged = self.customers - self.undecided
        return Fraction(self.loss_makers, judged) if judged else None


@dataclass(frozen=True, slots=True)
class Margins:
    """The whole of it."""

    customers: tuple[CustomerMargin, ...]
    """By plan and customer; the greatest loss first."""
    plans: tuple[PlanMargin, ...]
    """By name."""
    all_plans: PlanMargin


class _Key(NamedTuple):
    plan: str
    customer_id: str


@dataclass(slots=True)
class _Sums:
    fee: Fraction = _ZERO
    charge: Fraction = _ZERO
    adjustment: Fraction = _ZERO
    cost: Fraction = _ZERO
    requests: int = 0
    downgraded: int = 0
    unpriced: int = 0
    uncharged: int = 0
    is_fee_unknown: bool = field(default=False)


def find_margins(rollups: Iterable[Rollup], incomes: Iterable[Income], costs: OtherCosts | None = None) -> Margins:
    """Work out margins.

    A customer that held two plans stands under each, with what it used and owed there. One with a fee and no use counts as
    one with no cost.

    Args:
        rollups: Of the span.
        incomes: Fees and adjustments of the same span; several of one customer and plan add up.
        costs: What customers cost beside; None: nothing.
    """
    costs = costs or OtherCosts()
    sums: dict[_Key, _Sums] = {}
    for income in incomes:
        of = sums.setdefault(_Key(income.plan, income.customer_id), _Sums())
        of.fee += income.fee_usd or 0
        of.adjustment += income.adjustment_usd
        of.is_fee_unknown |= income.fee_usd is None
    for rollup in rollups:
        _add(sums.setdefault(_Key(rollup.plan, rollup.customer_id), _Sums()), rollup)
    customers = sorted(
        (_customer(key, of, costs) for key, of in sums.items()), key=lambda one: (one.plan, one.margin_usd, one.customer_id)
    )
    names = sorted({one.plan for one in customers})
    plans = tuple(_plan(name, [one for one in customers if one.plan == name]) for name in names)
    return Margins(tuple(customers), plans, _plan(None, customers))


def usd_text(amount: Fraction, *, places: int = 6) -> str:
    """Write an amount rounded once, half to even, in plain digits: ``-12.5``."""
    units = round(amount * 10**places)  # Python rounds a half to even
    return money_text(Decimal(units).scaleb(-places))


def _add(of: _Sums, rollup: Rollup) -> None:
    of.charge += Fraction(rollup.charge_usd)
    of.cost += Fraction(rollup.cost_usd)
    of.requests += rollup.requests
    of.downgraded += rollup.downgraded
    of.unpriced += rollup.unpriced
    of.uncharged += rollup.uncharged


def _customer(key: _Key, of: _Sums, costs: OtherCosts) -> CustomerMargin:
    revenue = of.fee + of.charge + of.adjustment
    payment = revenue * costs.payment_share + costs.payment_usd if revenue > 0 else _ZERO
    return CustomerMargin(
        customer_id=key.customer_id,
        plan=key.plan,
        fee_usd=of.fee,
        charge_usd=of.charge,
        adjustment_usd=of.adjustment,
        cost_usd=of.cost,
        other_usd=payment + costs.overhead_usd,
        requests=of.requests,
        downgraded=of.downgraded,
        unpriced=of.unpriced,
        uncharged=of.uncharged,
        is_fee_unknown=of.is_fee_unknown,
    )


def _plan(name: str | None, customers: Sequence[CustomerMargin]) -> PlanMargin:
    verdicts = [one.verdict for one in customers]
    return PlanMargin(
        plan=name,
        customers=len(customers),
        loss_makers=verdicts.count(Verdict.LOSES),
        undecided=verdicts.count(Verdict.UNKNOWN),
        fee_usd=_total(one.fee_usd for one in customers),
        charge_usd=_total(one.charge_usd for one in customers),
        adjustment_usd=_total(one.adjustment_usd for one in customers),
        cost_usd=_total(one.cost_usd for one in customers),
        other_usd=_total(one.other_usd for one in customers),
        requests=sum(one.requests for one in customers),
        downgraded=sum(one.downgraded for one in customers),
        unpriced=sum(one.unpriced for one in customers),
        uncharged=sum(one.uncharged for one in customers),
        unknown_fees=sum(one.is_fee_unknown for one in customers),
        top_share=_top_share(customers),
    )


def _top_share(customers: Sequence[CustomerMargin]) -> Fraction | None:
    costs = sorted((one.cost_usd for one in customers), reverse=True)
    total = _total(costs)
    if total <= 0:
        return None
    return _total(costs[: max(1, round(len(costs) * _TOP))]) / total


def _total(amounts: Iterable[Fraction]) -> Fraction:
    return sum(amounts, _ZERO)
