"""Words are found whatever punctuation stands around them, and anything at all can be looked at in linear time."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.routing.signals.looking import look

from triplepoint.routing.signals import code, hardness, language, maths, structure
from triplepoint.routing.signals.words import NO_WORDS, holds_phrase, phrases, words_of

KNOWN = frozenset("cómo función код कोड".encode().split())


@pytest.mark.parametrize(
    "text", ["¿Cómo?", "«cómo»", "“cómo”", "cómo…", "CÓMO!", "co\u0301mo", "cómo，不", "«код», ", "код؟", "कोड।", "función：x"]
)
def test_punctuation_and_case(text: str) -> None:
    """Punctuation of any script is no part of a word, and neither case nor the way accents are written matter."""
    assert len(words_of(text, KNOWN).found) == 1


def test_phrases_are_found_by_their_first_word() -> None:
    """A phrase is found where its first word is in the vocabulary, and none by a part of it."""
    sought = phrases("how many | how much | bao nhiêu")
    vocabulary = frozenset(sought)
    texts = ("How  many", "how many?", "bao nhiêu", "how", "many")
    assert [holds_phrase(words_of(text, vocabulary), sought) for text in texts] == [False, True, True, False, False]


@given(st.text(st.characters(), max_size=200))
def test_any_text(text: str) -> None:
    """Any text, lone surrogates included, gives words and no exception, and nothing that was not said."""
    words = look(text)
    assert words.size <= len(words.data)
    assert all(word in words.data for word in words.found)


def test_nothing() -> None:
    """No text has no words."""
    assert look("") is NO_WORDS


@pytest.mark.parametrize(
    "piece", ["1 ", "- ", "`", "1-", "a ", "(", "é1+", "how many ", "as ", "5 ", "好", "one ", "の", "\U0001f44d"]
)
def test_linear(piece: str) -> None:
    """Time grows with the length and no faster, whatever the text is made of."""

    def seconds(length: int) -> float:
        text = piece * (length // len(piece))
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            words = look(text)
            code.is_code((words,)), maths.is_maths((words,)), hardness.is_hard(words)  # pyright: ignore[reportUnusedExpression]
            structure.asks_structure((words,)), language.language_of((words,), NO_WORDS)  # pyright: ignore[reportUnusedExpression]
            best = min(best, time.process_time() - start)
        return best

    assert seconds(400_000) < 40 * seconds(40_000) + 0.005
