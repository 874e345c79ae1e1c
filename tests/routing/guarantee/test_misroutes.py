"""Rates of misroutes have exact intervals, and what nobody could decide is counted as neither good nor bad."""

from typing import Any

import msgspec
import numpy as np
import pytest
from scipy import stats

from triplepoint.routing.audits.model import Outcome
from triplepoint.routing.guarantee.misroutes import Audited, Misroutes, Slice, misroute_rates
from triplepoint.stats.binomial import clopper_pearson


def _audits(outcome: Outcome, count: int, *, is_reference: bool = False, **where: Any) -> list[Audited]:
    place = {"plan": "pro", "model": "nano", "reference": "large", "group": "maths"} | where
    return [msgspec.convert({"outcome": outcome, "chosen_is_reference": is_reference, **place}, Audited)] * count


def _of(found: list[Misroutes], kind: Slice, name: str = "") -> Misroutes:
    return next(one for one in found if (one.slice, one.name) == (kind, name))


_SAMPLE = [
    *_audits(Outcome.UNDER_ROUTE, 9),
    *_audits(Outcome.FINE, 70),
    *_audits(Outcome.UNDECIDED, 5),
    *_audits(Outcome.OVER_ROUTE, 30, is_reference=True, model="large", plan="plus"),
    *_audits(Outcome.FINE, 20, is_reference=True, model="large", group="law"),
    *_audits(Outcome.UNDECIDED, 6, is_reference=True, model="large"),
]


def test_under_routes_are_counted_among_all_requests() -> None:
    """The reference cannot be an under-route, so what it served counts as none; 11 undecided are told apart."""
    rate = _of(misroute_rates(_SAMPLE), Slice.ALL).under
    assert (rate.audits, rate.found, rate.undecided) == (140, 9, 11)
    assert rate.rate == pytest.approx(9 / 129)
    assert rate.interval == clopper_pearson(9, 129)
    oracle: Any = stats  # typed in part only
    theirs = oracle.binomtest(9, 129).proportion_ci(0.95, "exact")
    assert rate.interval == pytest.approx((theirs.low, theirs.high))


def test_undecided_audits_widen_the_bounds_on_both_sides() -> None:
    """All of them good at the lower end, all of them bad at the upper; those that the reference served cannot be
    under-routes.
    """
    rate = _of(misroute_rates(_SAMPLE), Slice.ALL).under
    assert rate.bounds.low == clopper_pearson(9, 140).low
    assert rate.bounds.high == clopper_pearson(14, 140).high
    over = _of(misroute_rates(_SAMPLE), Slice.ALL).over
    assert (over.audits, over.found, over.undecided) == (56, 30, 6)
    assert over.bounds.low == clopper_pearson(30, 56).low
    assert over.bounds.high == clopper_pearson(36, 56).high


def test_where_nothing_was_decided_nothing_is_known() -> None:
    """The rate is not 0: there is none, and the bounds are all there is."""
    (found, *_) = misroute_rates(_audits(Outcome.UNDECIDED, 4))
    assert found.under.rate is None
    assert found.under.interval == (0.0, 1.0)
    assert found.under.bounds == (0.0, 1.0)
    assert (found.over.audits, found.over.rate) == (0, None)


def test_slices_are_plans_models_and_groups() -> None:
    """In this order, by name; every audit counts in one of each."""
    found = misroute_rates(_SAMPLE)
    assert [(one.slice, one.name) for one in found] == [
        (Slice.ALL, ""),
        (Slice.PLAN, "plus"),
        (Slice.PLAN, "pro"),
        (Slice.MODEL, "large"),
        (Slice.MODEL, "nano"),
        (Slice.GROUP, "law"),
        (Slice.GROUP, "maths"),
    ]
    for kind in (Slice.PLAN, Slice.MODEL, Slice.GROUP):
        assert sum(one.under.audits for one in found if one.slice is kind) == 140
    assert _of(found, Slice.MODEL, "nano").under.rate == pytest.approx(9 / 79)
    assert _of(found, Slice.MODEL, "large").under.found == 0
    assert misroute_rates([])[0].under.audits == 0


def test_rates_are_of_all_requests_where_some_are_audited_more_often() -> None:
    """The plan whose requests are audited ten times as often has ten times the misroutes; unweighed, the rate is far off."""
    generator = np.random.default_rng(1)
    audits: list[Audited] = []
    for propensity, rate, plan in ((0.5, 0.2, "new"), (0.05, 0.02, "old")):
        for _ in range(20_000 if plan == "old" else 4_000):
            bad, sampled = generator.random() < rate, generator.random() < propensity
            if sampled:
                audits += _audits(Outcome.UNDER_ROUTE if bad else Outcome.FINE, 1, propensity=propensity, plan=plan)
    shuffled: list[Audited] = generator.permuted(np.array(audits, dtype=object)).tolist()
    found = misroute_rates(shuffled)
    truth = (4_000 * 0.2 + 20_000 * 0.02) / 24_000
    pooled = _of(found, Slice.ALL).under
    assert pooled.rate == pytest.approx(truth, abs=0.02)
    assert pooled.interval.low < truth < pooled.interval.high
    assert pooled.interval.high < pooled.found / pooled.audits
    new = _of(found, Slice.PLAN, "new").under
    assert new.interval == clopper_pearson(new.found, new.audits)


def test_intervals_cover_the_rate_that_was_planted() -> None:
    """200 rounds of 150 audits at 6 %: missed in at most 5 %, three standard errors allowed."""
    generator = np.random.default_rng(2)
    missed = 0
    for _ in range(200):
        bad = int(generator.binomial(150, 0.06))
        low, high = misroute_rates(_audits(Outcome.UNDER_ROUTE, bad) + _audits(Outcome.FINE, 150 - bad))[0].under.interval
        missed += not low <= 0.06 <= high
    assert missed <= 10 + 3 * np.sqrt(200 * 0.05 * 0.95)
