"""The words of a text, looked up once for every signal that goes by words.

A signal that listens to words keeps a list of them, not a classifier: it is looked up in microseconds, and anyone can read why
a request was sent where it was. The text is made lower case and turned into UTF-8 once, its punctuation becomes spaces, and
the words that are left meet the union of all lists in one step at C speed. Languages that put no spaces between words have
*marks* instead, which are searched in the text. No backtracking pattern is involved, so time grows with the length and nothing
else.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Set
from typing import Final, NamedTuple

_WORD_BYTES: Final = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789_#+") | frozenset(range(128, 256))
_TO_WORDS: Final = bytes(byte if byte in _WORD_BYTES else 32 for byte in range(256))
_SYMBOLS: Final = b"`(){}[]<>=&#\\!+^*;/$%"
_NO_SYMBOL: Final = bytes(set(range(256)) - set(_SYMBOLS))
_PUNCTUATION: Final = re.compile(
    rb"\xc2[\xa0\xa1\xab\xbb\xbf]|\xe2\x80[\x80-\xaf]|\xe3\x80[\x80-\x91]|\xef\xbc[\x81-\x8f\x9a-\xa0]|\xd8[\x8c\x9b\x9f]|\xe0\xa5[\xa4\xa5]"
)
"""Beyond ASCII, in UTF-8: Spanish and French signs, general, CJK, full-width, Arabic and Devanagari punctuation."""

Phrases = Mapping[bytes, Callable[[bytes], "re.Match[bytes] | None"]]
"""Searches for phrases, by their first word."""

Marks = Mapping[str, tuple[str, ...]]
"""Marks, by their first character."""


class Words(NamedTuple):
    """A text as signals look at it."""

    text: str
    """As it was said, with accents composed."""
    data: bytes
    """Lower case, UTF-8; punctuation beyond ASCII is a space."""
    found: frozenset[bytes]
    """Its words that stand in any list."""
    size: int
    """All of its words; a run without spaces counts once."""
    symbols: bytes
    """The signs in it that `sign_marks` are made of."""
    letters: frozenset[str]
    """Its characters, where it is not ASCII alone."""


NO_WORDS: Final = Words("", b"", frozenset(), 0, b"", frozenset())


def words_of(text: str, vocabulary: frozenset[bytes]) -> Words:
    """Look up the words of a text.

    Args:
        text: Anything, lone surrogates included.
        vocabulary: Words to look for, lower case UTF-8.
    """
    if not text:
        return NO_WORDS
    letters: frozenset[str] = frozenset()
    if text.isascii():
        data = text.lower().encode()
    else:
        text = unicodedata.normalize("NFC", text)
        letters = frozenset(text)
        data = _PUNCTUATION.sub(b" ", text.lower().encode(errors="replace"))
    words = data.translate(_TO_WORDS).split()
    return Words(text, data, vocabulary.intersection(words), len(words), data.translate(None, _NO_SYMBOL), letters)


def listed(text: str) -> frozenset[bytes]:
    """Make a list of words for `Words.found`."""
    return frozenset(word.encode() for word in text.split())


def marks(text: str) -> Marks:
    """Make a list for `holds_mark`, for languages that put no spaces between words, or endings onto them."""
    found: dict[str, tuple[str, ...]] = {}
    for mark in text.split():
        found[mark[0]] = (*found.get(mark[0], ()), mark)
    return found


def spaceless(text: str) -> tuple[str, ...]:
    """Make a list of words for languages that put no spaces between them."""
    return tuple(text.split())


def phrases(text: str) -> Phrases:
    """Make a list for `holds_phrase` from phrases between bars: by their first word, which is looked up first."""
    found: dict[bytes, list[bytes]] = {}
    for phrase in (" ".join(part.split()).encode() for part in text.split("|")):
        first = phrase.split()[0]
        found.setdefault(first, []).append(re.escape(phrase[len(first) :]))
    return {first: re.compile(re.escape(first) + b"(?:" + b"|".join(rests) + b")").search for first, rests in found.items()}


def sign_marks(text: str) -> tuple[tuple[bytes, bytes], ...]:
    """Make a list for `holds_sign`: each mark with the signs in it, for a text without the signs cannot hold the mark."""
    return tuple((mark.encode().translate(None, _NO_SYMBOL), mark.encode()) for mark in text.split())


def holds_phrase(words: Words, sought: Phrases) -> bool:
    """Tell whether a text holds one of the phrases, whose first words must stand in the vocabulary."""
    return any(sought[first](words.data) for first in words.found & sought.keys())


def holds_mark(words: Words, sought: Marks) -> bool:
    """Tell whether a text holds one of the marks, none of which is ASCII."""
    return any(mark in words.text for first in words.letters & sought.keys() for mark in sought[first])


def holds_sign(words: Words, sought: tuple[tuple[bytes, bytes], ...]) -> bool:
    """Tell whether a text holds one of the marks; its signs are few, so they are searched first."""
    return bool(words.symbols) and any(signs in words.symbols and mark in words.data for signs, mark in sought)


def found_in(pieces: tuple[Words, ...]) -> Set[bytes]:
    """Return the listed words of several texts."""
    return pieces[0].found if len(pieces) == 1 else frozenset[bytes]().union(*[piece.found for piece in pieces])
