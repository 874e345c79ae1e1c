"""Finds rules of a router that can never decide anything, because those before them always decide first.

Conditions compare numbers with thresholds, and booleans and names with a value, so all requests fall into finitely many cells:
the numbers between thresholds, two booleans, the names that some rule has, and *another* name. A condition is a box: a set of
cells for each thing that it may ask. A rule is unreachable where the boxes before it cover its own, and that is found by
cutting: what of it a box before it leaves over is cut off side by side, and each piece held against the next box. So it is
exact: nothing is missed and nothing wrongly accused. One thing is known beside: what goes on with an earlier turn has one
(`_IMPOSSIBLE`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from triplepoint.lineups.model import Rule, RuleCondition

MAX_CUTS = 50_000
"""For one rule; above, only single earlier rules are looked at. It takes dozens that cut each other in every direction."""

_NUMBERS = (("min_input_tokens", "max_input_tokens"), ("min_turns", "max_turns"))
_BOOLEANS = ("code", "maths", "hard", "tools", "tool_loop", "json_output", "structure", "images", "earlier_hard")
_NAMES = ("language", "request_class", "task")
_ANOTHER = ""
"""Stands for every name that no rule has, and for none at all."""
_IMPOSSIBLE = (RuleCondition(earlier_hard=True, max_turns=1),)

_Cell = int | str
_Box = tuple[int, ...]
"""For each side the cells, one bit each."""


class _Side(NamedTuple):
    """One thing that a condition may ask."""

    cells: Sequence[_Cell]
    """One value of each."""
    holds: Callable[[RuleCondition, _Cell], bool]


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A rule that never decides."""

    position: int
    """From 0."""
    shadowed_by: int | None
    """Earlier rule that holds whenever this one does; None: several together, or the rule contradicts itself."""
    contradicts_itself: bool


def unreachable(rules: Sequence[Rule]) -> list[Unreachable]:
    """Return the rules that can never decide, in order."""
    conditions = [rule.when for rule in rules]
    sides = _sides([*conditions, *_IMPOSSIBLE])
    impossible = [_box(condition, sides) for condition in _IMPOSSIBLE]
    boxes = [_box(condition, sides) for condition in conditions]
    found: list[Unreachable] = []
    for position, box in enumerate(boxes):
        if _is_covered(box, impossible):
            found.append(Unreachable(position, None, contradicts_itself=True))
            continue
        shadow = next((earlier for earlier in range(position) if _is_covered(box, [*impossible, boxes[earlier]])), None)
        if shadow is not None or _is_covered(box, [*impossible, *boxes[:position]]):
            found.append(Unreachable(position, shadow, contradicts_itself=False))
    return found


def _sides(conditions: Sequence[RuleCondition]) -> list[_Side]:
    numbers = [_Side(_thresholds(conditions, least, most), partial(_is_between, least, most)) for least, most in _NUMBERS]
    booleans = [_Side((False, True), partial(_agrees, name)) for name in _BOOLEANS]
    names = [_Side(_named(conditions, name), partial(_agrees, name)) for name in _NAMES]
    return [*numbers, *booleans, *names]


def _thresholds(conditions: Sequence[RuleCondition], least: str, most: str) -> list[int]:
    """Return one number of each cell: 0, where a condition begins to hold, and where it has ceased to."""
    lows = {low for condition in conditions if (low := getattr(condition, least)) is not None}
    highs = {high for condition in conditions if (high := getattr(condition, most)) is not None}
    return sorted({0} | lows | highs | {high + 1 for high in highs})


def _named(conditions: Sequence[RuleCondition], name: str) -> list[str]:
    return sorted({_ANOTHER} | {wanted for condition in conditions if (wanted := getattr(condition, name)) is not None})


def _is_between(least: str, most: str, condition: RuleCondition, cell: _Cell) -> bool:
    low, high = getattr(condition, least), getattr(condition, most)
    return (low is None or cell >= low) and (high is None or cell <= high)


def _agrees(name: str, condition: RuleCondition, cell: _Cell) -> bool:
    wanted = getattr(condition, name)
    return wanted is None or cell == wanted


def _box(condition: RuleCondition, sides: Sequence[_Side]) -> _Box:
    return tuple(sum(1 << number for number, cell in enumerate(side.cells) if side.holds(condition, cell)) for side in sides)


def _is_covered(box: _Box, others: Sequence[_Box]) -> bool:
    """Tell whether boxes together hold every cell of a box; False where that would take too long to tell."""
    pieces = [(box, 0)]
    for _ in range(MAX_CUTS):
        if not pieces:
            return True
        piece, number = pieces.pop()
        if 0 in piece:
            continue
        if number == len(others):
            return False
        pieces += [(rest, number + 1) for rest in _cut(piece, others[number])]
    return False


def _cut(box: _Box, other: _Box) -> list[_Box]:
    """Return what another box leaves over of a box, in pieces that do not overlap."""
    if any(not mine & theirs for mine, theirs in zip(box, other, strict=True)):
        return [box]
    pieces: list[_Box] = []
    for side, theirs in enumerate(other):
        if box[side] & ~theirs:
            pieces.append((*box[:side], box[side] & ~theirs, *box[side + 1 :]))
            box = (*box[:side], box[side] & theirs, *box[side + 1 :])
    return pieces
