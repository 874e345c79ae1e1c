"""From a sum to the probability that was measured: a rising curve through the means of bins, straight between them.

Isotonic regression on bins of equal count, so that no knot stands on a handful of labels; the ends are drawn out straight, so
that no two sums of the data get the same probability by being cut.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from triplepoint.routing.training.arrays import Matrix, Vector

POINTS: Final = 20
"""Knots of each model: its measured means, drawn out to `POINTS` places."""
_LABELS_EACH: Final = 1_000
"""Least labels of a bin, where there are that many."""
_RISE: Final = 1e-4
"""Least rise from knot to knot in what goes in; and, of what comes out, a hundredth of it, so that order is kept."""


class Curve(NamedTuple):
    """One model's knots."""

    sums: Vector
    """[POINTS] Rising."""
    probabilities: Vector
    """[POINTS] Not falling, 0…1."""

    def __call__(self, sums: Vector) -> Vector:
        """Return the probabilities of sums."""
        return np.interp(sums, self.sums, self.probabilities)


def fit_curve(sums: Vector, scores: Vector) -> Curve:
    """Fit the curve on sums of prompts that the weights had not seen.

    Args:
        sums: Of each prompt, from weights fitted without it.
        scores: What came of it, 0…1.
    Source: Zadrozny and Elkan 2002, doi 10.1145/775047.775151 (isotonic calibration); binned here, and joined by lines.
    """
    bins = int(np.clip(len(sums) // _LABELS_EACH, 1, POINTS))
    order = np.argsort(sums, kind="stable")
    cuts: list[int] = np.linspace(0, len(order), bins + 1).astype(np.intp).tolist()
    parts = [order[start:end] for start, end in pairwise(cuts)]
    at = np.array([float(sums[part].mean()) for part in parts])
    found = _pool([float(scores[part].mean()) for part in parts], [float(len(part)) for part in parts])
    low, high = _ends(sums, at)
    slope = _slope(sums, scores)
    at = np.concatenate([[low], at, [high]])
    found = np.concatenate([[found[0] - slope * (at[1] - low)], found, [found[-1] + slope * (high - at[-2])]])
    places = np.linspace(low, high, POINTS)
    return Curve(places, _rising(np.interp(places, at, found)))


def fit_curves(sums: Sequence[Matrix], scores: Matrix) -> list[Curve]:
    """Fit one curve for each model, on all of several matrices of sums together.

    Args:
        sums: Each prompts × models.
        scores: Prompts × models; NaN: unknown.
    """
    return [_fit_model([one[:, model] for one in sums], scores[:, model]) for model in range(scores.shape[1])]


def _fit_model(sums: Sequence[Vector], scores: Vector) -> Curve:
    every_score = np.tile(scores, len(sums))
    known = ~np.isnan(every_score)
    return fit_curve(np.concatenate(sums)[known], every_score[known])


def _ends(sums: Vector, at: Vector) -> tuple[float, float]:
    low, high = min(float(sums.min()), float(at[0])), max(float(sums.max()), float(at[-1]))
    return low - _RISE, max(high, low + _RISE * POINTS) + _RISE


def _slope(sums: Vector, scores: Vector) -> float:
    """Return how scores rise with sums on the whole, never falling."""
    spread = float(np.var(sums))
    covariance = float(((sums - sums.mean()) * (scores - scores.mean())).mean())
    return max(covariance / spread, 0.0) if spread > 0 else 0.0


def _pool(means: Sequence[float], counts: Sequence[float]) -> Vector:
    """Pool neighbours that fall, until none does.

    Source: Ayer et al. 1955, doi 10.1214/aoms/1177728423 (pool adjacent violators).
    """
    blocks: list[tuple[float, float, int]] = []
    for mean, count in zip(means, counts, strict=True):
        block = mean, count, 1
        while blocks and blocks[-1][0] >= block[0]:
            before = blocks.pop()
            total = before[1] + block[1]
            block = (before[0] * before[1] + block[0] * block[1]) / total, total, before[2] + block[2]
        blocks.append(block)
    return np.array([mean for mean, _, size in blocks for _ in range(size)])


def _rising(probabilities: Vector) -> Vector:
    """Keep probabilities within 0…1; where they are level, let them rise by next to nothing, so that order is kept."""
    ramp = np.arange(len(probabilities)) * (_RISE / 100)
    return np.minimum(np.maximum(np.maximum.accumulate(probabilities) + ramp, 0.0), 1.0).astype(np.float64)
