"""A refusal is told from an answer by how it begins, or by what the vendor says of it."""

import pytest

from triplepoint.routing.answers.model import Call, Said
from triplepoint.routing.answers.refusal import LONGEST_CHARS, refuses

REFUSALS = [
    "I'm sorry, but I can't help with that.",
    "I\u2019m sorry, but I can\u2019t assist with that request.",
    "I cannot provide instructions for this.",
    "Sorry, I must decline.",
    "Ich kann dabei nicht helfen.",
    "Je ne peux pas vous aider à faire cela.",
    "抱歉，我无法协助这个请求。",
    "Извините, я не могу помочь с этим.",
]
ANSWERS = [
    "You can't help but notice the colour: blue.",
    "42",
    "",
    "The function cannot fail here, since the list is never empty.",
    "Here is the letter: 'Dear Sir, I am sorry that I could not come.'",
]


@pytest.mark.parametrize("text", REFUSALS)
def test_refusals_are_recognised(text: str) -> None:
    """In the languages that most requests come in."""
    assert refuses(Said(text))


@pytest.mark.parametrize("text", ANSWERS)
def test_answers_are_not_taken_for_refusals(text: str) -> None:
    """A word of regret is none, and neither is silence."""
    assert not refuses(Said(text))


def test_what_says_so_itself_is_a_refusal_and_what_acts_is_none() -> None:
    """The vendor's own mark counts; a call of a tool, and a long answer that begins with a regret, do something."""
    assert refuses(Said("No.", refused=True))
    assert not refuses(Said("I can't help with that.", (Call("search", "{}"),)))
    assert not refuses(Said("I cannot help you with the first part, but: " + "x" * LONGEST_CHARS))
