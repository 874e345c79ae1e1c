"""Intervals by drawing prompts anew, the same draws for every router, so that their differences have intervals too."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

CONFIDENCE: Final = 0.95
_PORTION: Final = 100
"""Draws that are held as floats at once: 8 MB for ten thousand prompts."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure with its 95 % interval."""

    value: float
    """NaN: cannot be told from these data."""
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Resamples:
    """How often each row is in each draw."""

    counts: NDArray[np.uint16]
    """Draws × rows."""

    @classmethod
    def draw(cls, prompts: Sequence[str], *, draws: int, seed: int) -> "Resamples":
        """Draw as many prompts as there are, with replacement, many times.

        Args:
            prompts: One for each row; rows of one prompt are drawn together, for they are no independent evidence. Where no
                prompt has a text, each row is one.

        Source: Efron and Tibshirani 1993, An Introduction to the Bootstrap, section 8.5 (resampling of units), doi
        10.1201/9780429246593.
        """
        generator = np.random.default_rng(seed)
        _, units = np.unique(prompts, return_inverse=True) if any(prompts) else (None, np.arange(len(prompts)))
        size = int(units.max()) + 1
        rows = [np.bincount(generator.integers(0, size, size), minlength=size).astype(np.uint16) for _ in range(draws)]
        return cls(np.stack(rows)[:, units])

    def portions(self) -> Iterator[Vector]:
        """Yield the draws as weights, a hundred at a time: draws × rows."""
        for start in range(0, len(self.counts), _PORTION):
            yield self.counts[start : start + _PORTION].astype(np.float64)

    def means(self, values: Vector) -> Vector:
        """Return the mean of each column in each draw.

        Args:
            values: Rows × columns.
        Returns: Draws × columns.
        """
        return np.concatenate([weights @ values / weights.sum(axis=1, keepdims=True) for weights in self.portions()])


def interval(value: float, draws: Vector) -> Measured:
    """Put the interval of the draws' percentiles around a value; draws that cannot be told are left out."""
    known = draws[~np.isnan(draws)]
    if np.isnan(value) or not known.size:
        return Measured(value, np.nan, np.nan)
    low, high = np.quantile(known, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Measured(value, float(low), float(high))
