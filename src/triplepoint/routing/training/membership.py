"""To which group a text belongs, told from its words: weights, and how much a sum of them is worth."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np

from triplepoint.routing.evaluation.folds import Fold
from triplepoint.routing.training.arrays import Mask, Matrix, Rows, Sparse, Vector
from triplepoint.routing.training.recipe import Recipe
from triplepoint.routing.training.ridge import fit_ridge

_SHARPNESS: Final = np.geomspace(1.0, 60.0, 25)


class Members(NamedTuple):
    """What tells groups apart."""

    weights: Matrix
    """Columns × groups, of the log-odds."""
    prior: Vector
    """Log-odds before a word is read."""
    shares: Matrix
    """Prompts × groups, from weights that had not seen the prompt; each row sums to 1."""


def fit_members(
    x: Sparse, shares: Matrix, folds: Sequence[Fold], recipe: Recipe, step: Callable[[], None] = lambda: None
) -> Members:
    """Fit a linear sum for each group, then how sharply sums part the groups.

    Args:
        x: Prompts × columns, those of the groups without effect.
        shares: Prompts × groups: 1 where it belongs; a prompt of no group is all 0, and takes no part.
        step: Called after each fold.
    """
    inside: Mask = shares.sum(axis=1) > 0
    sums = np.zeros_like(shares)
    for fold in folds:
        weights, prior = _fit(x, shares, fold.train[inside[fold.train]], recipe)
        sums[fold.test] = x[fold.test] @ weights + prior
        step()
    sharpness = _sharpness(sums[inside], shares[inside])
    weights, prior = _fit(x, shares, np.flatnonzero(inside), recipe)
    return Members(weights * sharpness, prior * sharpness, _softmax(sums * sharpness))


def _fit(x: Sparse, shares: Matrix, rows: Rows, recipe: Recipe) -> tuple[Matrix, Vector]:
    prior: Vector = shares[rows].mean(axis=0)
    strengths = np.full(shares.shape[1], recipe.membership_strength)
    return fit_ridge(x[rows], shares[rows] - prior, strengths, steps=recipe.membership_steps), prior


def _sharpness(sums: Matrix, shares: Matrix) -> float:
    """Return the factor at which the shares are likeliest."""

    def loss(factor: float) -> float:
        return -float(np.log(np.maximum((_softmax(sums * factor) * shares).sum(axis=1), 1e-12)).mean())

    return float(min(_SHARPNESS, key=loss))


def _softmax(odds: Matrix) -> Matrix:
    powers = np.exp(odds - odds.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
