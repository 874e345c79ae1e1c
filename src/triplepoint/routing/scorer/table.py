"""Score a request by the table: the request's path, numpy alone.

The work is a pass over the text for its words, a look-up of each distinct one, and one sum over the rows found. Nothing raises:
a text of nothing, of control characters, or in a language never seen has no signal, and the means stand.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

from triplepoint.foundation.errors import ScorerInvalid
from triplepoint.routing.model import Estimate, Push, Question, Scores
from triplepoint.routing.scorer.card import Card
from triplepoint.routing.scorer.file import ScorerData, digest_without_certificates, read_scorer
from triplepoint.routing.scorer.pushes import pushes_of
from triplepoint.routing.scorer.tables import NEVER_LEARNT, Floats
from triplepoint.routing.scorer.terms import BINS, MEASURES, measure, pairs_of, words_of

LEAST_WORDS: Final = 3
"""Distinct known words that a text must have, else there is no signal."""
_LONGEST_LN: Final = 3.0
"""A text makes an answer at most e³ ≈ 20 times as long, or short, as its group's mean."""
_ONE_SIDED_95: Final = 1.645
"""Standard deviations."""
_FARTHEST: Final = 3.0
"""Standard deviations to which a measure is cut."""


class Found(NamedTuple):
    """What a text has of the vocabulary."""

    rows: list[int]
    """Rows of its terms."""
    marks: list[int]
    """Rows of its marks' bins."""
    measures: Floats
    """Its measures in standard deviations, cut."""
    weight: float
    """What a term's row counts for: one over the length of the vector of rarities."""
    has_signal: bool


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
        split = [term.split(" ") for term in tables.vocabulary]
        self._words = {term[0]: row for row, term in enumerate(split) if len(term) == 1}
        self._pairs = {(term[0], term[1]): row for row, term in enumerate(split) if len(term) == 2}
        self._rarity_squared = np.square(tables.rarity)
        # Answers and memberships are summed together, in one gathering of rows.
        self._answers = np.ascontiguousarray(np.hstack((tables.quality, tables.length)))
        self._first_mark = len(tables.vocabulary)
        self._bins = self._first_mark + np.arange(len(MEASURES)) * BINS
        self._linear = self._first_mark + len(MEASURES) * BINS
        self._wholes = [self._whole(row) for row in range(-1, len(self.card.groups))]

    def score(self, question: Question) -> Scores:
        """Estimate every model. Never raises: on anything odd it says that it has no signal."""
        tagged = self._groups.get(question.signals.task)
        found = self.find(question.text)
        if not found.has_signal:
            return self._from_means(tagged)
        shares = self._membership(found) if tagged is None else None
        group = int(shares.argmax()) if shares is not None and shares.size else tagged
        quality, tokens = self._means(tagged, shares)
        sums = self._sum(self._answers, found)
        models = len(self.card.models)
        quality = self._calibrated(quality + sums[:models])
        tokens = tokens * np.exp(sums[models:].clip(-_LONGEST_LN, _LONGEST_LN))
        return self._scores(quality, tokens, group, has_signal=True)

    def pushes(self, question: Question) -> tuple[Push, ...]:
        """Return what in a request moved the estimates, what moved them furthest apart first; as `ports.TellingScorer`."""
        return pushes_of(self.tables, self.find(question.text), self._columns)

    def find(self, text: str) -> Found:
        """Look a text up in the vocabulary."""
        words = words_of(text)
        distinct = set(words)
        known = [row for row in map(self._words.get, distinct) if row is not None]
        has_signal = len(known) >= LEAST_WORDS and len(known) >= self.card.least_known * len(distinct)
        if not has_signal:
            return Found([], [], np.zeros(0, dtype=np.float32), 0.0, has_signal=False)
        rows = known + [row for row in map(self._pairs.get, set(pairs_of(words))) if row is not None]
        weight = float(self._rarity_squared[rows].sum()) ** -0.5
        measures = np.log1p(np.array(measure(text, words, distinct), dtype=np.float32))
        marks = self._bins + (measures[:, None] > self.tables.marks_edges).sum(axis=1)
        standard = (measures - self.tables.marks_centre) / self.tables.marks_spread
        return Found(rows, marks.tolist(), standard.clip(-_FARTHEST, _FARTHEST), weight, has_signal=True)

    def _sum(self, table: Floats, found: Found) -> Floats:
        total: Floats = table[found.rows].sum(axis=0) * np.float32(found.weight)
        total += table[found.marks].sum(axis=0)
        total += found.measures @ table[self._linear :]
        return total

    def _membership(self, found: Found) -> Floats:
        odds = self._sum(self.tables.membership, found) + self.tables.group_prior
        if not odds.size:
            return odds
        shares: Floats = np.exp(odds - odds.max())
        return shares / shares.sum()

    def _means(self, tagged: int | None, shares: Floats | None) -> tuple[Floats, Floats]:
        tables = self.tables
        if shares is None or not shares.size:
            row = -1 if tagged is None else tagged
            return tables.group_quality[row], tables.group_output_tokens[row]
        return shares @ tables.group_quality[:-1], shares @ tables.group_output_tokens[:-1]

    def _calibrated(self, sums: Floats) -> Floats:
        knots = zip(sums.tolist(), self.tables.knots_in, self.tables.knots_out, strict=True)
        measured: list[float] = [np.interp(value, at, out) for value, at, out in knots]
        return np.array(measured, dtype=np.float32)

    def _from_means(self, tagged: int | None) -> Scores:
        return self._scores(*self._means(tagged, None), tagged, has_signal=False)

    def _scores(self, quality: Floats, tokens: Floats, group: int | None, *, has_signal: bool) -> Scores:
        estimates = self._estimates(quality, tokens)
        means, least_gap = self._wholes[0 if group is None else group + 1]
        return Scores(estimates, "" if group is None else self.card.groups[group], has_signal, means, least_gap)

    def _estimates(self, quality: Floats, tokens: Floats) -> dict[str, Estimate]:
        known = [
            Estimate(quality=q, output_tokens=None if t == NEVER_LEARNT else t)
            for q, t in zip(quality.tolist(), tokens.tolist(), strict=True)
        ]
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
        means = self._estimates(self.tables.group_quality[row], self.tables.group_output_tokens[row])
        return means, _ONE_SIDED_95 * (2 * rows) ** -0.5


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
