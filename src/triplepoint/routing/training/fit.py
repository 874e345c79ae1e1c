"""Fit a scorer: means of the groups, weights on top of them, and the curve from sums to probabilities."""

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from itertools import chain

import numpy as np

from triplepoint.foundation.errors import ScorerInvalid
from triplepoint.routing.evaluation.datasets import Labelled
from triplepoint.routing.evaluation.folds import Fold, folds_of
from triplepoint.routing.scorer.tables import Tables
from triplepoint.routing.scorer.terms import distance_of
from triplepoint.routing.training.arrays import Mask, Matrix, Rows, Sparse, Vector
from triplepoint.routing.training.assemble import Parts, assemble
from triplepoint.routing.training.crossfit import Choice, cross_fit
from triplepoint.routing.training.features import Space, Texts, learn_space, read_texts
from triplepoint.routing.training.knots import fit_curves
from triplepoint.routing.training.lengths import Lengths, fit_lengths
from triplepoint.routing.training.membership import Members, fit_members
from triplepoint.routing.training.recipe import Recipe
from triplepoint.routing.training.ridge import fit_ridge
from triplepoint.routing.training.shrinkage import shrunken_means

Progress = Callable[[str], None]
"""Told what is done next; called `steps_of` times."""


def silent(_what: str) -> None:
    """Tell nobody."""


def steps_of(folds: int) -> int:
    """Return how often `fit` tells what it does."""
    return 3 * folds + 2


@dataclass(frozen=True, slots=True)
class Fit:
    """A scorer's tables, and what was said of each prompt by weights that had not seen it."""

    groups: tuple[str, ...]
    tables: Tables
    folds: list[Fold]
    tagged: Matrix
    """Prompts × models: sums, the caller's group known."""
    untagged: Matrix
    """The same, the group told from the words."""
    group_means: Matrix
    """Prompts × models: shrunken means of the group, without this prompt's fold."""
    strengths: Vector
    """How strongly weights are held near nothing, for each direction of the scores."""
    trust: Vector
    """Factor on them, for each; all 0: the texts tell nothing beyond the group."""
    known_shares: Vector
    """Share of each prompt's distinct pairs of neighbours that prompts of other folds have too."""
    distances: Vector
    """How far each prompt's surface lies from the others'."""


def fit(data: Labelled, recipe: Recipe, *, folds: int, seed: int, progress: Progress = silent) -> Fit:
    """Fit a scorer.

    Args:
        data: At least twenty different prompts; scores may be unknown in part.
        folds: Parts of the cross-validation that strengths, curves and measured quality come from.
        seed: With the same data and seed the same comes out.
    Raises: ScorerInvalid: there is nothing to learn from. RequestInvalid: too few prompts, or scipy is not installed.
    """
    refuse_unfit(data)
    parts = folds_of(data.prompts, folds=folds, seed=seed)
    progress("reading prompts")
    texts = read_texts(data.prompts)
    groups = tuple(sorted(set(data.groups) - {""}))
    space = learn_space(texts, groups, recipe, seed=seed)
    return _Fitting(data, texts, space, parts, progress).run()


def refuse_unfit(data: Labelled) -> None:
    """Refuse data that a scorer cannot learn from.

    Raises: ScorerInvalid: no texts, or a model without scores.
    """
    if not any(prompt.strip() for prompt in data.prompts):
        raise ScorerInvalid(f"{data.name} has no prompts, only scores; a scorer learns from texts: give a column prompt")
    empty = [model for column, model in enumerate(data.models) if np.isnan(data.scores[:, column]).all()]
    if empty:
        raise ScorerInvalid(f"{data.name} has no score of {', '.join(empty)}; leave such models out with --models")


