"""The learnt table as a contestant of ``route evaluate``: trained on other folds, written, loaded, asked as a gateway does."""

import datetime
from dataclasses import dataclass, replace

import numpy as np

from triplepoint.routing.evaluation.baselines import Expected, LabelTable
from triplepoint.routing.evaluation.datasets import Labelled
from triplepoint.routing.model import Question, Signals
from triplepoint.routing.scorer.table import load_scorer
from triplepoint.routing.training.service import train as train_scorer

_DAY = datetime.date(2026, 1, 1)
"""Of files that are thrown away."""


@dataclass(frozen=True, slots=True)
class LearnedTable:
    """Ours. What is measured is the file that would serve, its rounding included, and not the arrays that it was made from."""

    knows_group: bool
    """The caller names the group of a request; else the words must tell it."""
    folds: int = 5
    """Of the cross-validation within the training rows."""
    seed: int = 0
    is_probability: bool = True

    @property
    def name(self) -> str:
        """What the table calls it."""
        return "learned table (ours)" if self.knows_group else "learned table (ours), group told from words"

    @property
    def trained_on(self) -> str:
        """In words."""
        return "the other folds: words, marks, groups" if self.knows_group else "the other folds: words, marks"

    def expect(self, train: Labelled, test: Labelled) -> Expected:
        """Expect what the scorer says; of costs, the mean of the group that it takes the prompt for."""
        scorer = load_scorer(train_scorer([train], made=_DAY, seed=self.seed, folds=self.folds).data)
        tags = test.groups if self.knows_group else [""] * len(test)
        scores = [
            scorer.score(Question(signals=Signals(task=tag), text=prompt))
            for tag, prompt in zip(tags, test.prompts, strict=True)
        ]
        quality = np.array([[one.estimates[model].quality for model in train.models] for one in scores])
        return Expected(quality, LabelTable().expect(train, replace(test, groups=[one.group for one in scores])).costs)
