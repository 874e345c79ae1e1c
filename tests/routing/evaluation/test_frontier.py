"""Hulls, AIQ and cost at matched quality: worked by hand, and what must hold of every router."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from triplepoint.routing.evaluation.frontier import (
    Hull,
    aiq,
    aiq_routerbench,
    matched_costs,
    realised,
    sweep,
    sweep_pair,
)
from triplepoint.routing.evaluation.resampling import Vector

POINTS = np.array([1.0, 2, 3, 5]), np.array([0.2, 0.6, 0.5, 0.8])


def test_a_hull_by_hand() -> None:
    """The third point lies below the line from the second to the fourth, and is no part of it."""
    hull = Hull.over(*POINTS)
    np.testing.assert_allclose(hull.costs, [1, 2, 5])
    np.testing.assert_allclose(hull.quality, [0.2, 0.6, 0.8])
    assert hull.height(3.5) == pytest.approx(0.7)
    assert hull.height(9) == pytest.approx(0.8)
    assert hull.cost_of(0.7) == pytest.approx(3.5)
    assert np.isnan(hull.cost_of(0.9))


def test_a_dearer_and_worse_end_is_cut_off() -> None:
    """More money never gives less: the hull goes on level."""
    hull = Hull.over(np.array([1.0, 2, 4]), np.array([0.5, 0.9, 0.3]))
    np.testing.assert_allclose(hull.costs, [1, 2])
    assert hull.mean_height(1, 3) == pytest.approx((0.7 + 0.9) / 2)


def test_both_definitions_of_aiq_by_hand() -> None:
    """Ours between two models, RouterBench's from nought; the same hull, other numbers."""
    hull = Hull.over(*POINTS)
    assert aiq(hull, cheapest_usd=1, reference_usd=5) == pytest.approx((0.4 * 1 + 0.7 * 3) / 4)
    assert aiq_routerbench(hull, dearest_usd=5) == pytest.approx((0.2 * 1 + 0.4 * 1 + 0.7 * 3) / 5)
    assert np.isnan(aiq(hull, cheapest_usd=5, reference_usd=5))


def test_costs_at_matched_quality_by_hand() -> None:
    """Shares of the reference's cost; what is never reached is not told."""
    at95, at98, at100 = matched_costs(Hull.over(*POINTS), reference_usd=5, reference_quality=0.8)
    assert at95 == pytest.approx((2 + (0.76 - 0.6) / 0.2 * 3) / 5)
    assert at98 > at95
    assert at100 == pytest.approx(1)
    assert np.isnan(matched_costs(Hull.over(*POINTS), reference_usd=5, reference_quality=0.9)[2])


def test_the_price_of_quality_runs_from_any_price_to_the_cheapest() -> None:
    """The first operating point takes the best, the last the cheapest; of equals the cheaper, which stands first."""
    quality, costs = np.array([[0.1, 0.9, 0.9]]), np.array([[1.0, 2.0, 3.0]])
    choices = sweep(quality, costs)
    assert choices[0, 0] == 1
    assert choices[-1, 0] == 0
    np.testing.assert_allclose(realised(choices, costs)[0, [0, -1]], [2, 1])


def test_a_pair_is_cut_at_each_level_of_what_is_said() -> None:
    """From all strong to all weak; many levels are thinned out evenly."""
    np.testing.assert_array_equal(sweep_pair(np.array([0.3, 0.1, 0.3])), [[1, 1, 1], [1, 0, 1], [0, 0, 0]])
    many = sweep_pair(np.arange(5000.0))
    assert len(many) <= 101
    assert many[0].all()
    assert not many[-1].any()
    assert np.abs(np.diff(many.mean(axis=1))).max() < 0.011


VECTORS = arrays.arrays(np.float64, st.integers(2, 12), elements=st.floats(0, 1, width=16))


@settings(deadline=None)
@given(st.integers(2, 30), st.integers(0, 2**31))
def test_what_holds_of_every_hull(points: int, seed: int) -> None:
    """It is above every point, rises ever more slowly, and neither order nor scale of costs matters to AIQ."""
    generator = np.random.default_rng(seed)
    costs, quality = generator.random((2, points))
    hull = Hull.over(costs, quality)
    assert all(hull.height(cost) >= height - 1e-12 for cost, height in zip(costs, quality, strict=True))
    slopes = np.diff(hull.quality) / np.diff(hull.costs)
    assert (slopes > 0).all()
    assert (np.diff(slopes) <= 1e-9).all()
    order = generator.permutation(points)
    area = aiq(hull, cheapest_usd=0.1, reference_usd=0.9)
    assert aiq(Hull.over(costs[order], quality[order]), cheapest_usd=0.1, reference_usd=0.9) == pytest.approx(area)
    assert aiq(Hull.over(costs * 7, quality), cheapest_usd=0.7, reference_usd=6.3) == pytest.approx(area)


@settings(deadline=None)
@given(st.integers(0, 2**31))
def test_nobody_beats_the_oracle(seed: int) -> None:
    """Whatever a router expects, the hull of who knows lies above its own."""
    generator = np.random.default_rng(seed)
    scores: Vector = (generator.random((60, 3)) < [0.3, 0.5, 0.7]).astype(np.float64)
    costs = np.tile([1.0, 2.0, 5.0], (60, 1)) * generator.uniform(0.8, 1.2, (60, 1))

    def hull_of(quality: Vector) -> Hull:
        choices = sweep(quality, costs)
        return Hull.over(realised(choices, costs).mean(axis=0), realised(choices, scores).mean(axis=0))

    best, some = hull_of(scores), hull_of(generator.random((60, 3)))
    assert all(best.height(float(cost)) >= some.height(float(cost)) - 0.02 for cost in some.costs)
