"""What is expected of each candidate: the scorer's estimate, and what follows from it in money, energy and time.

Nothing unknown counts as nothing:

- A model without an estimate or without a price is not weighed, and not chosen while another one can be.
- Where no length was ever learnt, the answer is taken to be `ModelFacts.usual_output_tokens` long.
- Energy or waiting that is unknown for some candidates counts for them as much as for the worst of the others; where it is
  known for none, for none.

A conversation that comes back to its model finds its prompt in the upstream's cache, so the cost there is less by what the
cache saves; going elsewhere forgoes that.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import isnan, nan
from typing import NamedTuple

import msgspec

from triplepoint.routing.facts import ModelFacts
from triplepoint.routing.model import Estimate, Question, Scores, Weighed

UNKNOWN_TO_SCORER = "unknown to the scorer"
NO_PRICE = "no price is known"


class Weight(msgspec.Struct, gc=False):
    """One candidate on the scales; filled in step by step while a decision is made, and gone with it."""

    model: str
    quality: float
    """Probability of a good answer."""
    cost_usd: float
    output_tokens: float
    energy_wh: float | None
    latency_s: float | None
    group_quality: float
    """The same as `quality` for the group as a whole, where the scorer tells it."""
    group_cost_usd: float
    is_known: bool = True
    """It can be weighed; where not, what is unknown is no number (NaN)."""
    is_allowed: bool = True
    why_not: str = ""
    gain_usd: float = 0.0
    """What the expected answer is worth less energy and waiting, before its cost."""
    worth_usd: float | None = None


class _Side(NamedTuple):
    """What one model's tokens take, each as it is multiplied."""

    input_usd: float
    output_usd: float
    saved_usd: float
    has_price: bool
    input_wh: float | None
    output_wh: float | None
    usual_output_tokens: float


class Weigher:
    """Weighs candidates by facts that are compiled once."""

    def __init__(self, models: Mapping[str, ModelFacts]) -> None:
        self._sides = {name: _side(facts) for name, facts in models.items()}

    def weigh(self, available: Iterable[str], question: Question, scores: Scores) -> list[Weight]:
        """Put every candidate on the scales, in their order."""
        tokens, before, waits = question.signals.input_tokens, question.served_before, question.waits
        estimates, means = scores.estimates, scores.means or scores.estimates
        weights: list[Weight] = []
        for model in available:
            estimate, side = estimates.get(model), self._sides[model]
            if estimate is None or not 0.0 <= estimate.quality <= 1.0:
                weights.append(_unweighed(model, UNKNOWN_TO_SCORER))
                continue
            output = _length(estimate, side)
            if not side.has_price:
                weights.append(_unweighed(model, NO_PRICE, estimate.quality, output))
                continue
            prompt_usd = tokens * (side.input_usd - side.saved_usd if model == before else side.input_usd)
            cost = prompt_usd + output * side.output_usd
            wh = None if side.input_wh is None or side.output_wh is None else tokens * side.input_wh + output * side.output_wh
            wait = waits.get(model) if waits is not None else None
            seconds = None if wait is None else wait[0] + output * wait[1]
            quality, group_cost = estimate.quality, cost
            if means is not estimates and (mean := means.get(model)) is not None:
                quality, group_cost = mean.quality, prompt_usd + _length(mean, side) * side.output_usd
            weights.append(Weight(model, estimate.quality, cost, output, wh, seconds, quality, group_cost))
        return weights


def weighed(weights: Sequence[Weight]) -> tuple[Weighed, ...]:
    """Return what stands in the record of a decision."""
    return tuple([_weighed(one) for one in weights])


def _weighed(one: Weight) -> Weighed:
    quality, output_tokens, cost_usd = one.quality, one.output_tokens, one.cost_usd
    return Weighed(
        one.model,
        None if isnan(quality) else quality,
        None if isnan(output_tokens) else output_tokens,
        None if isnan(cost_usd) else cost_usd,
        one.energy_wh,
        one.latency_s,
        one.worth_usd,
        one.is_allowed,
        one.why_not,
    )


def _unweighed(model: str, why_not: str, quality: float = nan, output_tokens: float = nan) -> Weight:
    return Weight(
        *(model, quality, nan, output_tokens, None, None, nan, nan),
        is_known=False,
        is_allowed=False,
        why_not=why_not,
    )


def _length(estimate: Estimate, side: _Side) -> float:
    return side.usual_output_tokens if estimate.output_tokens is None else estimate.output_tokens


def _side(facts: ModelFacts) -> _Side:
    return _Side(
        (facts.input_usd_per_mtok or 0.0) / 1e6,
        (facts.output_usd_per_mtok or 0.0) / 1e6,
        facts.saved_usd_per_token(),
        facts.has_price,
        facts.input_wh,
        facts.output_wh,
        facts.usual_output_tokens,
    )
