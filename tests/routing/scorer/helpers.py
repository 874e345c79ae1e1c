"""Small scorers for tests: a few words with known weights, no training."""

from collections.abc import Mapping, Sequence

import numpy as np

from triplepoint.routing.scorer.card import Card, Source, Training
from triplepoint.routing.scorer.file import vocabulary_digest, write_scorer
from triplepoint.routing.scorer.tables import MARKS, Tables
from triplepoint.routing.scorer.terms import BINS, MEASURES


def tiny_tables(
    *,
    models: int = 2,
    groups: Sequence[str] = ("maths", "law"),
    words: Mapping[str, Sequence[float]] | None = None,
    quality: Sequence[Sequence[float]] | None = None,
) -> Tables:
    """Make tables of a few words.

    Args:
        words: By term, what it adds to the quality of each model.
        quality: Mean score of each group and, last, of all, by model; 0.5 without.
    """
    words = words if words is not None else {"prove": [-0.3, -0.1], "the": [0.0, 0.0], "sum": [0.1, 0.0], "a": [0.0, 0.0]}
    vocabulary = tuple(sorted(words))
    rows = len(vocabulary) + MARKS
    weights = np.zeros((rows, models), dtype=np.float32)
    for row, term in enumerate(vocabulary):
        weights[row] = words[term]
    means = np.full((len(groups) + 1, models), 0.5) if quality is None else np.array(quality)
    return Tables(
        vocabulary=vocabulary,
        rarity=np.ones(len(vocabulary), dtype=np.float32),
        quality=weights,
        length=np.zeros_like(weights),
        membership=np.zeros((rows, len(groups)), dtype=np.float32),
        marks_centre=np.zeros(len(MEASURES), dtype=np.float32),
        marks_spread=np.ones(len(MEASURES), dtype=np.float32),
        marks_whitening=np.eye(len(MEASURES), dtype=np.float32),
        marks_edges=np.tile(np.arange(BINS - 1, dtype=np.float32), (len(MEASURES), 1)),
        group_base=means.astype(np.float32),
        group_measures=np.zeros((len(groups) + 1, len(MEASURES), models), dtype=np.float32),
        group_quality=means.astype(np.float32),
        group_output_tokens=np.full_like(means, 100.0, dtype=np.float32),
        group_prior=np.zeros(len(groups), dtype=np.float32),
        knots_in=np.tile(np.array([0.0, 1.0], dtype=np.float32), (models, 1)),
        knots_out=np.tile(np.array([0.0, 1.0], dtype=np.float32), (models, 1)),
    )


def tiny_card(tables: Tables, *, models: Sequence[str] = ("small", "large"), groups: Sequence[str] = ("maths", "law")) -> Card:
    """Make the card of tables."""
    return Card(
        models=tuple(models),
        groups=tuple(groups),
        vocabulary_sha256=vocabulary_digest(tables.vocabulary),
        training=Training(made="2026-11-26", seed=0, folds=5, rows=4),
        data=(Source(source="made by hand", licence="Apache-2.0 (class A)", digest="0" * 64, rows=4),),
    )


def tiny_scorer(
    *,
    models: Sequence[str] = ("small", "large"),
    groups: Sequence[str] = ("maths", "law"),
    words: Mapping[str, Sequence[float]] | None = None,
    quality: Sequence[Sequence[float]] | None = None,
) -> bytes:
    """Return the file of a small scorer."""
    tables = tiny_tables(models=len(models), groups=groups, words=words, quality=quality)
    return write_scorer(tiny_card(tables, models=models, groups=groups), tables)
