"""Tails and intervals of a share agree with scipy, and cover as often as they say."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from triplepoint.stats.binomial import (
    Interval,
    binomial_cdf,
    binomial_tail,
    clopper_pearson,
    incomplete_beta,
    largest_count,
    lower_bound,
    upper_bound,
    wilson,
)

_STATS: Any = stats  # typed in part only
_COUNTS = st.integers(0, 100_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(_COUNTS, st.floats(0, 1))
def test_tails_agree_with_scipy(counts: tuple[int, int], rate: float) -> None:
    """Both tails, at any count and rate, down to 1e-290."""
    count, n = counts
    for ours, theirs in (
        (binomial_cdf(count, n, rate), float(_STATS.binom.cdf(count, n, rate))),
        (binomial_tail(count, n, rate), float(_STATS.binom.sf(count - 1, n, rate))),
    ):
        assert ours == pytest.approx(theirs, rel=1e-8, abs=1e-290)


@given(st.floats(0.01, 1e5), st.floats(0.01, 1e5), st.floats(0, 1))
def test_incomplete_beta_agrees_with_scipy(a: float, b: float, x: float) -> None:
    """Also at parameters that are no whole numbers."""
    assert incomplete_beta(a, b, x) == pytest.approx(float(special.betainc(a, b, x)), rel=1e-8, abs=1e-14)


@given(_COUNTS, st.floats(0.001, 0.9999))
def test_one_sided_bounds_agree_with_scipy(counts: tuple[int, int], confidence: float) -> None:
    """At any confidence, also where the bound is below the share that was seen."""
    count, n = counts
    expected = 1.0 if count == n else float(special.betaincinv(count + 1, n - count, confidence))
    assert upper_bound(count, n, confidence=confidence) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.999])
@given(counts=_COUNTS)
def test_intervals_agree_with_scipy(counts: tuple[int, int], confidence: float) -> None:
    """Clopper-Pearson and Wilson, both ends."""
    count, n = counts
    if n == 0:
        assert clopper_pearson(0, 0, confidence=confidence) == wilson(0, 0, confidence=confidence) == Interval(0.0, 1.0)
        return
    result = _STATS.binomtest(count, n)
    for ours, method in ((clopper_pearson, "exact"), (wilson, "wilson")):
        theirs = result.proportion_ci(confidence, method)
        assert ours(count, n, confidence=confidence) == pytest.approx((theirs.low, theirs.high), rel=1e-7, abs=1e-12)


def test_one_sided_bounds_put_all_error_on_one_side() -> None:
    """With nothing seen in n draws the upper bound is the rule of three, exactly: 1 - (1 - confidence)^(1/n)."""
    assert upper_bound(0, 100, confidence=0.95) == pytest.approx(1 - 0.05 ** (1 / 100), rel=1e-9)
    assert lower_bound(100, 100, confidence=0.95) == pytest.approx(0.05 ** (1 / 100), rel=1e-9)
    assert upper_bound(7, 7, confidence=0.95) == 1.0
    assert lower_bound(0, 7, confidence=0.95) == 0.0
    assert upper_bound(10, 100, confidence=0.95) < clopper_pearson(10, 100, confidence=0.95).high


@given(st.integers(0, 3000), st.floats(0.001, 0.999), st.sampled_from([0.9, 0.95, 0.99]))
def test_the_largest_count_is_the_last_whose_bound_holds(n: int, rate: float, confidence: float) -> None:
    """The test by tails and the bound are one thing seen from two sides."""
    count = largest_count(n, rate, confidence=confidence)
    if count >= 0:
        assert upper_bound(count, n, confidence=confidence) <= rate * (1 + 1e-9)
    if count < n:
        assert upper_bound(count + 1, n, confidence=confidence) > rate * (1 - 1e-9)


def test_exact_intervals_cover_at_least_as_often_as_they_say_and_wilsons_need_not() -> None:
    """Summed exactly over all outcomes of n = 40, on a grid of shares."""
    exact = [clopper_pearson(count, 40) for count in range(41)]
    quick = [wilson(count, 40) for count in range(41)]
    covered: dict[str, list[float]] = {"exact": [], "quick": []}
    for share in np.linspace(0.002, 0.998, 499):
        chances = [math.comb(40, k) * share**k * (1 - share) ** (40 - k) for k in range(41)]
        for name, intervals in (("exact", exact), ("quick", quick)):
            covered[name].append(sum(p for p, i in zip(chances, intervals, strict=True) if i.low <= share <= i.high))
    assert min(covered["exact"]) >= 0.95
    assert min(covered["quick"]) < 0.95
    assert np.mean(covered["quick"]) == pytest.approx(0.95, abs=0.01)


@pytest.mark.parametrize(("count", "n", "confidence"), [(-1, 5, 0.95), (6, 5, 0.95), (1, 5, 0.0), (1, 5, 1.0)])
def test_impossible_counts_are_refused(count: int, n: int, confidence: float) -> None:
    """A count outside of 0…n, or a confidence of all or nothing, is a mistake of the caller."""
    for bound in (upper_bound, lower_bound, wilson, clopper_pearson):
        with pytest.raises(ValueError, match=r"confidence"):
            bound(count, n, confidence=confidence)


@pytest.mark.parametrize(("n", "rate"), [(-1, 0.5), (5, -0.1), (5, 1.1), (5, float("nan"))])
def test_impossible_rates_are_refused(n: int, rate: float) -> None:
    """As are rates that are no probability."""
    with pytest.raises(ValueError, match=r"rate"):
        binomial_cdf(1, n, rate)
