"""Interval of the mean of a bounded variable that holds at every look.

For every value that the mean might have, one bets that it is larger and one that it is smaller; what has cost somebody's bets
too dearly is left out. Stakes follow the variance seen so far, so that the interval is nearly as narrow as if the variance were
known.
"""

import math
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from triplepoint.stats.binomial import Interval

_STEPS: Final = 1000
_MEANS: Final[NDArray[np.float64]] = np.linspace(0.0, 1.0, _STEPS + 1)
_CAUTION: Final = 0.5
"""Largest part of a bet's capital that one value can take."""
_MOST: Final = 1e300


class Checkpoint(msgspec.Struct, frozen=True):
    """State of a sequence, as it is stored."""

    confidence: float
    n: int
    total: float
    squares: float
    above: tuple[float, ...]
    below: tuple[float, ...]
    interval: Interval


class ConfidenceSequence:
    """Running interval; with probability ``confidence`` it holds the mean at all looks at once.

    Ends are multiples of 1/1000, rounded outwards.

    Source: Waudby-Smith and Ramdas 2024, doi 10.1093/jrsssb/qkad009, theorem 3 and equation 26 (hedged capital, predictable
    plug-in stakes), with c = 1/2 and half the capital on either side.
    """

    def __init__(self, confidence: float = 0.95) -> None:
        """Begin with nothing seen.

        Raises: ValueError: a confidence that is not between 0 and 1.
        """
        if not 0.0 < confidence < 1.0:
            raise ValueError(f"confidence {confidence}: needs to be between 0 and 1")
        self._confidence = confidence
        self._n = 0
        self._total = 0.0
        self._squares = 0.0
        self._above = np.ones_like(_MEANS)
        self._below = np.ones_like(_MEANS)
        self.interval = Interval(0.0, 1.0)

    def add(self, value: float, *, weight: float = 1.0) -> None:
        """Take one more value in.

        Args:
            value: In [0, 1].
            weight: In (0, 1], known before the value; see `betting.EProcess.after`.
        Raises: ValueError: a value or weight outside of that.
        """
        if not (0.0 <= value <= 1.0 and 0.0 < weight <= 1.0):
            raise ValueError(f"value {value}, weight {weight}: both need to be in [0, 1], the weight above 0")
        stake = self._stake()
        outcome = weight * (value - _MEANS)
        with np.errstate(divide="ignore"):
            up, down = np.minimum(stake, _CAUTION / _MEANS), np.minimum(stake, _CAUTION / (1.0 - _MEANS))
        self._above = np.minimum(self._above * (1.0 + up * outcome), _MOST)
        self._below = np.minimum(self._below * (1.0 - down * outcome), _MOST)
        self._see(float(value))
        self._narrow()

    def checkpoint(self) -> Checkpoint:
        """Return the state; `restore` goes on from it bit for bit."""
        above, below = tuple(self._above.tolist()), tuple(self._below.tolist())
        return Checkpoint(self._confidence, self._n, self._total, self._squares, above, below, self.interval)

    @classmethod
    def restore(cls, checkpoint: Checkpoint) -> "ConfidenceSequence":
        """Go on from a checkpoint."""
        sequence = cls(checkpoint.confidence)
        sequence._n, sequence._total, sequence._squares = checkpoint.n, checkpoint.total, checkpoint.squares
        sequence._above, sequence._below = np.array(checkpoint.above), np.array(checkpoint.below)
        sequence.interval = checkpoint.interval
        return sequence

    def _stake(self) -> float:
        """Equation 26: the stake that is best for the variance seen before this value, were the rest of the stream like it."""
        variance = (0.25 + self._squares) / (self._n + 1)
        n = self._n + 1
        return math.sqrt(2.0 * math.log(2.0 / (1.0 - self._confidence)) / (variance * n * math.log(1.0 + n)))

    def _see(self, value: float) -> None:
        self._n += 1
        self._total += value
        mean = (0.5 + self._total) / (self._n + 1)
        self._squares += (value - mean) ** 2

    def _narrow(self) -> None:
        possible = np.flatnonzero(np.maximum(self._above, self._below) / 2.0 < 1.0 / (1.0 - self._confidence))
        if possible.size == 0:
            return
        low, high = max(0, int(possible[0]) - 1), min(_STEPS, int(possible[-1]) + 1)
        narrower = Interval(max(self.interval.low, low / _STEPS), min(self.interval.high, high / _STEPS))
        if narrower.low <= narrower.high:
            self.interval = narrower
