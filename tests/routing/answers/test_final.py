"""A result counts where it is stated, whatever it is wrapped in, and nowhere else."""

import pytest

from triplepoint.routing.answers.final import final_answer

STATED = {
    "42": "42",
    " **42** ": "42",
    "$1,234.50": "2469/2",
    "B": "B",
    "(c)": "C",
    "The answer is 42.": "42",
    "So we add them.\n\nThe final answer is: $\\boxed{42}$": "42",
    "First 7, then 8. #### 15": "15",
    "Answer: B": "B",
    "The correct answer is (D), because…": "D",
    "Die Antwort ist 3,600.": "3600",
    "答案是 12": "12",
    "La respuesta es -7": "-7",
    "The answer is 1/3.": "1/3",
    "The answer is 5. Wait, no: the answer is 6.": "6",
    "The answer is 50%": "50",
}
UNSTATED = [
    "There are 12 apples and 5 pears.",
    "A good answer takes time.",
    "",
    "I think about it",
    "An answer is due at 5 o'clock.",
]


@pytest.mark.parametrize(("text", "value"), STATED.items())
def test_what_is_stated_is_found(text: str, value: str) -> None:
    """In several languages, boxed or hashed, alone or announced; the last statement counts."""
    found = final_answer(text)
    assert found is not None
    assert found.value == value


@pytest.mark.parametrize("text", UNSTATED)
def test_what_merely_stands_there_is_no_result(text: str) -> None:
    """A number in prose is not what the answer comes to."""
    assert final_answer(text) is None


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        ("The answer is 3.0", "3", True),
        ("#### 1,000", "The answer is $1000", True),
        ("0.3333333", "1/3", True),
        ("0.33", "1/3", False),
        ("A", "answer: a", True),
        ("A", "B", False),
        ("1", "A", False),
        ("0", "0.0", True),
        ("-5", "5", False),
    ],
)
def test_results_agree_by_value(one: str, other: str, agree: bool) -> None:
    """However they are written."""
    mine, theirs = final_answer(one), final_answer(other)
    assert mine is not None
    assert theirs is not None
    assert mine.agrees(theirs) is agree
    assert theirs.agrees(mine) is agree


def test_a_long_answer_is_read_from_its_end_in_little_time() -> None:
    """Ten megabytes of digits cost no more than its last lines."""
    assert final_answer("1" * 10_000_000 + " and so the answer is 7") is not None
