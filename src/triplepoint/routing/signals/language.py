"""Signal `language`: in which language the last three turns are, by script and, for Latin letters, by function words.

A script that one language has says it at once; where several share one, letters that only one of them has, or a few words,
decide. Two languages in one text are ``mixed`` where the smaller has a fair part of it; foreign terms in a sentence are no
second language (``请用 Python 写一个 function`` is Chinese), and neither is what stands between fences of code.

The empty answer is an honest one: a sum, a name, a language that is not on the list.
"""

from typing import Final, NamedTuple

from triplepoint.lineups.told import Language
from triplepoint.routing.signals.function_words import FUNCTION_WORDS, KIN, LETTERS
from triplepoint.routing.signals.scripts import LATIN, shares
from triplepoint.routing.signals.words import Words, found_in, listed, words_of

MIXED: Final = Language.MIXED.value
_FENCE: Final = "```"


_LATIN: Final = tuple(FUNCTION_WORDS)
_COUNT: Final = len(_LATIN)


def _tallies() -> dict[bytes, int]:
    """Give each word a number whose sum over a text counts for all languages at once, one byte for each.

    The lower bytes are scores: 2 where the language alone has the word, else 1. The upper ones count the former. No language
    has enough words for a byte to overflow.
    """
    speakers: dict[bytes, list[int]] = {}
    for number, words in enumerate(FUNCTION_WORDS.values()):
        for word in listed(words):
            speakers.setdefault(word, []).append(number)
    return {
        word: sum(1 << 8 * one for one in all_) if len(all_) > 1 else (2 << 8 * all_[0]) + (1 << 8 * (_COUNT + all_[0]))
        for word, all_ in speakers.items()
    }


_TALLIES: Final = _tallies()
WORDS: Final = frozenset(_TALLIES)

_BY_LETTER: Final = {form: name for name, all_ in LETTERS.items() for letter in all_ for form in (letter, letter.upper())}

_LEAST_SCORE: Final = 2
"""A word of one language alone scores 2, one of several 1 for each."""
_LEAST_SCORE_OF_MANY_WORDS: Final = 3
_MANY_WORDS: Final = 12
_LEAST_OWN_WORDS: Final = 3
"""Of a second language in the same letters, and a third of the first one's."""
_LEAST_SCORE_BESIDE_ANOTHER: Final = 4
"""Of Latin letters beside another script, whose text may only hold foreign terms."""
_NEARLY_ALL: Final = 0.75
_SECOND_PART: Final = 0.2
"""Of the text, for a second script."""


def language_of(asked: tuple[Words, ...], answered: Words) -> str:
    """Tell the language that a person writes in; from what was answered, where the person's words do not show it.

    Returns: A value of `Language`, or the empty text.
    """
    for pieces in (asked, (answered,)):
        if pieces and (language := _language_of([_prose(piece) for piece in pieces])):
            return language
    return ""


def _language_of(pieces: list[Words]) -> str:
    latin = _latin(pieces)
    if all(piece.data.isascii() for piece in pieces):
        return latin.name
    parts = _shares(pieces)
    total = sum(parts.values())
    if latin.score < _LEAST_SCORE_BESIDE_ANOTHER and (not latin.name or parts.get(LATIN, 0.0) < _NEARLY_ALL * total):
        total -= parts.pop(LATIN, 0.0)
    ranked = sorted(parts, key=parts.__getitem__, reverse=True)
    if len(ranked) > 1 and parts[ranked[1]] >= _SECOND_PART * total:
        return MIXED
    return "" if not ranked else latin.name if ranked[0] == LATIN else ranked[0]


def _shares(pieces: list[Words]) -> dict[str, float]:
    found: dict[str, float] = {}
    for piece in pieces:
        for language, part in shares(piece.data).items():
            found[language] = found.get(language, 0.0) + part
    return found


class _Latin(NamedTuple):
    name: str
    score: int


def _latin(pieces: list[Words]) -> _Latin:
    """Return the likeliest language in Latin letters; ``mixed`` where a second one shares the text."""
    found = found_in(tuple(pieces)) & WORDS
    tally = sum([_TALLIES[word] for word in found]).to_bytes(2 * _COUNT, "little")
    scores, own = tally[:_COUNT], tally[_COUNT:]
    size = sum([piece.size for piece in pieces])
    score = max(scores)
    if score < (_LEAST_SCORE_OF_MANY_WORDS if size >= _MANY_WORDS else _LEAST_SCORE):
        return _Latin(_by_letters(pieces), 0)
    best = max((number for number in range(_COUNT) if scores[number] == score), key=own.__getitem__)
    if sorted(own)[-2] < _LEAST_OWN_WORDS:
        return _Latin(_LATIN[best], score)
    is_mixed = any(_shares_text(own, best, other) for other in range(_COUNT) if other != best)
    return _Latin(MIXED if is_mixed else _LATIN[best], score)


def _shares_text(own: bytes, best: int, other: int) -> bool:
    if own[other] < max(_LEAST_OWN_WORDS, own[best] / 3):
        return False
    return not any(_LATIN[best] in kin and _LATIN[other] in kin for kin in KIN)


def _by_letters(pieces: list[Words]) -> str:
    telling = [_BY_LETTER[letter] for piece in pieces for letter in piece.letters & _BY_LETTER.keys()]
    return max(sorted(set(telling)), key=telling.count, default="")


def _prose(words: Words) -> Words:
    if _FENCE not in words.text:
        return words
    return words_of(" ".join(words.text.split(_FENCE)[::2]), WORDS)
