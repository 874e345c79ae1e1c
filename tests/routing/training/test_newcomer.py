"""A model is added to a scorer from few labels: it shares what is known of the words, and the others stay as they are."""

import dataclasses
import datetime

import numpy as np
import pytest
from tests.routing.training.planted import HARD, planted

from triplepoint.foundation.errors import ScorerInvalid
from triplepoint.routing.evaluation.datasets import Labelled
from triplepoint.routing.model import Question, Signals
from triplepoint.routing.scorer.file import read_scorer, with_certificates
from triplepoint.routing.scorer.table import TableScorer, load_scorer
from triplepoint.routing.training.newcomer import Profile, add_model
from triplepoint.routing.training.service import train

EASY_TEXT = "what is the contract of a court in this name?"
HARD_TEXT = f"what is the contract of a court in this {HARD}?"


def _family(rows: int, seed: int) -> Labelled:
    """Make a family of which each model fails on the same word."""
    data = planted(rows, seed=seed)
    chance = np.random.default_rng(seed)
    hard = np.array([HARD in prompt for prompt in data.prompts])
    rates = np.column_stack([0.75 - 0.5 * hard, 0.8 - 0.5 * hard, 0.7 - 0.5 * hard])
    scores = (chance.random((rows, 3)) < rates) * 1.0
    tokens = np.full((rows, 3), 80.0)
    return dataclasses.replace(data, models=("small", "large", "fresh"), scores=scores, output_tokens=tokens)


DATA = _family(400, seed=1)
SCORER = train([DATA.only(["small", "large"])], made=datetime.date(2026, 11, 26), seed=0, folds=3).data
LABELS = _family(60, seed=2)


def _quality(scorer: TableScorer, text: str, model: str) -> float:
    return scorer.score(Question(signals=Signals(), text=text)).estimates[model].quality


def test_a_newcomer_shares_what_is_hard() -> None:
    """With sixty labels it is told from its estimates that it fails where the others fail, and at its own level."""
    profile = Profile(mean=0.45, groups={"law": 0.4}, output_tokens=120)
    added = add_model(SCORER, "fresh", profile=profile, labels=LABELS)
    scorer = load_scorer(added.data)
    assert scorer.models == ("small", "large", "fresh")
    assert _quality(scorer, EASY_TEXT, "fresh") - _quality(scorer, HARD_TEXT, "fresh") > 0.15
    fresh = scorer.score(Question(signals=Signals(task="law"))).estimates["fresh"]
    assert 0.3 < fresh.quality < 0.6
    assert fresh.output_tokens == pytest.approx(90, abs=1)  # sixty labels of 80, and the profile for twenty


def test_the_others_stay_as_they_are() -> None:
    """Estimates of known models do not change by a bit; certificates, which spoke of other models, are gone."""
    added = add_model(with_certificates(SCORER, "[]"), "fresh", profile=None, labels=LABELS)
    before, after = load_scorer(SCORER), load_scorer(added.data)
    for text in (EASY_TEXT, HARD_TEXT, ""):
        for model in ("small", "large"):
            assert _quality(before, text, model) == pytest.approx(_quality(after, text, model), abs=1e-6)
    read = read_scorer(added.data)
    assert read.certificates == ""
    assert read.card.data[-1].rows == 60
    assert "added with 60 labels" in read.card.notes[-1]
    assert {one.rows for one in read.card.measured if (one.model, one.group) == ("fresh", "")} == {60}


def test_more_labels_weigh_more_than_the_profile() -> None:
    """A profile that is wrong is mended by labels, and more of them mend it better."""
    wrong = Profile(mean=0.95)
    found = [
        _quality(load_scorer(add_model(SCORER, "fresh", profile=wrong, labels=_family(n, seed=3)).data), "", "fresh")
        for n in (20, 100, 400)
    ]
    assert 0.95 > found[0] > found[1] > found[2]
    assert found[2] == pytest.approx(0.45, abs=0.08)


def test_what_cannot_be_added_is_refused() -> None:
    """A known model, labels of another, and too few labels: each is said."""
    with pytest.raises(ScorerInvalid, match="knows large already"):
        add_model(SCORER, "large", profile=None, labels=LABELS)
    with pytest.raises(ScorerInvalid, match="no score of other"):
        add_model(SCORER, "other", profile=None, labels=LABELS)
    with pytest.raises(ScorerInvalid, match="19 labels of fresh; at least 20"):
        add_model(SCORER, "fresh", profile=None, labels=LABELS.rows(range(19)))
