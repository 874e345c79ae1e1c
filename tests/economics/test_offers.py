"""Plans of plans.yaml as offers whose margin can be forecast."""

import math

import pytest

from triplepoint.economics.offers import MessagePrices, Other, ladder_of, make_offer
from triplepoint.foundation.errors import RequestInvalid
from triplepoint.plans.model import Calendar, Plan

MODELS = ["mini", "thinking-mini", "thinking"]
COSTS = MessagePrices({"mini": 0.001, "thinking-mini": 0.004, "thinking": 0.02})
WEEK = {"unit": "messages", "per": "week"}
LADDER = {"thinking": "thinking-mini", "thinking-mini": "mini"}


def _plan(**changed: object) -> Plan:
    fields: dict[str, object] = {"fee_usd": 20, "charge": {"kind": "included"}, "ladder": LADDER}
    return Plan.model_validate(fields | changed)


def test_the_storys_plan_is_its_ladder() -> None:
    """Fee of a month as one of the week, each model's quota its step, the last without end."""
    quotas = {"a": WEEK | {"limit": 3000, "models": ["thinking"]}, "b": WEEK | {"limit": 3000, "models": ["thinking-mini"]}}
    plan = _plan(quotas=quotas)
    assert ladder_of(plan, MODELS) == ["thinking", "thinking-mini", "mini"]
    offer = make_offer(plan, ladder_of(plan, MODELS), COSTS, Other(0.03, 0.52, 1.04))
    steps = [(step.model, step.quota, step.cost_usd, step.charge_usd) for step in offer.plan.steps]
    assert steps == [("thinking", 3000, 0.02, 0), ("thinking-mini", 3000, 0.004, 0), ("mini", math.inf, 0.001, 0)]
    assert (offer.period, offer.notes) == (Calendar.WEEK, ())
    assert offer.plan.fee_usd == pytest.approx(20 * 12 / 52)
    assert (offer.plan.payment_share, offer.plan.payment_usd, offer.plan.overhead_usd) == pytest.approx((0.03, 0.12, 0.24))


def test_a_quota_of_several_models_leaves_the_lower_ones_the_rest() -> None:
    """What the first has answered counts against the quota that both share; one without any room is no step."""
    shared = {
        "first": WEEK | {"limit": 100, "models": ["thinking"]},
        "both": WEEK | {"limit": 250, "models": ["thinking", "thinking-mini"]},
        "all": WEEK | {"limit": 250},
    }
    offer = make_offer(_plan(quotas=shared), ["thinking", "thinking-mini", "mini"], COSTS)
    assert [(step.model, step.quota) for step in offer.plan.steps] == [("thinking", 100), ("thinking-mini", 150)]


def test_what_cannot_be_forecast_is_told() -> None:
    """Other units, other periods, credit, and a ladder below a model without a quota."""
    quotas = {
        "tokens": {"unit": "tokens", "per": "week", "limit": 10, "models": ["mini"]},
        "hourly": {"unit": "messages", "per": "hour", "limit": 10},
        "weekly": WEEK | {"limit": 3000, "models": ["thinking-mini"], "beyond": "credit"},
    }
    offer = make_offer(_plan(quotas=quotas), ["thinking", "thinking-mini"], COSTS)
    assert [(step.model, step.quota) for step in offer.plan.steps] == [("thinking", math.inf)]
    assert [note.split(",")[0] for note in offer.notes] == [
        "quota tokens counts tokens",
        "prepaid credit beyond quota weekly is left out",
        "quota hourly is of another period",
        "thinking has no quota of messages",
    ]


def test_charges_follow_the_plan() -> None:
    """Nothing where it is included, cost with a margin, or what is known of own prices."""
    at_cost = make_offer(_plan(charge={"kind": "at_cost", "margin_percent": "50"}), ["mini"], COSTS)
    assert at_cost.plan.steps[0].charge_usd == pytest.approx(0.0015)
    own = _plan(charge={"kind": "prices", "prices": {"mini": "ours/mini"}})
    priced = make_offer(own, ["mini"], MessagePrices(COSTS.cost_usd, {"mini": 0.007}))
    assert priced.plan.steps[0].charge_usd == 0.007
    with pytest.raises(RequestInvalid, match="--charge mini="):
        make_offer(own, ["mini"], COSTS)


def test_a_cost_that_nobody_knows_is_asked_for() -> None:
    """Unknown is not zero."""
    with pytest.raises(RequestInvalid, match="--cost thinking="):
        make_offer(_plan(), ["thinking"], MessagePrices({}))


def test_a_sliding_quota_is_a_period_of_its_length() -> None:
    """The fee is shared out over as many as fit into a month of 365/12 days."""
    quotas = {"a": {"unit": "messages", "sliding": "73h", "limit": 5}}
    offer = make_offer(_plan(quotas=quotas), ["thinking"], COSTS)
    assert (offer.period, offer.plan.fee_usd) == (73 * 3600.0, pytest.approx(2.0))


def test_a_plan_entitles_to_something() -> None:
    """The ladder begins with the best model that the plan has; a plan of no model of the line-up cannot be forecast."""
    assert ladder_of(_plan(models=["mini", "thinking-mini"]), MODELS) == ["thinking-mini", "mini"]
    with pytest.raises(RequestInvalid, match="no model"):
        ladder_of(_plan(models=["gone"]), MODELS)
