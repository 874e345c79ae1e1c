"""Which numbers of the question does an answer use, and where do its own come from?"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Final

import msgspec

from triplepoint.routing.escalation.equations import Equation

COMMON: Final = frozenset(map(Fraction, (1, 2, 3, 4, 5, 6, 7, 10, 12, 24, 30, 31, 52, 60, 100, 365, 1000)))
"""Numbers that need not be given: hours of a day, months of a year, percent."""


class Use(msgspec.Struct, frozen=True, gc=False):
    """How the numbers of a question and of a calculation go together."""

    unused: int
    """Of the question's numbers, words for numbers included: not among what is calculated with."""
    unused_digits: int
    """The same of those in digits."""
    unmentioned: int
    """Nowhere in the answer."""
    unmentioned_digits: int
    foreign: int
    """Calculated with, and neither given nor worked out before nor common."""
    foreign_strict: int
    """The same with common numbers counted too."""
    dangling: int
    """Worked out, and neither used later nor the result."""
    repeated: int
    """Given once, and calculated with more often."""
    depth: int
    """Equations that build on each other, the longest chain."""


def use_of(
    given: Sequence[Fraction],
    digits: Sequence[Fraction],
    equations: Sequence[Equation],
    mentioned: Iterable[Fraction],
    result: Fraction | None,
) -> Use:
    """Follow the numbers.

    Args:
        given: All numbers of the question, in order.
        digits: Those of them in digits.
        equations: Of the answer, in order.
        mentioned: All numbers of the answer.
        result: What it comes to.
    """
    operands = [value for equation in equations for value in equation.operands]
    worked, named = set(operands), set(operands) | set(mentioned)
    foreign, foreign_strict = _foreign(given, equations)
    return Use(
        unused=sum(not _is_among(value, worked) for value in given),
        unused_digits=sum(not _is_among(value, worked) for value in digits),
        unmentioned=sum(not _is_among(value, named) for value in given),
        unmentioned_digits=sum(not _is_among(value, named) for value in digits),
        foreign=foreign,
        foreign_strict=foreign_strict,
        dangling=_dangling(equations, result),
        repeated=sum(operands.count(value) > digits.count(value) for value in set(digits)),
        depth=_depth(equations),
    )


def _foreign(given: Sequence[Fraction], equations: Sequence[Equation]) -> tuple[int, int]:
    known, foreign, strict = set(given), 0, 0
    for equation in equations:
        for value in equation.operands:
            if not _is_among(value, known):
                strict += 1
                foreign += value not in COMMON
        known.add(equation.result)
    return foreign, strict


def _dangling(equations: Sequence[Equation], result: Fraction | None) -> int:
    count, later = 0, set[Fraction]()
    for place, equation in enumerate(reversed(equations)):
        count += bool(place) and equation.result not in later and equation.result != result
        later.update(equation.operands)
        later.add(equation.result)
    return count


def _depth(equations: Sequence[Equation]) -> int:
    depths: dict[Fraction, int] = {}
    for equation in equations:
        depths[equation.result] = 1 + max((depths.get(value, 0) for value in equation.operands), default=0)
    return max(depths.values(), default=0)


def _is_among(value: Fraction, numbers: set[Fraction]) -> bool:
    """Tell whether a number stands there: as it is, in hundredths, or as what is left of or added to the whole."""
    forms = (value, value * 100, value / 100, 1 - value, 1 - value / 100, 1 + value)
    return any(form in numbers for form in forms)