class _Fitting:
    """One fit; the steps share what was made before them."""

    def __init__(self, data: Labelled, texts: Texts, space: Space, folds: list[Fold], progress: Progress) -> None:
        self._data, self._texts, self._space, self._folds, self._progress = data, texts, space, folds, progress
        places = {name: place for place, name in enumerate(space.groups)}
        self._group: Rows = np.array([places.get(name, -1) for name in data.groups], dtype=np.intp)
        self._shares = np.zeros((len(data), len(places)))
        inside = np.flatnonzero(self._group >= 0)
        self._shares[inside, self._group[inside]] = 1.0
        self._known: Mask = ~np.isnan(data.scores)
        self._turn = self._directions()
        self._means = [self._means_without(fold.test) for fold in folds]
        self._group_means = self._left_out([means[self._group] for means in self._means])

    def run(self) -> Fit:
        x = self._space.matrix(self._texts, self._shares)
        targets = [np.where(self._known, self._data.scores - means[self._group], 0.0) @ self._turn for means in self._means]
        choice = cross_fit(x, targets, self._known, self._folds, lambda: self._progress("weighing words"))
        text_x = self._space.matrix(self._texts, np.zeros_like(self._shares))
        members = self._fit_members(text_x)
        tagged = choice.predicted @ self._turn.T + self._group_means
        untagged = tagged if members is None else self._untagged(choice, members.shares)
        self._progress("fitting on all prompts")
        tables = self._tables(x, text_x, choice, members, [tagged] if members is None else [tagged, untagged])
        return Fit(
            groups=self._space.groups,
            tables=tables,
            folds=self._folds,
            tagged=tagged,
            untagged=untagged,
            group_means=self._group_means,
            strengths=choice.strengths,
            trust=choice.trust,
            known_shares=self._known_shares(),
            distances=self._distances(),
        )

    def _means_without(self, rows: Rows | None = None) -> Matrix:
        """Return means of the groups without some prompts, shrunken in each direction for itself.

        By how much groups differ in what all models find hard says little of how much they differ in what sets models apart.
        """
        scores = self._data.scores.copy()
        if rows is not None:
            scores[rows] = np.nan
        return shrunken_means(scores @ self._turn, self._group, len(self._space.groups)) @ self._turn.T

    def _directions(self) -> Matrix:
        """Return the directions in which the models' scores vary together; each model by itself where some are unknown.

        A difficulty that all models feel is learnt once for all, and what sets two models apart is held nearer to nothing. Of
        two models they are sum and difference.
        """
        count = len(self._data.models)
        if not self._known.all():
            return np.eye(count)
        if count == 2:
            return np.array([[1.0, 1.0], [-1.0, 1.0]]).T / 2**0.5
        means = shrunken_means(self._data.scores, self._group, len(self._space.groups))
        return np.linalg.svd(self._data.scores - means[self._group], full_matrices=False)[2].T

    def _left_out(self, values: Sequence[Matrix]) -> Matrix:
        found = np.zeros_like(values[0])
        for fold, value in zip(self._folds, values, strict=True):
            found[fold.test] = value[fold.test]
        return found

    def _fit_members(self, text_x: Sparse) -> Members | None:
        if len(self._space.groups) < 2:
            return None
        return fit_members(
            text_x, self._shares, self._folds, self._space.recipe, lambda: self._progress("telling groups apart")
        )

    def _untagged(self, choice: Choice, shares: Matrix) -> Matrix:
        x = self._space.matrix(self._texts, shares)
        sums = [
            shares @ means[:-1] + x @ weights @ self._turn.T for means, weights in zip(self._means, choice.weights, strict=True)
        ]
        return self._left_out(sums)

    def _tables(self, x: Sparse, text_x: Sparse, choice: Choice, members: Members | None, sums: Sequence[Matrix]) -> Tables:
        means = self._means_without()
        targets = np.where(self._known, self._data.scores - means[self._group], 0.0) @ self._turn
        weights = fit_ridge(x, targets, choice.strengths, known=self._known) * choice.trust
        parts = Parts(
            means=means,
            quality=self._space.fold(weights @ self._turn.T),
            members=members,
            lengths=self._lengths(text_x),
            curves=fit_curves(sums, self._data.scores),
        )
        return assemble(self._space, parts)

    def _lengths(self, text_x: Sparse) -> Lengths:
        return fit_lengths(
            text_x, self._data, self._group, self._folds, len(self._space.groups), lambda: self._progress("learning lengths")
        )

    def _known_shares(self) -> Vector:
        shares = np.zeros(len(self._data))
        vocabulary = frozenset(self._space.vocabulary)
        for fold in self._folds:
            train: list[int] = fold.train.tolist()
            test: list[int] = fold.test.tolist()
            seen = vocabulary.intersection(chain.from_iterable(self._texts.terms[row] for row in train))
            shares[test] = [known_share(self._texts.terms[row], seen) for row in test]
        return shares

    def _distances(self) -> Vector:
        standard = (self._texts.measures - self._space.centre) / self._space.spread
        return np.array([distance_of(one, self._space.whitening) for one in standard])


def known_share(terms: Sequence[str], seen: Set[str]) -> float:
    """Return the share of a text's distinct pairs that were seen; words that were not are one and the same."""
    pairs = {
        (left if left in seen else "", right if right in seen else "")
        for left, between, right in (term.partition(" ") for term in terms)
        if between
    }
    return sum(f"{left} {right}" in seen for left, right in pairs) / max(len(pairs), 1)
