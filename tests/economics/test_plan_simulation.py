import math
import random
from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triplepoint.economics.plan_simulation import (
    WEEKS_A_MONTH,
    PlanOffer,
    PlanOutcome,
    Step,
    break_even_messages,
    expect,
    simulate,
)
from triplepoint.economics.usage import EmpiricalUsage, LognormalUsage

FULL = 0.02
LADDER = (Step("thinking", FULL, 3000), Step("mini", FULL / 5))
PRICES = st.one_of(st.just(0.0), st.floats(1e-6, 1))
STEPS = st.lists(st.builds(Step, st.just("m"), PRICES, st.floats(1, 500), PRICES), min_size=1, max_size=4)
OFFERS = st.builds(
    PlanOffer,
    st.one_of(st.just(0.0), st.floats(0.01, 100)),
    STEPS.map(tuple),
    st.floats(0, 0.1),
    st.floats(0, 1),
    st.floats(0, 5),
)


def test_the_worked_examples_of_the_research_come_out():
    """0.02 a message, the last fifth of it below 3,000 a week, 4.62 a week: +50, −54 and +23 % of margin."""
    outcomes = [
        expect(PlanOffer(4.62, (Step("thinking", FULL, quota), LADDER[1])), LognormalUsage.of_mean(mean, sigma=1.5))
        for mean, quota in ((120, 3000), (400, 3000), (400, 200))
    ]
    assert [round(outcome.margin_share or 0, 2) for outcome in outcomes] == [0.49, -0.54, 0.23]
    assert outcomes[0].loss_makers == pytest.approx(0.117, abs=0.002)
    assert outcomes[0].top_share == pytest.approx(0.18, abs=0.005)


@pytest.mark.parametrize("fee", [20.0, 200.0])
def test_200_thousand_subscribers_agree_with_the_formulas(fee: float):
    """Each figure of the simulation is within half a per cent of the one that was worked out, for a ladder of three steps."""
    steps = (Step("thinking", 0.02, 3000), Step("thinking-mini", 0.006, 1000), Step("mini", 0.001, 5000, charge_usd=0.0005))
    plan = PlanOffer(fee / WEEKS_A_MONTH, steps, payment_share=0.029, payment_usd=0.07, overhead_usd=0.2)
    usage = LognormalUsage.of_mean(600, sigma=1.5, zero_share=0.1)
    _assert_close(expect(plan, usage), simulate(plan, usage, subscribers=200_000, draw=random.Random(3)), rel=0.005)


@given(OFFERS, st.floats(0, 6), st.floats(0.3, 2), st.floats(0, 0.5))
@settings(max_examples=40, deadline=None)
def test_any_plan_agrees_with_its_walk(plan: PlanOffer, mu: float, sigma: float, zero_share: float):
    """Whatever fee, steps and payment: both ways to the outcome meet."""
    usage = LognormalUsage(mu, sigma, zero_share)
    _assert_close(expect(plan, usage), simulate(plan, usage, subscribers=5_000, draw=random.Random(1)), rel=0.02, off=0.003)


