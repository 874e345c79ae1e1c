"""How strongly to hold weights, told by prompts that were left out; and what was said of those prompts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from triplepoint.routing.evaluation.folds import Fold
from triplepoint.routing.training.arrays import Mask, Matrix, Sparse, Vector
from triplepoint.routing.training.recipe import STRENGTHS
from triplepoint.routing.training.ridge import fit_ridge

_SURE: Final = 2.0
"""Standard errors by which weights must lower the squared error of left-out prompts, else there are none."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the left-out prompts favour for each target."""

    strengths: Vector
    """One of `STRENGTHS` each."""
    trust: Vector
    """Factor on the weights, 0…1; 0: the texts tell nothing of this target."""
    predicted: Matrix
    """Prompts × targets, from weights that had not seen the prompt, at these strengths, times trust."""
    weights: list[Matrix]
    """Of each fold, likewise."""


def cross_fit(
    x: Sparse, targets: Sequence[Matrix], known: Mask, folds: Sequence[Fold], step: Callable[[], None] = lambda: None
) -> Choice:
    """Try every strength on every fold and choose for each target.

    Args:
        x: Prompts × columns.
        targets: For each fold, prompts × targets as seen from its training rows; of left-out rows they are what is to be met.
        known: Prompts × targets: which of them count.
        step: Called after each fold.
    """
    count = targets[0].shape[1]
    tried = np.zeros((len(STRENGTHS), x.shape[0], count))
    weights: list[Matrix] = []
    for fold, wanted in zip(folds, targets, strict=True):
        fitted = fit_ridge(
            x[fold.train],
            np.tile(wanted[fold.train], len(STRENGTHS)),
            np.repeat(STRENGTHS, count),
            known=np.tile(known[fold.train], len(STRENGTHS)),
        )
        weights.append(fitted.reshape(x.shape[1], len(STRENGTHS), count))
        tried[:, fold.test] = (x[fold.test] @ fitted).reshape(-1, len(STRENGTHS), count).swapaxes(0, 1)
        step()
    met = np.zeros((x.shape[0], count))
    for fold, wanted in zip(folds, targets, strict=True):
        met[fold.test] = wanted[fold.test]
    best = np.where(known, (tried - met) ** 2, 0.0).sum(axis=1).argmin(axis=0)
    chosen = tried[best, :, np.arange(count)].T
    trust = np.array([_trust(met[known[:, c], c], chosen[known[:, c], c]) for c in range(count)])
    kept = [fitted[:, best, np.arange(count)] * trust for fitted in weights]
    return Choice(np.array(STRENGTHS)[best], trust, chosen * trust, kept)


def _trust(met: Vector, predicted: Vector) -> float:
    """Return by which factor the predictions fit best, 0 where they are no surer than chance."""
    size = float((predicted**2).sum())
    if size <= 0:
        return 0.0
    gained = met**2 - (met - predicted) ** 2
    if gained.mean() <= _SURE * gained.std() / len(gained) ** 0.5:
        return 0.0
    return float(np.clip((met * predicted).sum() / size, 0.0, 1.0))
