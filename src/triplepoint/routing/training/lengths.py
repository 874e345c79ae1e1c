"""How long each model's answers are: the mean of the group, and what the words of a prompt say beyond it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from triplepoint.routing.evaluation.datasets import Labelled
from triplepoint.routing.evaluation.folds import Fold
from triplepoint.routing.scorer.tables import NEVER_LEARNT
from triplepoint.routing.training.arrays import Mask, Matrix, Rows, Sparse, Vector
from triplepoint.routing.training.crossfit import cross_fit
from triplepoint.routing.training.ridge import fit_ridge
from triplepoint.routing.training.shrinkage import shrunken_means

_HALF = 0.5


class Lengths(NamedTuple):
    """Expected output tokens: the mean times a factor that the words give."""

    means: Matrix
    """[groups + 1, models] Shrunken means; `NEVER_LEARNT` where the lengths of less than half of the prompts are known."""
    weights: Matrix
    """Columns × models, of the factor's natural logarithm."""
    start: Vector
    """[models] What the logarithm begins with, so that the factors are 1 on average."""


def fit_lengths(
    x: Sparse, data: Labelled, group: Rows, folds: Sequence[Fold], groups: int, step: Callable[[], None] = lambda: None
) -> Lengths:
    """Fit lengths of answers.

    Args:
        x: Prompts × columns, those of the groups without effect.
        group: Place of each prompt's group, −1: none.
        step: Called after each fold.
    """
    shape = x.shape[1], len(data.models)
    tokens = data.output_tokens
    if tokens is None:
        for _ in folds:
            step()
        return Lengths(np.full((groups + 1, shape[1]), NEVER_LEARNT), np.zeros(shape), np.zeros(shape[1]))
    known = tokens > 0  # NaN is not
    tokens = np.where(known, tokens, np.nan)
    means = np.where(_is_learnt(known, group, groups), shrunken_means(tokens, group, groups), NEVER_LEARNT)
    known &= means[group] > 0
    logarithms = np.log(np.where(known, tokens, 1.0)) - np.log(np.where(known, means[group], 1.0))
    centre = np.where(known, logarithms, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    targets = np.where(known, logarithms - centre, 0.0)
    choice = cross_fit(x, [targets] * len(folds), known, folds, step)
    weights = fit_ridge(x, targets, choice.strengths, known=known) * choice.trust
    factors = np.exp(np.clip(choice.predicted, -3, 3))
    expected = np.where(known, means[group] * factors, 0.0).sum(axis=0)
    actual = np.where(known, tokens, 0.0).sum(axis=0)
    return Lengths(means, weights, np.log(np.where(expected > 0, actual / np.maximum(expected, 1e-9), 1.0)))


def _is_learnt(known: Mask, group: Rows, groups: int) -> Mask:
    """Tell of which groups, and last of all prompts, half of the lengths are known: one group says nothing of another."""
    found = [known[group == place] for place in range(groups)]
    return np.stack([rows.sum(axis=0) >= max(_HALF * len(rows), 1.0) for rows in (*found, known)])
