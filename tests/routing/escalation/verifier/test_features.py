"""What a learnt check goes by: finite numbers, always the same ones, that say of an answer what they are named after."""

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.routing.escalation.verifier.features import FEATURES, features_of

QUESTION = "Ann has 12 apples and gives 5 to each of her two friends. How many apples are left?"
SOUND = "Ann gives away 5 * 2 = 10 apples.\nSo 12 - 10 = 2 apples are left.\n#### 2"

texts = (
    st.text(max_size=200) | st.text("0123456789+-*/=.,<>#$% \nhowmanyleft", max_size=300) | st.sampled_from([QUESTION, SOUND])
)


@given(texts, texts)
def test_any_pair_has_the_same_finite_features(question: str, answer: str) -> None:
    """Whatever is written, in the same order."""
    found = features_of(question, answer)
    assert tuple(found) == FEATURES
    assert all(math.isfinite(value) for value in found.values())


@pytest.mark.parametrize(
    ("answer", "name", "value"),
    [
        (SOUND, "equations", 2),
        (SOUND, "broken", 0),
        (SOUND, "depth", 2),
        (SOUND, "result_is_last", 1),
        (SOUND, "result_worked_out", 1),
        (SOUND, "unused", 0),
        (SOUND, "dangling", 0),
        (SOUND, "foreign_strict", 0),
        (SOUND, "no_hashes", 0),
        (SOUND, "no_difference", 0),
        (SOUND, "unit_said", 1),
        (SOUND, "last_differences", 1),
        ("12 - 5 = 8", "broken", 1),
        ("12 - 5 = 7", "unused", 1),
        ("12 - 5 = 7", "unmentioned", 1),
        ("12 - 5 = 7 and 7 * 2 = 14. Also 40 / 8 = 5.", "foreign", 2),
        ("12 - 5 = 7 and 5 * 2 = 10.\n#### 10", "dangling", 1),
        ("12 / 5 = 2.4", "part_of_whole", 1),
        ("12 / 5 = 2.4", "no_difference", 1),
        ("The answer is 12", "result_given", 1),
        ("Some are left", "result_missing", 1),
        ("12 - 5 = <<12-5=7>>8", "notes_differ", 1),
        ("12 - 5 = <<12-", "note_open", 1),
        ("However, wait, that cannot be.", "hedges", 3),
        ("#### two", "hashes_no_number", 1),
    ],
)
def test_a_feature_is_what_it_is_called(answer: str, name: str, value: float) -> None:
    """On one question, answered in many ways."""
    assert features_of(QUESTION, answer)[name] == value


def test_minutes_for_hours_are_another_unit() -> None:
    """Of one kind, and not the one that was asked for."""
    question = "She drives 60 miles at 30 mph. How many hours does it take?"
    assert features_of(question, "60 / 30 = 2, so it takes 120 minutes.")["unit_other"] == 1
    assert features_of(question, "60 / 30 = 2, so it takes 2 hours.")["unit_other"] == 0


@pytest.mark.parametrize("piece", ["1+1=2 ", "<<", "<<1=", "####", "1 ", "how many ", ". ", "a"])
def test_long_pairs_take_no_longer(piece: str) -> None:
    """The ends of either are read."""
    long = (piece * 2**20)[: 2**20]
    started = time.perf_counter()
    features_of(long, long)
    assert time.perf_counter() - started < 3
