"""A new model enters a scorer: a prior from how it did elsewhere, moved by few labels; nothing else of the scorer changes.

What makes a prompt hard is mostly the same for all models, so the newcomer's weights are a mix of the weights that are there:
to begin with their mean, on top of its own mean score in each group. Its labels then move its level, the mix, and the level of
each group, each held near the prior until there are enough of them (Bayesian linear regression with the constants below).
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec
import numpy as np

from triplepoint.foundation.errors import ScorerInvalid
from triplepoint.routing.evaluation.datasets import Labelled
from triplepoint.routing.evaluation.folds import folds_of
from triplepoint.routing.model import Question, Signals
from triplepoint.routing.scorer.card import Card
from triplepoint.routing.scorer.file import read_scorer, write_scorer
from triplepoint.routing.scorer.seen import sketch_of
from triplepoint.routing.scorer.table import TableScorer, load_scorer
from triplepoint.routing.scorer.tables import NEVER_LEARNT, Floats, Tables
from triplepoint.routing.training.arrays import Matrix, Rows, Vector
from triplepoint.routing.training.assess import measure_models
from triplepoint.routing.training.knots import fit_curve
from triplepoint.routing.training.service import Trained, source_of

LEAST_LABELS: Final = 20
_NOISE: Final = 0.2
"""Variance of a label about its probability."""
_LEVEL_SPREAD: Final = 0.1
"""Standard deviation of a newcomer's level about its profile."""
_MIX_SPREAD: Final = 0.1
"""Of the weight of each model in its mix, about the mean of all."""
_GROUP_PULL: Final = 20.0
"""Labels that the prior of a group's level counts for."""
_CURVE_LABELS: Final = 2_000
"""From so many labels on, sums are corrected by a curve of its own."""
_FOLDS: Final = 5

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a model did elsewhere: of an eval, or of a publisher's table."""

    mean: Share
    """Mean score over all groups."""
    groups: dict[str, Share] = {}
    """Mean score by group, where it is known."""
    output_tokens: Annotated[float, msgspec.Meta(gt=0)] | None = None
    """Mean length of its answers."""


@dataclass(frozen=True, slots=True)
class _Mix:
    """What a newcomer is made of."""

    level: float
    mix: Vector
    """Weight of each known model's text effect."""
    group_levels: Vector
    """Beyond the level, for each group."""


def add_model(data: bytes, model: str, *, profile: Profile | None, labels: Labelled, seed: int = 0) -> Trained:
    """Add a model to a scorer's file; its certificates are dropped, since they speak of another set of models.

    Args:
        data: The scorer's file.
        model: Its name; the labels have it too.
        profile: None: its level is told from the labels alone.
        labels: At least twenty prompts with a score of it.
    Raises: ScorerInvalid: the scorer knows the model, the labels do not, or there are too few.
    """
    read, scorer = read_scorer(data), load_scorer(data)
    if model in read.card.models:
        raise ScorerInvalid(f"the scorer knows {model} already; to learn it anew, train it with all data")
    labels = _labels_of(labels, model)
    profile = profile or _profile_from(labels, read.tables)
    newcomer = _Newcomer(read.card, read.tables, scorer, profile, labels)
    tables = newcomer.join(seed)
    measured = measure_models(labels, newcomer.left_out(seed)[:, None])
    card = msgspec.structs.replace(
        read.card,
        models=(*read.card.models, model),
        data=(*read.card.data, source_of(labels)),
        prompts=sketch_of(labels.prompts, onto=read.card.prompts),
        measured=(*read.card.measured, *measured),
        notes=(*read.card.notes, f"{model} was added with {len(labels)} labels; it was not trained together with the others"),
    )
    return Trained(card, write_scorer(card, tables))


def _labels_of(labels: Labelled, model: str) -> Labelled:
    if model not in labels.models:
        raise ScorerInvalid(f"{labels.name} has no score of {model}; it has {', '.join(labels.models)}")
    labels = labels.only([model])
    labels = labels.rows(np.flatnonzero(~np.isnan(labels.scores[:, 0])))
    if len(labels) < LEAST_LABELS:
        raise ScorerInvalid(f"{labels.name} has {len(labels)} labels of {model}; at least {LEAST_LABELS} are needed")
    return labels


def _profile_from(labels: Labelled, tables: Tables) -> Profile:
    mean = float(tables.group_quality[-1].mean())
    return Profile(mean=float((labels.scores.sum() + mean * LEAST_LABELS) / (len(labels) + LEAST_LABELS)))


