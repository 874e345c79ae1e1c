"""The last three turns: who said what, cut to what is read.

A turn is what a person says with everything up to the next time; a tool's result continues it. The last message alone is never
enough: a short "yes, go on" after a turn about code is still about code. What the person said is kept apart from what models
and tools said, for a demand counts only from the person. Of each text both ends are read, where the question stands when a
document is pasted, newest first, until there is enough; so a request of megabytes costs one scan of its structure and no more.

Instructions of the application are not looked at: a system prompt that speaks of code says what the application is for, not
what this request asks. The same goes for what coding tools put into a person's turn between tags of their own (`_INSERTED`).
"""

import itertools
from collections.abc import Iterator
from typing import Final, NamedTuple

from triplepoint.upstreams.texts import Item, text_of

TURNS_READ: Final = 3
CHARACTERS_ASKED: Final = 5_000
"""Read of the person's words, and `CHARACTERS_ANSWERED` of the others'; 8,000 in all."""
CHARACTERS_ANSWERED: Final = 3_000
CHARACTERS_OF_A_TEXT: Final = 4_000
ANSWERS_READ: Final = 1_000
"""At most: a million empty messages fill no room."""

_SPOKEN: Final = frozenset({"user", "assistant", "tool", "function", None})
"""Roles whose words are looked at; an item without a role is a tool's call or result in a responses input."""
_INSERTED: Final = (
    ("<system-reminder>", "</system-reminder>"),
    ("<environment_context>", "</environment_context>"),
    ("<user_instructions>", "</user_instructions>"),
    ("<environment_details>", "</environment_details>"),
)
"""Claude Code; Codex (two); Cline and Roo Code: seen in transcripts and tests of public repositories, November 2026."""


class Turns(NamedTuple):
    """What was said lately."""

    last: str
    """By the person in the last turn."""
    earlier: str
    """By the person in the two turns before, newest last."""
    answered: str
    """By models and tools in these three turns, newest last."""
    text: str
    """All of it in its order, newest last."""
    number: int
    """Turns of the whole conversation."""
    last_chars: int
    """Characters of the last turn's words, before they are cut."""


def read_turns(items: list[Item]) -> Turns:
    """Read the last three turns of a conversation."""
    starts: list[int] = []
    others: list[int] = []
    for index, item in enumerate(items):
        if item.is_user_turn():
            starts.append(index)
        elif _is_spoken(item.role):
            others.append(index)
    whole = _said_at(items, starts[-1]) if starts else ""
    last = _ends(whole, CHARACTERS_OF_A_TEXT)
    if not others and len(starts) < 2:  # the usual case
        return Turns(last, "", "", last, len(starts), len(whole))
    recent = starts[-TURNS_READ:-1]
    first = recent[0] if len(recent) == TURNS_READ - 1 else 0
    earlier = _within(((index, _said_at(items, index)) for index in reversed(recent)), CHARACTERS_ASKED - len(last))
    newest = itertools.takewhile(lambda index: index >= first, reversed(others))
    answers = ((index, _answered_at(items, index)) for index in itertools.islice(newest, ANSWERS_READ))
    answered = _within(answers, CHARACTERS_ANSWERED)
    pieces = earlier | answered | ({starts[-1]: last} if starts else {})
    return Turns(last, _joined(earlier), _joined(answered), _joined(pieces), len(starts), len(whole))


def last_spoken(items: list[Item]) -> Item | None:
    """Return the last item that is not the application's instruction; a coding tool may end its request with one."""
    return next((item for item in reversed(items) if _is_spoken(item.role)), None)


def _said_at(items: list[Item], index: int) -> str:
    return _without_inserted(text_of(items[index].content))


def _answered_at(items: list[Item], index: int) -> str:
    return text_of(items[index].output) or text_of(items[index].content)


def _within(texts: Iterator[tuple[int, str]], room: int) -> dict[int, str]:
    kept: dict[int, str] = {}
    for index, text in texts:
        if room <= 0:
            break
        if text:
            kept[index] = _ends(text, min(room, CHARACTERS_OF_A_TEXT))
            room -= len(kept[index])
    return kept


def _joined(pieces: dict[int, str]) -> str:
    return "\n".join(pieces[index] for index in sorted(pieces) if pieces[index])


def _is_spoken(role: object) -> bool:
    return (role is None or isinstance(role, str)) and role in _SPOKEN


def _ends(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n{text[-half:]}" if half else ""


def _without_inserted(text: str) -> str:
    if "</" in text:
        for opening, closing in _INSERTED:
            if opening in text:
                text = _without(text, opening, closing)
    return text


def _without(text: str, opening: str, closing: str) -> str:
    kept: list[str] = []
    start = 0
    while (begin := text.find(opening, start)) >= 0:
        kept.append(text[start:begin])
        end = text.find(closing, begin)
        if end < 0:
            return "".join(kept).strip()
        start = end + len(closing)
    kept.append(text[start:])
    return "".join(kept).strip()
