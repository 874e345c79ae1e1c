"""The terms of a text: its distinct words, its pairs of neighbours, and marks of its surface.

A word is a run of letters and digits in lower case; every other character that is not white space is a word of its own, and so
is each character of a script that writes no spaces (Chinese, Japanese, Thai, …): their pairs of neighbours are character
bigrams. Marks say how long a text is, how many numbers it has, and the like; each measure falls into one of `BINS` bins, and
each bin is a term with weights as any other.

Training and serving read texts by this file and no other; a change here is a new `card.FORMAT`.
"""

import re
from collections.abc import Iterator, Set
from itertools import pairwise
from typing import Final

CHARACTERS_READ: Final = 8_000
"""Of a text; the rest is not looked at."""
WORDS_READ: Final = 2_000
"""Of a text: the first and the last half of them."""
BINS: Final = 10
"""Of each measure of the surface."""

_SOUTH_EAST: Final = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
"""Thai, Lao, Burmese, Khmer."""
_EAST: Final = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
"""Kana, Han, Hangul."""
_UNSPACED: Final = _SOUTH_EAST + _EAST
_WORD: Final = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+|[^\w\s]")
_NUMBER: Final = re.compile(r"\d+")
_SENTENCE_ENDS: Final = ".!?。！？"
_MARKS: Final = "+-*/=^<>%$()[]{}\\|_"
_AMOUNTS: Final = frozenset((
    "half", "twice", "third", "quarter", "double", "triple", "percent", "times", "each", "per", "every", "total", "more",
    "less", "than", "left", "remaining",
))  # fmt: skip
"""Words that a sum hides behind."""

MEASURES: Final = (
    "characters",
    "words",
    "distinct words of all",
    "letters of a word",
    "numbers",
    "distinct numbers",
    "digits of the longest number",
    "sentence ends",
    "signs",
    "lines",
    "words of amount",
    "question marks",
    "letters after the last line break",
)
"""What is measured of a text's surface, in the order of the bins; marks are named ``lines 3/10``."""


def words_of(text: str) -> list[str]:
    """Return the words of a text in order, at most `WORDS_READ` of its first `CHARACTERS_READ` characters."""
    words: list[str] = _WORD.findall(text[:CHARACTERS_READ].lower())
    if len(words) > WORDS_READ:
        half = WORDS_READ // 2
        return words[:half] + words[-half:]
    return words


def pairs_of(words: list[str]) -> Iterator[tuple[str, str]]:
    """Return each word with its right neighbour."""
    return pairwise(words)


def measure(text: str, words: list[str], distinct: Set[str]) -> list[float]:
    """Measure the surface of a text.

    Args:
        text: The text, of which `CHARACTERS_READ` are read.
        words: Its words.
        distinct: The same, once each.
    Returns: One finite number ≥ 0 for each of `MEASURES`.
    """
    text = text[:CHARACTERS_READ]
    numbers: list[str] = _NUMBER.findall(text)
    count = len(words) or 1
    return [
        len(text),
        len(words),
        len(distinct) / count,
        len("".join(words)) / count,
        len(numbers),
        len(set(numbers)),
        max(map(len, numbers), default=0),
        sum(map(text.count, _SENTENCE_ENDS)),
        sum(map(text.count, _MARKS)),
        text.count("\n"),
        len(_AMOUNTS & distinct),
        text.count("?"),
        len(text) - text.rfind("\n") - 1,
    ]
