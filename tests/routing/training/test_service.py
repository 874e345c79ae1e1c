"""Training end to end: a planted signal is found and served, noise is told from it, and the same comes out each time."""

import dataclasses
import datetime

import numpy as np
import pytest
from tests.routing.training.planted import HARD, planted

from triplepoint.foundation.errors import ScorerInvalid
from triplepoint.routing.evaluation.datasets import Labelled
from triplepoint.routing.model import Estimate, Question, Scores, Signals
from triplepoint.routing.scorer.file import read_scorer
from triplepoint.routing.scorer.table import TableScorer, load_scorer
from triplepoint.routing.training.service import NO_SIGNAL, Trained, join, train

DAY = datetime.date(2026, 11, 26)
EASY_TEXT = "what is the contract of a court in this name?"
HARD_TEXT = f"what is the contract of a court in this {HARD}?"


def _train(data: Labelled) -> Trained:
    return train([data], made=DAY, seed=0, folds=4)


TRAINED = _train(planted(400, seed=1, tokens=True))


def _ask(scorer: TableScorer, text: str, task: str = "") -> Scores:
    return scorer.score(Question(signals=Signals(task=task), text=text))


def _weak(scorer: TableScorer, text: str, task: str = "") -> Estimate:
    return _ask(scorer, text, task).estimates["small"]


def test_a_planted_signal_is_found() -> None:
    """The word that the weak model fails on lowers its estimate, not the strong one's, and the card says how well it ranks."""
    scorer = load_scorer(TRAINED.data)
    for task in ("", "law"):
        assert _weak(scorer, EASY_TEXT, task).quality - _weak(scorer, HARD_TEXT, task).quality > 0.2
        large = [_ask(scorer, text, task).estimates["large"].quality for text in (EASY_TEXT, HARD_TEXT)]
        assert abs(large[0] - large[1]) < 0.15
    (pair,) = TRAINED.card.pairs
    assert pair.apgr_low > 0.6 > pair.apgr_groups
    assert pair.apgr_untagged > 0.6
    assert {(one.model, one.group) for one in TRAINED.card.measured} == {
        (model, group) for model in ("small", "large") for group in ("", "law", "maths")
    }
    assert all(one.ece < 0.1 for one in TRAINED.card.measured if not one.group)


def test_groups_are_told_from_the_words() -> None:
    """A prompt without a tag goes to the group that its words speak of."""
    scorer = load_scorer(TRAINED.data)
    assert _ask(scorer, "what is the contract of this court for a judge?").group == "law"
    assert _ask(scorer, "what is the integral of this matrix for a prime?").group == "maths"


def test_lengths_are_learnt() -> None:
    """Expected output tokens follow the word that doubles them; the mean is kept."""
    scorer = load_scorer(TRAINED.data)
    easy, hard = (_ask(scorer, text).estimates["large"].output_tokens or 0.0 for text in (EASY_TEXT, HARD_TEXT))
    assert 1.2 < hard / easy < 2.5
    assert _ask(scorer, "").estimates["large"].output_tokens == pytest.approx(300, rel=0.1)
    unknown = load_scorer(_train(planted(200, seed=2)).data)
    assert _weak(unknown, EASY_TEXT).output_tokens is None


@pytest.mark.parametrize("seed", range(2))
def test_noise_is_no_signal(seed: int) -> None:
    """Where scores do not follow the words, the scorer has no signal for any text, and gives the group's means."""
    data = planted(300, seed=seed, signal=0.0)
    trained = _train(data)
    assert trained.card.notes == (NO_SIGNAL,)
    scorer = load_scorer(trained.data)
    scores = _ask(scorer, EASY_TEXT, "law")
    assert not scores.has_signal
    law = [row for row, group in enumerate(data.groups) if group == "law"]
    assert scores.estimates["small"].quality == pytest.approx(data.scores[law, 0].mean(), abs=0.05)


def test_text_unlike_the_training_has_no_signal() -> None:
    """Another language, a table of numbers, and words never seen are told from what was learnt."""
    scorer = load_scorer(TRAINED.data)
    assert _ask(scorer, EASY_TEXT).has_signal
    for text in ("Wie heißt der Richter, und was steht im Vertrag?", "1.5\n2.5\n3.5\n4.5", "the of a in this " * 100):
        assert not _ask(scorer, text).has_signal


def test_the_same_data_and_seed_give_the_same_bytes() -> None:
    """A scorer can be made again, and the card names what it was made from."""
    data = planted(200, seed=3)
    trained = _train(data)
    assert _train(data).data == trained.data
    card = read_scorer(trained.data).card
    assert card.training.made == "2026-11-26"
    assert card.training.recipe["directions"] == 60
    assert [(one.source, one.licence, one.rows) for one in card.data] == [("made by chance", "Apache-2.0 (class A)", 200)]


def test_unknown_scores_are_left_out() -> None:
    """Models that were asked different prompts are learnt from what there is of each."""
    data = planted(400, seed=1)
    scores = data.scores.copy()
    scores[::2, 0] = scores[1::3, 1] = np.nan
    scorer = load_scorer(_train(dataclasses.replace(data, scores=scores)).data)
    assert _weak(scorer, EASY_TEXT).quality - _weak(scorer, HARD_TEXT).quality > 0.15


def test_sets_are_joined() -> None:
    """Several files are one training; a model that one lacks is unknown there, and a set without groups is a group."""
    first, second = planted(100, seed=1), planted(100, seed=2, tokens=True)
    second = dataclasses.replace(second, name="other", models=("large", "huge"), groups=[""] * 100)
    joined = join([first, second])
    assert joined.models == ("small", "large", "huge")
    assert set(joined.groups) == {"law", "maths", "other"}
    assert np.isnan(joined.scores[:100, 2]).all()
    np.testing.assert_array_equal(joined.scores[100:, 1], second.scores[:, 0])
    assert joined.output_tokens is not None
    assert np.isnan(joined.output_tokens[:100]).all()


def test_what_cannot_be_learnt_from_is_refused() -> None:
    """No data, no texts, a model without a score: each is said, with what to do."""
    data = planted(100, seed=1)
    with pytest.raises(ScorerInvalid, match="name a file"):
        train([], made=DAY, seed=0, folds=4)
    with pytest.raises(ScorerInvalid, match="give a column prompt"):
        _train(dataclasses.replace(data, prompts=[""] * 100))
    with pytest.raises(ScorerInvalid, match="no score of large"):
        _train(dataclasses.replace(data, scores=np.where([True, False], data.scores, np.nan)))
