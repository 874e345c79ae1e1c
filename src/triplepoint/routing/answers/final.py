r"""Which number or letter does an answer come to?

Only what is *stated* as the answer counts: behind words that announce it (``the answer is``, ``####``, ``\boxed{}``), or all
that is said. A number that merely stands in a text says nothing about it.
"""

import re
from fractions import Fraction
from typing import Final, Literal

import msgspec

_TAIL_CHARS: Final = 2_000
"""An answer is stated at the end, or it is short."""
_NUMBER = r"[-+−]?(?:\d{1,3}(?:[, ]\d{3})+|\d+)(?:\.\d+)?(?:\s*/\s*\d+)?|[-+−]?\.\d+"
_MONEY = r"(?:US)?[$€£¥]?\s*"
_OPEN = r"(?:\*\*|\\\(|\\\[|\$)?\s*"
_ANNOUNCED = re.compile(
    r"(?:\bfinal answer\b|\banswer\b|\bantwort\b|\brésultat\b|\bréponse\b|\brespuesta\b|答案)"
    r"(?:\s+(?:is|ist|est|es|would be|choice))?(?:\s*[:：=]|\s*是|\s*为)?\s*"
    rf"{_OPEN}(?:\\boxed\{{)?(?:option\s+)?\(?(?P<value>{_MONEY}(?:{_NUMBER})\s*%?|[A-J](?![A-Za-z']))",
    re.IGNORECASE,
)
_BOXED = re.compile(rf"\\boxed\{{\s*(?:\\text\{{)?\(?(?P<value>{_MONEY}(?:{_NUMBER})\s*%?|[A-J](?![A-Za-z]))")
_HASHED = re.compile(rf"####\s*(?P<value>{_MONEY}(?:{_NUMBER})\s*%?)")
_ALONE = re.compile(rf"{_OPEN}\(?(?P<value>{_MONEY}(?:{_NUMBER})\s*%?|[A-J])\)?(?:\*\*|\\\)|\$)?[.)]?", re.IGNORECASE)
_CLOSE: Final = Fraction(1, 1_000_000)
"""Two numbers that differ by less of the larger one are the same, written with fewer digits."""


class Stated(msgspec.Struct, frozen=True, gc=False):
    """What an answer comes to."""

    kind: Literal["number", "letter"]
    value: str
    """A letter in upper case; a number as a fraction: ``42``, ``-1/3``."""

    def agrees(self, other: "Stated") -> bool:
        """Tell whether two answers come to the same."""
        if self.kind != other.kind:
            return False
        if self.kind == "letter":
            return self.value == other.value
        mine, theirs = Fraction(self.value), Fraction(other.value)
        return abs(mine - theirs) <= _CLOSE * max(abs(mine), abs(theirs))


def final_answer(text: str) -> Stated | None:
    """Return what an answer states as its result, the last statement where there are several; None: it states none."""
    whole = text.strip()
    alone = _ALONE.fullmatch(whole) if len(whole) <= 40 else None
    if alone is not None:
        return _stated(alone["value"])
    tail = whole[-_TAIL_CHARS:]
    for pattern in (_HASHED, _BOXED, _ANNOUNCED):
        found = list(pattern.finditer(tail))
        if found:
            return _stated(found[-1]["value"])
    return None


def _stated(value: str) -> Stated | None:
    if value.isalpha():
        return Stated("letter", value.upper())
    digits = re.sub(r"[^\d./+−-]", "", value).replace("−", "-")
    try:
        return Stated("number", str(Fraction(digits)))
    except (ValueError, ZeroDivisionError):
        return None
