"""Cost against quality, for any number of models: the curve of a router, its hull, AIQ, cost at matched quality.

A router that says what to expect of each model gives a curve: at each price λ of a dollar in quality it takes the model with
the greatest expected quality − λ · expected cost. What it then costs and how good it is, is read from what the models really
did. Two points of a curve can be mixed by a coin, so what can be had is the upper concave hull of the curve; a higher cost
never has to give less, so the hull does not fall.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from triplepoint.routing.evaluation.resampling import Vector

Choices = NDArray[np.intp]
"""Places of models: operating points × prompts."""

PRICES: Final = 100
"""Operating points that are tried between quality at any price and the cheapest model; on the published sets twice as many
move no third digit."""
MATCHED: Final = (0.95, 0.98, 1.0)
"""Shares of the reference's quality at which costs are compared."""


def sweep(quality: Vector, costs: Vector) -> Choices:
    """Choose for each prompt at each price of quality, from quality at any price to the lowest cost at any quality.

    Args:
        quality, costs: Expected, prompts × models.
    Returns: Operating points × prompts; of equals the first model is taken, which is the cheaper one.
    """
    spread = max(float(np.ptp(costs)), 1e-12)
    prices = np.concatenate([[0.0], np.geomspace(1e-4, 1e4, PRICES) / spread])
    chosen = [np.argmax(quality - price * costs, axis=1) for price in prices]
    chosen.append(np.argmin(costs, axis=1))
    return np.stack(chosen)


def sweep_pair(gain: Vector) -> Choices:
    """Choose between two models at thresholds on what a router says for the second one, from all to none of them.

    Returns: Operating points × prompts; at most a hundred and one, evenly spread over the ranks where there are more.
    """
    levels = np.unique(gain)
    if len(levels) > PRICES:
        levels = np.unique(np.quantile(gain, np.linspace(0, 1, PRICES), method="nearest"))
    return (gain[None, :] >= np.concatenate([levels, [np.inf]])[:, None]).astype(np.intp)


def realised(choices: Choices, values: Vector) -> Vector:
    """Return what the chosen models had: prompts × operating points, of values that are prompts × models."""
    return np.take_along_axis(values, choices.T, axis=1)


@dataclass(frozen=True, slots=True)
class Hull:
    """Upper concave, never falling hull of operating points, by cost."""

    costs: Vector
    """USD a request, rising."""
    quality: Vector
    """Mean scores, rising."""

    @classmethod
    def over(cls, costs: Vector, quality: Vector) -> "Hull":
        """Build it over operating points."""
        kept: list[tuple[float, float]] = []
        for place in np.lexsort((-quality, costs)):
            point = float(costs[place]), float(quality[place])
            if kept and point[1] <= kept[-1][1]:
                continue
            while len(kept) >= 2 and not _turns_down(kept[-2], kept[-1], point):
                kept.pop()
            kept.append(point)
        return cls(np.array([cost for cost, _ in kept]), np.array([height for _, height in kept]))

    def height(self, cost: float) -> float:
        """Return the best quality at a mean cost; what costs less than every point has the first one's."""
        return float(np.interp(cost, self.costs, self.quality))

    def cost_of(self, quality: float) -> float:
        """Return the least mean cost at which a quality is reached; NaN: it is not."""
        if quality > self.quality[-1] + 1e-12:
            return np.nan
        return float(np.interp(quality, self.quality, self.costs))

    def mean_height(self, low: float, high: float) -> float:
        """Return the mean quality over costs from `low` to `high`, the hull going on level beyond its ends."""
        inside = self.costs[(self.costs > low) & (self.costs < high)]
        at = np.concatenate([[low], inside, [high]])
        return float(np.trapezoid(np.interp(at, self.costs, self.quality), at) / (high - low))


def _turns_down(first: tuple[float, float], second: tuple[float, float], third: tuple[float, float]) -> bool:
    before = (second[1] - first[1]) * (third[0] - first[0])
    return before > (third[1] - first[1]) * (second[0] - first[0])


def aiq(hull: Hull, *, cheapest_usd: float, reference_usd: float) -> float:
    """Return the average improvement in quality as we define it: the hull's mean height between two single models.

    Args:
        cheapest_usd, reference_usd: Mean cost of the cheapest model and of the reference, which is the best single model.

    Returns: 0…1; for a router that knows nothing that of a mix of single models. NaN: the cheapest model is the best one.

    Source: Hu et al. 2024, RouterBench, arXiv 2403.12031, section 3; they divide by another range, see `aiq_routerbench`.
    """
    return hull.mean_height(cheapest_usd, reference_usd) if reference_usd > cheapest_usd else np.nan


def aiq_routerbench(hull: Hull, *, dearest_usd: float) -> float:
    """Return AIQ as RouterBench has it: the hull's mean height from a cost of nought to the dearest model's mean cost.

    Source: arXiv 2403.12031, section 3 (equation of AIQ), with c_min = 0. Not to be compared with `aiq`.
    """
    return hull.mean_height(0.0, dearest_usd)


def matched_costs(hull: Hull, *, reference_usd: float, reference_quality: float) -> list[float]:
    """Return the costs at which 95, 98 and 100 % of the reference's quality are reached, as shares of its cost; NaN: never."""
    return [hull.cost_of(share * reference_quality) / reference_usd for share in MATCHED]
