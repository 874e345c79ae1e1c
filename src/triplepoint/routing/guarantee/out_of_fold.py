"""Certify a scorer on the very labels that it was trained on, by scorers that were not.

The labels are split into parts. For each part a scorer is trained on all the others, by the same recipe, and judges it; so
every estimate comes from a scorer that had not seen the prompt. What is certified is, strictly, the way in which the scorer was
made: its own threshold comes from its siblings, each of which had a little less to learn from. Labels that are kept apart
certify the scorer itself; where there are enough of them, that is better.
"""

import datetime
from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from triplepoint.foundation.errors import RequestInvalid
from triplepoint.routing.evaluation.datasets import Labelled
from triplepoint.routing.evaluation.folds import folds_of
from triplepoint.routing.guarantee.calibrate import Judged
from triplepoint.routing.guarantee.labels import GOOD_FROM, judged_by
from triplepoint.routing.scorer.card import Card
from triplepoint.routing.scorer.table import load_scorer
from triplepoint.routing.training.recipe import Recipe
from triplepoint.routing.training.service import train

Progress = Callable[[int], None]
"""Told the number of the part that is judged next, from 1."""


def judged_out_of_fold(
    data: Labelled,
    card: Card,
    models: Sequence[str],
    *,
    folds: int,
    are_tagged: bool = False,
    good_from: float = GOOD_FROM,
    progress: Progress = lambda _: None,
) -> Judged:
    """Judge each prompt of a scorer's training data by a scorer of the same recipe that was trained on the other parts.

    Args:
        data: What the scorer was trained on; several sets as `service.join` joins them.
        card: Of the scorer.
        folds: Parts, at least 2.
        models, are_tagged, good_from: See `labels.judged_by`.
    Raises: RequestInvalid: it was trained on something else, or something is lacking; see there.
    """
    if "+".join(source.digest for source in card.data) != data.digest:
        raise RequestInvalid(
            f"{data.name} is not the data that the scorer was trained on: with --folds give just that, in the same order; "
            "labels that it has not seen need no folds",
            param="folds",
        )
    data = data.only(card.models)
    recipe = msgspec.convert(card.training.recipe, Recipe)
    parts: list[Judged] = []
    for number, fold in enumerate(folds_of(data.prompts, folds=folds, seed=card.training.seed), start=1):
        progress(number)
        trained = train(
            [data.rows(fold.train)],
            made=datetime.date.fromisoformat(card.training.made),
            seed=card.training.seed,
            folds=card.training.folds,
            recipe=recipe,
        )
        parts.append(
            judged_by(data.rows(fold.test), load_scorer(trained.data), models, are_tagged=are_tagged, good_from=good_from)
        )
    return _joined(parts)


def _joined(parts: Sequence[Judged]) -> Judged:
    return Judged(
        models=parts[0].models,
        quality=np.concatenate([part.quality for part in parts]),
        good=np.concatenate([part.good for part in parts]),
        groups=[group for part in parts for group in part.groups],
        novel=np.concatenate([part.novel for part in parts]),
    )
