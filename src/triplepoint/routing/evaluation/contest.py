"""What all routers on one set share: the prompts, what calls cost, folds and draws, and both ends of what can be."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from triplepoint.routing.evaluation.baselines import costs_of
from triplepoint.routing.evaluation.datasets import Labelled
from triplepoint.routing.evaluation.folds import Fold, folds_of
from triplepoint.routing.evaluation.frontier import Choices, Hull, aiq, realised, sweep, sweep_pair
from triplepoint.routing.evaluation.pairs import Ranking, apgr
from triplepoint.routing.evaluation.resampling import Resamples, Vector


@dataclass(frozen=True)
class Contest:
    """One set of data, ready to measure routers on."""

    data: Labelled
    """Every model has a score on every prompt."""
    costs: Vector
    """Prompts × models, nothing unknown."""
    folds: tuple[Fold, ...]
    resamples: Resamples

    @classmethod
    def over(cls, data: Labelled, *, folds: int, draws: int, seed: int) -> "Contest":
        """Draw folds and resamples for data whose scores are all known.

        Raises: RequestInvalid: there are too few prompts.
        """
        parts = folds_of(data.prompts, folds=folds, seed=seed)
        return cls(data, costs_of(data), tuple(parts), Resamples.draw(data.prompts, draws=draws, seed=seed))

    @cached_property
    def reference(self) -> int:
        """Place of the best single model."""
        return int(np.argmax(self.data.scores.mean(axis=0)))

    @cached_property
    def cheapest(self) -> int:
        """Place of the model with the lowest mean cost."""
        return int(np.argmin(self.costs.mean(axis=0)))

    @property
    def is_pair(self) -> bool:
        """There are two models, and the second is the better: APGR has a meaning."""
        return len(self.data.models) == 2 and self.reference == 1

    @cached_property
    def ends(self) -> tuple[float, float]:
        """The headline of a mix of single models, which knows nothing, and of the oracle, which knows everything."""
        scores = self.data.scores
        if self.is_pair:
            return 0.5, apgr(Ranking(scores[:, 1] - scores[:, 0], scores[:, 0], scores[:, 1]))
        means = self.costs.mean(axis=0)
        return self.aiq(Hull.over(means, scores.mean(axis=0)), means), self.aiq(self.swept(scores, self.costs).hull, means)

    def aiq(self, hull: Hull, means: Vector) -> float:
        """Return AIQ between the cheapest model and the reference, whose mean costs are among `means`."""
        return aiq(hull, cheapest_usd=float(means[self.cheapest]), reference_usd=float(means[self.reference]))

    def mix(self, at: Vector, costs: Vector, scores: Vector) -> Vector:
        """Return the quality that a mix of single models has at some mean costs, by the models' mean costs and scores."""
        hull = Hull.over(costs, scores)
        return np.interp(at, hull.costs, hull.quality)

    def levelled(self, quality: Vector) -> Vector:
        """Return what routers of several folds expected as if their training rows had had the same means.

        The fewer good answers are in a fold, the more are in its training rows, so what is learnt without a fold errs the wrong
        way on it: pooled over folds, a router that expects the same of every prompt would rank worse than chance. One router,
        which is what serves, has no such differences; so each fold's are taken out, and only what sets prompts of a fold apart
        is left.

        Source: Parker, Günter and Bedo 2007, doi 10.1186/1471-2105-8-326: negative bias of pooled cross-validation.
        """
        scores = self.data.scores
        found = quality.copy()
        for fold in self.folds:
            found[fold.test] += scores.mean(axis=0) - scores[fold.train].mean(axis=0)
        return found

    def swept(self, quality: Vector, costs: Vector) -> "Swept":
        """Let a router choose at all its operating points, by what it expects: prompts × models."""
        choices = sweep_pair(quality[:, 1] - quality[:, 0]) if self.is_pair else sweep(quality, costs)
        return Swept(choices, realised(choices, self.costs), realised(choices, self.data.scores))


@dataclass(frozen=True)
class Swept:
    """A router's operating points, with what really came of them."""

    choices: Choices
    """Operating points × prompts: places of models."""
    paid: Vector
    """Prompts × operating points."""
    served: Vector
    """Scores, prompts × operating points."""

    @cached_property
    def hull(self) -> Hull:
        """What can be had with them."""
        return Hull.over(self.paid.mean(axis=0), self.served.mean(axis=0))
