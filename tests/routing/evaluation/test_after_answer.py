"""What looking at a cheap answer is worth: both calls are paid, a perfect check gets the best of both, and a poor one costs."""

from dataclasses import replace

import numpy as np
import pytest
from tests.routing.evaluation.helpers import made_data

from triplepoint.foundation.errors import RequestInvalid
from triplepoint.routing.evaluation.after_answer import AfterAnswer, look_after
from triplepoint.routing.evaluation.datasets import Labelled
from triplepoint.routing.evaluation.report.after import after_document, after_facts, after_lines


def _answered(rows: int = 200) -> Labelled:
    """Make sums whose wrong answers do not hold, but for one in ten, whose error cannot be seen."""
    data = made_data(rows, seed=5)
    answers: list[str] = []
    for row, score in enumerate(data.scores[:, 0]):
        seen = row % 10 != 0
        one = row % 7 + 2
        answers.append(f"{one} + 3 = {one + 3 + (score < 0.5 and seen)}.")
    return replace(data, answers={"small": answers})


@pytest.fixture(scope="module")
def look() -> AfterAnswer:
    """Look at them once."""
    return look_after(_answered(), folds=3, seed=1, draws=20)


def test_both_calls_are_paid(look: AfterAnswer) -> None:
    """A tenth of the price for every prompt, and all of it for those that went up."""
    assert look.weak.cost == pytest.approx(0.1)
    assert look.strong.cost == 1
    assert look.checks is not None
    assert look.checks.cost == pytest.approx(0.1 + look.checks.escalated)


def test_the_checks_send_up_what_does_not_hold(look: AfterAnswer) -> None:
    """Nine of ten wrong answers, and none that is right."""
    scores = look.contest.data.scores
    wrong = (scores[:, 0] < 0.5).mean()
    assert look.checks is not None
    assert 0.8 * wrong < look.checks.escalated < wrong
    assert [(why, bad) for why, _, bad in look.found] == [("arithmetic: its equation did not hold", 1.0)]
    assert look.weak.quality < look.checks.quality <= look.simulated[0][2].quality


def test_a_perfect_check_serves_the_best_of_both(look: AfterAnswer) -> None:
    """And one that guesses serves the mean of them, at more than the mean of their prices."""
    scores = look.contest.data.scores
    perfect, guessing = look.simulated[0][2], look.simulated[-1][2]
    assert perfect.quality == pytest.approx(scores.max(axis=1).mean())
    assert guessing.quality == pytest.approx(scores.mean())
    assert guessing.cost == pytest.approx(0.6)


def test_a_verifier_recovers_the_gap_early(look: AfterAnswer) -> None:
    """What can be seen it learns: half of the gap costs far less than half."""
    assert look.verifier is not None
    assert look.verifier.apgr.value > 0.6
    assert look.verifier.cpt50 < 0.4


def test_without_answers_only_simulated_checks_are_told() -> None:
    """There is nothing to look at."""
    look = look_after(made_data(100), folds=2, seed=1, draws=20)
    assert look.checks is None
    assert look.verifier is None
    assert after_document(look)["verifier"] is None
    assert len(list(after_lines(look))) == 2 + len(look.simulated)


def test_it_is_told_in_words_and_values(look: AfterAnswer) -> None:
    """The same figures."""
    document = after_document(look)
    assert document["checks"]["cost"] == look.checks.cost if look.checks is not None else False
    assert any("APGR" in fact for fact in after_facts(look))
    assert {len(line) for line in after_lines(look)} == {4}


@pytest.mark.parametrize("models", [("a", "b", "c"), ("worse", "better")])
def test_it_is_between_a_cheap_model_and_a_better_one(models: tuple[str, ...]) -> None:
    """Anything else is refused, with what to do."""
    data = made_data(100, models=models)
    if len(models) == 2:
        data = replace(data, scores=np.flip(data.scores, axis=1))
    with pytest.raises(RequestInvalid, match="--models cheap,better"):
        look_after(data, folds=2, seed=1, draws=20)