@given(OFFERS, st.lists(st.integers(0, 2000), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_a_plan_over_what_was_used_is_plain_addition(plan: PlanOffer, used: list[int]):
    """For subscribers as they were, the formulas give what adding them up one by one does."""
    found = expect(plan, EmpiricalUsage(tuple(float(messages) for messages in used)))
    costs, nets = zip(*(_by_hand(plan, messages) for messages in used), strict=True)
    assert found.cost_usd == pytest.approx(math.fsum(costs) / len(used), rel=1e-9, abs=1e-9)
    assert found.margin_usd == pytest.approx(math.fsum(nets) / len(used), rel=1e-9, abs=1e-9)
    near = sum(abs(net) < 1e-6 for net in nets)
    assert abs(found.loss_makers * len(used) - sum(net < 0 for net in nets)) <= near + 1e-6


def test_the_story_breaks_even_where_it_was_said():
    """At 0.02 a message, 200 a month are used up by 2,308 messages a week and 20 by 231."""
    for fee, messages in ((200, 2308), (20, 231)):
        found = break_even_messages(PlanOffer(fee / WEEKS_A_MONTH, LADDER))
        assert found == pytest.approx(messages, abs=1)


def test_some_plans_have_no_loss_makers_and_some_nothing_else():
    """A refusal after the quota bounds the loss; a plan whose overhead is above its fee loses on everyone, used or not."""
    bounded = PlanOffer(70.0, (Step("thinking", FULL, 3000),))
    assert break_even_messages(bounded) is None
    assert expect(bounded, LognormalUsage.of_mean(5000, sigma=1)).loss_makers == 0
    hopeless = PlanOffer(1.0, LADDER, overhead_usd=2.0)
    assert break_even_messages(hopeless) == 0
    assert expect(hopeless, LognormalUsage.of_mean(10, sigma=1, zero_share=0.5)).loss_makers == pytest.approx(1)


def test_charges_above_cost_make_heavy_users_earn():
    """Where messages are charged above their cost, only those lose who use too little to cover the overhead."""
    plan = PlanOffer(0.0, (Step("m", 0.01, charge_usd=0.03),), overhead_usd=1.0)
    usage = LognormalUsage.of_mean(100, sigma=1)
    assert expect(plan, usage).loss_makers == pytest.approx(1 - usage.share_above(50))


def test_a_lower_quota_never_costs_more():
    """Sending people down the ladder sooner saves, and downgrades more."""
    usage = LognormalUsage.of_mean(400, sigma=1.5)
    outcomes = [expect(PlanOffer(4.62, (Step("t", FULL, quota), LADDER[1])), usage) for quota in (3000, 1000, 200, 50)]
    assert [one.cost_usd for one in outcomes] == sorted((one.cost_usd for one in outcomes), reverse=True)
    assert [one.downgraded for one in outcomes] == sorted(one.downgraded for one in outcomes)


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        (PlanOffer(1, ()), "at least one step"),
        (PlanOffer(1, (Step("a", 1), Step("b", 1))), "b below it is never reached"),
        (PlanOffer(1, (Step("a", 1, 0),)), "quota of a"),
        (PlanOffer(1, (Step("a", -1),)), "at least 0"),
        (PlanOffer(math.nan, (Step("a", 1),)), "fee"),
        (PlanOffer(1, (Step("a", 1),), payment_share=1), "below 1"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(plan: PlanOffer, why: str):
    """Nothing is worked out from what makes no sense, and the reason is said."""
    for work in (lambda: expect(plan, EmpiricalUsage((1.0,))), lambda: break_even_messages(plan)):
        with pytest.raises(ValueError, match=why):
            work()


def _by_hand(plan: PlanOffer, messages: float) -> tuple[float, float]:
    """Return cost and what is left of one subscriber."""
    cost, paid = 0.0, plan.fee_usd
    for step in plan.steps:
        taken = min(messages, step.quota)
        messages -= taken
        cost += taken * step.cost_usd
        paid += taken * step.charge_usd
    payment = paid * plan.payment_share + (plan.payment_usd if paid > 0 else 0)
    return cost, paid - payment - plan.overhead_usd - cost


def _assert_close(one: PlanOutcome, other: PlanOutcome, *, rel: float, off: float = 1e-4) -> None:
    for name, value in asdict(one).items():
        if name == "margin_share":  # of a revenue near nothing it says nothing; both its parts are compared
            continue
        if name == "top_share" and other.cost_usd < off:  # of a cost that hardly anyone makes, or nobody among those drawn
            continue
        scale = max(one.revenue_usd, one.cost_usd) if name.endswith("_usd") else 0.0
        assert getattr(other, name) == pytest.approx(value, rel=rel, abs=max(off, rel * scale)), name
