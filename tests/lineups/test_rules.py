import itertools

from hypothesis import given
from hypothesis import strategies as st

from triplepoint.lineups.model import Rule, RuleCondition
from triplepoint.lineups.rules import Unreachable, unreachable

FLAG = st.none() | st.booleans()
COUNT = st.none() | st.integers(0, 3)
CONDITION = st.builds(
    RuleCondition,
    min_input_tokens=COUNT,
    max_input_tokens=COUNT,
    code=FLAG,
    tools=FLAG,
    min_turns=st.none() | st.integers(1, 3),
)


def rules(*conditions: RuleCondition) -> list[Rule]:
    """Make rules of conditions."""
    return [Rule(when=condition, use="nano", why="test") for condition in conditions]


def holds(condition: RuleCondition, tokens: int, turns: int, flags: dict[str, bool]) -> bool:
    """Tell, by the plainest reading of the file format, whether a condition holds for a request."""
    return (
        (condition.min_input_tokens is None or tokens >= condition.min_input_tokens)
        and (condition.max_input_tokens is None or tokens <= condition.max_input_tokens)
        and (condition.min_turns is None or turns >= condition.min_turns)
        and all(getattr(condition, name) in (None, value) for name, value in flags.items())
    )


@given(st.lists(CONDITION, min_size=1, max_size=5))
def test_exactly_the_rules_that_no_request_reaches_are_named(conditions: list[RuleCondition]):
    """Trying every small request by brute force finds the same unreachable rules: none missed, none wrongly accused."""
    reached: set[int] = set()
    for tokens, turns, code, tools in itertools.product(range(6), range(1, 5), (False, True), (False, True)):
        flags = {"code": code, "tools": tools}
        first = next((n for n, condition in enumerate(conditions) if holds(condition, tokens, turns, flags)), None)
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


def test_very_many_thresholds_fall_back_to_single_rules():
    """With more thresholds than can be tried, a rule behind a single wider one is still found, and none accused wrongly."""
    flags = RuleCondition(code=True, maths=True, tools=True, json_output=True, images=True)
    many = [RuleCondition(min_input_tokens=n, max_input_tokens=n, min_turns=n + 1) for n in range(80)]
    assert unreachable(rules(flags, *many, RuleCondition(min_input_tokens=7, max_input_tokens=7, min_turns=9))) == [
        Unreachable(81, 8, contradicts_itself=False)
    ]
