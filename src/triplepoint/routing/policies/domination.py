"""Candidates that are worse and dearer than another one are never chosen, by nobody and not by chance.

*Dearer* means the expected total cost of this request, the tokens of the answer included: a model that is cheap by its price
list and takes forty calls where another takes fourteen is not cheap. *Worse* means the expected quality.

Both are judged twice. First by the means of the request's group, where the scorer tells them, since one request's estimates
err; there a model is worse where the difference is no chance. Then, among those left, by the request's own estimates. Each time
being worse and dearer is a strict partial order, so somebody is left.
"""

from collections.abc import Sequence

from triplepoint.routing.model import Scores
from triplepoint.routing.policies.weighing import Weight

Measured = tuple[float, float, Weight]
"""Quality, cost, and whose."""


def drop_dominated(weights: Sequence[Weight], scores: Scores) -> None:
    """Disallow candidates that are dominated, in place.

    Args:
        weights: Candidates that are known.
        scores: What they were weighed by.
    """
    if len(weights) < 2:
        return
    if scores.means is not None:
        _drop([(one.group_quality, one.group_cost_usd, one) for one in weights], least_gap=scores.least_gap)
        weights = [one for one in weights if one.is_allowed]
    _drop([(one.quality, one.cost_usd, one) for one in weights], least_gap=0.0)


def _drop(measured: Sequence[Measured], *, least_gap: float) -> None:
    for quality, cost, one in measured:
        over: tuple[float, str] | None = None
        for other_quality, other_cost, other in measured:
            if other_quality > quality + least_gap and other_cost < cost and (over is None or other_quality > over[0]):
                over = other_quality, other.model  # the best of those is dominated by nobody
        if over is not None:
            one.is_allowed = False
            one.why_not = f"dominated by {over[1]}"
