"""A threshold router is at one of two models, by the chance that the weak one would misroute."""

import pytest
from tests.routing.policies.families import FAMILY, PLAIN, ScriptedScorer, facts, setup, threshold

from triplepoint.routing.facts import ModelFacts
from triplepoint.routing.model import Decision, Estimate, Question, Signals

GOOD = {"nano": 0.7, "mini": 0.8, "regular": 0.9}  # nano misroutes with 0.27


def decide(scorer: ScriptedScorer, candidates: tuple[str, ...] = tuple(FAMILY), before: str = "", **fields: object) -> Decision:
    """Decide a plain request between nano and regular."""
    question = Question(signals=PLAIN.signals, served_before=before or None)
    return setup(threshold(**fields), scorer).compile().decide(question, candidates)


@pytest.mark.parametrize(
    ("limit", "model", "reason"),
    [
        (0.26, "regular", "nano would misroute with 0.270, at least 0.26"),
        (0.28, "nano", "nano would misroute with 0.270, less than 0.28"),
    ],
)
def test_threshold(limit: float, model: str, reason: str) -> None:
    """From the threshold on the strong one answers, below it the weak one."""
    decision = decide(ScriptedScorer(GOOD), threshold=limit)
    assert (decision.model, decision.reason, decision.policy) == (model, reason, "threshold")
    assert (decision.group, decision.scorer, decision.thrift) == ("maths", "ab" * 6, None)
    assert [(one.model, one.quality, one.is_allowed, one.why_not) for one in decision.weighed] == [
        ("nano", 0.7, True, ""),
        ("mini", 0.8, False, "neither the weak nor the strong one"),
        ("regular", 0.9, True, ""),
    ]


def test_exactly_at_the_threshold() -> None:
    """At the threshold itself the strong one answers."""
    assert decide(ScriptedScorer({"nano": 0.5, "regular": 1.0}), threshold=0.5).model == "regular"


@pytest.mark.parametrize(
    ("limit", "candidates", "model"),
    [
        (0.1, ("nano", "mini"), "mini"),
        (0.5, ("mini", "regular"), "mini"),
        (0.1, ("nano",), "nano"),
        (0.5, ("regular",), "regular"),
    ],
)
def test_nearest(limit: float, candidates: tuple[str, ...], model: str) -> None:
    """Where the one that is meant is no candidate, the nearest in line-up order answers."""
    decision = decide(ScriptedScorer(GOOD), candidates, threshold=limit)
    assert decision.model == model
    assert f"is no candidate, {model} is the nearest" in decision.reason


def test_nearest_of_two_is_the_stronger() -> None:
    """Of two candidates that are as near, the stronger is taken."""
    assert decide(ScriptedScorer(GOOD, has_signal=False), ("nano", "regular")).model == "regular"  # the default is mini


@pytest.mark.parametrize(
    ("scorer", "reason"),
    [
        (ScriptedScorer(GOOD, has_signal=False), "unlike anything learnt, so the default"),
        (ScriptedScorer({"nano": 0.5}), "regular is unknown to the scorer, so the default"),
        (ScriptedScorer({"regular": 0.5}), "nano is unknown to the scorer, so the default"),
    ],
)
def test_unsure(scorer: ScriptedScorer, reason: str) -> None:
    """Unsure, the default answers."""
    decision = decide(scorer)
    assert (decision.model, decision.reason) == ("mini", reason)
    assert decision.has_signal is not reason.startswith("unlike")


def test_dominated() -> None:
    """The one that is meant gives way where the other is better and cheaper, be it the weak or the strong."""
    lengths: dict[str, float | None] = {"nano": 40_000.0, "regular": 10.0}
    decision = decide(ScriptedScorer(GOOD, output_tokens=lengths), threshold=1.0)
    assert (decision.model, decision.reason) == ("regular", "nano is dominated by regular")
    means = {"nano": Estimate(0.9, 10.0), "regular": Estimate(0.8, 10.0)}
    decision = decide(ScriptedScorer(GOOD, means=means), threshold=0.0)
    assert (decision.model, decision.reason) == ("nano", "regular is dominated by nano")


def test_conversation() -> None:
    """A conversation with either changes for a gain above the margin alone; one with another model goes where it is meant."""
    assert decide(ScriptedScorer(GOOD), before="nano", threshold=0.1).model == "regular"
    kept = decide(ScriptedScorer(GOOD), before="nano", threshold=0.1, switch_margin=0.3)
    assert (kept.model, kept.reason) == ("nano", "its conversation is with nano, and changing gains too little")
    assert decide(ScriptedScorer(GOOD), before="regular", threshold=1.0).model == "regular"
    assert decide(ScriptedScorer(GOOD), before="mini", threshold=1.0).model == "nano"


def test_tool_loop() -> None:
    """A tool loop stays where it is, whichever model that is, and asks no scorer."""
    scorer = ScriptedScorer(GOOD)
    question = Question(signals=Signals(tool_loop=True), served_before="mini", draw=0.0)
    decision = setup(threshold(explore=0.5), scorer).compile().decide(question, FAMILY)
    assert (decision.model, decision.reason, scorer.asked) == ("mini", "its tool loop is at mini", 0)


def test_without_prices() -> None:
    """It needs no prices: what is unknown is left unknown."""
    models: dict[str, ModelFacts] = {name: facts(None, None) for name in FAMILY}
    decision = setup(threshold(threshold=0.1), ScriptedScorer(GOOD), models).compile().decide(PLAIN, FAMILY)
    assert decision.model == "regular"
    assert [(one.quality, one.cost_usd) for one in decision.weighed] == [(0.7, None), (0.8, None), (0.9, None)]
