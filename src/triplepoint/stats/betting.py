"""Is the mean of a stream above a threshold? Asked at every look, for as long as one likes.

Bet, at fair odds for a stream whose mean is exactly the threshold, that it is above. Where it is not, the expected capital
never grows, so that the chance that it *ever* reaches 1,000 times the first stake is at most 1 in 1,000, however often and long
one looks (Ville's inequality). Where it is above, the capital grows exponentially. It is divided twice:

- over stakes, from bold ones that see a disaster within tens of values to timid ones that see a small excess within thousands;
- over the time at which the stream may turn bad: a part is staked at once, the rest little by little. Capital that was lost
  while all was well is then not missed when it matters: without this, a thousand good values delay the alarm by hundreds of bad
  ones.

Only products and exactly rounded sums of floats are used, so that a replay of the same values gives the same bits anywhere.

Source: Waudby-Smith and Ramdas 2024, doi 10.1093/jrsssb/qkad009, section 4 (capital of bets on a bounded mean);
Shiryaev-Roberts e-detectors of Shin, Ramdas and Rinaldo 2024, doi 10.51387/23-NEJSDS51, here with deposits that sum to one:
what is promised is the chance of a false alarm ever, not the mean time between them.
"""

import math
from typing import Final, NamedTuple

import msgspec

_AT_ONCE: Final = 0.7
_PATIENCE: Final = 2000.0
"""Values after which half of what was not staked at once is staked."""
_MOST: Final = 1e300


class Stake(NamedTuple):
    """One way to bet."""

    fraction: float
    """Part of its capital that it loses on a 0; below 1."""
    share: float
    """Part of the whole that is staked this way."""


STAKES: Final = (
    Stake(1 / 2, 0.05),
    Stake(1 / 4, 0.20),
    Stake(1 / 8, 0.40),
    Stake(1 / 16, 0.20),
    Stake(1 / 32, 0.08),
    Stake(1 / 64, 0.04),
    Stake(1 / 128, 0.03),
)
"""The best fraction for a mean ``p`` of zeros and ones above the threshold ``m`` is (p - m) / (1 - m), about the excess itself;
most is staked on an excess of 6 to 25 points. ``bench alarms`` measures what the choice costs: 8 values more than the one best
stake."""


class EProcess(msgspec.Struct, frozen=True, gc=False):
    """Evidence so far that the mean of a stream is above a threshold.

    Hypothesis: given what came before, the mean of each value is at most the threshold. Evidence of 20 has a chance of at most
    5 % under it, once in the stream's whole life; of 1,000, at most 0.1 %. A checkpoint is this struct as JSON.
    """

    threshold: float
    """Between 0 and 1, both excluded."""
    n: int = 0
    """Values seen."""
    capitals: tuple[float, ...] = (0.0,) * len(STAKES)
    """What each of `STAKES` has made of its deposits so far."""
    highest: float = 1.0
    """Largest evidence so far: an alarm goes by this one, for it does not take itself back."""

    def __post_init__(self) -> None:
        if not 0.0 < self.threshold < 1.0:
            raise ValueError(f"threshold {self.threshold}: needs to be between 0 and 1")

    @property
    def evidence(self) -> float:
        """Capital now, in units of the first stake; above 1 speaks against the hypothesis."""
        return math.fsum((*self.capitals, _reserve(self.n)))

    def after(self, value: float, *, weight: float = 1.0) -> "EProcess":
        """Return the evidence after one more value.

        Args:
            value: In [0, 1].
            weight: In (0, 1], known before the value. For a sample in which some were likelier to be drawn than others, the
                smallest such probability of the stream over this one's: the hypothesis is then about all, not about the sample.
        Raises: ValueError: a value or weight outside of that.
        """
        if not (0.0 <= value <= 1.0 and 0.0 < weight <= 1.0):
            raise ValueError(f"value {value}, weight {weight}: both need to be in [0, 1], the weight above 0")
        deposit = deposit_at(self.n)
        outcome = float(weight * (value - self.threshold) / self.threshold)
        capitals = tuple(
            min((capital + deposit * stake.share) * (1.0 + stake.fraction * outcome), _MOST)
            for capital, stake in zip(self.capitals, STAKES, strict=True)
        )
        evidence = math.fsum((*capitals, _reserve(self.n + 1)))
        return EProcess(self.threshold, self.n + 1, capitals, max(self.highest, evidence))


def deposit_at(n: int) -> float:
    """Return what is newly staked on the value after ``n`` others; all deposits together are 1."""
    return _reserve(n) - _reserve(n + 1)


def _reserve(n: int) -> float:
    return 1.0 if n == 0 else (1.0 - _AT_ONCE) * _PATIENCE / (_PATIENCE + n - 1)
