"""Means of groups, each drawn towards the mean of all by as much as its few labels ask for."""

import numpy as np

from triplepoint.routing.training.arrays import Matrix, Rows, Vector

_LEAST = 1.0
_MOST = 1_000.0


def shrunken_means(values: Matrix, group: Rows, groups: int) -> Matrix:
    """Return the mean of each column in each group, drawn towards the column's mean, which is the last row.

    A group of n labels counts n, the mean of all counts ``a``: the variance within groups over that between them, by the method
    of moments, kept within 1…1,000.

    Args:
        values: Prompts × columns; NaN: unknown.
        group: Each prompt's group, −1: none.
    Returns: (groups + 1) × columns.
    Source: Efron and Morris 1975, doi 10.1080/01621459.1975.10479864 (empirical Bayes), with a weight for each group's size.
    """
    return np.column_stack([_column(values[:, place], group, groups) for place in range(values.shape[1])])


def _column(values: Vector, group: Rows, groups: int) -> Vector:
    known = ~np.isnan(values)
    values, group = values[known], group[known]
    overall = float(values.mean()) if values.size else 0.0
    inside = group >= 0
    counts = np.bincount(group[inside], minlength=groups).astype(np.float64)
    sums = np.bincount(group[inside], weights=values[inside], minlength=groups).astype(np.float64)
    pull = _pull(values[inside], group[inside], counts, sums)
    return np.append((sums + pull * overall) / (counts + pull), overall)


def _pull(values: Vector, group: Rows, counts: Vector, sums: Vector) -> float:
    filled = counts > 1
    if filled.sum() < 2:
        return _LEAST
    means = sums / np.maximum(counts, 1)
    within = float(((values - means[group]) ** 2).sum() / max(values.size - filled.sum(), 1))
    chance = within / counts[filled]
    between = float(np.var(means[filled], ddof=1) - chance.mean())
    return float(np.clip(within / between, _LEAST, _MOST)) if between > 0 else _MOST
