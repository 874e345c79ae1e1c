r"""What the words of a question plainly ask of an answer: a result behind ``####`` or in ``\boxed{}``, one of the
options, so many items, at most so many words, a table, JSON, a number.

Only what is plain counts, in the languages that are listed: a demand that is read where there is none sends a good answer up
for nothing. A pattern is looked for only where a word stands that it needs, and each goes over the text once.
"""

import msgspec

from triplepoint.routing.escalation.patterns import (
    BEFORE_CHARS,
    CODE,
    COUNTS,
    DIGITS,
    HOW_MANY,
    ITEM_STEMS,
    ITEMS,
    ITEMS_UNSPACED,
    JSON,
    LEAST_BEFORE,
    MOST_BEFORE,
    MOST_BEHIND,
    OPTION,
    SIZE,
    TABLE,
    TABLE_STEMS,
    WORD_STEMS,
)


class Demands(msgspec.Struct, frozen=True, gc=False):
    """What is plainly asked for."""

    hashes: bool = False
    """A result behind ``####``."""
    boxed: bool = False
    r"""A result in ``\boxed{}``."""
    options: tuple[tuple[str, str], ...] = ()
    """Letters with the beginnings of their texts, in lower case, where one is to be chosen; empty: none."""
    items: int | None = None
    """Length of a list."""
    most_words: int | None = None
    least_words: int | None = None
    table: bool = False
    json: bool = False
    number: bool = False
    """A number is asked for, and numbers are given to work it out from."""


def demands_of(text: str) -> Demands:
    """Read the demands of a question's words; the caller bounds their length."""
    lower = text.lower()
    options = _options(text)
    most, least = _sizes(lower)
    return Demands(
        hashes="####" in text,
        boxed="\\boxed" in text,
        options=options,
        items=_items(lower) if _holds(lower, ITEM_STEMS) else None,
        most_words=most,
        least_words=least,
        table=_holds(lower, TABLE_STEMS) and not _holds(lower, CODE) and TABLE.search(lower) is not None,
        json="json" in lower and not _holds(lower, CODE) and JSON.search(lower) is not None,
        number=not options and _gives_numbers(text) and HOW_MANY.search(lower) is not None,
    )


def _holds(text: str, stems: tuple[str, ...]) -> bool:
    return any(stem in text for stem in stems)


def _gives_numbers(text: str) -> bool:
    return sum(1 for _ in DIGITS.finditer(text)) > 1


def _options(text: str) -> tuple[tuple[str, str], ...]:
    """Return options that stand on lines of their own, A first and without a gap; at least three, or it may be any list."""
    found: list[tuple[str, str]] = []
    for match in OPTION.finditer(text):
        letter = match[1] or match[2]
        if letter != "ABCDEFGHIJ"[len(found) % 10]:
            return ()
        found.append((letter, match[3].strip().lower()[:60]))
    return tuple(found) if 3 <= len(found) <= 10 else ()


def _items(text: str) -> int | None:
    found = ITEMS.search(text) or ITEMS_UNSPACED.search(text)
    if found is None:
        return None
    count = found["count"]
    number = int(count) if count.isdigit() else COUNTS[count]
    return number if number > 1 else None


def _sizes(text: str) -> tuple[int | None, int | None]:
    """Return the most and the least words that are asked for."""
    most = least = None
    if not _holds(text, WORD_STEMS):
        return most, least
    for found in SIZE.finditer(text):
        before = text[max(0, found.start() - BEFORE_CHARS) : found.start()]
        size = int(found["size"])
        if LEAST_BEFORE.search(before):
            least = least or size
        elif MOST_BEHIND.match(found["behind"]) or MOST_BEFORE.search(before):
            most = most or size
    return most, least
