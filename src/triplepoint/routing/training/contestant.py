"""The learnt table takes part in ``route evaluate``: trained on other folds, or as a file has it; asked as a gateway does."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from triplepoint.routing.evaluation.baselines import Expected, LabelTable
from triplepoint.routing.evaluation.datasets import Labelled
from triplepoint.routing.model import Question, Scores, Signals
from triplepoint.routing.scorer.table import TableScorer, load_scorer
from triplepoint.routing.training.service import train as train_scorer

_DAY = datetime.date(2026, 1, 1)
"""Of files that are thrown away."""
_FOLDS = 5
"""Of the cross-validation within the training rows."""


class Training:
    """Trains a scorer once for all contestants that are asked about the same rows.

    What is measured is the file that would serve, its rounding included, and not the arrays that it was made from.
    """

    def __init__(self, seed: int) -> None:
        """Have trained nothing yet."""
        self._seed = seed
        self._latest: tuple[Labelled, TableScorer] | None = None

    def on(self, train: Labelled) -> TableScorer:
        """Return the scorer of these rows."""
        if self._latest is None or self._latest[0] is not train:
            made = train_scorer([train], made=_DAY, seed=self._seed, folds=_FOLDS)
            self._latest = train, load_scorer(made.data)
        return self._latest[1]


@dataclass(frozen=True, slots=True)
class LearnedTable:
    """Ours, trained anew on the other folds."""

    training: Training
    knows_group: bool
    """The caller names the group of a request; else the words must tell it."""
    is_probability: bool = True
    is_slow: bool = True

    @property
    def name(self) -> str:
        """What the table calls it."""
        return "learned table (ours)" if self.knows_group else "learned table (ours), group told from words"

    @property
    def trained_on(self) -> str:
        """In words."""
        return "the other folds: words, marks, groups" if self.knows_group else "the other folds: words, marks"

    def expect(self, train: Labelled, test: Labelled) -> Expected:
        """Expect what the scorer of the training rows says."""
        return _expect(self.training.on(train), train, test, test.groups if self.knows_group else [""] * len(test))


@dataclass(frozen=True, slots=True)
class GivenTable:
    """A scorer's file, as it is: nothing is trained."""

    scorer: TableScorer
    """It knows the data's models, and has not seen the data."""
    name: str
    is_probability: bool = True
    is_slow: bool = False

    @property
    def trained_on(self) -> str:
        """What its card says."""
        sources = ", ".join(f"{source.source} ({source.rows:,} prompts)" for source in self.scorer.card.data)
        return f"by its card: {sources}" if sources else "its card does not say"

    def expect(self, train: Labelled, test: Labelled) -> Expected:
        """Expect what the file says."""
        return _expect(self.scorer, train, test, test.groups)


def _expect(scorer: TableScorer, train: Labelled, test: Labelled, tags: Sequence[str]) -> Expected:
    """Ask about each prompt; of costs, expect the training's mean of the group that the scorer takes the prompt for."""
    scores = [
        scorer.score(Question(signals=Signals(task=tag), text=prompt)) for tag, prompt in zip(tags, test.prompts, strict=True)
    ]
    costs = LabelTable().expect(train, replace(test, groups=[one.group for one in scores])).costs
    return Expected(np.array([_qualities(one, test.models) for one in scores]), costs)


def _qualities(scores: Scores, models: Sequence[str]) -> list[float]:
    return [scores.estimates[model].quality for model in models]
