"""What plans and customers earned in a period: the ledger's sums, the fees held in it and the entries dated in it, together.

The period is one of a time zone for everybody, since it is us who look at it. Rollups are hours of UTC, so where the zone is
off by a part of an hour, the hour at each edge counts where it begins. Of a period that runs, fees count up to now, as charges
and costs do.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import msgspec

from triplepoint.access.model import Actor, Customer
from triplepoint.economics.margin import CustomerMargin, Income, Margins, OtherCosts, PlanMargin, find_margins, usd_text
from triplepoint.economics.ports import LedgerSums, Payers
from triplepoint.foundation.clock import Clock
from triplepoint.ledger.statements.span import Span, month_at, read_span
from triplepoint.plans.entries import Entry, EntryKind
from triplepoint.plans.fees import Revision, Tenure, held_parts, plan_held, pro_rated
from triplepoint.plans.model import Assignment
from triplepoint.plans.periods import Period


class MarginLine(msgspec.Struct, frozen=True, kw_only=True):
    """What one plan, one customer on one plan, or all of them earned; dollars as decimal text to a millionth."""

    plan: str | None
    """None: all plans together; empty: no plan."""
    customer_id: str | None = None
    customer_name: str | None = None
    verdict: str | None = None
    """Of a customer: ``earns``, ``loses`` or ``unknown``."""
    customers: int
    loss_makers: int
    """Customers who cost more than they pay."""
    undecided: int
    """Customers of whom it cannot be said, because something is unknown that could change it."""
    loss_share: float | None
    """Of those of whom it can be said."""
    fee_usd: str
    charge_usd: str
    adjustment_usd: str
    """Credits and refunds below zero, adjustments above."""
    revenue_usd: str
    cost_usd: str
    """What vendors charge us."""
    other_usd: str
    """Payment and overhead."""
    margin_usd: str
    margin_share: float | None
    """Of the revenue; None: there is none."""
    requests: int
    downgraded: int
    unpriced: int
    """Attempts whose cost is unknown and in no sum."""
    uncharged: int
    """Attempts whose charge is unknown and in no sum."""
    unknown_fees: int
    """Customers whose fee is unknown and in no sum."""
    top_share: float | None = None
    """Share of the cost that the costliest hundredth of customers cause."""


class MarginReport(msgspec.Struct, frozen=True, kw_only=True):
    """Margins of a period."""

    period: str
    time_zone: str
    start_us: int
    end_us: int
    is_running: bool
    """The period is not over: all of this is so far."""
    plans: list[MarginLine]
    """By name."""
    customers: list[MarginLine]
    """By plan, the greatest loss first."""
    total: MarginLine


class Earnings:
    """Finds margins.

    Args:
        ledger: What was used.
        payers: Who pays, and for what.
        clock: Tells how much of a period is over.
    """

    def __init__(self, ledger: LedgerSums, payers: Payers, clock: Clock) -> None:
        self._ledger = ledger
        self._payers = payers
        self._clock = clock

    def margins(
        self, actor: Actor, period: str | None = None, *, time_zone: str = "UTC", costs: OtherCosts | None = None
    ) -> MarginReport:
        """Find margins of a period.

        Args:
            actor: Who asks; anyone who may read.
            period: As `ledger.statements.span.read_span` reads it; None: the month that runs.
            time_zone: Where the period begins and ends.
            costs: What customers cost beside their requests.
        Raises: RequestInvalid: that is no period, or no time zone.
        """
        now_us = self._clock.now_us()
        span = month_at(time_zone, now_us) if period is None else read_span(period, time_zone)
        start_us, end_us = span.period.start_us, span.period.end_us
        customers = self._payers.customers(actor)
        entries = self._payers.entries(actor, since_us=start_us, until_us=end_us)
        incomes = list(self._incomes(customers, entries, Period(start_us, max(start_us, min(end_us, now_us)))))
        found = find_margins(self._ledger.earned(since_us=start_us, until_us=end_us), incomes, costs)
        names = {str(customer.id): customer.name for customer in customers}
        return _report(found, names, span, time_zone, is_running=now_us < end_us)

    def _incomes(self, customers: Sequence[Customer], entries: Sequence[Entry], span: Period) -> Iterator[Income]:
        revisions = self._payers.revisions()
        tenures = self._tenures(customers)
        for customer_id, tenure in tenures.items():
            yield from _fees(customer_id, tenure, revisions, span)
        for entry in entries:
            if entry.kind is EntryKind.GRANT:
                continue  # prepaid credit is no income until it is burnt, and then it is a charge
            sign = 1 if entry.kind is EntryKind.ADJUSTMENT else -1
            tenure = tenures.get(entry.customer_id)
            plan = None if tenure is None else plan_held(tenure, revisions, entry.at_us)
            yield Income(entry.customer_id, plan or "", Fraction(0), sign * Fraction(entry.amount_usd))

    def _tenures(self, customers: Sequence[Customer]) -> dict[str, Tenure]:
        assigned: dict[str, tuple[Assignment, ...]] = {
            str(holder.customer_id): holder.assignments for holder in self._payers.holders()
        }
        return {
            str(customer.id): Tenure(customer.created_us, customer.time_zone, assigned.get(customer.id, ()))
            for customer in customers
        }


def _fees(customer_id: str, tenure: Tenure, revisions: Sequence[Revision], span: Period) -> Iterator[Income]:
    for part in held_parts(tenure, revisions, span):
        fee = None if part.fee is None else pro_rated(part.fee, part.span, tenure.time_zone)
        yield Income(customer_id, part.plan, fee)


def _report(found: Margins, names: Mapping[str, str], span: Span, time_zone: str, *, is_running: bool) -> MarginReport:
    return MarginReport(
        period=span.text,
        time_zone=time_zone,
        start_us=span.period.start_us,
        end_us=span.period.end_us,
        is_running=is_running,
        plans=[_of_plan(plan) for plan in found.plans],
        customers=[_of_customer(customer, names) for customer in found.customers],
        total=_of_plan(found.all_plans),
    )


def _of_plan(one: PlanMargin) -> MarginLine:
    return MarginLine(
        plan=one.plan,
        customers=one.customers,
        loss_makers=one.loss_makers,
        undecided=one.undecided,
        loss_share=_share(one.loss_share),
        unknown_fees=one.unknown_fees,
        margin_share=_share(one.margin_share),
        top_share=_share(one.top_share),
        **_figures(one),
    )


def _of_customer(one: CustomerMargin, names: Mapping[str, str]) -> MarginLine:
    revenue = one.revenue_usd
    return MarginLine(
        plan=one.plan,
        customer_id=one.customer_id,
        customer_name=names.get(one.customer_id),
        verdict=one.verdict,
        customers=1,
        loss_makers=int(one.verdict == "loses"),
        undecided=int(one.verdict == "unknown"),
        loss_share=None,
        unknown_fees=int(one.is_fee_unknown),
        margin_share=float(one.margin_usd / revenue) if revenue > 0 else None,
        **_figures(one),
    )


def _figures(one: PlanMargin | CustomerMargin) -> dict[str, Any]:
    amounts = ("fee_usd", "charge_usd", "adjustment_usd", "revenue_usd", "cost_usd", "other_usd", "margin_usd")
    counts = ("requests", "downgraded", "unpriced", "uncharged")
    return {name: usd_text(getattr(one, name)) for name in amounts} | {name: getattr(one, name) for name in counts}


def _share(share: Fraction | None) -> float | None:
    return None if share is None else float(share)
