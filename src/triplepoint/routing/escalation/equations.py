"""The equations of a text, each worked out again.

``a = b = c`` are two equations. What holds is generous, for an answer is not to be taken for wrong because of how it
writes: a result may be rounded to the digits that it shows, a side may be meant in several ways (`sums`), the next side
may go on from the result (``3 * 4 = 12 + 2 = 14``), and two units of one kind may be converted (``90 minutes / 60 = 1.5
hours``).
"""

import re
from enum import IntEnum
from fractions import Fraction
from typing import Final

import msgspec

from triplepoint.routing.escalation.sums import Side, read_side, values_of
from triplepoint.routing.escalation.symbols import Kind, Token, normalised, tokens_of
from triplepoint.routing.escalation.units import conversions
from triplepoint.routing.escalation.wording import BEFORE_EQUAL, BEHIND_EQUAL, EQUAL_WORDS

_MOST: Final = 64
"""Equations that are worked out; the rest of a text with more is not looked at."""
_NEAR: Final = Fraction(1, 200)
"""Relative error of a result whose operands may have been rounded before."""
_MAY_EQUAL = re.compile("[=≈]|" + "|".join(sorted(EQUAL_WORDS)))


class Holds(IntEnum):
    """How an equation came out."""

    BROKEN = 0
    NEARLY = 1
    """Rounded to a whole number, or by what was rounded before."""
    EXACTLY = 2
    """Exactly, or to the digits that it shows."""


class Equation(msgspec.Struct, frozen=True, gc=False):
    """One equation."""

    operands: tuple[Fraction, ...]
    result: Fraction
    """As the text says."""
    holds: Holds
    start: int
    """Place among the lines that were read."""
    end: int
    signs: str
    """Signs of its left side, in order."""
    unit: str
    """Word behind its result; empty: none."""


def equations_of(text: str) -> list[Equation]:
    """Return the equations of a text whose left side is a sum and whose sides are numbers.

    Args:
        text: As it was written; the caller bounds its length.
    """
    return equations_in(tokens_of(lines_with_equations(normalised(text))))


def lines_with_equations(written: str) -> str:
    """Return those lines of a normalised text in which an equation may stand."""
    return "\n".join([line for line in written.split("\n") if _MAY_EQUAL.search(line)])


def equations_in(tokens: list[Token]) -> list[Equation]:
    """Return the equations among the tokens of a normalised text."""
    if not any(_is_equals(token) for token in tokens):
        return []
    found: list[Equation] = []
    at = 0
    while at < len(tokens) and len(found) < _MOST:
        side = read_side(tokens, at) if _may_begin(tokens, at) else None
        if side is None or not _behind_equals(tokens, side.end):
            at += 1
            continue
        at = _chain(tokens, at, side, found)
    return found


def _chain(tokens: list[Token], start: int, left: Side, found: list[Equation]) -> int:
    """Take sides for as long as an equals sign follows; returns where to go on."""
    at = start
    while behind := _behind_equals(tokens, left.end):
        right = read_side(tokens, behind)
        if right is None or _is_algebra(tokens, right.end):
            return behind
        if left.is_sum:
            is_about = right.is_about or tokens[left.end].text == "≈"
            equation = _judge(tokens, at, left, right, is_about=is_about)
            if equation is not None:
                found.append(equation)
        at, left = behind, right
    return max(left.end, start + 1)


def _judge(tokens: list[Token], at: int, left: Side, right: Side, *, is_about: bool) -> Equation | None:
    """Work both sides out; None where one of them cannot be."""
    found, wanted = list(values_of(left)), list(values_of(right))
    if not found or not wanted:
        return None
    return Equation(
        operands=tuple(number.value for number in left.numbers),
        result=wanted[0],
        holds=_holds(left, right, found, wanted, is_about=is_about),
        start=tokens[at].start,
        end=tokens[right.end - 1].end,
        signs="".join(item for item in left.items if isinstance(item, str) and item in "+-*/^"),
        unit=right.unit,
    )


def _holds(left: Side, right: Side, found: list[Fraction], wanted: list[Fraction], *, is_about: bool) -> Holds:
    goes_on = [right.numbers[0].value] if right.is_sum else []
    best = Holds.BROKEN
    for factor in {factor for unit in left.units for factor in conversions(unit, right.unit)}:
        for one in found:
            for value in (*wanted, *goes_on):
                best = max(best, _compare(one * factor, value, left, right, is_about=is_about))
                if best is Holds.EXACTLY:
                    return best
    return best


def _compare(found: Fraction, value: Fraction, left: Side, right: Side, *, is_about: bool) -> Holds:
    error = abs(found - value)
    if error == 0:
        return Holds.EXACTLY
    decimals = 0 if right.is_sum else right.numbers[0].decimals
    step = Fraction(10) ** -decimals / (100 if right.numbers[0].is_percent and abs(value) < 1 else 1)
    if decimals and error <= step / 2:
        return Holds.EXACTLY
    if error <= _carried(left):
        return Holds.NEARLY
    may_be_rounded = is_about or any(number.decimals for number in left.numbers) or "/" in left.items
    if may_be_rounded and (error < step or error <= _NEAR * abs(value)):
        return Holds.NEARLY
    if is_about and error <= Fraction(1, 20) * abs(value):
        return Holds.NEARLY
    return Holds.BROKEN


def _carried(left: Side) -> Fraction:
    """Return the error that a sum or difference may have because its numbers were rounded to the digits that they show."""
    if any(item in "*/^" for item in left.items if isinstance(item, str)):
        return Fraction(0)
    return sum((Fraction(10) ** -number.decimals / 2 for number in left.numbers if number.decimals), Fraction(0))


def _may_begin(tokens: list[Token], at: int) -> bool:
    """Tell whether a side may begin here: at a number or a bracket that is not the tail of something else."""
    token = tokens[at]
    if token.kind is not Kind.NUMBER and not (token.kind is Kind.SIGN and token.text in "(-"):
        return False
    if at == 0:
        return True
    before = tokens[at - 1]
    if token.kind is Kind.SIGN:
        return before.kind in {Kind.BREAK, Kind.EQUALS}
    if before.kind is Kind.WORD:
        return not (token.is_attached and before.text.isascii()) and before.text not in {"x", "per"}
    return before.kind in {Kind.BREAK, Kind.EQUALS} or (before.kind is Kind.NUMBER and not token.is_attached)


def _is_algebra(tokens: list[Token], end: int) -> bool:
    """Tell whether a letter or a sign stands right behind a side, so that it is only the beginning of one."""
    if end >= len(tokens):
        return False
    token = tokens[end]
    return token.is_attached and (
        (token.kind is Kind.WORD and len(token.text) == 1 and token.text.isascii()) or token.text in {":", "_"}
    )


def _behind_equals(tokens: list[Token], at: int) -> int:
    """Return the place behind an equals sign, or words for one, that stands here; 0 where none does."""
    if at < len(tokens) and tokens[at].text in BEFORE_EQUAL:
        at += 1
    if at >= len(tokens) or not _is_equals(tokens[at]):
        return 0
    is_word = tokens[at].kind is Kind.WORD
    return at + 2 if is_word and at + 1 < len(tokens) and tokens[at + 1].text in BEHIND_EQUAL else at + 1


def _is_equals(token: Token) -> bool:
    return token.kind is Kind.EQUALS or (token.kind is Kind.WORD and token.text in EQUAL_WORDS)
