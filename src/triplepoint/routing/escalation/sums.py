"""Reads one side of an equation and works it out exactly.

A side is a chain of numbers and signs; words may follow a number as its unit (``3 apples * 4``) and stand for a sign
(``3 times 4``, ``5 mal 3``). Anything with a letter for a number is algebra and no side. A percentage may be meant
three ways and a point or comma two, so a side has several values: it is wrong only if it is wrong in all of them.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product
from typing import Final

import msgspec

from triplepoint.routing.escalation.symbols import Kind, Token
from triplepoint.routing.escalation.wording import (
    ABOUT,
    LETTER_UNITS,
    MAGNITUDES,
    OF,
    PARTICLES,
    SHORT_UNITS,
    SIGN_WORDS,
    STOPS,
)

_LONGEST: Final = 60
"""Tokens of a side; a longer one is no sum that a person reads."""
_DEEPEST: Final = 12
_UNIT_WORDS: Final = 4
"""Words that a unit may have."""
_LARGEST_POWER: Final = 64
_LARGEST: Final = Fraction(10) ** 40

Item = Token | str
"""A number, or one of ``+ - * / ^ ( )`` and ``u`` for a minus before a number."""


class Side(msgspec.Struct, frozen=True, gc=False):
    """One side of an equation."""

    items: tuple[Item, ...]
    units: tuple[str, ...]
    """Last word behind each of its numbers; empty where there is none."""
    end: int
    """Index of the token after it."""
    is_about: bool = False
    """A word says that it is no exact number."""

    @property
    def numbers(self) -> tuple[Token, ...]:
        """Return its numbers in order."""
        return tuple(item for item in self.items if isinstance(item, Token))

    @property
    def unit(self) -> str:
        """Return the word behind its last number; empty: none."""
        return self.units[-1]

    @property
    def is_sum(self) -> bool:
        """Tell whether there is anything to work out."""
        return any(item in _BINARY for item in self.items if isinstance(item, str))


def read_side(tokens: Sequence[Token], start: int) -> Side | None:
    """Read a side that begins at a token.

    Returns: None where none begins there, or where it holds what cannot be worked out.
    """
    return _Reading(tokens, start).side()


class _Reading:
    """One side as it is read."""

    def __init__(self, tokens: Sequence[Token], start: int) -> None:
        self._tokens = tokens
        self._at = start
        self._last = min(len(tokens), start + 3 * _LONGEST)
        self._items: list[Item] = []
        self._depth = 0
        self._units: list[str] = []
        self._is_about = False

    def side(self) -> Side | None:
        self._skip_about()
        while len(self._items) < _LONGEST:
            if not self._operand():
                return None
            if not self._operator():
                break
        if self._depth or len(self._items) >= _LONGEST:
            return None
        return Side(tuple(self._items), tuple(self._units), self._at, self._is_about)

    def _peek(self, ahead: int = 0) -> Token | None:
        place = self._at + ahead
        return self._tokens[place] if place < self._last else None

    def _skip_about(self) -> None:
        while (token := self._peek()) is not None and token.kind is Kind.WORD and token.text in ABOUT:
            self._is_about = True
            self._at += 1

    def _operand(self) -> bool:
        """Take a number with what stands before and behind it; False where there is none."""
        while (token := self._peek()) is not None:
            self._at += 1
            if token.kind is Kind.NUMBER:
                self._items.append(self._scaled(token))
                self._units.append("dollars" if token.is_money else "")
                return self._behind_number()
            if token.kind is not Kind.SIGN or token.text not in "-(":
                return False
            if token.text == "(":
                self._depth += 1
                if self._depth > _DEEPEST:
                    return False
            self._items.append("u" if token.text == "-" else "(")
            if len(self._items) >= _LONGEST:
                return False
        return False

    def _scaled(self, number: Token) -> Token:
        """Take a power of ten behind a number as part of it: ``3 million``, ``4.3 x 10^-9``."""
        size, length = 0, 0
        if (word := self._peek()) is not None and word.kind is Kind.WORD and word.text in MAGNITUDES:
            size, length = MAGNITUDES[word.text], 1
        elif word is not None and (word.text == "*" or word.text in "xX"):
            size, length = self._power_of_ten()
        if not length:
            return number
        self._at += length
        scale = Fraction(10) ** size
        other = number.other * scale if number.other is not None else None
        return msgspec.structs.replace(number, value=number.value * scale, other=other, decimals=number.decimals - size)

    def _power_of_ten(self) -> tuple[int, int]:
        """Read ``x 10^9`` ahead; returns the exponent and the tokens that it takes, none where it stands not there."""
        ten, sign, exponent = self._peek(1), self._peek(2), self._peek(3)
        is_negative = exponent is not None and exponent.text == "-"
        if is_negative:
            exponent = self._peek(4)
        if ten is None or ten.text != "10" or sign is None or sign.text != "^" or exponent is None:
            return 0, 0
        if exponent.kind is not Kind.NUMBER or exponent.value.denominator != 1 or exponent.value > _LARGEST_POWER:
            return 0, 0
        return (-int(exponent.value), 5) if is_negative else (int(exponent.value), 4)

    def _behind_number(self) -> bool:
        """Pass over a unit; False for a letter that makes it algebra."""
        if self._is_algebra():
            return False
        self._pass_unit()
        return True

    def _is_algebra(self) -> bool:
        """Tell whether a letter stands right behind a number or a bracket: for a number of its own, not for a unit."""
        token = self._peek()
        if token is None or token.kind is not Kind.WORD or not token.is_attached or len(token.text) > 1:
            return False
        following = self._peek(1)
        is_times = token.text in "xX" and following is not None and following.is_attached and following.kind is Kind.NUMBER
        return token.text.isascii() and not is_times and token.text not in SHORT_UNITS

    def _pass_unit(self) -> None:
        """Pass over the words of a unit, if a sign or the end of the side follows them."""
        place, word = self._at, ""
        for _ in range(_UNIT_WORDS + 1):
            token = self._tokens[place] if place < self._last else None
            if token is None or self._is_sign(token, place):
                break
            if token.kind is not Kind.WORD or token.text in STOPS:
                break
            if len(token.text) == 1 and token.text.isascii() and token.text not in LETTER_UNITS:
                break  # a letter for a number
            place, word = self._behind_power(place + 1), token.text
        token = self._tokens[place] if place < self._last else None
        if word and (token is None or self._goes_on(token, place)):
            self._at = place
        if word:
            self._units[-1] = word

    def _behind_power(self, place: int) -> int:
        """Pass over the power of a unit: ``m^3``."""
        if place + 1 < self._last and self._tokens[place].text == "^" and self._tokens[place].is_attached:
            return place + 2 if self._tokens[place + 1].kind is Kind.NUMBER else place
        return place

    def _goes_on(self, token: Token, place: int) -> bool:
        return token.kind is Kind.EQUALS or self._is_sign(token, place) or (token.kind is Kind.SIGN and token.text == ")")

    def _is_sign(self, token: Token, place: int) -> bool:
        """Tell whether an operation stands here: a sign with something to work on behind it, or a word for one."""
        if token.kind is Kind.SIGN:
            return token.text in "+-*/^"
        if token.kind is not Kind.WORD:
            return False
        if token.text in "xX" or token.text in SIGN_WORDS:
            return self._number_follows(place + 1)
        return token.text in OF and self._is_part() and self._number_follows(place + 1)

    def _number_follows(self, place: int) -> bool:
        for token in self._tokens[place : min(place + 3, self._last)]:
            if token.kind is Kind.NUMBER or (token.kind is Kind.SIGN and token.text in "(-"):
                return True
            if token.kind is not Kind.WORD or token.text not in PARTICLES:
                return False
        return False

    def _is_part(self) -> bool:
        """Tell whether the number before is a percentage or a fraction, of which *of* makes a product."""
        items = self._items
        last = items[-1]
        if not isinstance(last, Token):
            return False
        return last.is_percent or (len(items) > 2 and items[-2] == "/") or last.value < 1

    def _operator(self) -> bool:
        """Take the sign between two numbers; False where the side ends."""
        while (token := self._peek()) is not None and token.kind is Kind.SIGN and token.text == ")" and self._depth:
            self._at += 1
            self._depth -= 1
            self._items.append(")")
            if self._is_algebra():
                self._depth = _DEEPEST  # no side
                return False
            self._pass_unit()
        token = self._peek()
        if token is None:
            return False
        if token.kind is Kind.SIGN and token.text == "(":
            return self._implied(token)
        if token.kind is Kind.SIGN and token.text == "/" and self._unit_follows():
            self._at = self._behind_power(self._at + 2)
            return self._operator()
        if not self._is_sign(token, self._at):
            return False
        self._items.append(token.text if token.kind is Kind.SIGN else SIGN_WORDS.get(token.text, "*"))
        self._at += 1
        while (token := self._peek()) is not None and token.kind is Kind.WORD and token.text in PARTICLES:
            self._at += 1
        return True

    def _implied(self, token: Token) -> bool:
        """Take ``2(3 + 4)`` and ``(2)(3)`` for products; pass over ``5 (apples)``."""
        following = self._peek(1)
        if token.is_attached and following is not None and following.kind in {Kind.NUMBER, Kind.SIGN}:
            self._items.append("*")
            return True
        place = 1
        while (inner := self._peek(place)) is not None and inner.kind is Kind.WORD and place <= _UNIT_WORDS:
            place += 1
        if place > 1 and inner is not None and inner.kind is Kind.SIGN and inner.text == ")":
            self._at += place + 1
            return self._operator()
        return False

    def _unit_follows(self) -> bool:
        """Tell a unit such as ``miles/hour`` from a division."""
        following = self._peek(1)
        return following is not None and following.kind is Kind.WORD


_BINARY: Final = frozenset("+-*/^")
_PRECEDENCE: Final = {"+": 1, "-": 1, "*": 2, "/": 2, "u": 3, "^": 4}


def values_of(side: Side) -> Iterator[Fraction]:
    """Work a side out, once for each way in which its percentages and its points may be meant."""
    numbers = side.numbers
    percents = ("part", "plain", "relative") if any(number.is_percent for number in numbers) else ("plain",)
    readings = (False, True) if any(number.other is not None for number in numbers) else (False,)
    for percent, is_other in product(percents, readings):
        value = _work_out(side.items, percent=percent, is_other=is_other)
        if value is not None:
            yield value


def _work_out(items: Sequence[Item], *, percent: str, is_other: bool) -> Fraction | None:
    """Evaluate by precedence with two stacks; None where it cannot be: a division by zero, a power too large."""
    values: list[tuple[Fraction, bool]] = []
    signs: list[str] = []
    try:
        for item in items:
            if isinstance(item, Token):
                values.append(_read(item, percent=percent, is_other=is_other))
            elif item in "(u":
                signs.append(item)
            elif item == ")":
                while signs[-1] != "(":
                    _apply(values, signs.pop())
                signs.pop()
            else:
                while signs and signs[-1] != "(" and _binds(signs[-1], item):
                    _apply(values, signs.pop())
                signs.append(item)
        while signs:
            _apply(values, signs.pop())
    except (ZeroDivisionError, IndexError, ValueError):
        return None
    return values[0][0] if len(values) == 1 else None


def _binds(before: str, after: str) -> bool:
    return (
        _PRECEDENCE[before] > _PRECEDENCE[after]
        or (before == after != "^")
        or (_PRECEDENCE[before] == _PRECEDENCE[after] and after != "^")
    )


def _read(token: Token, *, percent: str, is_other: bool) -> tuple[Fraction, bool]:
    value = token.other if is_other and token.other is not None else token.value
    if not token.is_percent or percent == "plain":
        return value, False
    return value / 100, percent == "relative"


def _apply(values: list[tuple[Fraction, bool]], sign: str) -> None:
    right, is_relative = values.pop()
    if sign == "u":
        values.append((-right, is_relative))
        return
    left, _ = values.pop()
    match sign:
        case "+":
            result = left * (1 + right) if is_relative else left + right
        case "-":
            result = left * (1 - right) if is_relative else left - right
        case "*":
            result = left * right
        case "/":
            result = left / right
        case _:
            result = _power(left, right)
    if abs(result) > _LARGEST:
        raise ValueError("too large to be meant")
    values.append((result, False))


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1 or abs(exponent) > _LARGEST_POWER or abs(base) > _LARGEST:
        raise ValueError("no power that is worked out exactly")
    return base ** int(exponent)
