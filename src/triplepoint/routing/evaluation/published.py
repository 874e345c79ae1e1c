"""What RouteLLM published of its routers on the sets that are in ``data/routing``, quoted, never computed here.

Its per-question scores are not public, so its rows cannot be computed again from the data; the rows for random routing and for
both models alone can, and `reproduction` holds them against the published ones.

Source: Ong et al. 2024, arXiv 2406.18665 v4, tables 1 to 3; gpt-4-1106-preview against mixtral-8x7b-instruct-v0.1; all
published prompts without the contaminated ones, of which ``data/routing`` has about 70 %.
"""

from typing import Final, NamedTuple

import numpy as np

from triplepoint.routing.evaluation.datasets import Labelled
from triplepoint.routing.evaluation.layouts import ROUTELLM_MODELS
from triplepoint.routing.evaluation.pairs import Ranking, routellm_row
from triplepoint.routing.evaluation.resampling import Resamples

_RANDOM_DRAWS: Final = 10
"""RouteLLM averages as many random rankings."""


class Published(NamedTuple):
    """One row of a published table."""

    router: str
    trained_on: str
    cpt50: float
    """Share of strong calls, 0…1."""
    cpt80: float
    apgr: float


_JUDGED: Final = "arena votes and judge labels"
_MMLU: Final = "arena votes and about 1,500 MMLU validation labels"
_RANDOM: Final = "RouteLLM: random"

PUBLISHED: Final[dict[str, tuple[Published, ...]]] = {
    "routellm_mmlu": (
        Published(_RANDOM, "nothing", 0.501, 0.799, 0.500),
        Published("RouteLLM: BERT", _MMLU, 0.413, 0.722, 0.572),
        Published("RouteLLM: causal LLM", _MMLU, 0.355, 0.703, 0.600),
        Published("RouteLLM: matrix factorisation", _MMLU, 0.355, 0.714, 0.597),
        Published("RouteLLM: SW ranking", _MMLU, 0.354, 0.716, 0.603),
    ),
    "routellm_gsm8k": (
        Published(_RANDOM, "nothing", 0.500, 0.801, 0.497),
        Published("RouteLLM: BERT", _JUDGED, 0.448, 0.791, 0.531),
        Published("RouteLLM: causal LLM", _JUDGED, 0.336, 0.633, 0.622),
        Published("RouteLLM: matrix factorisation", _JUDGED, 0.388, 0.726, 0.565),
        Published("RouteLLM: SW ranking", _JUDGED, 0.412, 0.722, 0.568),
    ),
    "routellm_mtbench": (
        Published(_RANDOM, "nothing", 0.490, 0.781, 0.500),
        Published("RouteLLM: BERT", _JUDGED, 0.196, 0.340, 0.751),
        Published("RouteLLM: causal LLM", _JUDGED, 0.315, 0.488, 0.679),
        Published("RouteLLM: matrix factorisation", _JUDGED, 0.134, 0.313, 0.802),
        Published("RouteLLM: SW ranking", _JUDGED, 0.232, 0.360, 0.759),
    ),
}
"""By the name of the data; the best training mix of each router."""


def published_rows(data: Labelled) -> tuple[Published, ...]:
    """Return what was published on these data; nothing for other data, or for another pair of models."""
    return PUBLISHED.get(data.name, ()) if data.models == ROUTELLM_MODELS else ()


class Recomputed(NamedTuple):
    """The published row for random routing beside the same from the data at hand."""

    published: Published
    cpt50: float
    cpt80: float
    apgr: float


def reproduction(data: Labelled, *, seed: int) -> Recomputed | None:
    """Compute the published random row again, as RouteLLM does: the mean of ten random rankings on ten bins.

    Returns: None where nothing was published.
    """
    row = next((row for row in published_rows(data) if row.router == _RANDOM), None)
    if row is None:
        return None
    generator = np.random.default_rng(seed)
    weak, strong = data.scores.T
    alone = Resamples(np.ones((1, len(data)), dtype=np.uint16))
    found = [routellm_row(Ranking(generator.random(len(data)), weak, strong), alone) for _ in range(_RANDOM_DRAWS)]
    values = np.mean([[one.cpt50.value, one.cpt80.value, one.apgr.value] for one in found], axis=0)
    return Recomputed(row, *(float(value) for value in values))
