"""A learnt check tells sound answers from wrong ones that it never saw, keeps its word, and is the same for the same seed."""

import numpy as np
import pytest

from triplepoint.foundation.errors import RequestInvalid
from triplepoint.routing.escalation.verifier.fit import Constant, Pairs, fit_verifier, pairs_of


def _made(count: int, seed: int) -> tuple[Pairs, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Make sums, of which some are wrong: most of those do not hold, some leave a number out; a few labels are noise."""
    rng = np.random.default_rng(seed)
    questions, answers, good = list[str](), list[str](), list[bool]()
    for _ in range(count):
        one, two, three = (int(number) for number in rng.integers(2, 50, size=3))
        questions.append(f"Ann has {one} pens, buys {two} more and then {three}. How many pens are there?")
        kind = rng.random()
        total = one + two + three
        if kind < 0.6:
            answers.append(f"{one} + {two} = {one + two}. {one + two} + {three} = {total}.\n#### {total}")
        elif kind < 0.8:
            answers.append(f"{one} + {two} = {one + two + 1}. {one + two + 1} + {three} = {total + 1}.\n#### {total + 1}")
        else:
            answers.append(f"{one} + {two} = {one + two}.\n#### {one + two}")
        good.append(bool((kind < 0.6) != (rng.random() < 0.1)))
    return pairs_of(questions, answers), np.array(good)


@pytest.fixture(scope="module")
def learnt() -> tuple[Pairs, np.ndarray[tuple[int], np.dtype[np.bool_]], np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """Learn on one set, and ask of another."""
    train, labels = _made(240, seed=1)
    test, truth = _made(600, seed=2)
    return test, truth, fit_verifier(train, labels, seed=7).expect(test)


def test_sound_answers_are_told_from_wrong_ones(learnt: tuple[Pairs, np.ndarray, np.ndarray]) -> None:
    """Nearly all pairs of a good and a bad answer are in the right order; noise of 10 % allows no more."""
    _, truth, chances = learnt
    order = chances[truth][:, None] > chances[~truth][None]
    assert order.mean() > 0.8


def test_its_probabilities_keep_their_word(learnt: tuple[Pairs, np.ndarray, np.ndarray]) -> None:
    """What it calls likely is right about as often as it says."""
    _, truth, chances = learnt
    for part in (chances < 0.5, chances >= 0.5):
        assert abs(chances[part].mean() - truth[part].mean()) < 0.06


def test_the_same_seed_gives_the_same_verifier(learnt: tuple[Pairs, np.ndarray, np.ndarray]) -> None:
    """To the last bit."""
    train, labels = _made(240, seed=1)
    assert np.array_equal(fit_verifier(train, labels, seed=7).expect(learnt[0]), learnt[2])


def test_where_all_answers_are_alike_that_share_is_expected() -> None:
    """There is nothing to tell apart."""
    train, _ = _made(60, seed=3)
    verifier = fit_verifier(train, np.ones(60, dtype=np.bool_), seed=1)
    assert verifier == Constant(1.0)
    assert verifier.expect(train).tolist() == [1.0] * 60


def test_too_few_answers_are_refused() -> None:
    """With a word on how many it takes."""
    train, labels = _made(20, seed=4)
    with pytest.raises(RequestInvalid, match="at least 50"):
        fit_verifier(train, labels, seed=1)
