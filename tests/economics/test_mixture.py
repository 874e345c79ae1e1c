import math
import random
import statistics

import pytest

from triplepoint.economics.mixture import Z90, Part, factor, log_uniform, merged, product, spread


def test_a_factor_is_within_its_bounds_nine_times_in_ten():
    """The interval of a factor is what it was made from."""
    found = spread(factor(3.0, within=2.0))
    assert (found.low, found.median, found.high) == pytest.approx((1.5, 3.0, 6.0))


def test_logarithms_of_a_product_err_as_squares_add():
    """Two factors of 2 make one of 2 to the root of two, not of 4."""
    found = spread(product(factor(1.0, within=2.0), factor(5.0, within=2.0)))
    assert found.median == pytest.approx(5.0)
    assert found.high / found.median == pytest.approx(2 ** math.sqrt(2))


def test_a_known_number_has_no_width():
    """Without error the interval is a point."""
    found = spread([Part(1.0, math.log(7.0))])
    assert (found.low, found.median, found.high) == pytest.approx((7.0, 7.0, 7.0))


def test_an_even_range_has_its_quantiles():
    """Ratios that count alike from 1 to 100 have their median at 10, and a twentieth of the logarithms at either end."""
    found = spread(Part(weight, math.log(value), 0.02) for value, weight in log_uniform(1, 100, 50))
    assert found.median == pytest.approx(10, rel=0.02)
    assert found.low == pytest.approx(100**0.05, rel=0.05)
    assert found.high == pytest.approx(100**0.95, rel=0.05)


def test_merging_keeps_weight_mean_and_variance():
    """However many parts are joined, the whole has the same first two moments."""
    draw = random.Random(4)
    parts = [Part(draw.random(), draw.gauss(0, 2), draw.random()) for _ in range(1000)]
    few = merged(parts)
    assert len(few) <= 64
    assert math.fsum(part.weight for part in few) == pytest.approx(1)
    assert _moments(few) == pytest.approx(_moments(parts))


def test_quantiles_are_those_of_random_draws():
    """Half a million draws of a lopsided mixture have the median and the ends that are worked out."""
    draw = random.Random(7)
    parts = [Part(0.7, 0.0, 0.3), Part(0.2, 1.5, 0.5), Part(0.1, 3.0, 0.1)]
    drawn = [draw.gauss(part.ln, part.sigma) for part in draw.choices(parts, [part.weight for part in parts], k=500_000)]
    cuts = statistics.quantiles(drawn, n=20)
    found = spread(parts)
    assert [math.log(x) for x in (found.low, found.median, found.high)] == pytest.approx([cuts[0], cuts[9], cuts[18]], abs=0.02)


def test_z90_is_the_normal_quantile():
    """Nine tenths of a normal lie within it."""
    assert pytest.approx(statistics.NormalDist().inv_cdf(0.95)) == Z90


def _moments(parts: list[Part]) -> tuple[float, float]:
    total = math.fsum(part.weight for part in parts)
    mean = math.fsum(part.weight * part.ln for part in parts) / total
    return mean, math.fsum(part.weight * (part.sigma**2 + (part.ln - mean) ** 2) for part in parts) / total
