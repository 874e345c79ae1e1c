import math
import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.economics.usage import EmpiricalUsage, LognormalUsage

LOGNORMALS = st.builds(LognormalUsage, st.floats(-3, 8), st.floats(0.2, 2.5), st.floats(0, 0.9))
SAMPLES = st.lists(st.one_of(st.just(0.0), st.floats(0.01, 1e4)), min_size=1, max_size=40).map(
    lambda values: EmpiricalUsage(tuple(values))
)


@given(st.one_of(LOGNORMALS, SAMPLES), st.floats(0, 1e5), st.floats(0, 1e5))
def test_a_limited_mean_grows_with_its_limit_up_to_the_mean(usage: LognormalUsage | EmpiricalUsage, one: float, other: float):
    """It is at most the limit and at most the mean, and the share above the limit falls."""
    low, high = sorted((one, other))
    assert 0 <= usage.limited_mean(low) <= usage.limited_mean(high) + 1e-9 * high
    assert usage.limited_mean(high) <= min(high, usage.mean) * (1 + 1e-9) + 1e-9
    assert usage.share_above(low) >= usage.share_above(high)
    assert usage.limited_mean(math.inf) == pytest.approx(usage.mean)


@given(LOGNORMALS, st.floats(0.01, 0.99))
def test_a_quantile_has_its_share_above_it(usage: LognormalUsage, share: float):
    """A share of subscribers stays at or below it, or uses nothing."""
    found = usage.quantile(share)
    assert usage.share_above(found) == pytest.approx(1 - max(share, usage.zero_share), abs=1e-9)


def test_the_limited_mean_is_that_of_many_draws():
    """The formula agrees with an integral by strata, zeros included."""
    usage = LognormalUsage(4.0, 1.5, 0.3)
    drawn = [usage.quantile((i + 0.5) / 100_000) for i in range(100_000)]
    for limit in (1.0, 50.0, 3000.0):
        assert statistics.fmean(min(value, limit) for value in drawn) == pytest.approx(usage.limited_mean(limit), rel=1e-4)
        assert sum(value > limit for value in drawn) / 100_000 == pytest.approx(usage.share_above(limit), abs=1e-4)


def test_a_stated_mean_is_the_mean():
    """With or without subscribers who use nothing, the mean is over all of them."""
    for zero_share in (0.0, 0.4):
        assert LognormalUsage.of_mean(120, sigma=1.5, zero_share=zero_share).mean == pytest.approx(120)


def test_a_fit_finds_what_the_sample_came_from():
    """From 20,000 subscribers, a quarter of them idle, all three numbers come back, and the distance is small."""
    draw = random.Random(5)
    values = [0.0 if draw.random() < 0.25 else draw.lognormvariate(3.0, 1.2) for _ in range(20_000)]
    found = LognormalUsage.fit(values)
    assert (found.mu, found.sigma, found.zero_share) == pytest.approx((3.0, 1.2, 0.25), abs=0.02)
    assert found.distance(values) < 0.012
    assert found.distance([value * 3 for value in values]) > 0.2


@pytest.mark.parametrize(("values", "why"), [([], "too few"), ([0, 0, 5], "too few"), ([5, 5, 5], "the same")])
def test_a_thin_sample_is_refused(values: list[float], why: str):
    """Nothing is fitted to what cannot say a spread."""
    with pytest.raises(ValueError, match=why):
        LognormalUsage.fit(values)


@pytest.mark.parametrize("wrong", [(math.nan, 1.0, 0.0), (0.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 1.0, 1.0)])
def test_no_such_distribution_is_made(wrong: tuple[float, float, float]):
    """Numbers that are none, a spread of nothing, and subscribers who are all idle are refused."""
    with pytest.raises(ValueError, match="lognormal"):
        LognormalUsage(*wrong)
    with pytest.raises(ValueError, match="mean"):
        LognormalUsage.of_mean(0, sigma=1)
    with pytest.raises(ValueError, match="use is a number"):
        EmpiricalUsage((1.0, -1.0))


def test_a_sample_is_what_it_was():
    """Means, shares and quantiles are those of the values."""
    usage = EmpiricalUsage((0.0, 10.0, 2.0, 4.0))
    assert (usage.mean, usage.limited_mean(4), usage.limited_mean(3)) == (4.0, 2.5, 2.0)
    assert (usage.share_above(0), usage.share_above(4), usage.share_above(3.9)) == (0.75, 0.25, 0.5)
    assert [usage.quantile(share) for share in (0.0, 0.25, 0.99, 1.0)] == [0.0, 2.0, 10.0, 10.0]
