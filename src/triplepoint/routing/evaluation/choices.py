"""What one operating point of a router did: losses, misroutes, waste, and who was chosen against who was best."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from triplepoint.routing.evaluation.resampling import Vector

GOOD: Final = 0.5
"""From which score on an answer counts as good, where scores are not just 0 and 1."""

_Z: Final = 1.96

Places = NDArray[np.intp]
"""Of models, by prompt."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Shares of all requests; the definitions are those that certificates and audits use."""

    quality: float
    """Mean score served."""
    net_loss: float
    """Mean score of always taking the reference, less the one served; negative: a gain."""
    hurtful_misroutes: float
    """The chosen model fails where the reference would have succeeded."""
    wasteful_routes: float
    """The chosen model succeeds, and a cheaper one would have too."""
    downgraded: float
    """Not sent to the reference."""


def outcome_of(chosen: Places, scores: Vector, costs: Vector, *, reference: int) -> Outcome:
    """Count what became of each request.

    Args:
        chosen: Place of the model that serves each prompt.
        scores, costs: What the models did, prompts × models; a score from 0.5 on is a good answer.
        reference: Place of the model that is the measure: the best that callers may use.
    """
    served = _at(scores, chosen)
    least_for_good = np.where(scores >= GOOD, costs, np.inf).min(axis=1)
    return Outcome(
        quality=float(served.mean()),
        net_loss=float(scores[:, reference].mean() - served.mean()),
        hurtful_misroutes=float(np.mean(np.logical_and(scores[:, reference] >= GOOD, served < GOOD))),
        wasteful_routes=float(np.mean(np.logical_and(served >= GOOD, least_for_good < _at(costs, chosen)))),
        downgraded=float(np.mean(np.not_equal(chosen, reference))),
    )


def same_model_rate(first: Vector, second: Vector) -> float:
    """Return the A/A rate: how often a second sample of one model is good where the first is not.

    No router can bring its misroute rate below it, for the labels themselves are one draw of each model.

    Args:
        first, second: Scores of two samples of the reference on the same prompts.
    """
    return float(np.mean((first < GOOD) & (second >= GOOD)))


def best_places(scores: Vector, costs: Vector) -> Places:
    """Return for each prompt the model that should have served: of those with the best score, the cheapest."""
    is_best = scores >= scores.max(axis=1, keepdims=True)
    return np.argmin(np.where(is_best, costs, np.inf), axis=1)


def confusion(chosen: Places, best: Places, models: int) -> NDArray[np.intp]:
    """Count chosen models against best ones.

    Returns: Chosen × best, counts of prompts.
    """
    return np.bincount(chosen * models + best, minlength=models * models).reshape(models, models)


def dominated(scores: Vector, costs: Vector) -> dict[int, int]:
    """Return the models that nobody should choose, each with one that beats it: better, and not dearer, at 95 % confidence.

    *Better*: the lower bound of the paired mean difference in score is above 0. *Not dearer*: nothing shows that the beaten
    model is cheaper, the lower bound of the difference in its favour being at most 0. So a model whose price list is lower but
    whose answers take as much money falls, and one that is truly cheaper stays.

    Args:
        scores, costs: Prompts × models, of one group.
    """
    beaten: dict[int, int] = {}
    for worse in range(scores.shape[1]):
        rivals = np.argsort(-scores.mean(axis=0), kind="stable")
        better = next((int(rival) for rival in rivals if rival != worse and _beats(scores, costs, int(rival), worse)), None)
        if better is not None:
            beaten[worse] = better
    return beaten


def _beats(scores: Vector, costs: Vector, better: int, worse: int) -> bool:
    return _lower_bound(scores[:, better] - scores[:, worse]) > 0 >= _lower_bound(costs[:, better] - costs[:, worse])


def _lower_bound(values: Vector) -> float:
    return float(values.mean() - _Z * values.std(ddof=1) / np.sqrt(len(values)))


def _at(values: Vector, chosen: Places) -> Vector:
    return np.take_along_axis(values, chosen[:, None], axis=1)[:, 0]
