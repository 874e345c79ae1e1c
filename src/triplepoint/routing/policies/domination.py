"""Candidates that are worse and dearer than another one are never chosen, by nobody and not by chance.

*Dearer* means the expected total cost of this request, the tokens of the answer included: a model that is cheap by its price
list and takes forty calls where another takes fourteen is not cheap. *Worse* means the expected quality.

Both are judged twice: by the means of the request's group, where the scorer tells them, since one request's estimates err;
then, among those left, by the request's own estimates. Each time being worse and dearer is a strict partial order, so somebody
is left.
"""

from collections.abc import Callable, Sequence

from triplepoint.routing.policies.weighing import Weight


def drop_dominated(weights: Sequence[Weight], *, by_group: bool) -> None:
    """Disallow candidates that are dominated, in place.

    Args:
        weights: Candidates that are known.
        by_group: The weights have group means of their own.
    """
    if len(weights) < 2:
        return
    if by_group:
        _drop(weights, lambda one: (one.group_quality, one.group_cost_usd))
    _drop([one for one in weights if one.is_allowed] if by_group else weights, lambda one: (one.quality, one.cost_usd))


def _drop(weights: Sequence[Weight], measure: Callable[[Weight], tuple[float, float]]) -> None:
    measured = [(*measure(one), one) for one in weights]
    for quality, cost, one in measured:
        over: tuple[float, str] | None = None
        for other_quality, other_cost, other in measured:
            if other_quality > quality and other_cost < cost and (over is None or other_quality > over[0]):
                over = other_quality, other.model  # the best of those is dominated by nobody
        if over is not None:
            one.is_allowed = False
            one.why_not = f"dominated by {over[1]}"
