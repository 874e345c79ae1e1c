"""Whether a probability means what it says: expected calibration error, and the reliability curve behind it."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from triplepoint.routing.evaluation.resampling import Vector

BINS: Final = 15


@dataclass(frozen=True, slots=True)
class Reliability:
    """Prompts in bins by what was predicted; empty bins are left out."""

    predicted: Vector
    """Mean prediction of each bin."""
    observed: Vector
    """Mean score of each bin."""
    counts: Vector

    @property
    def error(self) -> float:
        """Expected calibration error: mean distance of predicted and observed, weighted by counts.

        It is not 0 even for true probabilities: chance alone gives about 0.8 standard errors of a bin.

        Source: Guo et al. 2017, On Calibration of Modern Neural Networks, arXiv 1706.04599, equation 3.
        """
        return float(np.average(np.abs(self.predicted - self.observed), weights=self.counts))


def reliability(predicted: Vector, scores: Vector, *, bins: int = BINS) -> Reliability:
    """Put prompts into bins of equal width.

    Args:
        predicted: Probability of a good answer, 0…1.
        scores: What came of it, 0…1.

    Source: DeGroot and Fienberg 1983, doi 10.2307/2987588: reliability diagrams.
    """
    places = np.clip((predicted * bins).astype(np.intp), 0, bins - 1)
    counts = np.bincount(places, minlength=bins).astype(np.float64)
    filled = counts > 0
    sums = [np.bincount(places, weights=values, minlength=bins)[filled] / counts[filled] for values in (predicted, scores)]
    return Reliability(sums[0], sums[1], counts[filled])
