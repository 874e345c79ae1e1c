"""Routers to be held against: random, a table of labels, length, neighbours, the line-up's rules, and the oracle.

Each says what to expect of every model on prompts that it has not seen: quality, and cost. The table of labels is the one to
beat: a router that does not has learnt nothing from the single request.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol, cast

import msgspec
import numpy as np

from triplepoint.foundation.extras import load_extra
from triplepoint.routing.evaluation.datasets import Labelled, Matrix
from triplepoint.routing.evaluation.frontier import Hull
from triplepoint.routing.evaluation.resampling import Vector
from triplepoint.routing.model import Question
from triplepoint.routing.ports import Router
from triplepoint.routing.signals.read import read_request
from triplepoint.upstreams.dialects.model import Dialect

NEIGHBOURS: Final = 100
LABEL_TABLE: Final = "label table"
ORACLE: Final = "oracle"


class Expected(NamedTuple):
    """What a router expects of each model: prompts × models."""

    quality: Matrix
    costs: Matrix
    """USD a request; where the data have no costs, 0 for the first model up to 1 for the last."""


class Baseline(Protocol):
    """Something to be held against."""

    @property
    def name(self) -> str:
        """What the table calls it."""
        ...

    @property
    def trained_on(self) -> str:
        """In words, for the table."""
        ...

    @property
    def is_probability(self) -> bool:
        """Its qualities mean probabilities, so that their calibration can be told."""
        ...

    @property
    def is_slow(self) -> bool:
        """It takes seconds for thousands of prompts, and can be sent to another process."""
        ...

    def expect(self, train: Labelled, test: Labelled) -> Expected:
        """Say what to expect on test rows, from training rows.

        Every score is known; those of the test rows are read by the oracle and the mix alone.
        """
        ...


def costs_of(data: Labelled) -> Matrix:
    """Return what each model cost on each prompt; a cost that is not known there is the model's mean.

    Without costs the models stand for themselves: from 0 for the first to 1 for the last, so that a mean cost is the share of
    calls to the stronger one of two.
    """
    if data.costs is None:
        return np.tile(np.linspace(0.0, 1.0, len(data.models)), (len(data), 1))
    return np.where(np.isnan(data.costs), _means(data.costs), data.costs)


def _means(values: Matrix) -> Vector:
    known = ~np.isnan(values)
    return np.where(known, values, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)


@dataclass(frozen=True, slots=True)
class Mix:
    """Knows nothing of the request: what any coin between single models gives, random routing among them."""

    name: str = "random, any mix"
    trained_on: str = "nothing of the prompt"
    is_probability: bool = False
    is_slow: bool = False

    def expect(self, train: Labelled, test: Labelled) -> Expected:
        """Expect the same of every prompt: the means of all data, which is what always taking one model gives."""
        whole = train.scores, costs_of(train), test.scores, costs_of(test)
        quality, costs = np.concatenate(whole[::2]), np.concatenate(whole[1::2])
        # Rounded, so that folds do not differ by the order in which they add up.
        means = np.round(_means(quality), 12), np.round(_means(costs), 12)
        return Expected(*(np.tile(mean, (len(test), 1)) for mean in means))


@dataclass(frozen=True, slots=True)
class LabelTable:
    """Each group's means; a group that training lacks has the means of all."""

    name: str = LABEL_TABLE
    trained_on: str = "the other folds' means, by group"
    is_probability: bool = True
    is_slow: bool = False

    def expect(self, train: Labelled, test: Labelled) -> Expected:
        """Expect the group's training means."""
        costs = costs_of(train)
        quality_of, cost_of = _by_group(train, train.scores), _by_group(train, costs)
        overall = _means(train.scores), _means(costs)
        return Expected(
            np.stack([quality_of.get(group, overall[0]) for group in test.groups]),
            np.stack([cost_of.get(group, overall[1]) for group in test.groups]),
        )


def _by_group(data: Labelled, values: Matrix) -> Mapping[str, Vector]:
    groups = np.array(data.groups)
    return {str(group): _means(values[groups == group]) for group in np.unique(groups)}


