"""The terms of a text: its distinct words, its pairs of neighbours, and marks of its surface.

A word is a run of letters and digits in lower case, every digit as 0 and without an s at its end; every other character that is
not white space is a word of its own, and so is each character of a script that writes no spaces (Chinese, Japanese, Thai, …):
their pairs of neighbours are character bigrams. Marks say how long a text is, how many numbers it has, and the like: each
measure falls into one of `BINS` bins, each bin is a term with weights as any other, and so is the measure itself.

Training and serving read texts by this file and no other; a change here is a new `card.FORMAT`.
"""

import math
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

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
_NUMBER: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_NUMBERS_READ: Final = 50
_LARGEST: Final = 1e12
"""Numbers above it count as it."""
_SENTENCE_ENDS: Final = ".!?。！？"
_SIGNS: Final = "+-*/=^<>()[]{}\\|_"
_SHORTEST_PLURAL: Final = 4
ONE_COUNTS: Final = 5.0
"""Standard deviations for which a measure counts at most, when it is told how far a text lies from those learnt."""

MEASURES: Final = (
    "characters",
    "words",
    "distinct words of all",
    "letters of a word",
    "numbers",
    "distinct numbers",
    "largest number",
    "smallest number",
    "decimals",
    "sentence ends",
    "signs",
    "line breaks",
    "question marks",
    "characters of the last line",
)
"""What is measured of a text's surface, in the order of the bins."""


def words_of(text: str) -> list[str]:
    """Return the words of a text in order, at most `WORDS_READ` of its first `CHARACTERS_READ` characters."""
    text = text[:CHARACTERS_READ].lower()
    for digit in "123456789":  # nine searches at C speed; one pass by a table is slow where the text is not ASCII
        text = text.replace(digit, "0")
    words: list[str] = _WORD.findall(text)
    if len(words) > WORDS_READ:
        half = WORDS_READ // 2
        words = words[:half] + words[-half:]
    return [word[:-1] if word[-1] == "s" and len(word) >= _SHORTEST_PLURAL else word for word in words]


def pairs_of(words: list[str]) -> Iterator[tuple[str, str]]:
    """Return each word with its right neighbour."""
    return pairwise(words)


def measure(text: str, words: list[str], distinct: int) -> NDArray[np.float32]:
    """Measure the surface of a text.

    Args:
        text: The text, of which `CHARACTERS_READ` are read.
        words: Its words.
        distinct: How many different ones.
    Returns: ``ln(1 + x)`` of one finite number x ≥ 0 for each of `MEASURES`.
    """
    text = text[:CHARACTERS_READ]
    numbers: list[str] = _NUMBER.findall(text.replace(",", ""))[:_NUMBERS_READ]
    values = [min(float(number), _LARGEST) for number in numbers]
    count = len(words) or 1
    measures = (
        len(text),
        len(words),
        distinct / count,
        len("".join(words)) / count,
        len(numbers),
        len(set(numbers)),
        max(values, default=0.0),
        min(values, default=0.0),
        sum("." in number for number in numbers),
        sum(map(text.count, _SENTENCE_ENDS)),
        sum(map(text.count, _SIGNS)),
        text.count("\n"),
        text.count("?"),
        len(text) - text.rfind("\n") - 1,
    )
    # Rounded at the end and not before: an edge of a bin is such a number, and must be met exactly.
    return np.log1p(np.array(measures, dtype=np.float64)).astype(np.float32)


def distance_of(standard: NDArray[np.floating], whitening: NDArray[np.floating]) -> float:
    """Return how far a surface lies from those learnt; about 1 for one of them.

    Args:
        standard: The measures in standard deviations; each counts for at most `ONE_COUNTS`.
        whitening: Measures × measures; turns those learnt into ones that vary by 1 and each for itself.
    Source: Mahalanobis 1936; here the root of the mean square.
    """
    white = np.maximum(np.minimum(standard, ONE_COUNTS), -ONE_COUNTS) @ whitening  # clip takes five times as long
    return math.sqrt(float(white @ white) / len(white))
