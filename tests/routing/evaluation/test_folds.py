"""Folds: every row once, equal prompts together, the same for the same seed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triplepoint.foundation.errors import RequestInvalid
from triplepoint.routing.evaluation.folds import folds_of
from triplepoint.routing.evaluation.resampling import Resamples, interval


@settings(deadline=None)
@given(st.integers(20, 200), st.integers(2, 10), st.integers(0, 1000))
def test_each_row_is_tested_once_by_what_never_saw_it(rows: int, folds: int, seed: int) -> None:
    """Test parts are the whole, training is the rest, sizes differ by one prompt at most."""
    found = folds_of([f"prompt {row}" for row in range(rows)], folds=folds, seed=seed)
    assert sorted(np.concatenate([fold.test for fold in found]).tolist()) == list(range(rows))
    assert all(not set(fold.train) & set(fold.test) for fold in found)
    assert all(len(fold.train) + len(fold.test) == rows for fold in found)
    assert np.ptp([len(fold.test) for fold in found]) <= 1


def test_prompts_that_differ_in_writing_only_stay_together() -> None:
    """Case, spaces and punctuation make no new prompt."""
    prompts = [f"How many, {row}?" for row in range(40)] + [f"how  many {row}" for row in range(40)]
    for fold in folds_of(prompts, folds=4, seed=0):
        assert {row % 40 for row in fold.train.tolist()}.isdisjoint({row % 40 for row in fold.test.tolist()})


def test_rows_without_a_text_are_their_own() -> None:
    """Where the publisher gives no prompts, rows are split."""
    assert [len(fold.test) for fold in folds_of([""] * 40, folds=4, seed=0)] == [10, 10, 10, 10]


@pytest.mark.parametrize(("prompts", "folds"), [(["a"] * 100, 5), ([], 5), ([str(row) for row in range(100)], 1)])
def test_too_little_is_refused(prompts: list[str], folds: int) -> None:
    """One prompt a hundred times is one prompt."""
    with pytest.raises(RequestInvalid, match="at least 20 in 2"):
        folds_of(prompts, folds=folds, seed=0)


def test_rows_of_one_prompt_are_drawn_together() -> None:
    """They are no independent evidence, so their counts agree in each draw."""
    counts = Resamples.draw(["a", "b", "a"], draws=50, seed=0).counts
    np.testing.assert_array_equal(counts[:, 0], counts[:, 2])
    assert (counts[:, 0] + counts[:, 1] == 2).all()


def test_means_of_draws_are_weighted_means() -> None:
    """Each draw's mean is over the rows that are in it, as often as they are."""
    resamples = Resamples(np.array([[2, 0, 1], [1, 1, 1]], dtype=np.uint16))
    np.testing.assert_allclose(resamples.means(np.array([[3.0], [6.0], [9.0]])), [[5], [6]])


def test_an_interval_leaves_out_what_cannot_be_told() -> None:
    """NaN draws are dropped; with none left there is no interval."""
    found = interval(1.0, np.array([0.0, 2.0, np.nan]))
    assert (found.value, found.low, found.high) == pytest.approx((1.0, 0.05, 1.95))
    assert np.isnan(interval(1.0, np.array([np.nan])).low)
