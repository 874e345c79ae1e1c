"""Judged answers of a data set, seen through a scorer as live requests would be."""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from triplepoint.files.nearest import suggest
from triplepoint.foundation.errors import RequestInvalid
from triplepoint.routing.evaluation.datasets import Labelled
from triplepoint.routing.guarantee.calibrate import Judged
from triplepoint.routing.model import Question
from triplepoint.routing.ports import Scorer
from triplepoint.routing.signals.read import read_request
from triplepoint.routing.signals.tags import TASK
from triplepoint.upstreams.dialects.model import Dialect

GOOD_FROM: Final = 0.5
"""Score from which on an answer counts as good, where scores are not just 0 and 1."""


def judged_by(
    data: Labelled, scorer: Scorer, models: Sequence[str], *, are_tagged: bool = False, good_from: float = GOOD_FROM
) -> Judged:
    """Ask a scorer about each prompt; scores that are not there are answers that nobody judged.

    Args:
        models: Names that both the data and the scorer have, the weakest first.
        are_tagged: Live requests carry their group as the tag ``task``, so the scorer may know it here too.
        good_from: See `GOOD_FROM`.
    Raises: RequestInvalid: the data or the scorer lacks a model, or there are no two.
    """
    if len(models) < 2:
        raise RequestInvalid(
            "a certificate is about a weaker model beside a stronger one: name two models or more", param="models"
        )
    for model in models:
        if model not in scorer.models:
            raise RequestInvalid(f"the scorer knows no {model}; {suggest(model, scorer.models, 'models')}", param="models")
    kept = data.only(models)
    pairs = zip(kept.prompts, kept.groups, strict=True)
    scores = [scorer.score(question_of(prompt, group if are_tagged else "")) for prompt, group in pairs]
    return Judged(
        models=tuple(models),
        quality=np.array([[one.estimates[model].quality for model in models] for one in scores]),
        good=np.where(np.isnan(kept.scores), np.nan, kept.scores >= good_from),
        groups=[one.group for one in scores],
        novel=np.array([not one.has_signal for one in scores]),
    )


def question_of(prompt: str, task: str = "") -> Question:
    """Return the question of a request that has this prompt as its only turn, tagged with its task where that is given."""
    messages = msgspec.Raw(msgspec.json.encode([{"role": "user", "content": prompt}]))
    tags = {TASK: task} if task else {}
    reading = read_request({"messages": messages}, Dialect.CHAT, tags=tags, wants_text=True)
    return Question(signals=reading.signals, text=reading.text)
