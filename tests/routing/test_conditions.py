"""Conditions of rules: each is held against its own signal, and what was found is told in words."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.lineups.model import RuleCondition
from triplepoint.lineups.told import Language, RequestClass
from triplepoint.routing.conditions import examine, hold
from triplepoint.routing.model import Signals

BOTH: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    "language": (Language.GERMAN, {"language": "de"}, {"language": "zh"}),
    "request_class": (RequestClass.TITLE, {"request_class": "title"}, {"request_class": ""}),
    "task": ("summary", {"task": "summary"}, {"task": "Summary"}),
    "min_input_tokens": (10, {"input_tokens": 10}, {"input_tokens": 9}),
    "max_input_tokens": (10, {"input_tokens": 10}, {"input_tokens": 11}),
    "min_turns": (2, {"turns": 2}, {"turns": 1}),
    "max_turns": (2, {"turns": 2}, {"turns": 3}),
    **{
        name: (True, {name: True}, {name: False})
        for name in ("code", "maths", "hard", "structure", "earlier_hard", "tools", "tool_loop", "json_output", "images")
    },
}


def test_the_table_is_whole() -> None:
    """Every condition that a line-up may set is tried below."""
    assert set(BOTH) == set(RuleCondition.model_fields)


@pytest.mark.parametrize(("name", "wanted", "yes", "no"), [(name, *row) for name, row in BOTH.items()])
def test_each_condition(name: str, wanted: Any, yes: dict[str, Any], no: dict[str, Any]) -> None:
    """A condition holds for what it names and not for what is next to it, and says what it found, without enumerations."""
    when = RuleCondition.model_validate({name: wanted})
    assert hold(when)(Signals(**yes))
    assert not hold(when)(Signals(**no))
    (condition,) = examine(when, Signals(**no))
    assert (condition.name, condition.wanted, condition.found) == (name, wanted, next(iter(no.values())))
    assert type(condition.wanted) in {int, bool, str}
    assert not condition.holds


def test_words() -> None:
    """What a rule wanted and what was found read as people say it; nothing found is said to be nothing."""
    when = RuleCondition(language=Language.GERMAN, hard=True)
    assert [str(one) for one in examine(when, Signals(hard=True))] == ["language: de (found nothing)", "hard: yes (found yes)"]


@given(st.lists(st.sampled_from(sorted(BOTH)), unique=True), st.lists(st.sampled_from(sorted(BOTH)), unique=True))
def test_all_that_are_set_must_hold(wanted: list[str], fulfilled: list[str]) -> None:
    """Several conditions hold where each does, and none hold for everything."""
    when = RuleCondition.model_validate({name: BOTH[name][0] for name in wanted if not name.startswith("max")})
    facts: dict[str, Any] = {}
    for name in BOTH:
        if not name.startswith("max"):
            facts |= BOTH[name][1 if name in fulfilled else 2]
    expected = all(name in fulfilled for name in wanted if not name.startswith("max"))
    assert hold(when)(Signals(**facts)) is expected
