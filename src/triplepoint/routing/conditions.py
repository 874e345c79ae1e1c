"""The conditions of a rule: one table of what each reads and when it holds, for deciding and for explaining."""

import operator
from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final, NamedTuple

from triplepoint.lineups.model import RuleCondition
from triplepoint.routing.model import Condition, Signals


class Reading(NamedTuple):
    """How one key of `RuleCondition` is read."""

    signal: Callable[[Signals], int | bool | str]
    holds: Callable[[Any, Any], bool]
    """Of the found value and the wanted one, which are of one kind."""


_EQUAL: Final = (
    *("language", "code", "maths", "hard", "structure", "earlier_hard", "tools", "tool_loop", "json_output", "images"),
    *("request_class", "task"),
)
READINGS: Final[dict[str, Reading]] = {
    "min_input_tokens": Reading(operator.attrgetter("input_tokens"), operator.ge),
    "max_input_tokens": Reading(operator.attrgetter("input_tokens"), operator.le),
    "min_turns": Reading(operator.attrgetter("turns"), operator.ge),
    "max_turns": Reading(operator.attrgetter("turns"), operator.le),
    **{name: Reading(operator.attrgetter(name), operator.eq) for name in _EQUAL},
}
"""Every key that a rule may set; a test holds it against `RuleCondition`."""


def hold(when: RuleCondition) -> Callable[[Signals], bool]:
    """Compile conditions into one question: do all that are set hold?"""
    checks = [(READINGS[name].signal, READINGS[name].holds, wanted) for name, wanted in _set(when)]

    def holds(signals: Signals) -> bool:
        return all(agrees(signal(signals), wanted) for signal, agrees, wanted in checks)

    return holds


def examine(when: RuleCondition, signals: Signals) -> tuple[Condition, ...]:
    """Hold each condition that is set against the signals, and say what was found."""
    return tuple(_examine(name, wanted, signals) for name, wanted in _set(when))


def _examine(name: str, wanted: int | bool | str, signals: Signals) -> Condition:
    reading = READINGS[name]
    found = reading.signal(signals)
    return Condition(name, wanted, found, reading.holds(found, wanted))


def _set(when: RuleCondition) -> list[tuple[str, int | bool | str]]:
    values: dict[str, int | bool | str | None] = {name: getattr(when, name) for name in READINGS}
    return [(name, _plain(wanted)) for name, wanted in values.items() if wanted is not None]


def _plain(wanted: int | bool | str) -> int | bool | str:
    return wanted.value if isinstance(wanted, StrEnum) else wanted
