"""Does a text hold, or ask for, code or mathematics?

Two looks at the same bytes, each a single pass at C speed: the words (lower case, punctuation turned into spaces) are looked up
in one vocabulary, and the shape (every digit the same letter, every operator another) is searched for a few short patterns such
as *digit, operator, digit*. No backtracking pattern is involved, so time grows with the length and nothing else.
"""

from typing import Final

from triplepoint.routing.signals import words

_WORD_BYTES: Final = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789_#+") | frozenset(range(128, 256))
_TO_WORDS: Final = bytes(byte if byte in _WORD_BYTES else 32 for byte in range(256))
_SHAPE: Final = {**dict.fromkeys(b"0123456789", b"d"), **dict.fromkeys(b"+*^", b"o"), **dict.fromkeys(b"-/", b"m"), 32: b"s"}
_TO_SHAPE: Final = b"".join(_SHAPE.get(byte, b"x") for byte in range(256))
_ONLY_DIGITS: Final = bytes(byte if byte == ord("d") else 32 for byte in range(256))
_OPERATIONS: Final = (b"dod", b"dsosd", b"dosd", b"dsod")
_DIFFERENCE: Final = b"dsmsd"
_YEARS: Final = b"ddddsmsdddd"
_OPERATORS_BEYOND_ASCII: Final = ("×".encode(), "÷".encode(), "·".encode())


def topics_of(text: str) -> tuple[bool, bool]:
    """Tell whether a text holds code or asks for it, and whether it holds mathematics or asks for it.

    Returns: (code, maths).
    """
    data = text.lower().encode(errors="replace")
    found = words.VOCABULARY.intersection(data.translate(_TO_WORDS).split())
    symbols = data.translate(None, words.NO_SYMBOL)
    return _is_code(data, found, symbols), _is_maths(data, found, symbols)


def _is_code(data: bytes, found: frozenset[bytes], symbols: bytes) -> bool:
    return (
        not found.isdisjoint(words.CODE_STRONG)
        or len(found & words.CODE_WEAK) > 1
        or _holds_mark(words.CODE_MARKS, data, symbols)
        or (not found.isdisjoint(words.MAKING) and any(ask in data for ask in words.CODE_ASKS))
        or (not data.isascii() and any(mark in data for mark in words.CODE_MARKS_UNSPACED))
    )


def _is_maths(data: bytes, found: frozenset[bytes], symbols: bytes) -> bool:
    if not found.isdisjoint(words.MATHS_STRONG) or len(found & words.MATHS_WEAK) > 1:
        return True
    if _holds_mark(words.MATHS_MARKS, data, symbols):
        return True
    if not data.isascii():
        if any(mark in data for mark in words.MATHS_MARKS_UNSPACED):
            return True
        for operator in _OPERATORS_BEYOND_ASCII:
            data = data.replace(operator, b"*")
    return _holds_sum(data)


def _holds_mark(marks: tuple[tuple[bytes, bytes], ...], data: bytes, symbols: bytes) -> bool:
    # The symbols of a text are few, so they are searched first, and the text only where they leave the mark possible.
    return bool(symbols) and any(sign in symbols and mark in data for sign, mark in marks)


def _holds_sum(data: bytes) -> bool:
    shape = data.translate(_TO_SHAPE)
    if b"d" not in shape:
        return False
    if any(operation in shape for operation in _OPERATIONS):
        return True
    if _DIFFERENCE in shape and _YEARS not in shape:
        return True
    return any(ask in data for ask in words.MATHS_ASKS) and _count_numbers(shape) > 1


def _count_numbers(shape: bytes) -> int:
    return len(shape.translate(_ONLY_DIGITS).split())
