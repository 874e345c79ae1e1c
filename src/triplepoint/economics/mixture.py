"""Sums of ignorance: weighted log-normal parts, their products and their quantiles.

What is unknown about a model (its size, its batch) is a set of cases with weights; in each case the estimate errs by a factor
that is log-normal. Together they are a mixture, whose median and 90 % interval a receipt shows. Everything here is worked out
without drawing random numbers, so the same question always has the same answer.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from triplepoint.economics.model import Spread

Z90 = 1.6448536269514722
"""Standard deviations from the median to either end of a 90 % interval."""
_PARTS = 64
_STEPS = 44
"""Halvings of an interval that is at most a few dozen wide: to the twelfth digit."""


@dataclass(frozen=True, slots=True)
class Part:
    """One case: a log-normal with a weight."""

    weight: float
    ln: float
    """Logarithm of the median."""
    sigma: float = 0.0
    """Standard deviation of the logarithm."""


def factor(median: float, *, within: float = 1.0) -> list[Part]:
    """Return an uncertain factor: nine times in ten it is within ``median`` × or ÷ ``within``."""
    return [Part(1.0, math.log(median), math.log(within) / Z90)]


def log_uniform(least: float, most: float, points: int) -> list[tuple[float, float]]:
    """Return values with equal weights, each for an equal share of the ratios between two bounds."""
    width = math.log(most / least) / points
    return [(math.exp(math.log(least) + (i + 0.5) * width), 1.0 / points) for i in range(points)]


def product(one: Sequence[Part], other: Sequence[Part]) -> list[Part]:
    """Multiply two independent quantities."""
    return merged(
        Part(a.weight * b.weight, a.ln + b.ln, math.hypot(a.sigma, b.sigma)) for a in merged(one) for b in merged(other)
    )


def merged(parts: Iterable[Part]) -> list[Part]:
    """Join neighbouring parts into at most 64 that have the same mean and variance together; weights then sum to 1."""
    ordered = sorted(parts, key=lambda part: part.ln)
    total = math.fsum(part.weight for part in ordered)
    if len(ordered) <= _PARTS:
        return [Part(part.weight / total, part.ln, part.sigma) for part in ordered]
    low, high = ordered[0].ln, ordered[-1].ln
    width = (high - low) / _PARTS or 1.0
    bins: dict[int, list[Part]] = {}
    for part in ordered:
        bins.setdefault(min(int((part.ln - low) / width), _PARTS - 1), []).append(part)
    return [_joined(group, total) for group in bins.values()]


def spread(parts: Iterable[Part]) -> Spread:
    """Return median and 90 % interval."""
    few = merged(parts)
    return Spread(*(math.exp(_quantile(few, share)) for share in (0.05, 0.5, 0.95)))


def _joined(group: list[Part], total: float) -> Part:
    weight = math.fsum(part.weight for part in group)
    mean = math.fsum(part.weight * part.ln for part in group) / weight
    variance = math.fsum(part.weight * (part.sigma**2 + (part.ln - mean) ** 2) for part in group) / weight
    return Part(weight / total, mean, math.sqrt(variance))


def _quantile(parts: Sequence[Part], share: float) -> float:
    reach = max(part.sigma for part in parts) * 6
    low, high = min(part.ln for part in parts) - reach, max(part.ln for part in parts) + reach
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _below(parts, middle) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _below(parts: Sequence[Part], ln: float) -> float:
    return math.fsum(part.weight * _normal(ln - part.ln, part.sigma) for part in parts)


def _normal(distance: float, sigma: float) -> float:
    if sigma == 0:
        return 1.0 if distance >= 0 else 0.0
    return 0.5 * (1 + math.erf(distance / (sigma * math.sqrt(2))))
