"""Score a request by the table: the request's path, numpy alone.

The work is a pass over the text for its words, a look-up of each distinct one, and one sum over the rows found. Nothing raises:
a text of nothing, of control characters, or in a language never seen has no signal, and the means stand.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from triplepoint.foundation.errors import ScorerInvalid
from triplepoint.routing.model import Estimate, Push, Question, Scores
from triplepoint.routing.scorer.card import Card
from triplepoint.routing.scorer.file import ScorerData, digest_without_certificates, read_scorer
from triplepoint.routing.scorer.pushes import pushes_of
from triplepoint.routing.scorer.tables import NEVER_LEARNT, Floats
from triplepoint.routing.scorer.terms import BINS, MEASURES, distance_of, measure, words_of

LEAST_WORDS: Final = 3
"""Distinct known words that a text must have, else there is no signal."""
_LONGEST_LN: Final = 3.0
"""A text makes an answer at most e³ ≈ 20 times as long, or short, as its group's mean."""
_ONE_SIDED_95: Final = 1.645
"""Standard deviations."""
_MOSTLY: Final = np.float32(0.5)
"""Share of the groups that a text may belong to, of which the length of answers must be known."""
FARTHEST: Final = 3.0
"""Standard deviations to which a measure is cut."""


class Found(NamedTuple):
    """What a text has of the vocabulary."""

    rows: NDArray[np.intp]
    """Rows of its terms, of its measures' bins, and of the measures themselves."""
    counts: Floats
    """What each row counts for: a term for one over the length of the vector of rarities, a bin for 1, a measure for itself."""
    terms: int
    """How many of the rows are terms."""
    measures: Floats
    """Its measures in standard deviations, cut."""
    has_signal: bool


class Setting(NamedTuple):
    """What is expected before the words are weighed."""

    group: int | None
    """Row of the group that the request belongs to most; None: there are no groups."""
    base: Floats
    """[models] What the sum begins with."""
    slopes: Floats
    """[measures, models] What each measure adds here beyond its own row."""
    tokens: Floats
    """[models] Mean output tokens."""


_NO_FLOATS: Final = np.zeros(0, dtype=np.float32)
_NOTHING: Final = Found(np.zeros(0, dtype=np.intp), _NO_FLOATS, 0, _NO_FLOATS, has_signal=False)


