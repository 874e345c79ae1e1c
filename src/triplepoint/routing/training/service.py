"""From labelled prompts to a scorer's file: join data sets, fit, measure, write the card."""

import datetime
from collections.abc import Sequence

import msgspec
import numpy as np

from triplepoint.foundation.errors import ScorerInvalid
from triplepoint.routing.evaluation.datasets import Labelled
from triplepoint.routing.scorer.card import Card, Source, Training
from triplepoint.routing.scorer.file import vocabulary_digest, write_scorer
from triplepoint.routing.scorer.seen import sketch_of
from triplepoint.routing.training.arrays import Matrix
from triplepoint.routing.training.assess import left_out_quality, measure_models, measure_pairs
from triplepoint.routing.training.fit import Fit, Progress, fit, silent
from triplepoint.routing.training.recipe import Recipe

NO_SIGNAL = "the texts tell nothing beyond the group's means, so it says of every text that it has no signal"
_NEVER = 2.0
"""Least share of known pairs that no text reaches."""
_LEAST_KNOWN = 0.2
"""Of a text's pairs, at least: where prompts share fewer with each other, there are too few of them to know their kind."""
_ODD = 0.02
"""Share of the training's own prompts that count as unlike the others by their pairs, and as many by their surface."""


class Trained(msgspec.Struct, frozen=True):
    """A scorer that was trained."""

    card: Card
    data: bytes
    """Its file."""


def train(
    sets: Sequence[Labelled],
    *,
    made: datetime.date,
    seed: int,
    folds: int,
    recipe: Recipe | None = None,
    progress: Progress = silent,
) -> Trained:
    """Train a scorer on one or several data sets.

    Args:
        sets: They are joined; a model that one of them lacks is unknown there.
        made: Day (UTC), for the card.
        seed: With the same data, seed and folds the same bytes come out.
        folds: Parts of the cross-validation.
        recipe: Constants; None: the ones that were found best.
        progress: Told what is done next, `fit.steps_of` times.
    Raises: ScorerInvalid: there is nothing to learn from. RequestInvalid: too few prompts, or scipy is not installed.
    """
    recipe = recipe or Recipe()
    data = join(sets)
    fitted = fit(data, recipe, folds=folds, seed=seed, progress=progress)
    progress("measuring")
    card = Card(
        models=data.models,
        groups=fitted.groups,
        vocabulary_sha256=vocabulary_digest(fitted.tables.vocabulary),
        least_known=_least_known(fitted),
        farthest=round(float(np.quantile(fitted.distances, 1 - _ODD)), 3),
        training=Training(made=made.isoformat(), seed=seed, folds=folds, rows=len(data), recipe=msgspec.to_builtins(recipe)),
        data=tuple(source_of(one) for one in sets),
        prompts=sketch_of(data.prompts),
        measured=measure_models(data, left_out_quality(fitted, data.scores)),
        pairs=measure_pairs(data, fitted, seed=seed),
        notes=() if fitted.trust.any() else (NO_SIGNAL,),
    )
    return Trained(card, write_scorer(card, fitted.tables))


def join(sets: Sequence[Labelled]) -> Labelled:
    """Put data sets under one another; prompts without a group of a set among several are of a group named after the set.

    Raises: ScorerInvalid: there is none.
    """
    if not sets:
        raise ScorerInvalid("there is no data to train on; name a file")
    if len(sets) == 1:
        return sets[0]
    models = tuple(dict.fromkeys(model for one in sets for model in one.models))
    return Labelled(
        name="+".join(one.name for one in sets),
        prompts=[prompt for one in sets for prompt in one.prompts],
        groups=[group or one.name for one in sets for group in one.groups],
        models=models,
        scores=np.concatenate([_columns(one.scores, one, models) for one in sets]),
        costs=_joined([one.costs for one in sets], sets, models),
        output_tokens=_joined([one.output_tokens for one in sets], sets, models),
        digest="+".join(one.digest for one in sets),
        licence=", ".join(dict.fromkeys(one.licence for one in sets)),
        source=", ".join(dict.fromkeys(one.source for one in sets)),
    )


def _joined(parts: Sequence[Matrix | None], sets: Sequence[Labelled], models: Sequence[str]) -> Matrix | None:
    if all(part is None for part in parts):
        return None
    return np.concatenate([_columns(part, one, models) for part, one in zip(parts, sets, strict=True)])


def _columns(values: Matrix | None, data: Labelled, models: Sequence[str]) -> Matrix:
    found = np.full((len(data), len(models)), np.nan)
    if values is not None:
        found[:, [models.index(model) for model in data.models]] = values
    return found


def source_of(data: Labelled) -> Source:
    """Return what the card says of a data set."""
    return Source(source=data.source or data.name, licence=data.licence or "not stated", digest=data.digest, rows=len(data))


def _least_known(fitted: Fit) -> float:
    if not fitted.trust.any():
        return _NEVER
    return round(max(float(np.quantile(fitted.known_shares, _ODD)), _LEAST_KNOWN), 3)
