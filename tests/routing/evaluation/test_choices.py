"""What became of requests: losses, misroutes, waste, confusion and domination, worked by hand."""

import numpy as np
import pytest

from triplepoint.routing.evaluation.choices import best_places, confusion, dominated, outcome_of, same_model_rate

SCORES = np.array([[1.0, 1], [0, 1], [0, 0], [1, 0]])
COSTS = np.tile([1.0, 10.0], (4, 1))


def test_outcomes_by_hand() -> None:
    """Cheap on all: one misroute, nothing wasteful, and the loss is what the reference had more."""
    cheap = outcome_of(np.zeros(4, dtype=np.intp), SCORES, COSTS, reference=1)
    assert (cheap.quality, cheap.net_loss, cheap.hurtful_misroutes) == (0.5, 0.0, 0.25)
    assert (cheap.wasteful_routes, cheap.downgraded) == (0.0, 1.0)
    dear = outcome_of(np.ones(4, dtype=np.intp), SCORES, COSTS, reference=1)
    assert (dear.hurtful_misroutes, dear.wasteful_routes, dear.downgraded) == (0.0, 0.25, 0.0)


def test_the_oracle_has_no_misroute_and_no_waste() -> None:
    """It takes the cheapest of the best, also where nobody is right."""
    best = best_places(SCORES, COSTS)
    np.testing.assert_array_equal(best, [0, 1, 0, 0])
    outcome = outcome_of(best, SCORES, COSTS, reference=1)
    assert (outcome.quality, outcome.net_loss) == (0.75, -0.25)
    assert (outcome.hurtful_misroutes, outcome.wasteful_routes) == (0.0, 0.0)


def test_confusion_counts_chosen_against_best() -> None:
    """Rows are who was chosen, columns who should have been."""
    chosen = np.array([0, 0, 1, 1])
    np.testing.assert_array_equal(confusion(chosen, best_places(SCORES, COSTS), 2), [[1, 1], [2, 0]])


def test_a_model_against_itself() -> None:
    """Two samples of one model differ, and that is the floor of every misroute rate."""
    assert same_model_rate(np.array([1.0, 0, 1, 0]), np.array([1.0, 1, 0, 0])) == pytest.approx(0.25)
    assert same_model_rate(SCORES[:, 0], SCORES[:, 0]) == 0


def test_dominated_is_who_is_worse_and_not_cheaper() -> None:
    """A model with a lower price list but as dear answers falls; a truly cheaper one stays, also where it is much worse."""
    generator = np.random.default_rng(5)
    scores = (generator.random((300, 3)) < [0.35, 0.6, 0.65]).astype(float)
    noise = generator.lognormal(0, 0.8, (300, 3))
    same = noise * [0.035, 0.035, 0.28]
    assert dominated(scores, same) == {0: 1}
    cheaper = noise * [0.0035, 0.035, 0.28]
    assert dominated(scores, cheaper) == {}
    dearest_is_worst = noise * [0.5, 0.035, 0.28]
    assert set(dominated(scores, dearest_is_worst)) == {0}
    assert dominated(scores, dearest_is_worst)[0] == 2  # of those that beat it the best is named
