"""Prompts as a sparse matrix: a column for each term, mark and group, scaled by how much each kind is trusted.

A weight that is fitted on a scaled column is a weight on the plain one times the scale, so everything folds back into one
table. The directions in which the texts themselves vary most (latent semantic analysis of the terms) are trusted more than
single terms: few labels then teach about words that keep company with those that were seen.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import numpy as np

from triplepoint.routing.scorer.table import FARTHEST
from triplepoint.routing.scorer.terms import BINS, MEASURES, ONE_COUNTS, measure, pairs_of, words_of
from triplepoint.routing.training.arrays import Matrix, Rows, Sparse, Vector, sparse
from triplepoint.routing.training.recipe import Recipe
from triplepoint.routing.training.topics import find_directions

_KINDS = len(MEASURES)
_BLUR = 0.05
"""Added to the variance of each measure, so that what never varied does not decide alone."""
_LEAST_SPREAD = 0.1
"""Of ``ln(1 + measure)``: where all prompts measure the same, one that does not is unlike them, but not beyond all bounds."""


@dataclass(frozen=True, slots=True)
class Texts:
    """Prompts as they are read: terms, distinct and in no order; logarithms of the measures."""

    terms: list[list[str]]
    measures: Matrix
    """Prompts × measures: ``ln(1 + measure)``."""

    def rows(self, kept: Rows) -> "Texts":
        """Return some of the prompts."""
        return Texts([self.terms[row] for row in kept], self.measures[kept])


def read_texts(prompts: Sequence[str], progress: Callable[[int], None] = lambda _: None) -> Texts:
    """Read prompts; ``progress`` is called with 1 for each."""
    terms: list[list[str]] = []
    measures = np.zeros((len(prompts), _KINDS))
    for row, prompt in enumerate(prompts):
        words = words_of(prompt)
        distinct = set(words)
        terms.append(sorted(distinct) + sorted(f"{a} {b}" for a, b in set(pairs_of(words))))
        measures[row] = measure(prompt, words, len(distinct))
        progress(1)
    return Texts(terms, measures)


class Folded(NamedTuple):
    """Weights of plain terms and marks, as `scorer.tables.Tables` has them."""

    rows: Matrix
    """[terms + MARKS, targets]"""
    groups: Matrix
    """[groups + 1, targets] What is added in a group; the last row is for texts of no group."""
    group_measures: Matrix
    """[groups + 1, measures, targets] What each measure, in standard deviations, adds beyond its own row."""


@dataclass(frozen=True, slots=True)
class Space:
    """The columns, learnt from texts alone: no score is looked at."""

    recipe: Recipe
    groups: tuple[str, ...]
    vocabulary: tuple[str, ...]
    rarity: Vector
    centre: Vector
    spread: Vector
    whitening: Matrix
    """[measures, measures], see `scorer.terms.distance_of`."""
    edges: Matrix
    directions: Matrix
    """[terms, directions], scaled so that they stand beside the terms."""
    directions_mean: Vector
    bins_mean: Vector

    @property
    def columns(self) -> int:
        """How many columns there are."""
        return len(self.vocabulary) + self.directions.shape[1] + _KINDS * (BINS + 1) + len(self.groups) * (1 + _KINDS)

    def matrix(self, texts: Texts, shares: Matrix) -> Sparse:
        """Return prompts × columns: terms, directions, bins, measures, groups, measures by group.

        Args:
            shares: Prompts × groups: to what extent each belongs to each; all 0: to none.
        """
        recipe, terms = self.recipe, _term_matrix(texts, self.vocabulary, self.rarity)
        standard = ((texts.measures - self.centre) / self.spread).clip(-FARTHEST, FARTHEST) / math.sqrt(_KINDS)
        blocks = [
            terms * math.sqrt(recipe.terms),
            terms @ self.directions - self.directions_mean,
            (_bins(texts.measures, self.edges) - self.bins_mean) * math.sqrt(recipe.bins / _KINDS),
            standard * math.sqrt(recipe.measures),
            shares * math.sqrt(recipe.groups),
            (shares[:, :, None] * standard[:, None, :]).reshape(len(shares), -1) * math.sqrt(recipe.measures_by_group),
        ]
        return sparse().hstack([sparse().csr_array(block) for block in blocks]).tocsr()

    def fold(self, weights: Matrix) -> Folded:
        """Turn weights of the scaled columns into weights of plain terms and marks.

        Args:
            weights: Columns × targets.
        """
        recipe, targets = self.recipe, weights.shape[1]
        sizes = [len(self.vocabulary), self.directions.shape[1], _KINDS * BINS, _KINDS, len(self.groups)]
        terms, topics, bins, linear, groups, by_group = np.split(weights, np.cumsum(sizes))
        bins = bins * math.sqrt(recipe.bins / _KINDS)
        linear = linear * math.sqrt(recipe.measures / _KINDS)
        by_group = by_group.reshape(len(self.groups), _KINDS, targets) * math.sqrt(recipe.measures_by_group / _KINDS)
        start = -self.directions_mean @ topics - self.bins_mean @ bins
        plain = (terms * math.sqrt(recipe.terms) + self.directions @ topics) * self.rarity[:, None]
        none = np.zeros((1, targets))
        return Folded(
            np.concatenate([plain, bins, linear]),
            np.concatenate([groups * math.sqrt(recipe.groups), none]) + start,
            np.concatenate([by_group, none[None].repeat(_KINDS, axis=1)]),
        )


def learn_space(texts: Texts, groups: tuple[str, ...], recipe: Recipe, *, seed: int) -> Space:
    """Learn the columns from texts: which terms there are and how rare, how long texts are, in what they vary most."""
    vocabulary, rarity = _vocabulary(texts, recipe)
    terms = _term_matrix(texts, vocabulary, rarity)
    directions = find_directions(terms, recipe.directions, seed=seed)
    shown = terms @ directions
    mean = np.asarray(shown.mean(axis=0))
    size = math.sqrt(float(((shown - mean) ** 2).sum(axis=1).mean())) or 1.0
    scale = math.sqrt(recipe.topics) / size
    centre, spread = texts.measures.mean(axis=0), np.maximum(texts.measures.std(axis=0), _LEAST_SPREAD)
    edges = np.quantile(texts.measures, np.linspace(0, 1, BINS + 1)[1:-1], axis=0).T
    # What is served is kept in 32 bits; the bins must fall the same way there.
    edges = edges.astype(np.float32).astype(np.float64)
    in_bins = _bins(texts.measures, edges).mean(axis=0)
    whitening = _whitening((texts.measures - centre) / spread)
    return Space(
        recipe, groups, vocabulary, rarity, centre, spread, whitening, edges, directions * scale, mean * scale, in_bins
    )


def _whitening(standard: Matrix) -> Matrix:
    cut = standard.clip(-ONE_COUNTS, ONE_COUNTS)
    sizes, axes = np.linalg.eigh(cut.T @ cut / len(cut) + _BLUR * np.eye(_KINDS))
    whitening: Matrix = axes / np.sqrt(sizes)
    return whitening


def _bins(measures: Matrix, edges: Matrix) -> Matrix:
    places = (measures[:, :, None] > edges).sum(axis=2) + np.arange(_KINDS) * BINS
    found = np.zeros((len(measures), _KINDS * BINS))
    np.put_along_axis(found, places, 1.0, axis=1)
    return found


def _vocabulary(texts: Texts, recipe: Recipe) -> tuple[tuple[str, ...], Vector]:
    held = Counter(chain.from_iterable(texts.terms))
    kept = [(-count, term) for term, count in held.items() if count >= recipe.least_prompts and _is_text(term)]
    kept = sorted(kept)[: recipe.most_terms]
    vocabulary = tuple(sorted(term for _, term in kept))
    counts = np.array([held[term] for term in vocabulary], dtype=np.float64)
    return vocabulary, np.log((1 + len(texts.terms)) / (1 + counts)) + 1


def _is_text(term: str) -> bool:
    """Tell whether a term can be written: half a character, as broken clients send, cannot."""
    return not any("\ud800" <= character <= "\udfff" for character in term)


def _term_matrix(texts: Texts, vocabulary: tuple[str, ...], rarity: Vector) -> Sparse:
    places = {term: place for place, term in enumerate(vocabulary)}
    found = [[place for term in terms if (place := places.get(term)) is not None] for terms in texts.terms]
    starts = np.cumsum([0, *map(len, found)])
    columns = np.fromiter(chain.from_iterable(found), dtype=np.int64, count=int(starts[-1]))
    values = rarity[columns]
    lengths = np.sqrt(np.add.reduceat(np.append(values**2, 0.0), starts[:-1])) if len(found) else np.zeros(0)
    sizes = np.diff(starts)
    lengths[sizes == 0] = 1.0
    values = values / np.repeat(lengths, sizes)
    return sparse().csr_array((values, columns, starts), shape=(len(found), len(vocabulary)))