class TableScorer:
    """A learnt table; immutable, shared by all requests of a snapshot. Implements `ports.Scorer`."""

    def __init__(self, data: ScorerData, names: Mapping[str, str], bare_digest: str) -> None:
        self.card: Card = data.card
        self.certificates = data.certificates
        """JSON, as the file has it; empty: none."""
        self.digest = data.digest
        self.bare_digest = bare_digest
        """SHA-256 of the file without certificates: what certificates name."""
        self.tables = tables = data.tables
        columns = {model: index for index, model in enumerate(self.card.models)}
        self._columns = columns | {name: columns[model] for name, model in names.items()}
        self.models = tuple(self._columns)
        self._groups = {group: index for index, group in enumerate(self.card.groups)}
        # Words are looked up once, by what they are; pairs by one whole number made of two rows. All unknown words are one.
        self._unknown = len(tables.vocabulary)
        self._words = {term: row for row, term in enumerate(tables.vocabulary) if " " not in term}
        self._pairs = dict(self._numbered_pairs())
        self._rarity_squared = np.square(tables.rarity)
        # Answers and memberships are summed together, in one gathering of rows.
        self._answers = np.ascontiguousarray(np.hstack((tables.quality, tables.length)))
        self._bases, self._tokens = tables.group_base[:-1], tables.group_output_tokens[:-1]
        self._has_tokens = (self._tokens > NEVER_LEARNT).astype(np.float32)
        self._slopes = tables.group_measures[:-1].reshape(len(self._groups), len(MEASURES) * len(self.card.models))
        first, kinds = len(tables.vocabulary), len(MEASURES)
        self._bins = range(first, first + kinds * BINS, BINS)
        self._linear = list(range(first + kinds * BINS, first + kinds * (BINS + 1)))
        self._edges: list[list[float]] = tables.marks_edges.tolist()
        self._curves = list(zip(tables.knots_in.tolist(), tables.knots_out.tolist(), strict=True))
        self._wholes = [self._whole(row) for row in range(-1, len(self.card.groups))]

    def score(self, question: Question) -> Scores:
        """Estimate every model. Never raises: on anything odd it says that it has no signal."""
        summed = self.sum_up(question)
        if summed is None:
            return self._from_means(self._groups.get(question.signals.task))
        setting, sums = summed
        models = len(self.card.models)
        tokens = setting.tokens * np.exp(np.maximum(np.minimum(sums[models:], _LONGEST_LN), -_LONGEST_LN))
        quality = [_read(curve, value) for curve, value in zip(self._curves, sums[:models].tolist(), strict=True)]
        return self._scores(quality, tokens.tolist(), setting.group, has_signal=True)

    def sum_up(self, question: Question) -> tuple[Setting, Floats] | None:
        """Add up what a request has, before it is corrected to probabilities; None: it has no signal.

        Returns: What its group says, and a sum for each model's quality, then for the logarithm of each one's output tokens
        beyond the mean.
        """
        found = self.find(question.text)
        if not found.has_signal:
            return None
        setting = self._setting(self._groups.get(question.signals.task), found)
        sums = found.counts @ self._answers[found.rows]
        sums[: len(self.card.models)] += setting.base + found.measures @ setting.slopes
        return setting, sums

    def pushes(self, question: Question) -> tuple[Push, ...]:
        """Return what in a request moved the estimates, what moved them furthest apart first; as `ports.TellingScorer`."""
        found = self.find(question.text)
        if not found.has_signal:
            return ()
        setting = self._setting(self._groups.get(question.signals.task), found)
        return pushes_of(self.tables, found, setting.slopes, self._columns)

    def find(self, text: str) -> Found:
        """Look a text up in the vocabulary."""
        words = words_of(text)
        row_of, unknown = self._words.get, self._unknown
        places = [row_of(word, unknown) for word in words]
        rows = set(places)
        rows.discard(unknown)
        if len(rows) < LEAST_WORDS:
            return _NOTHING
        step = unknown + 1
        pairs = {left * step + right for left, right in pairwise(places)}
        known = [row for row in map(self._pairs.get, pairs) if row is not None]
        if len(known) < self.card.least_known * len(pairs):
            return _NOTHING
        measures = measure(text, words, len(set(words)))
        standard = (measures - self.tables.marks_centre) / self.tables.marks_spread
        if distance_of(standard, self.tables.marks_whitening) > self.card.farthest:
            return _NOTHING
        standard = np.maximum(np.minimum(standard, FARTHEST), -FARTHEST)
        return self._found([*rows, *known], measures.tolist(), standard)

    def _numbered_pairs(self) -> Iterator[tuple[int, int]]:
        for row, term in enumerate(self.tables.vocabulary):
            left, _, right = term.partition(" ")
            if left in self._words and right in self._words:
                yield self._words[left] * (self._unknown + 1) + self._words[right], row

    def _found(self, terms: list[int], measures: list[float], standard: Floats) -> Found:
        count = len(terms)
        bins = [
            start + bisect_left(edges, value) for start, edges, value in zip(self._bins, self._edges, measures, strict=True)
        ]
        rows = np.array(terms + bins + self._linear, dtype=np.intp)
        counts = np.ones(len(rows), dtype=np.float32)
        counts[:count] = 1 / math.sqrt(self._rarity_squared[rows[:count]].sum())
        counts[-len(MEASURES) :] = standard
        return Found(rows, counts, count, standard, has_signal=True)

    def _membership(self, found: Found) -> Floats:
        odds = found.counts @ self.tables.membership[found.rows] + self.tables.group_prior
        shares: Floats = np.exp(odds - odds.max())
        return shares / shares.sum()

    def _setting(self, tagged: int | None, found: Found) -> Setting:
        """Return what the group says: the one that the caller names, else those that share the text."""
        tables = self.tables
        if tagged is not None or not self._groups:
            row = -1 if tagged is None else tagged
            return Setting(tagged, tables.group_base[row], tables.group_measures[row], tables.group_output_tokens[row])
        shares = self._membership(found)
        slopes = (shares @ self._slopes).reshape(len(MEASURES), -1)
        known = shares @ self._has_tokens
        tokens = np.where(known >= _MOSTLY, shares @ self._tokens / np.maximum(known, _MOSTLY), NEVER_LEARNT)
        return Setting(int(shares.argmax()), shares @ self._bases, slopes, tokens)

    def _from_means(self, tagged: int | None) -> Scores:
        row = -1 if tagged is None else tagged
        means, tokens = self.tables.group_quality[row], self.tables.group_output_tokens[row]
        return self._scores(means.tolist(), tokens.tolist(), tagged, has_signal=False)

    def _scores(self, quality: list[float], tokens: list[float], group: int | None, *, has_signal: bool) -> Scores:
        estimates = self._estimates(quality, tokens)
        means, least_gap = self._wholes[0 if group is None else group + 1]
        return Scores(estimates, "" if group is None else self.card.groups[group], has_signal, means, least_gap)

    def _estimates(self, quality: list[float], tokens: list[float]) -> dict[str, Estimate]:
        known = [Estimate(q, None if t == NEVER_LEARNT else t) for q, t in zip(quality, tokens, strict=True)]
        return {name: known[column] for name, column in self._columns.items()}

    def _whole(self, row: int) -> tuple[dict[str, Estimate] | None, float]:
        """Return the means of a group (−1: of all), and the difference between two qualities that is no chance.

        With n prompts the difference of two shares has a variance of at most 1/(2 n). Where the card does not say how many
        there were, nothing is told.
        """
        group = "" if row == -1 else self.card.groups[row]
        rows = min((one.rows for one in self.card.measured if one.group == group), default=0)
        if not rows:
            return None, 0.0
        means = self._estimates(self.tables.group_quality[row].tolist(), self.tables.group_output_tokens[row].tolist())
        return means, _ONE_SIDED_95 * (2 * rows) ** -0.5


def _read(curve: tuple[list[float], list[float]], value: float) -> float:
    """Return the height of a curve at a sum; level beyond its ends. numpy's own takes eight times as long for one value."""
    sums, probabilities = curve
    after = bisect_right(sums, value)
    if after == 0:
        return probabilities[0]
    if after == len(sums):
        return probabilities[-1]
    share = (value - sums[after - 1]) / (sums[after] - sums[after - 1])
    return probabilities[after - 1] + share * (probabilities[after] - probabilities[after - 1])


def load_scorer(data: bytes, *, names: Mapping[str, str] | None = None) -> TableScorer:
    """Load a scorer from its file's bytes.

    Args:
        names: By a line-up's name of a model, the scorer's name of it, where it is another one.
    Raises: ScorerInvalid: the file is not sound, or it does not know a model of ``names``.
    """
    read, names = read_scorer(data), names or {}
    for name, model in names.items():
        if model not in read.card.models:
            raise ScorerInvalid(
                f"the scorer knows no model {model} (given for {name}); it knows {', '.join(read.card.models)}. "
                "Correct the name, or add the model to the scorer with `triplepoint route train --add`"
            )
    return TableScorer(read, names, digest_without_certificates(data))