class _Newcomer:
    def __init__(self, card: Card, tables: Tables, scorer: TableScorer, profile: Profile, labels: Labelled) -> None:
        self._tables, self._labels, self._profile = tables, labels, profile
        self._prior = _group_prior(card, tables, profile)
        places: Mapping[str, int] = {name: place for place, name in enumerate(card.groups)}
        self._scores: Vector = labels.scores[:, 0]
        effects = [_effect(scorer, prompt, group) for prompt, group in zip(labels.prompts, labels.groups, strict=True)]
        self._effects: Matrix = np.array([effect for effect, _ in effects])
        self._group: Rows = np.array([places.get(group, -1) for _, group in effects], dtype=np.intp)

    def join(self, seed: int) -> Tables:
        """Return the tables with a column more."""
        tables, mix = self._tables, self._fit(np.arange(len(self._scores)))
        sums_in, found = self._curve(seed)
        base = self._prior + mix.level + np.append(mix.group_levels, 0.0)
        lengths = self._tokens()
        return dataclasses.replace(
            tables,
            quality=_beside(tables.quality, tables.quality @ mix.mix),
            length=_beside(tables.length, tables.length.mean(axis=1)),
            group_base=_beside(tables.group_base, base + (tables.group_base - tables.group_quality) @ mix.mix),
            group_measures=_beside(tables.group_measures, tables.group_measures @ mix.mix),
            group_quality=_beside(tables.group_quality, np.clip(base, 0, 1)),
            group_output_tokens=_beside(tables.group_output_tokens, lengths),
            knots_in=np.concatenate([tables.knots_in, sums_in[None].astype(np.float32)]),
            knots_out=np.concatenate([tables.knots_out, found[None].astype(np.float32)]),
        )

    def left_out(self, seed: int) -> Vector:
        """Return what is said of each label by what was learnt from the others."""
        said = np.zeros(len(self._scores))
        for fold in folds_of(self._labels.prompts, folds=_FOLDS, seed=seed):
            said[fold.test] = self._say(self._fit(fold.train), fold.test)
        return np.clip(said, 0.0, 1.0)

    def _fit(self, rows: Rows) -> _Mix:
        """Regress what the prior leaves over on a level and the models' text effects."""
        models = self._effects.shape[1]
        before = np.append(0.0, np.full(models, 1 / models))
        columns = np.column_stack([np.ones(len(rows)), self._effects[rows]])
        left = self._scores[rows] - self._prior[self._group[rows]] - columns @ before
        precision = np.diag(_NOISE / np.append(_LEVEL_SPREAD, np.full(models, _MIX_SPREAD)) ** 2)
        moved: Vector = np.linalg.solve(columns.T @ columns + precision, columns.T @ left).astype(np.float64)
        left = left - columns @ moved
        inside = self._group[rows] >= 0
        groups = len(self._prior) - 1
        counts = np.bincount(self._group[rows][inside], minlength=groups)
        sums = np.bincount(self._group[rows][inside], weights=left[inside], minlength=groups)
        return _Mix(float(moved[0]), before[1:] + moved[1:], sums / (counts + _GROUP_PULL))

    def _say(self, mix: _Mix, rows: Rows) -> Vector:
        group = self._group[rows]
        levels = np.append(mix.group_levels, 0.0)[group]
        said: Vector = self._prior[group] + mix.level + levels + self._effects[rows] @ mix.mix
        return said

    def _curve(self, seed: int) -> tuple[Vector, Vector]:
        if len(self._scores) >= _CURVE_LABELS:
            curve = fit_curve(self.left_out(seed), self._scores)
            return curve.sums, curve.probabilities
        line = np.linspace(0.0, 1.0, self._tables.knots_in.shape[1])
        return line, line

    def _tokens(self) -> Vector:
        counted = self._labels.output_tokens
        known = np.zeros(0) if counted is None else counted[counted > 0]
        if not known.size and self._profile.output_tokens is None:
            return np.full(len(self._prior), NEVER_LEARNT)
        mean = self._profile.output_tokens or float(known.mean())
        return np.full(len(self._prior), float((known.sum() + mean * LEAST_LABELS) / (known.size + LEAST_LABELS)))


def _effect(scorer: TableScorer, prompt: str, group: str) -> tuple[list[float], str]:
    """Return what the words of a prompt do to each known model's sum, beyond its group's mean; and the group."""
    summed = scorer.sum_up(Question(signals=Signals(task=group), text=prompt))
    if summed is None:
        return [0.0] * len(scorer.card.models), group
    setting, sums = summed
    row = -1 if setting.group is None else setting.group
    beyond: list[float] = (sums[: len(scorer.card.models)] - scorer.tables.group_quality[row]).tolist()
    return beyond, "" if setting.group is None else scorer.card.groups[setting.group]


def _group_prior(card: Card, tables: Tables, profile: Profile) -> Vector:
    """Return the newcomer's mean score in each group: its profile's, else its mean and how the group differs for the others."""
    apart = (tables.group_quality - tables.group_quality[-1]).mean(axis=1)
    prior = np.clip(profile.mean + apart, 0.0, 1.0).astype(np.float64)
    for place, group in enumerate(card.groups):
        prior[place] = profile.groups.get(group, prior[place])
    return prior


def _beside(table: Floats, column: Any) -> Floats:
    return np.concatenate([table, np.asarray(column, dtype=np.float32)[..., None]], axis=-1)
