"""A router chooses the first rule that holds, never outside the candidates, and says why; the explanation agrees with it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.foundation.errors import NotEntitled
from triplepoint.lineups.model import Capability, FixedRouter, Model, Rule, RuleCondition, RulesRouter, Target
from triplepoint.routing.candidates import able_models, needs_of
from triplepoint.routing.conditions import READINGS
from triplepoint.routing.explanation import explain
from triplepoint.routing.facts import ModelFacts
from triplepoint.routing.model import Change, Question, Signals
from triplepoint.routing.policies.compile import RouterSetup, compile_router

NAMES = ("nano", "mini", "regular")
MODELS = {name: ModelFacts(context_tokens=4096) for name in NAMES}
CODE_TO_REGULAR = Rule(when=RuleCondition(code=True), use="regular", why="holds code")
LONG_TO_MINI = Rule(when=RuleCondition(min_input_tokens=1000), use="mini", why="long")
ROUTER = RulesRouter(kind="rules", rules=[CODE_TO_REGULAR, LONG_TO_MINI], default="nano")

signals_strategy = st.builds(
    Signals,
    input_tokens=st.integers(0, 3000),
    code=st.booleans(),
    maths=st.booleans(),
    tools=st.booleans(),
    json_output=st.booleans(),
    images=st.booleans(),
    turns=st.integers(0, 5),
)
conditions = st.builds(
    RuleCondition,
    min_input_tokens=st.none() | st.integers(0, 3000),
    max_input_tokens=st.none() | st.integers(0, 3000),
    code=st.none() | st.booleans(),
    tools=st.none() | st.booleans(),
    min_turns=st.none() | st.integers(1, 5),
)
rules = st.builds(Rule, when=conditions, use=st.sampled_from(NAMES), why=st.just("why"))
routers = st.builds(
    RulesRouter, kind=st.just("rules"), rules=st.lists(rules, min_size=1, max_size=4), default=st.sampled_from(NAMES)
) | st.builds(FixedRouter, kind=st.just("fixed"), default=st.sampled_from(NAMES))
candidate_sets = st.frozensets(st.sampled_from(NAMES), min_size=1)


@pytest.mark.parametrize(
    ("signals", "candidates", "model", "reason"),
    [
        (Signals(code=True), MODELS, "regular", "rule: holds code"),
        (Signals(code=True, input_tokens=5000), MODELS, "regular", "rule: holds code"),
        (Signals(input_tokens=1000), MODELS, "mini", "rule: long"),
        (Signals(input_tokens=999), MODELS, "nano", "default"),
        (Signals(code=True, input_tokens=5000), {"nano", "mini"}, "mini", "rule: long"),
        (Signals(code=True), {"mini"}, "mini", "nano is no candidate, first in line-up order"),
        (Signals(), {"regular", "mini"}, "mini", "nano is no candidate, first in line-up order"),
    ],
)
def test_decision(signals: Signals, candidates: Any, model: str, reason: str) -> None:
    """The first rule that holds and whose model is a candidate decides; then the default; then line-up order."""
    decision = compile_router(ROUTER, MODELS).decide(Question(signals=signals), candidates)
    assert (decision.model, decision.reason, decision.policy) == (model, reason, "rules")
    assert decision.candidates == tuple(name for name in NAMES if name in candidates)
    assert decision.propensity == 1.0


def test_fixed() -> None:
    """A fixed router chooses its model, whatever is asked."""
    decision = compile_router(FixedRouter(kind="fixed", default="mini"), MODELS).decide(
        Question(signals=Signals(code=True)), MODELS
    )
    assert (decision.model, decision.reason, decision.policy) == ("mini", "fixed", "fixed")


@pytest.mark.parametrize("candidates", [(), {"of another line-up"}])
def test_no_candidate(candidates: Any) -> None:
    """Without a candidate there is an error that says what to do, and never a model."""
    with pytest.raises(NotEntitled, match="ask for one by name"):
        compile_router(ROUTER, MODELS).decide(Question(signals=Signals()), candidates)


@given(routers, signals_strategy, candidate_sets)
def test_never_outside(router: FixedRouter | RulesRouter, signals: Signals, candidates: frozenset[str]) -> None:
    """No rules, signals and candidates lead to a model that is not a candidate, and the same always lead to the same."""
    decision = compile_router(router, MODELS).decide(Question(signals=signals), candidates)
    assert decision.model in candidates
    assert decision == compile_router(router, MODELS).decide(Question(signals=signals), candidates)


@given(routers, signals_strategy, candidate_sets)
def test_explanation_agrees(router: FixedRouter | RulesRouter, signals: Signals, candidates: frozenset[str]) -> None:
    """What is explained is what is decided: the last rule tried is the one that chose, and no earlier one could."""
    explanation = explain(RouterSetup(router, MODELS), question=Question(signals=signals), candidates=candidates)
    decision, trials = explanation.decision, explanation.trials
    assert decision == compile_router(router, MODELS).decide(Question(signals=signals), candidates)
    chosen = [trial for trial in trials if trial.holds() and trial.is_candidate]
    if decision.reason.startswith("rule: "):
        assert [trial.use for trial in chosen] == [decision.model]
        assert trials[-1] is chosen[0]
    else:
        assert not chosen


def test_failed_condition_is_named() -> None:
    """A rule that does not hold names the condition, what it wants, and what was found."""
    question = Question(signals=Signals(input_tokens=12))
    explanation = explain(RouterSetup(ROUTER, MODELS), question=question, candidates=MODELS)
    assert [str(condition) for trial in explanation.trials for condition in trial.conditions] == [
        "code: yes (found no)",
        "min_input_tokens: 1000 (found 12)",
    ]


def test_rule_that_would_have_held() -> None:
    """Each rule that was tried in vain says what it would have taken, where it leads elsewhere and may."""
    question = Question(signals=Signals(input_tokens=12))
    setup = RouterSetup(ROUTER, MODELS)
    assert explain(setup, question=question, candidates=MODELS).changes == (
        Change("regular", "if rule 1 held: code: yes (found no)", rule=1),
        Change("mini", "if rule 2 held: min_input_tokens: 1000 (found 12)", rule=2),
    )
    assert [change.model for change in explain(setup, question=question, candidates={"nano", "mini"}).changes] == ["mini"]
    long = Question(signals=Signals(input_tokens=2000))
    assert [change.rule for change in explain(setup, question=long, candidates=MODELS).changes] == [1]


@pytest.mark.parametrize("router", [ROUTER, FixedRouter(kind="fixed", default="nano")])
def test_tool_loop_stays(router: FixedRouter | RulesRouter) -> None:
    """A tool loop stays with the model that began it, whatever the rules say, while that is a candidate."""
    question = Question(signals=Signals(code=True, tool_loop=True), served_before="mini", draw=0.0)
    setup = RouterSetup(router.model_copy(update={"explore": 0.5}), MODELS)
    decision = setup.compile().decide(question, MODELS)
    assert (decision.model, decision.reason, decision.propensity) == ("mini", "its tool loop is at mini", 1.0)
    gone = setup.compile().decide(question, {"nano", "regular"})
    assert gone.model != "mini"
    assert not gone.explored
    explanation = explain(setup, question=question, candidates=MODELS)
    assert explanation.decision == decision
    assert explanation.trials == ()
    assert {change.how for change in explanation.changes} == {"outside its tool loop", "in a conversation of its own"}


def test_every_condition_is_read() -> None:
    """Every key that a rule may set is read by the router."""
    assert set(READINGS) == set(RuleCondition.model_fields)


def test_able_models() -> None:
    """Candidates have every capability that is asked for, and room for prompt and answer."""

    def model(context_tokens: int, *more: Capability) -> Model:
        targets = [Target(upstream="u", model="m", price="p/m")]
        return Model(upstreams=targets, context_tokens=context_tokens, capabilities=[Capability.CHAT, *more])

    family = {"nano": model(600), "mini": model(2000, Capability.TOOLS), "regular": model(2000, *Capability)}
    assert able_models(family, Signals(input_tokens=50)) == ("nano", "mini", "regular")
    assert able_models(family, Signals(input_tokens=100)) == ("mini", "regular")
    assert able_models(family, Signals(tools=True)) == ("mini", "regular")
    assert able_models(family, Signals(tools=True, json_output=True, images=True)) == ("regular",)
    assert able_models(family, Signals(input_tokens=1500)) == ()
    assert needs_of(Signals()) == {Capability.CHAT}
