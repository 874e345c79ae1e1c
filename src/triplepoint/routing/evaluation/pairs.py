"""Routing between a weak and a strong model by a ranking of the prompts: APGR and CPT.

A router that ranks prompts by how much they want the strong model gives one curve: quality over the share of strong calls, from
none (always weak) to all (always strong). The *performance gap recovered* at a share is how much of the way from the weak mean
to the strong one is gone there; a random ranking goes it in a straight line.

Source: Ong et al. 2024, RouteLLM, arXiv 2406.18665, section 2.2 (PGR, APGR, CPT).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from triplepoint.routing.evaluation.resampling import Measured, Resamples, Vector, interval

BINS: Final = 10
"""Quantile bins of the ranking at which RouteLLM looks."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """How a pair of models does on prompts that a router has ranked."""

    gain: Vector
    """What the router says for the strong model, prompt by prompt; only its order counts."""
    weak: Vector
    """Scores of the weak model, 0…1."""
    strong: Vector

    def edges(self) -> Vector:
        """Return where the ranking may be cut: how many prompts go to the strong model; those ranked alike go together."""
        ranked = np.sort(self.gain)[::-1]
        return np.concatenate([[0], np.flatnonzero(np.diff(ranked)) + 1, [len(ranked)]]).astype(np.float64)


def apgr(ranking: Ranking) -> float:
    """Return the average performance gap recovered, over all thresholds.

    The area under the gap recovered, over shares of strong calls from 0 to 1, by trapezoids at each threshold that the ranking
    has; prompts ranked alike are taken in random order, in expectation. Random: 0.5; worse than random: below; the oracle may
    exceed 1, where the weak model is right where the strong one is wrong. NaN: the strong model is not the better one.

    Source: arXiv 2406.18665, section 2.2, as the integral; `routellm_row` has the paper's own sum over ten bins.
    """
    return float(_areas(ranking, np.ones((1, len(ranking.gain))))[0])


def apgr_draws(ranking: Ranking, resamples: Resamples) -> Vector:
    """Return APGR in each draw; for the difference of two routers, subtract theirs from the same draws."""
    return np.concatenate([_areas(ranking, weights) for weights in resamples.portions()])


def _areas(ranking: Ranking, weights: Vector) -> Vector:
    order = np.argsort(-ranking.gain, kind="stable")
    weights = weights[:, order]
    cuts = ranking.edges().astype(np.intp)
    differences = (ranking.strong - ranking.weak)[order]
    zero = np.zeros((len(weights), 1))
    shares = np.concatenate([zero, np.cumsum(weights, axis=1)], axis=1)[:, cuts]
    gained = np.concatenate([zero, np.cumsum(weights * differences, axis=1)], axis=1)[:, cuts]
    total = gained[:, -1]
    area = np.trapezoid(gained, shares, axis=1) / shares[:, -1]
    return np.divide(area, total, out=np.full(len(weights), np.nan), where=total > 0)


@dataclass(frozen=True, slots=True)
class RouteLLMRow:
    """What RouteLLM's table has for a router, computed its way."""

    apgr: Measured
    cpt50: Measured
    """Share of strong calls that closes half of the gap, 0…1; NaN: it is never closed."""
    cpt80: Measured


def routellm_row(ranking: Ranking, resamples: Resamples) -> RouteLLMRow:
    """Compute APGR and CPT(50), CPT(80) on RouteLLM's ten quantile bins.

    Thresholds are the quantiles 0, 10, …, 100 % of what the router says (linear between prompts); a prompt goes to the strong
    model from the threshold on, at the last one none does. APGR is the area by trapezoids, over the area between weak and
    strong; CPT is where the line through the points first reaches the wanted quality.

    Source: arXiv 2406.18665, section 2.2 and table 1; lm-sys/RouteLLM at 0b64fdaf, routellm/evals. Three deviations, of which
    none shows where no two prompts are ranked alike: equal quantiles are taken once, those of the highest rank alone are a cut
    too, and CPT is the first crossing where a curve is not monotone.
    """
    thresholds = np.unique(np.quantile(ranking.gain, np.linspace(0, 1, BINS + 1)))
    cuts = [ranking.gain > thresholds[-1], ranking.gain[:, None] >= thresholds[::-1]]
    to_strong = np.column_stack(cuts).astype(np.float64)
    gained = to_strong * (ranking.strong - ranking.weak)[:, None]
    value = _on_bins(to_strong.mean(axis=0)[None], gained.mean(axis=0)[None])[0]
    draws = _on_bins(resamples.means(to_strong), resamples.means(gained))
    return RouteLLMRow(*(interval(float(one), of_draws) for one, of_draws in zip(value, draws.T, strict=True)))


def _on_bins(shares: Vector, gained: Vector) -> Vector:
    """Return APGR, CPT(50) and CPT(80) of each row."""
    rows = np.full((len(shares), 3), np.nan)
    for row, (share, gain) in enumerate(zip(shares, gained, strict=True)):
        if gain[-1] > 0:
            recovered = gain / gain[-1]
            width = share[-1] - share[0]
            rows[row] = np.trapezoid(recovered, share) / width, _first(share, recovered, 0.5), _first(share, recovered, 0.8)
    return rows


def _first(shares: Vector, recovered: Vector, wanted: float) -> float:
    """Return the share at which the line through the points first reaches what is wanted; NaN: never."""
    reached = np.flatnonzero(recovered >= wanted)
    if not reached.size:
        return np.nan
    after = int(reached[0])
    if after == 0:
        return float(shares[0])
    step = (wanted - recovered[after - 1]) / (recovered[after] - recovered[after - 1])
    return float(shares[after - 1] + step * (shares[after] - shares[after - 1]))


def weak_share_within(ranking: Ranking, net_loss: float) -> float:
    """Return the largest share of calls that may go to the weak model at a quality of strong less `net_loss`.

    Args:
        net_loss: Points of quality that may be lost, 0.01 for one of a hundred.
    """
    order = np.argsort(-ranking.gain, kind="stable")[::-1]  # those that want the strong model least come first
    lost = np.concatenate([[0.0], np.cumsum((ranking.strong - ranking.weak)[order])]) / len(order)
    to_weak = len(order) - ranking.edges().astype(np.intp)
    return float(to_weak[lost[to_weak] <= net_loss + 1e-12].max()) / len(order)
