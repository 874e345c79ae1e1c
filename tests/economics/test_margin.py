from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from triplepoint.economics.margin import Income, OtherCosts, Verdict, find_margins, usd_text
from triplepoint.ledger.model import Rollup

MONEY = st.decimals(0, 1000, places=12)
ROLLUPS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["pro", "plus"]), MONEY, MONEY), max_size=20)


def rollup(customer: str, plan: str, cost: str, charge: str = "0") -> Rollup:
    """Make a rollup of one request."""
    return Rollup(
        hour_us=0,
        customer_id=customer,
        key_id="k",
        plan=plan,
        served_model="m",
        lineup="l",
        cost_usd=cost,
        charge_usd=charge,
        requests=1,
    )


def test_a_customer_is_fee_and_charge_less_cost():
    """Rollups of one customer and plan add up exactly, beside the fee and what was refunded."""
    (one,) = find_margins(
        [replace(rollup("a", "pro", "1.5", "0.25"), downgraded=1), rollup("a", "pro", "0.000000000001")],
        [Income("a", "pro", Fraction(20, 3), Fraction(-1))],
    ).customers
    assert one.revenue_usd == Fraction(20, 3) + Fraction(1, 4) - 1
    assert one.margin_usd == one.revenue_usd - Fraction("1.500000000001")
    assert (one.requests, one.downgraded, one.verdict) == (2, 1, Verdict.EARNS)


@given(ROLLUPS)
def test_plans_are_the_sum_of_their_customers(rows: list[tuple[str, str, Decimal, Decimal]]):
    """No cent is lost between rollups, customers, plans and the whole."""
    found = find_margins([rollup(who, plan, str(cost), str(charge)) for who, plan, cost, charge in rows], [])
    for part in (found.customers, found.plans):
        assert sum(one.cost_usd for one in part) == found.all_plans.cost_usd == sum(Fraction(row[2]) for row in rows)
        assert sum(one.margin_usd for one in part) == found.all_plans.margin_usd
    assert found.all_plans.customers == len(found.customers)


def test_who_costs_more_than_it_pays_is_counted():
    """Of ten customers of a plan at 20, three who cost more are the loss-makers, and the greatest loss comes first."""
    rows = [rollup(f"c{i}", "plus", "50" if i < 3 else "5") for i in range(9)]
    found = find_margins(rows, [Income(f"c{i}", "plus", Fraction(20)) for i in range(10)])
    (plan,) = found.plans
    assert (plan.plan, plan.customers, plan.loss_makers, plan.undecided, plan.loss_share) == ("plus", 10, 3, 0, Fraction(3, 10))
    assert (plan.revenue_usd, plan.cost_usd, plan.margin_usd, plan.margin_share) == (200, 180, 20, Fraction(1, 10))
    assert plan.top_share == Fraction(50, 180)
    assert [one.verdict for one in found.customers].index(Verdict.LOSES) == 0
    assert found.all_plans.plan is None


@pytest.mark.parametrize(
    ("cost", "unpriced", "uncharged", "fee", "verdict"),
    [
        ("30", 1, 0, Fraction(20), Verdict.LOSES),  # it loses whatever else it cost
        ("10", 1, 0, Fraction(20), Verdict.UNKNOWN),
        ("30", 0, 1, Fraction(20), Verdict.UNKNOWN),
        ("10", 0, 1, Fraction(20), Verdict.EARNS),  # it earns whatever else it pays
        ("30", 0, 0, None, Verdict.UNKNOWN),
        ("0", 0, 0, None, Verdict.EARNS),
        ("20", 0, 0, Fraction(20), Verdict.EARNS),
    ],
)
def test_the_unknown_decides_nothing(cost: str, unpriced: int, uncharged: int, fee: Fraction | None, verdict: Verdict):
    """A customer is judged only where what is unknown could not turn the judgement."""
    found = find_margins([replace(rollup("a", "pro", cost), unpriced=unpriced, uncharged=uncharged)], [Income("a", "pro", fee)])
    assert found.customers[0].verdict is verdict
    (plan,) = found.plans
    assert plan.undecided == (verdict is Verdict.UNKNOWN)
    assert plan.loss_share == (None if plan.undecided else Fraction(plan.loss_makers))
    assert plan.unknown_fees == (fee is None)


def test_payment_and_overhead_are_costs():
    """Payment costs only who pays anything, and overhead everybody."""
    costs = OtherCosts(payment_share=Fraction("0.03"), payment_usd=Fraction("0.3"), overhead_usd=Fraction(1))
    paying, idle = find_margins([rollup("b", "free", "0")], [Income("a", "plus", Fraction(20))], costs).customers[::-1]
    assert (paying.customer_id, paying.other_usd) == ("a", Fraction("1.9"))
    assert (idle.customer_id, idle.other_usd, idle.verdict) == ("b", 1, Verdict.LOSES)


def test_a_customer_of_two_plans_stands_under_each():
    """What it used and owed under a plan is that plan's."""
    found = find_margins(
        [rollup("a", "plus", "1"), rollup("a", "pro", "2")],
        [Income("a", "plus", Fraction(10)), Income("a", "plus", Fraction(5)), Income("a", "pro", Fraction(100))],
    )
    assert [(plan.plan, plan.margin_usd) for plan in found.plans] == [("plus", 14), ("pro", 98)]
    assert found.all_plans.customers == 2


def test_nothing_has_no_shares():
    """Without customers there are no shares, and nothing is divided by nothing."""
    nothing = find_margins([], []).all_plans
    assert (nothing.margin_share, nothing.loss_share, nothing.top_share, nothing.margin_usd) == (None, None, None, 0)


def test_amounts_are_rounded_once_and_half_to_even():
    """Plain digits, however small or negative."""
    assert [usd_text(Fraction(x), places=2) for x in ("0.125", "0.135", "-12.5", "0", "1/3")] == [
        "0.12",
        "0.14",
        "-12.5",
        "0",
        "0.33",
    ]