@dataclass(frozen=True, slots=True)
class Length:
    """Knows only how long the prompt is: least squares on the logarithm of its characters, up to the second power."""

    name: str = "length"
    trained_on: str = "the other folds"
    is_probability: bool = True
    is_slow: bool = False

    def expect(self, train: Labelled, test: Labelled) -> Expected:
        """Expect what prompts of this length had."""
        quality = _lengths(test) @ _least_squares(_lengths(train), train.scores)
        costs = _lengths(test) @ _least_squares(_lengths(train), costs_of(train))
        return Expected(np.clip(quality, 0.0, 1.0), np.maximum(costs, 0.0))


def _lengths(data: Labelled) -> Matrix:
    logarithms = np.log1p([float(len(prompt)) for prompt in data.prompts])
    return np.stack([np.ones_like(logarithms), logarithms, logarithms**2], axis=1)


def _least_squares(features: Matrix, targets: Matrix) -> Matrix:
    return cast("Matrix", np.linalg.lstsq(features, targets)[0])


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Means of the hundred training prompts whose words are most alike (TF-IDF, cosine), of a tenth where that is fewer.

    Source: Li 2025, Rethinking Predictive Modeling for LLM Routing, arXiv 2505.12601, which finds neighbours as good as learnt
    routers; words instead of embeddings, so that no model is needed.
    """

    name: str = "neighbours"
    trained_on: str = "the other folds"
    is_probability: bool = True
    is_slow: bool = True

    def expect(self, train: Labelled, test: Labelled) -> Expected:
        """Expect what the nearest prompts had.

        Raises: RequestInvalid: scikit-learn is not installed.
        """
        vectorizer: Any = _sklearn("sklearn.feature_extraction.text").TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2))
        known: Any = vectorizer.fit_transform(train.prompts)
        count = min(NEIGHBOURS, max(len(train) // 10, 1))
        costs = costs_of(train)
        quality, cost = np.empty((len(test), len(test.models))), np.empty((len(test), len(test.models)))
        for start in range(0, len(test), 500):
            similar = cast("Matrix", (vectorizer.transform(test.prompts[start : start + 500]) @ known.T).toarray())
            nearest = np.argpartition(-similar, count - 1, axis=1)[:, :count]
            quality[start : start + 500] = train.scores[nearest].mean(axis=1)
            cost[start : start + 500] = costs[nearest].mean(axis=1)
        return Expected(quality, cost)


def _sklearn(module: str) -> Any:
    return load_extra(module, "evaluating routers needs scikit-learn", extra="route")


@dataclass(frozen=True, slots=True)
class Ladder:
    """A router that learns nothing, such as rules, over its own line-up.

    Its rungs are laid on the models of the hull of single models, the cheapest to the best, for a model off the hull is nothing
    that a hand-written ladder would hold.
    """

    router: Router
    rungs: tuple[str, ...]
    """Models of its line-up, weakest first."""
    name: str = "rules of the embedded line-up"
    trained_on: str = "nothing: written by hand"
    is_probability: bool = False
    is_slow: bool = False

    def expect(self, train: Labelled, test: Labelled) -> Expected:
        """Expect the most of the model on the rung that is chosen, and less of the others the farther they are from it."""
        candidates = frozenset(self.rungs)
        chosen = [self.rungs.index(self.router.decide(_question(prompt), candidates).model) for prompt in test.prompts]
        wanted = np.array(chosen) / max(len(self.rungs) - 1, 1)
        costs = _means(costs_of(train))
        on_hull = np.isin(costs, Hull.over(costs, _means(train.scores)).costs)
        places = np.full(len(test.models), np.inf)
        places[on_hull] = np.argsort(np.argsort(costs[on_hull])) / max(on_hull.sum() - 1, 1)
        return Expected(-np.abs(places[None] - wanted[:, None]), np.tile(costs, (len(test), 1)))


def _question(prompt: str) -> Question:
    messages = msgspec.Raw(msgspec.json.encode([{"role": "user", "content": prompt}]))
    reading = read_request({"messages": messages}, Dialect.CHAT, wants_text=True)
    return Question(signals=reading.signals, text=reading.text)


@dataclass(frozen=True, slots=True)
class Oracle:
    """Knows what each model will make of each prompt: nobody can do better, and with one sample a model nobody comes near."""

    name: str = ORACLE
    trained_on: str = "the answers themselves"
    is_probability: bool = False
    is_slow: bool = False

    def expect(self, train: Labelled, test: Labelled) -> Expected:
        """Expect what happens."""
        return Expected(test.scores, costs_of(test))
