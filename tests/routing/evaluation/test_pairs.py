"""APGR, CPT and the weak share: worked by hand, and what must hold of every ranking."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from triplepoint.routing.evaluation.pairs import Ranking, apgr, apgr_draws, routellm_row, weak_share_within
from triplepoint.routing.evaluation.resampling import Resamples, Vector

WEAK, STRONG = np.array([0.0, 0, 1, 1]), np.array([1.0, 1, 1, 0])


def alone(rows: int) -> Resamples:
    """Return one draw, which is the data as they are."""
    return Resamples(np.ones((1, rows), dtype=np.uint16))


def rankings() -> st.SearchStrategy[Ranking]:
    """Rankings of a strong model that is the better one."""

    def build(rows: int) -> st.SearchStrategy[Ranking]:
        vector = arrays.arrays(np.float64, rows, elements=st.sampled_from([0.0, 0.25, 0.5, 1.0]))
        return st.builds(Ranking, vector, vector, vector)

    return st.integers(2, 40).flatmap(build).filter(lambda one: one.strong.sum() > one.weak.sum() + 0.5)


def test_worked_by_hand() -> None:
    """Gap recovered is 0, 1, 2, 2, 1 after 0 to 4 strong calls: the area is 5.5 steps of a quarter."""
    assert apgr(Ranking(np.array([4.0, 3, 2, 1]), WEAK, STRONG)) == pytest.approx(1.375)
    assert apgr(Ranking(np.array([1.0, 2, 3, 4]), WEAK, STRONG)) == pytest.approx(-0.375)


def test_prompts_ranked_alike_are_taken_in_random_order() -> None:
    """A ranking that says nothing is a straight line, and one tie among others a straight piece of it."""
    assert apgr(Ranking(np.zeros(4), WEAK, STRONG)) == pytest.approx(0.5)
    tied = apgr(Ranking(np.array([2.0, 2, 2, 1]), WEAK, STRONG))
    every = [
        apgr(Ranking(np.array([*one, 0.0]), WEAK, STRONG))
        for one in ([1.0, 2, 3], [1.0, 3, 2], [2.0, 1, 3], [2.0, 3, 1], [3.0, 1, 2], [3.0, 2, 1])
    ]
    assert tied == pytest.approx(np.mean(every))
    assert min(every) < tied < max(every)


def test_no_gap_no_figure() -> None:
    """Where the strong model is not the better one, nothing can be recovered."""
    assert np.isnan(apgr(Ranking(np.arange(4.0), STRONG, WEAK)))
    row = routellm_row(Ranking(np.arange(4.0), STRONG, WEAK), alone(4))
    assert np.isnan([row.apgr.value, row.cpt50.value, row.cpt80.value]).all()


@settings(deadline=None)
@given(rankings())
def test_what_holds_of_every_ranking(ranking: Ranking) -> None:
    """Its reverse has the rest to 1; a rising function of it changes nothing; none beats the oracle."""
    found = apgr(ranking)
    assert apgr(Ranking(-ranking.gain, ranking.weak, ranking.strong)) == pytest.approx(1 - found)
    assert apgr(Ranking(np.exp(3 * ranking.gain) - 7, ranking.weak, ranking.strong)) == pytest.approx(found)
    assert found <= apgr(Ranking(ranking.strong - ranking.weak, ranking.weak, ranking.strong)) + 1e-9
    assert apgr_draws(ranking, alone(len(ranking.gain)))[0] == pytest.approx(found)


@settings(deadline=None)
@given(rankings(), st.integers(0, 2**31))
def test_the_order_of_rows_does_not_matter(ranking: Ranking, seed: int) -> None:
    """Rows are a set: shuffling them changes no figure."""
    order = np.random.default_rng(seed).permutation(len(ranking.gain))
    shuffled = Ranking(ranking.gain[order], ranking.weak[order], ranking.strong[order])
    assert apgr(shuffled) == pytest.approx(apgr(ranking))
    assert weak_share_within(shuffled, 0.1) == pytest.approx(weak_share_within(ranking, 0.1))


def test_random_rankings_recover_half_on_average() -> None:
    """The mean over many random rankings is 0.5, within three standard errors."""
    generator = np.random.default_rng(7)
    weak, strong = (generator.random((2, 500)) < [[0.6], [0.8]]).astype(np.float64)
    found = [apgr(Ranking(generator.random(500), weak, strong)) for _ in range(300)]
    assert np.mean(found) == pytest.approx(0.5, abs=3 * float(np.std(found)) / np.sqrt(300))


def test_routellm_on_ten_bins_by_hand() -> None:
    """Ten prompts, one a bin: the strong model gains on the first two, loses on none; half is closed by one call of ten."""
    gain = np.arange(10.0, 0, -1)
    weak, strong = np.zeros(10), np.array([1.0, 1, 0, 0, 0, 0, 0, 0, 0, 0])
    row = routellm_row(Ranking(gain, weak, strong), alone(10))
    assert row.cpt50.value == pytest.approx(0.1)
    assert row.cpt80.value == pytest.approx(0.16)
    assert row.apgr.value == pytest.approx((0.25 + 0.75 + 8 * 1.0) / 10)


def test_routellm_takes_equal_quantiles_once() -> None:
    """A ranking of two levels has one point between none and all."""
    gain = np.array([1.0] * 4 + [0.0] * 6)
    strong = np.array([1.0, 1, 0, 0, 1, 0, 0, 0, 0, 0])
    row = routellm_row(Ranking(gain, np.zeros(10), strong), alone(10))
    assert row.cpt50.value == pytest.approx(0.3)
    assert row.apgr.value == pytest.approx(0.4 * (2 / 3) / 2 + 0.6 * (2 / 3 + 1) / 2)
    nothing = routellm_row(Ranking(np.zeros(10), np.zeros(10), strong), alone(10))
    assert [nothing.apgr.value, nothing.cpt50.value, nothing.cpt80.value] == pytest.approx([0.5, 0.5, 0.8])


def test_bins_come_near_the_area_on_many_prompts() -> None:
    """Both definitions agree to a hundredth where there are many prompts."""
    generator = np.random.default_rng(3)
    hard = generator.random(4000)
    weak, strong = (generator.random(4000) > hard).astype(float), (generator.random(4000) > hard**2).astype(float)
    ranking = Ranking(hard - hard**2, weak, strong)
    assert routellm_row(ranking, alone(4000)).apgr.value == pytest.approx(apgr(ranking), abs=0.01)


def test_the_weak_share_by_hand() -> None:
    """Ranked rightly, half may go to the weak model at no loss, and none where the ranking is upside down."""
    right = Ranking(STRONG - WEAK, WEAK, STRONG)
    assert weak_share_within(right, 0.0) == pytest.approx(0.5)  # the two that the strong model gains nothing on
    assert weak_share_within(right, 0.25) == pytest.approx(1.0)
    assert weak_share_within(Ranking(WEAK - STRONG, WEAK, STRONG), 0.0) == pytest.approx(0.0)
    assert weak_share_within(Ranking(WEAK - STRONG, WEAK, STRONG), 0.25) == pytest.approx(1.0)


def test_intervals_cover() -> None:
    """Of 95 % intervals over data drawn anew, about 95 % hold the true value."""
    generator = np.random.default_rng(11)
    true, held = _true_apgr(), 0
    for seed in range(120):
        hard = generator.random(400)
        weak, strong = (generator.random(400) > hard).astype(float), (generator.random(400) > hard**4).astype(float)
        draws = apgr_draws(Ranking(hard, weak, strong), Resamples.draw([str(row) for row in range(400)], draws=200, seed=seed))
        low, high = np.quantile(draws, [0.025, 0.975])
        held += bool(low <= true <= high)
    assert held / 120 == pytest.approx(0.95, abs=0.06)


def _true_apgr() -> float:
    """Return APGR of ranking by h where weak is right with probability 1 - h and strong with 1 - h⁴, h uniform."""
    hard: Vector = np.linspace(1, 0, 20001)
    gained = np.cumsum(hard - hard**4)
    return float(np.trapezoid(gained / gained[-1], np.linspace(0, 1, 20001)))
