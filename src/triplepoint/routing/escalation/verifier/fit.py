"""Trains a learnt check on answers whose scores are known; offline, with scikit-learn.

Three heads read the same pairs of question and answer: a logistic regression and boosted trees on `features`, and a
logistic regression on the weighted words of both. A last logistic regression puts their log-odds together; it is
trained on what each head says of answers that it did not see, so that it both weighs the heads and keeps its word: what
it calls 80 % is good 8 times of 10. Small samples want small heads, so none has more than a few hundred parameters that
matter, and none is tuned on what it is held against.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from triplepoint.foundation.errors import RequestInvalid
from triplepoint.foundation.extras import load_extra
from triplepoint.routing.escalation.verifier.features import features_of

Vector = NDArray[np.float64]
Places = NDArray[np.intp]

LEAST: Final = 50
"""Answers; with fewer there is nothing to learn from."""
_FOLDS: Final = 5
_TREES: Final = 3
"""Forests of boosted trees that are averaged."""
_EDGE: Final = 0.01
"""Nearest to 0 and 1 that a head's probability is taken for."""


class Pairs(NamedTuple):
    """Questions with answers to them, counted."""

    texts: list[str]
    """Question and answer in one."""
    features: Vector
    """Pairs × `features.FEATURES`."""

    def rows(self, places: Places) -> "Pairs":
        """Return some of them."""
        return Pairs([self.texts[place] for place in places], self.features[places])


def pairs_of(questions: Sequence[str], answers: Sequence[str]) -> Pairs:
    """Count questions with their answers; once for any number of heads."""
    both = list(zip(questions, answers, strict=True))
    counted = [list(features_of(question, answer).values()) for question, answer in both]
    return Pairs([f"{question}\n{answer}" for question, answer in both], np.array(counted, dtype=np.float64))


@dataclass(frozen=True)
class Verifier:
    """What was learnt of one model's answers."""

    _heads: tuple[Any, Any, Any]
    _together: Any

    def expect(self, pairs: Pairs) -> Vector:
        """Return for each pair the calibrated probability, 0…1, of what was learnt: that the answer is good."""
        said: Any = self._together.predict_proba(_log_odds(self._heads, pairs))
        return np.asarray(said[:, 1], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Constant:
    """What is expected where all answers that there were to learn from came out alike."""

    share: float

    def expect(self, pairs: Pairs) -> Vector:
        """Return the same for each pair."""
        return np.full(len(pairs.texts), self.share)


def fit_verifier(pairs: Pairs, good: Sequence[bool] | NDArray[np.bool_], *, seed: int) -> Verifier | Constant:
    """Learn when an answer is good, or anything else that is known of the same pairs: that another model's would be.

    Args:
        pairs: Questions with answers.
        good: What is to be told, by pair.
        seed: The same seed and data give the same verifier.
    Raises: RequestInvalid: there are fewer than fifty pairs, or scikit-learn is not installed.
    """
    labels = np.asarray(good, dtype=np.bool_)
    if len(labels) < LEAST:
        raise RequestInvalid(f"{len(labels)} answers with scores; a verifier needs at least {LEAST}", param="good")
    rare = int(min(labels.sum(), (~labels).sum()))
    if rare < _FOLDS:  # not one for each fold: nothing can be told apart
        return Constant(float(labels.mean()))
    selection, linear = _sklearn("model_selection"), _sklearn("linear_model")
    unseen = np.zeros((len(labels), 3))
    for train, test in selection.StratifiedKFold(_FOLDS, shuffle=True, random_state=seed).split(pairs.features, labels):
        heads = _fit_heads(pairs.rows(train), labels[train], seed=seed, trees=1)
        unseen[test] = _log_odds(heads, pairs.rows(test))
    together = linear.LogisticRegression(C=1.0).fit(unseen, labels)
    return Verifier(_fit_heads(pairs, labels, seed=seed, trees=_TREES), together)


def _fit_heads(pairs: Pairs, labels: NDArray[np.bool_], *, seed: int, trees: int) -> tuple[Any, Any, Any]:
    pipeline, linear = _sklearn("pipeline"), _sklearn("linear_model")
    counted = pipeline.make_pipeline(
        _sklearn("preprocessing").StandardScaler(), linear.LogisticRegression(C=0.02, max_iter=2000)
    )
    words = pipeline.make_pipeline(
        _sklearn("feature_extraction.text").TfidfVectorizer(sublinear_tf=True, min_df=2, ngram_range=(1, 2)),
        linear.LogisticRegression(C=1.0, max_iter=2000),
    )
    boosted = _sklearn("ensemble").VotingClassifier(
        [(str(place), _trees(1000 * seed + place)) for place in range(trees)], voting="soft"
    )
    counted.fit(pairs.features, labels)
    boosted.fit(pairs.features, labels)
    words.fit(pairs.texts, labels)
    return counted, boosted, words


def _trees(seed: int) -> Any:
    """Return boosted trees, each of a part of the answers and of a fifth of the features: noise is in the labels."""
    return _sklearn("ensemble").GradientBoostingClassifier(
        n_estimators=150,
        max_depth=3,
        learning_rate=0.04,
        subsample=0.6,
        min_samples_leaf=15,
        max_features=0.2,
        random_state=seed,
    )


def _log_odds(heads: tuple[Any, Any, Any], pairs: Pairs) -> Vector:
    counted, boosted, words = heads
    said = [counted.predict_proba(pairs.features), boosted.predict_proba(pairs.features), words.predict_proba(pairs.texts)]
    chances = np.clip(np.column_stack([one[:, 1] for one in said]).astype(np.float64), _EDGE, 1 - _EDGE)
    return np.log(chances / (1 - chances))


def _sklearn(module: str) -> Any:
    return load_extra(f"sklearn.{module}", "Learning needs scikit-learn", extra="route")
