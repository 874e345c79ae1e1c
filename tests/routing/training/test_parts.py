"""The parts of training: each against what it must come to, worked out another way."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.routing.training.planted import planted

from triplepoint.routing.model import Question, Signals
from triplepoint.routing.scorer.card import Card, Training
from triplepoint.routing.scorer.file import vocabulary_digest, write_scorer
from triplepoint.routing.scorer.table import load_scorer
from triplepoint.routing.training.arrays import Matrix, Vector, sparse
from triplepoint.routing.training.assemble import Parts, assemble
from triplepoint.routing.training.features import learn_space, read_texts
from triplepoint.routing.training.fit import known_share
from triplepoint.routing.training.knots import POINTS, Curve, fit_curve
from triplepoint.routing.training.lengths import Lengths
from triplepoint.routing.training.membership import Members
from triplepoint.routing.training.recipe import Recipe
from triplepoint.routing.training.ridge import fit_ridge
from triplepoint.routing.training.shrinkage import shrunken_means
from triplepoint.routing.training.topics import find_directions


def _flips(chance: np.random.Generator, size: int, rate: Vector | float) -> Vector:
    return (chance.random(size) < rate).astype(np.float64)


def test_ridge_is_the_closed_form() -> None:
    """Conjugate gradients end where the normal equations do, for each target with its own strength and unknowns."""
    chance = np.random.default_rng(0)
    x, targets = chance.normal(size=(40, 6)), chance.normal(size=(40, 2))
    known = chance.random((40, 2)) < 0.7
    strengths = np.array([0.5, 30.0])
    found = fit_ridge(sparse().csr_array(x), targets, strengths, known=known)
    for target in range(2):
        rows = x[known[:, target]]
        solve: Any = np.linalg.solve
        wanted: Matrix = solve(rows.T @ rows + strengths[target] * np.eye(6), rows.T @ targets[known[:, target], target])
        np.testing.assert_allclose(found[:, target], wanted, atol=1e-3)


def test_directions_are_singular_vectors() -> None:
    """They are those of a whole decomposition, but for their sign; of a small matrix there are no more than it has."""
    x = np.random.default_rng(0).normal(size=(30, 12)) * np.geomspace(10, 0.1, 12)
    found = find_directions(sparse().csr_array(x), 3, seed=0)
    wanted = np.linalg.svd(x)[2][:3].T
    np.testing.assert_allclose(np.abs((found * wanted).sum(axis=0)), 1.0, atol=1e-6)
    assert find_directions(sparse().csr_array(x[:2]), 60, seed=0).shape == (12, 2)
    assert find_directions(sparse().csr_array((5, 0)), 60, seed=0).shape == (0, 0)


def test_small_groups_are_drawn_to_the_mean() -> None:
    """A group of many labels keeps its mean, a group of one hardly moves from that of all, an empty one has it."""
    chance = np.random.default_rng(0)
    sizes, rates = [400, 400, 1, 0], [0.9, 0.5, 0.0, 0.0]
    group = np.repeat(np.arange(4), sizes)
    values = np.concatenate([_flips(chance, size, rate) for size, rate in zip(sizes, rates, strict=True)])
    means = shrunken_means(values[:, None], group.astype(np.intp), 4)[:, 0]
    assert means[4] == pytest.approx(values.mean())
    assert abs(means[0] - 0.9) < 0.04
    assert means[2] > 0.3
    assert means[3] == pytest.approx(means[4])


def test_groups_that_are_alike_are_one() -> None:
    """Where groups differ by no more than chance, each has nearly the mean of all."""
    chance = np.random.default_rng(0)
    group = np.repeat(np.arange(20), 30).astype(np.intp)
    means = shrunken_means(_flips(chance, 600, 0.5)[:, None], group, 20)[:, 0]
    assert np.abs(means - means[-1]).max() < 0.1


@given(st.integers(0, 2**32 - 1), st.integers(1, 3000), st.floats(0, 0.3))
def test_a_curve_rises_within_bounds(seed: int, size: int, spread: float) -> None:
    """Whatever sums and scores: as many knots as are kept, rising sums, probabilities that do not fall."""
    chance = np.random.default_rng(seed)
    sums = chance.normal(0.5, spread, size)
    curve = fit_curve(sums, _flips(chance, size, 0.5))
    assert curve.sums.shape == curve.probabilities.shape == (POINTS,)
    assert (np.diff(curve.sums.astype(np.float32)) > 0).all()
    assert (np.diff(curve.probabilities) >= 0).all()
    assert ((curve.probabilities >= 0) & (curve.probabilities <= 1)).all()


def test_a_curve_is_what_was_measured() -> None:
    """Sums that claim too much are brought down to what came of them."""
    chance = np.random.default_rng(0)
    sums = chance.uniform(0, 1, 20_000)
    curve = fit_curve(sums, _flips(chance, 20_000, 0.2 + 0.5 * sums))
    np.testing.assert_allclose(curve(np.array([0.1, 0.5, 0.9])), [0.25, 0.45, 0.65], atol=0.03)


def test_unknown_words_are_one_and_the_same() -> None:
    """The share of known pairs is that of distinct ones, all unknown words being one word."""
    assert known_share(["a", "b", "a b", "b x", "b y"], {"a", "b", "a b"}) == 1 / 2
    assert known_share(["a"], {"a"}) == 0


@pytest.mark.parametrize("task", ["", "law"])
def test_what_is_served_is_what_was_fitted(task: str) -> None:
    """Weights of the scaled columns, folded into tables and asked as a gateway asks, give the product of matrix and weights."""
    data = planted(60, seed=5)
    texts, chance = read_texts(data.prompts), np.random.default_rng(0)
    space = learn_space(texts, ("law", "maths"), Recipe(directions=8), seed=0)
    weights = chance.normal(0, 0.02, (space.columns, 2))
    odds = chance.normal(0, 0.3, (space.columns, 2))
    line = np.linspace(-2, 3, POINTS)
    parts = Parts(
        means=np.array([[0.3, 0.6], [0.5, 0.7], [0.4, 0.65]]),
        quality=space.fold(weights),
        members=Members(odds, np.array([0.2, -0.1]), np.zeros((60, 2))),
        lengths=Lengths(np.zeros((3, 2)), np.zeros((space.columns, 2)), np.zeros(2)),
        curves=[Curve(line, np.linspace(0, 1, POINTS))] * 2,
    )
    tables = assemble(space, parts)
    card = Card(
        models=("small", "large"),
        groups=("law", "maths"),
        vocabulary_sha256=vocabulary_digest(tables.vocabulary),
        training=Training(made="2026-11-26", seed=0, folds=2, rows=60),
    )
    scorer = load_scorer(write_scorer(card, tables))
    if task:
        shares = np.tile([1.0, 0.0], (60, 1))
    else:
        sums = space.matrix(texts, np.zeros((60, 2))) @ odds + [0.2, -0.1]
        shares = np.exp(sums) / np.exp(sums).sum(axis=1, keepdims=True)
    wanted = shares @ parts.means[:2] + space.matrix(texts, shares) @ weights
    for row, prompt in enumerate(data.prompts):
        summed = scorer.sum_up(Question(signals=Signals(task=task), text=prompt))
        assert summed is not None
        np.testing.assert_allclose(summed[1][:2], wanted[row], atol=0.01)
