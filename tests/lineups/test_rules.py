import itertools
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.lineups import rules as lineup_rules
from triplepoint.lineups.model import Rule, RuleCondition
from triplepoint.lineups.rules import Unreachable, unreachable
from triplepoint.lineups.told import Language

FLAG = st.none() | st.booleans()
COUNT = st.none() | st.integers(0, 3)
TURNS = st.none() | st.integers(1, 3)
CONDITION = st.builds(
    RuleCondition,
    min_input_tokens=COUNT,
    max_input_tokens=COUNT,
    code=FLAG,
    earlier_hard=FLAG,
    min_turns=TURNS,
    max_turns=TURNS,
    language=st.none() | st.sampled_from([Language.GERMAN, Language.CHINESE]),
    task=st.none() | st.just("title"),
)
FACTS: list[dict[str, bool | str]] = [
    {"code": code, "earlier_hard": earlier_hard, "language": language, "task": task}
    for code, earlier_hard in itertools.product((False, True), repeat=2)
    for language, task in itertools.product(("", "de", "zh", "en"), ("", "title", "other"))
]
REQUESTS = [
    (tokens, turns, facts)
    for tokens, turns, facts in itertools.product(range(5), range(5), FACTS)
    if turns > 1 or not facts["earlier_hard"]  # a first turn goes on with nothing
]


def rules(*conditions: RuleCondition) -> list[Rule]:
    """Make rules of conditions."""
    return [Rule(when=condition, use="nano", why="test") for condition in conditions]


def holds(condition: RuleCondition, tokens: int, turns: int, facts: Mapping[str, bool | str]) -> bool:
    """Tell, by the plainest reading of the file format, whether a condition holds for a request."""
    return (
        (condition.min_input_tokens is None or tokens >= condition.min_input_tokens)
        and (condition.max_input_tokens is None or tokens <= condition.max_input_tokens)
        and (condition.min_turns is None or turns >= condition.min_turns)
        and (condition.max_turns is None or turns <= condition.max_turns)
        and all(getattr(condition, name) in (None, value) for name, value in facts.items())
    )


@given(st.lists(CONDITION, min_size=1, max_size=5))
def test_exactly_the_rules_that_no_request_reaches_are_named(conditions: list[RuleCondition]):
    """Trying every small request by brute force finds the same unreachable rules: none missed, none wrongly accused."""
    reached: set[int] = set()
    for tokens, turns, facts in REQUESTS:
        first = next((n for n, condition in enumerate(conditions) if holds(condition, tokens, turns, facts)), None)
        reached |= {first} if first is not None else set()
    assert [dead.position for dead in unreachable(rules(*conditions))] == sorted(set(range(len(conditions))) - reached)


def test_the_rule_in_the_way_is_named():
    """A rule behind a wider one names it; one that several cover together, or that contradicts itself, says so."""
    wider, narrower = RuleCondition(code=True), RuleCondition(code=True, min_input_tokens=10)
    assert unreachable(rules(wider, narrower)) == [Unreachable(1, 0, contradicts_itself=False)]
    assert unreachable(rules(narrower, wider)) == []
    both = rules(RuleCondition(tools=True), RuleCondition(tools=False), RuleCondition(code=True))
    assert unreachable(both) == [Unreachable(2, None, contradicts_itself=False)]
    nonsense = RuleCondition(min_input_tokens=5, max_input_tokens=4)
    assert unreachable(rules(nonsense)) == [Unreachable(0, None, contradicts_itself=True)]
    assert unreachable(rules(RuleCondition(), wider)) == [Unreachable(1, 0, contradicts_itself=False)]


def test_what_goes_on_with_an_earlier_turn_has_one():
    """A rule for first turns that go on with something contradicts itself; from the second turn on there are such."""
    assert unreachable(rules(RuleCondition(earlier_hard=True, max_turns=1))) == [Unreachable(0, None, contradicts_itself=True)]
    assert unreachable(rules(RuleCondition(earlier_hard=True, max_turns=2))) == []
    later, going_on = RuleCondition(min_turns=2), RuleCondition(earlier_hard=True)
    assert unreachable(rules(later, going_on)) == [Unreachable(1, 0, contradicts_itself=False)]


def test_another_name_is_left():
    """Rules for some languages leave the others, and a rule for none of them is reached."""
    some = [RuleCondition(language=language) for language in (Language.GERMAN, Language.CHINESE)]
    assert unreachable(rules(*some, RuleCondition())) == []
    assert unreachable(rules(*some, RuleCondition(language=Language.GERMAN, code=True))) == [
        Unreachable(2, 0, contradicts_itself=False)
    ]


def test_very_many_thresholds():
    """Among very many rules, one behind a single wider one is found, and none accused wrongly."""
    flags = RuleCondition(code=True, maths=True, tools=True, json_output=True, images=True)
    many = [RuleCondition(min_input_tokens=n, max_input_tokens=n, min_turns=n + 1) for n in range(80)]
    assert unreachable(rules(flags, *many, RuleCondition(min_input_tokens=7, max_input_tokens=7, min_turns=9))) == [
        Unreachable(81, 8, contradicts_itself=False)
    ]


def test_where_it_would_take_too_long_single_rules_are_looked_at(monkeypatch: pytest.MonkeyPatch):
    """Sixteen rules that only together hide a seventeenth: found with patience; without, only what a single one hides."""
    every = [
        RuleCondition(code=code, maths=maths, tools=tools, images=images)
        for code, maths, tools, images in itertools.product((False, True), repeat=4)
    ]
    hidden = rules(*every, RuleCondition(), RuleCondition(code=True))
    assert [dead.position for dead in unreachable(hidden)] == [16, 17]
    monkeypatch.setattr(lineup_rules, "MAX_CUTS", 10)
    assert unreachable(hidden) == [Unreachable(17, 16, contradicts_itself=False)]
