"""Intervals of any statistic by resampling; differences are resampled in pairs, so that what both share does not widen them."""

from collections.abc import Callable
from itertools import accumulate
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

_DRAWS: Final = 1000

Statistic = Callable[[NDArray[np.intp]], float]
"""Of the positions of the cases that were drawn, with repetition."""


class Estimated(NamedTuple):
    """A statistic with what is known of its error."""

    value: float
    """On all cases."""
    low: float
    high: float
    error: float
    """Bootstrap standard error."""


def bootstrap(
    statistic: Statistic, n: int, *, seed: int, draws: int = _DRAWS, confidence: float = 0.95, clusters: ArrayLike | None = None
) -> Estimated:
    """Return a statistic of ``n`` cases with its percentile interval.

    To compare two things on the same cases, let the statistic be the difference of both on the positions that it is given.

    Args:
        statistic: What is estimated; called once on all positions and once for each draw.
        n: Cases, at least 1.
        seed: The same seed gives the same interval.
        draws: Resamples.
        confidence: In (0, 1).
        clusters: One label for each case; cases of one label are drawn together (several rows of one prompt are no independent
            rows). None: each case by itself.
    Raises: ValueError: no case, a confidence outside of (0, 1), or labels that are not one for each case.
    Source: Efron and Tibshirani 1993, sections 13.3 (percentile interval) and 8.5 (resampling of units); doi
    10.1201/9780429246593.
    """
    if n < 1 or not 0.0 < confidence < 1.0:
        raise ValueError(f"{n} cases at confidence {confidence}: needs at least one, and a confidence in (0, 1)")
    draw = _drawer(n, clusters)
    generator = np.random.default_rng(seed)
    found = np.array([statistic(draw(generator)) for _ in range(draws)])
    low, high = np.quantile(found, [(1.0 - confidence) / 2.0, (1.0 + confidence) / 2.0])
    return Estimated(float(statistic(np.arange(n))), float(low), float(high), float(found.std(ddof=1)))


def mean_difference(
    first: ArrayLike, second: ArrayLike, *, seed: int, draws: int = _DRAWS, confidence: float = 0.95
) -> Estimated:
    """Return by how much the mean of the first is larger, both measured on the same cases in the same order.

    Raises: ValueError: arrays of different length, or empty ones.
    """
    differences = np.subtract(np.asarray(first, float), np.asarray(second, float))
    if np.shape(first) != np.shape(second) or differences.ndim != 1:
        raise ValueError(f"shapes {np.shape(first)} and {np.shape(second)}: needs two columns over the same cases")
    return bootstrap(
        lambda drawn: float(differences[drawn].mean()), len(differences), seed=seed, draws=draws, confidence=confidence
    )


def _drawer(n: int, clusters: ArrayLike | None) -> Callable[[np.random.Generator], NDArray[np.intp]]:
    if clusters is None:
        return lambda generator: generator.integers(0, n, n)
    _, codes = np.unique(np.asarray(clusters), return_inverse=True)
    if codes.shape != (n,):
        raise ValueError(f"{codes.shape} cluster labels for {n} cases: needs one for each")
    order: NDArray[np.intp] = np.argsort(codes, kind="stable")
    sizes: list[int] = np.bincount(codes).tolist()
    ends = list(accumulate(sizes))
    members = [order[end - size : end] for size, end in zip(sizes, ends, strict=True)]

    def draw(generator: np.random.Generator) -> NDArray[np.intp]:
        drawn: list[int] = generator.integers(0, len(members), len(members)).tolist()
        return np.concatenate([members[cluster] for cluster in drawn])

    return draw
