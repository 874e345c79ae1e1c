"""How much subscribers use in a period: as a lognormal distribution, or as it was."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import NormalDist, fmean, stdev
from typing import Protocol

_NORMAL = NormalDist()
_BELOW_ONE = 1 - 2**-53


class Usage(Protocol):
    """A distribution of use, at least 0."""

    @property
    def mean(self) -> float:
        """Average use."""
        ...

    def limited_mean(self, limit: float) -> float:
        """Return the average of the use or the limit, whichever is less."""
        ...

    def share_above(self, limit: float) -> float:
        """Return the share of subscribers who use more than a limit."""
        ...

    def quantile(self, share: float) -> float:
        """Return the use that a share of subscribers, in [0, 1], stays at or below."""
        ...


@dataclass(frozen=True, slots=True)
class LognormalUsage:
    """Some use nothing; the logarithm of what the others use is normal."""

    mu: float
    """Mean of the logarithm, of those who use anything."""
    sigma: float
    """Its standard deviation, above 0; 1 to 2 is usual for chat."""
    zero_share: float = 0.0
    """Share of subscribers who use nothing, at least 0 and below 1."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mu) and 0 < self.sigma < math.inf and 0 <= self.zero_share < 1):
            raise ValueError("a lognormal use needs a finite mu, a sigma above 0 and a share of nothing below 1")

    @classmethod
    def of_mean(cls, mean: float, *, sigma: float, zero_share: float = 0.0) -> "LognormalUsage":
        """Make the one that has a mean over all subscribers, above 0.

        Raises: ValueError: there is no such distribution.
        """
        if not 0 < mean < math.inf or not 0 <= zero_share < 1:
            raise ValueError("a mean use is above 0, and the share that use nothing below 1")
        return cls(math.log(mean / (1 - zero_share)) - sigma**2 / 2, sigma, zero_share)

    @classmethod
    def fit(cls, values: Sequence[float]) -> "LognormalUsage":
        """Fit to what subscribers used: those with nothing by their share, the others by mean and deviation of logarithms.

        That is the most likely one (with n - 1 in the deviation). `distance` says how far it is from what was.

        Args:
            values: Use of each subscriber in a period, zeros included.
        Raises: ValueError: fewer than two use anything, or all of them the same.
        """
        logs = [math.log(value) for value in values if value > 0]
        if len(logs) < 2:
            raise ValueError("too few subscribers used anything; at least two are needed to fit a distribution")
        sigma = stdev(logs)
        if sigma == 0:
            raise ValueError("all subscribers used the same; state a sigma instead of fitting one")
        return cls(fmean(logs), sigma, 1 - len(logs) / len(values))

    @property
    def mean(self) -> float:
        """Average use, of all subscribers."""
        return (1 - self.zero_share) * math.exp(self.mu + self.sigma**2 / 2)

    def limited_mean(self, limit: float) -> float:
        """Return the average of the use or the limit, whichever is less.

        Source: limited expected value of the lognormal, Klugman, Panjer and Willmot, Loss Models, appendix A.4.1.
        """
        if limit <= 0:
            return 0.0
        if math.isinf(limit):
            return self.mean
        z = (math.log(limit) - self.mu) / self.sigma
        return self.mean * _NORMAL.cdf(z - self.sigma) + limit * (1 - self.zero_share) * _NORMAL.cdf(-z)

    def share_above(self, limit: float) -> float:
        """Return the share of subscribers who use more than a limit."""
        if limit < 0:
            return 1.0
        if limit == 0 or math.isinf(limit):
            return 0.0 if limit > 0 else 1 - self.zero_share
        return (1 - self.zero_share) * _NORMAL.cdf((self.mu - math.log(limit)) / self.sigma)

    def quantile(self, share: float) -> float:
        """Return the use that a share of subscribers stays at or below; of all of them, a very large one."""
        if share <= self.zero_share:
            return 0.0
        within = (share - self.zero_share) / (1 - self.zero_share)
        return math.exp(self.mu + self.sigma * _NORMAL.inv_cdf(within if within < 1 else _BELOW_ONE))

    def distance(self, values: Sequence[float]) -> float:
        """Return how far it is from what was: the largest gap between the two shares below any use (Kolmogorov's distance)."""
        ordered, n = sorted(values), len(values)
        gap = 0.0
        for value in sorted(set(values)):
            below = 1 - self.share_above(value)
            until = below - (self.zero_share if value == 0 else 0.0)  # just before it
            gap = max(gap, abs(bisect_right(ordered, value) / n - below), abs(bisect_left(ordered, value) / n - until))
        return gap


@dataclass(frozen=True, slots=True)
class EmpiricalUsage:
    """What subscribers used, as it was."""

    values: tuple[float, ...]
    """Use of each, at least one, none below 0."""
    _ordered: tuple[float, ...] = field(init=False, repr=False, compare=False)
    _sums: tuple[float, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.values or min(self.values) < 0 or not all(map(math.isfinite, self.values)):
            raise ValueError("use is a number for at least one subscriber, and never below 0")
        ordered = tuple(sorted(self.values))
        sums = [0.0]
        for value in ordered:
            sums.append(sums[-1] + value)
        object.__setattr__(self, "_ordered", ordered)
        object.__setattr__(self, "_sums", tuple(sums))

    @property
    def mean(self) -> float:
        """Average use."""
        return self._sums[-1] / len(self._ordered)

    def limited_mean(self, limit: float) -> float:
        """Return the average of the use or the limit, whichever is less."""
        below = bisect_right(self._ordered, limit)
        above = len(self._ordered) - below
        return (self._sums[below] + (above * limit if above else 0.0)) / len(self._ordered)

    def share_above(self, limit: float) -> float:
        """Return the share of subscribers who use more than a limit."""
        return 1 - bisect_right(self._ordered, limit) / len(self._ordered)

    def quantile(self, share: float) -> float:
        """Return the use that a share of subscribers stays at or below."""
        return self._ordered[min(int(share * len(self._ordered)), len(self._ordered) - 1)]
