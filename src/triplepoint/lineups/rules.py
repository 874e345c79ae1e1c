"""Finds rules of a router that can never decide anything, because those before them always decide first.

Conditions compare numbers with thresholds and booleans with a value, so all requests fall into finitely many cells between the
thresholds. One request of each cell is tried against the rules in order: a rule that is first in no cell is unreachable. That
is exact: nothing is missed and nothing wrongly accused.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from triplepoint.lineups.model import Rule, RuleCondition

MAX_CELLS = 100_000
"""Above, only single earlier rules are looked at; it takes some forty thresholds to get there."""

_BOOLEANS = ("code", "maths", "tools", "json_output", "images")


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A rule that never decides."""

    position: int
    """From 0."""
    shadowed_by: int | None
    """Earlier rule that holds whenever this one does; None: several together, or the rule contradicts itself."""
    contradicts_itself: bool


@dataclass(frozen=True, slots=True)
class _Request:
    input_tokens: int
    turns: int
    flags: frozenset[str]


def unreachable(rules: Sequence[Rule]) -> list[Unreachable]:
    """Return the rules that can never decide, in order."""
    conditions = [rule.when for rule in rules]
    reached = _first_in_some_cell(conditions)
    found: list[Unreachable] = []
    for position, condition in enumerate(conditions):
        shadow = next((earlier for earlier in range(position) if _implies(condition, conditions[earlier])), None)
        never = _contradicts(condition)
        if never or shadow is not None or (reached is not None and position not in reached):
            found.append(Unreachable(position, None if never else shadow, never))
    return found


def _first_in_some_cell(conditions: Sequence[RuleCondition]) -> set[int] | None:
    tokens, turns = _token_points(conditions), _turn_points(conditions)
    used = [name for name in _BOOLEANS if any(getattr(condition, name) is not None for condition in conditions)]
    if len(tokens) * len(turns) * 2 ** len(used) > MAX_CELLS:
        return None
    requests = (_Request(count, turn, flags) for count in tokens for turn in turns for flags in _subsets(used))
    return {first for request in requests if (first := _first(conditions, request)) is not None}


def _first(conditions: Sequence[RuleCondition], request: _Request) -> int | None:
    return next((position for position, condition in enumerate(conditions) if _holds(condition, request)), None)


def _holds(condition: RuleCondition, request: _Request) -> bool:
    return (
        request.input_tokens >= (condition.min_input_tokens or 0)
        and (condition.max_input_tokens is None or request.input_tokens <= condition.max_input_tokens)
        and request.turns >= (condition.min_turns or 1)
        and all(wanted is None or wanted == (name in request.flags) for name, wanted in _flags(condition))
    )


def _flags(condition: RuleCondition) -> Iterator[tuple[str, bool | None]]:
    return ((name, getattr(condition, name)) for name in _BOOLEANS)


def _token_points(conditions: Sequence[RuleCondition]) -> list[int]:
    points = {0}
    for condition in conditions:
        if condition.min_input_tokens is not None:
            points.add(condition.min_input_tokens)
        if condition.max_input_tokens is not None:
            points |= {condition.max_input_tokens, condition.max_input_tokens + 1}
    return sorted(points)


def _turn_points(conditions: Sequence[RuleCondition]) -> list[int]:
    return sorted({1} | {condition.min_turns for condition in conditions if condition.min_turns is not None})


def _subsets(names: Sequence[str]) -> list[frozenset[str]]:
    return [frozenset(chosen) for size in range(len(names) + 1) for chosen in itertools.combinations(names, size)]


def _implies(condition: RuleCondition, earlier: RuleCondition) -> bool:
    """Tell whether the earlier condition holds whenever this one does."""
    longest = condition.max_input_tokens
    return (
        (condition.min_input_tokens or 0) >= (earlier.min_input_tokens or 0)
        and (earlier.max_input_tokens is None or (longest is not None and longest <= earlier.max_input_tokens))
        and (condition.min_turns or 1) >= (earlier.min_turns or 1)
        and all(wanted is None or wanted == getattr(condition, name) for name, wanted in _flags(earlier))
    )


def _contradicts(condition: RuleCondition) -> bool:
    return condition.max_input_tokens is not None and condition.max_input_tokens < (condition.min_input_tokens or 0)
