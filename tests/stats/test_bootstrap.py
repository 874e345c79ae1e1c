"""Bootstrap intervals are right where the formula is known, and pairing and clusters count."""

import math

import numpy as np
import pytest

from triplepoint.stats.bootstrap import bootstrap, mean_difference


def test_a_mean_has_the_interval_of_the_formula() -> None:
    """On 500 normal values: half-width 1.96 standard errors, within what 2,000 draws can tell."""
    values = np.random.default_rng(1).normal(3.0, 2.0, 500)
    found = bootstrap(lambda drawn: float(values[drawn].mean()), 500, seed=2, draws=2000)
    error = values.std(ddof=1) / math.sqrt(500)
    assert found.value == pytest.approx(values.mean())
    assert found.error == pytest.approx(error, rel=0.08)
    assert found.high - found.low == pytest.approx(2 * 1.96 * error, rel=0.08)


def test_it_covers_as_often_as_it_says() -> None:
    """In 300 repetitions at 80 %, three standard errors allowed."""
    generator = np.random.default_rng(3)
    covered = 0
    for seed in range(300):
        values = generator.exponential(size=80)
        found = bootstrap(lambda drawn, values=values: float(values[drawn].mean()), 80, seed=seed, draws=200, confidence=0.8)
        covered += found.low <= 1.0 <= found.high
    assert abs(covered / 300 - 0.8) < 3 * math.sqrt(0.8 * 0.2 / 300)


def test_pairs_do_not_pay_for_what_they_share() -> None:
    """Two routers on the same hard and easy questions: their difference is known far better than either."""
    generator = np.random.default_rng(4)
    hard = generator.normal(size=400)
    better, worse = hard + 0.1 + generator.normal(0, 0.05, 400), hard
    found = mean_difference(better, worse, seed=5)
    assert found.value == pytest.approx(0.1, abs=0.01)
    assert 0.09 < found.low < found.high < 0.11
    assert mean_difference(worse, better, seed=5).value == pytest.approx(-found.value)


def test_rows_of_one_cluster_are_no_independent_rows() -> None:
    """Each of 100 values written down nine times is no more known than written once."""
    once = np.random.default_rng(6).normal(size=100)
    values, labels = np.repeat(once, 9), np.repeat(np.arange(100), 9)
    order = np.random.default_rng(7).permutation(900)
    values, labels = values[order], labels[order]
    naive = bootstrap(lambda drawn: float(values[drawn].mean()), 900, seed=8)
    clustered = bootstrap(lambda drawn: float(values[drawn].mean()), 900, seed=8, clusters=labels)
    assert clustered.error == pytest.approx(3 * naive.error, rel=0.15)
    assert clustered.value == naive.value


def test_the_same_seed_gives_the_same_interval() -> None:
    """And another one another."""
    values = np.arange(50.0)
    runs = [bootstrap(lambda drawn: float(values[drawn].mean()), 50, seed=seed, draws=50) for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


def test_what_cannot_be_resampled_is_refused() -> None:
    """No cases, columns of different length, labels for other cases."""
    with pytest.raises(ValueError, match="at least one"):
        bootstrap(lambda drawn: 0.0, 0, seed=1)
    with pytest.raises(ValueError, match="same cases"):
        mean_difference([1.0, 2.0], [1.0], seed=1)
    with pytest.raises(ValueError, match="cluster labels"):
        bootstrap(lambda drawn: 0.0, 3, seed=1, clusters=["a", "b"])
