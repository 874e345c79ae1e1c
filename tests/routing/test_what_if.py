"""What would have to be otherwise for another choice is what the router itself says when asked so."""

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.routing.policies.families import FAMILY, PLAIN, ScriptedScorer, certificate, learned, promised, setup, threshold
from tests.routing.scorer.helpers import tiny_scorer

from triplepoint.routing.explanation import explain
from triplepoint.routing.model import Change, Explanation, LeftOut, Question, Signals
from triplepoint.routing.policies.compile import RouterSetup
from triplepoint.routing.scorer.table import load_scorer

ALL = tuple(FAMILY)
GOOD = {"nano": 0.4, "mini": 0.7, "regular": 0.9}
probabilities = st.floats(0, 1, allow_subnormal=False)


def changes(explanation: Explanation) -> dict[str, list[str]]:
    """Return the ways to each model, in words."""
    found: dict[str, list[str]] = {}
    for change in explanation.changes:
        found.setdefault(change.model, []).append(change.how)
    return found


def test_learned() -> None:
    """The dial's settings, and the gain in quality, that lead to each other model."""
    explanation = explain(setup(learned(good_answer_usd="0.03"), ScriptedScorer(GOOD)), question=PLAIN, candidates=ALL)
    assert explanation.decision.model == "regular"
    assert changes(explanation) == {
        "nano": ["with thrift 92 or more", "if its good answer were 33.2 points likelier"],
        "mini": ["with thrift 59 to 91", "if its good answer were 6.0 points likelier"],
    }
    thrifts = {change.model: change.thrift for change in explanation.changes if change.thrift is not None}
    assert thrifts == {"mini": 59, "nano": 92}  # the nearest to 50


def test_what_moved_the_estimates() -> None:
    """Where the scorer can say which words moved them, it is told of the candidates alone; in a tool loop nothing is."""
    scorer = load_scorer(tiny_scorer(models=("nano", "mini")))
    made = RouterSetup(learned(default="nano"), FAMILY, scorer)
    question = Question(signals=Signals(), text="prove the sum a")
    explanation = explain(made, question=question, candidates={"nano", "regular"})
    assert explanation.pushes[0].what == "'prove'"
    assert set(explanation.pushes[0].by) == {"nano"}
    looped = Question(signals=Signals(tool_loop=True), text="prove the sum a", served_before="nano")
    assert explain(made, question=looped, candidates=ALL).pushes == ()


def test_left_out() -> None:
    """Models that are no candidates stand with the caller's words, in line-up order."""
    made = setup(learned(), ScriptedScorer(GOOD))
    explanation = explain(made, question=PLAIN, candidates={"mini"}, left_out={"regular": "plan free does not include it"})
    assert explanation.left_out == (
        LeftOut("nano", "no candidate"),
        LeftOut("regular", "plan free does not include it"),
    )
    assert explanation.changes == ()


def test_no_gain_would_do() -> None:
    """A model that even a certain answer would not bring to be chosen is not spoken of."""
    explanation = explain(setup(learned(thrift=100), ScriptedScorer(GOOD)), question=PLAIN, candidates=ALL)
    assert explanation.decision.model == "nano"
    assert all(change.quality_gain is None for change in explanation.changes)


def test_threshold() -> None:
    """Of a threshold router, the gain that would bring the other one in."""
    explanation = explain(setup(threshold(threshold=0.3), ScriptedScorer(GOOD)), question=PLAIN, candidates=ALL)
    assert explanation.decision.model == "regular"  # 0.9 · 0.6 = 0.54
    (change,) = explanation.changes
    assert change.model == "nano"
    assert change.quality_gain == pytest.approx(1 - 0.3 / 0.9 - 0.4, abs=0.002)


def test_conversation() -> None:
    """What holds a request at its model is named."""
    made = setup(learned(thrift=90), ScriptedScorer({"nano": 0.7, "mini": 0.72, "regular": 0.8}))
    in_talk = explain(made, question=Question(signals=PLAIN.signals, served_before="mini"), candidates=ALL)
    assert Change("nano", "in a conversation of its own") in in_talk.changes
    in_loop = Question(signals=Signals(input_tokens=1000, tool_loop=True), served_before="regular")
    assert Change("nano", "in a conversation of its own") in explain(made, question=in_loop, candidates=ALL).changes


@settings(max_examples=60)
@given(
    st.fixed_dictionaries(dict.fromkeys(ALL, probabilities)),
    st.integers(0, 100),
    st.none() | st.sampled_from(ALL),
    st.booleans(),
    st.sampled_from(["learned", "promised", "threshold"]),
)
def test_changes_are_true(qualities: dict[str, float], thrift: int, before: str | None, has_signal: bool, kind: str) -> None:
    """Whatever change is named, asked so the router chooses that model; and the decision is the router's own."""
    scorer = ScriptedScorer(qualities, has_signal=has_signal)
    made: dict[str, RouterSetup] = {
        "learned": setup(learned(), scorer),
        "promised": setup(learned(promise=promised()), scorer, certificates=certificate(0.3)),
        "threshold": setup(threshold(), scorer),
    }
    chosen = made[kind]
    question = Question(signals=PLAIN.signals, thrift=thrift, served_before=before)
    explanation = explain(chosen, question=question, candidates=ALL)
    assert explanation.decision == chosen.compile().decide(question, ALL)
    for change in explanation.changes:
        asked, again = question, chosen
        if change.thrift is not None:
            asked = msgspec.structs.replace(question, thrift=change.thrift)
        elif change.quality_gain is not None:
            raised = qualities | {change.model: min(1.0, qualities[change.model] + change.quality_gain)}
            again = replace(chosen, scorer=ScriptedScorer(raised, has_signal=has_signal))
        else:
            asked = msgspec.structs.replace(question, served_before=None)
        assert again.compile().decide(asked, ALL).model == change.model != explanation.decision.model
