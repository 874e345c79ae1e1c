"""One router, measured on one set of data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from triplepoint.routing.evaluation.baselines import Baseline, Expected
from triplepoint.routing.evaluation.calibration import Reliability, reliability
from triplepoint.routing.evaluation.choices import Outcome, Places, best_places, confusion, outcome_of
from triplepoint.routing.evaluation.contest import Contest, Swept
from triplepoint.routing.evaluation.datasets import Labelled
from triplepoint.routing.evaluation.frontier import Hull, aiq_routerbench, matched_costs
from triplepoint.routing.evaluation.pairs import Ranking, RouteLLMRow, apgr, apgr_draws, routellm_row, weak_share_within
from triplepoint.routing.evaluation.resampling import Measured, Vector, interval

NET_LOSS: Final = 0.01
"""Quality that may be lost against the reference at the operating point that is looked at closely."""
_GRID: Final = 41
"""Costs at which a curve is told."""


@dataclass(frozen=True)
class Curve:
    """What can be had at which mean cost."""

    costs: Vector
    quality: Vector
    gain: Vector
    """Quality above that of a mix of single models at the same cost."""
    low: Vector
    """Lower end of the gain's 95 % interval, both drawn together."""
    high: Vector


@dataclass(frozen=True)
class PairMeasures:
    """What is told of routers between two models."""

    apgr: Measured
    routellm: RouteLLMRow
    weak_share: float
    """Share of calls that may go to the weak model within the net loss."""
    draws: Vector
    """APGR in each draw."""


@dataclass(frozen=True)
class Within:
    """The cheapest operating point within the net loss, looked at closely."""

    outcome: Outcome
    cost: float
    """As a share of the reference's."""
    chosen: tuple[int, ...]
    """Requests that each model served."""
    confusions: Mapping[str, list[list[int]]]
    """By group: chosen × best, counts."""


@dataclass(frozen=True)
class Row:
    """One router."""

    name: str
    trained_on: str
    pair: PairMeasures | None
    """None: there are more than two models, or the cheaper of two is the better one."""
    aiq: Measured
    aiq_routerbench: float
    aiq_draws: Vector
    matched: tuple[float, ...]
    """Cost at 95, 98, 100 % of the reference's quality, as shares of its cost; NaN: never reached."""
    gap_closed: float
    """How far the headline is on the way from a mix of single models, 0, to the oracle, 1."""
    reliability: tuple[Reliability, ...]
    """By model; empty where the router gives no probabilities."""
    within: Within
    curve: Curve

    @property
    def headline(self) -> Measured:
        """APGR for a pair, else AIQ."""
        return self.aiq if self.pair is None else self.pair.apgr

    @property
    def draws(self) -> Vector:
        """The headline in each draw; to be subtracted from another router's."""
        return self.aiq_draws if self.pair is None else self.pair.draws


def measure(router: Baseline, expected: Expected, contest: Contest) -> Row:
    """Measure a router by what it expected of each prompt."""
    quality = contest.levelled(expected.quality) if router.is_probability else expected.quality
    swept = contest.swept(quality, expected.costs)
    means = contest.costs.mean(axis=0)
    curve, aiq_draws = _drawn(swept, contest)
    pair = _pair(quality, contest) if contest.is_pair else None
    area = interval(contest.aiq(swept.hull, means), aiq_draws)
    return Row(
        name=router.name,
        trained_on=router.trained_on,
        pair=pair,
        aiq=area,
        aiq_routerbench=aiq_routerbench(swept.hull, dearest_usd=float(means.max())),
        aiq_draws=aiq_draws,
        matched=tuple(_matched(swept.hull, contest)),
        gap_closed=_gap_closed(area.value if pair is None else pair.apgr.value, contest),
        reliability=_reliability(expected, contest.data) if router.is_probability else (),
        within=_within(swept, contest),
        curve=curve,
    )


def _pair(quality: Vector, contest: Contest) -> PairMeasures:
    ranking = Ranking(quality[:, 1] - quality[:, 0], *contest.data.scores.T)
    draws = apgr_draws(ranking, contest.resamples)
    return PairMeasures(
        apgr=interval(apgr(ranking), draws),
        routellm=routellm_row(ranking, contest.resamples),
        weak_share=weak_share_within(ranking, NET_LOSS),
        draws=draws,
    )


def _matched(hull: Hull, contest: Contest) -> list[float]:
    place = contest.reference
    return matched_costs(
        hull,
        reference_usd=float(contest.costs[:, place].mean()),
        reference_quality=float(contest.data.scores[:, place].mean()),
    )


def _gap_closed(headline: float, contest: Contest) -> float:
    nothing, everything = contest.ends
    return (headline - nothing) / (everything - nothing) if everything > nothing else np.nan


def _drawn(swept: Swept, contest: Contest) -> tuple[Curve, Vector]:
    """Return the hull on a grid of costs, with the interval of what it gains over a mix, and AIQ in each draw."""
    hull, means = swept.hull, contest.costs.mean(axis=0)
    most = max(float(hull.costs[-1]), float(means[contest.reference]))
    at = np.linspace(float(hull.costs[0]), most, _GRID)
    quality = np.interp(at, hull.costs, hull.quality)
    gain = quality - contest.mix(at, means, contest.data.scores.mean(axis=0))
    gains, areas = _draws(at, swept, contest)
    low, high = np.quantile(gains, [0.025, 0.975], axis=0)
    return Curve(at, quality, gain, low, high), areas


def _draws(at: Vector, swept: Swept, contest: Contest) -> tuple[Vector, Vector]:
    """Return the gain over a mix at some costs, and AIQ, in each draw."""
    points, models = swept.paid.shape[1], len(contest.data.models)
    values = np.concatenate([swept.paid, swept.served, contest.costs, contest.data.scores], axis=1)
    drawn = contest.resamples.means(values)
    gains, areas = np.empty((len(drawn), len(at))), np.empty(len(drawn))
    for draw, row in enumerate(drawn):
        hull = Hull.over(row[:points], row[points : 2 * points])
        costs, scores = row[2 * points : 2 * points + models], row[-models:]
        gains[draw] = np.interp(at, hull.costs, hull.quality) - contest.mix(at, costs, scores)
        areas[draw] = contest.aiq(hull, costs)
    return gains, areas


def _reliability(expected: Expected, data: Labelled) -> tuple[Reliability, ...]:
    return tuple(reliability(expected.quality[:, place], data.scores[:, place]) for place in range(len(data.models)))


def _within(swept: Swept, contest: Contest) -> Within:
    data, costs, reference = contest.data, contest.costs, contest.reference
    floor = data.scores[:, reference].mean() - NET_LOSS - 1e-12
    good = np.flatnonzero(swept.served.mean(axis=0) >= floor)
    # A router that never comes within the loss serves everything with the reference, as every router may.
    everything = np.full(len(data), reference)
    chosen = swept.choices[good[np.argmin(swept.paid.mean(axis=0)[good])]] if good.size else everything
    outcome = outcome_of(chosen, data.scores, costs, reference=reference)
    return Within(
        outcome=outcome,
        cost=float(np.take_along_axis(costs, chosen[:, None], axis=1).mean() / costs[:, reference].mean()),
        chosen=tuple(np.bincount(chosen, minlength=len(data.models)).tolist()),
        confusions=_confusions(chosen, best_places(data.scores, costs), data),
    )


def _confusions(chosen: Places, best: Places, data: Labelled) -> dict[str, list[list[int]]]:
    groups, counts = np.array(data.groups), len(data.models)
    return {
        str(group): confusion(chosen[groups == group], best[groups == group], counts).tolist() for group in np.unique(groups)
    }
