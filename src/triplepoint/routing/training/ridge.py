"""Weights that fit the targets and stay near nothing: ridge regression of several targets at once, some of them unknown."""

from typing import Final

import numpy as np

from triplepoint.routing.training.arrays import Mask, Matrix, Sparse, Vector

_STEPS: Final = 80
_CLOSE: Final = 1e-3
"""Residual, as a part of the first, at which the solver stops."""


def fit_ridge(x: Sparse, targets: Matrix, strengths: Vector, *, known: Mask | None = None, steps: int = _STEPS) -> Matrix:
    """Minimise ``Σ known·(x w − target)² + strength·|w|²`` for each column of targets by conjugate gradients.

    Args:
        x: Prompts × columns.
        targets: Prompts × targets.
        strengths: One for each target, above 0.
        known: Which targets count; None: all.
        steps: At most so many; fewer hold the weights nearer to nothing.
    Returns: Columns × targets.
    Source: Hestenes and Stiefel 1952, doi 10.6028/jres.049.044, on the normal equations.
    """
    counts = np.ones_like(targets) if known is None else known.astype(np.float64)
    transposed = x.T.tocsr()
    residual: Matrix = transposed @ np.where(counts > 0, targets, 0.0)
    weights = np.zeros_like(residual)
    search = residual.copy()
    size = (residual * residual).sum(axis=0)
    enough = size * _CLOSE**2
    for _ in range(steps):
        if (size <= enough).all():
            break
        image = transposed @ (counts * (x @ search)) + strengths * search
        step = size / np.maximum((search * image).sum(axis=0), np.finfo(float).tiny)
        weights += step * search
        residual -= step * image
        following = (residual * residual).sum(axis=0)
        search = residual + following / np.maximum(size, np.finfo(float).tiny) * search
        size = following
    return weights
