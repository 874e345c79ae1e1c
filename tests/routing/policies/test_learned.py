"""A learned router takes the model that is worth most among those that it may take, and says why not the others."""

import math
from dataclasses import replace

import pytest
from tests.routing.policies.families import FAMILY, PLAIN, ScriptedScorer, certificate, facts, learned, promised, setup

from triplepoint.foundation.errors import NotEntitled
from triplepoint.routing.model import Decision, Estimate, Question, Signals
from triplepoint.routing.policies.compile import compile_router

ALL = ("nano", "mini", "regular")
GOOD = {"nano": 0.4, "mini": 0.7, "regular": 0.9}


def why_not(decision: Decision) -> dict[str, str]:
    """Return what stands against candidates, by model."""
    return {one.model: one.why_not for one in decision.weighed if one.why_not}


def allowed(decision: Decision) -> list[str]:
    """Return the candidates that could be taken."""
    return [one.model for one in decision.weighed if one.is_allowed]


def talk(before: str, *, input_tokens: int = 1000, tool_loop: bool = False) -> Question:
    """Ask within a conversation."""
    return Question(signals=Signals(input_tokens=input_tokens, tool_loop=tool_loop), served_before=before)


def test_record() -> None:
    """The decision holds what was expected of each candidate, the group, the scorer and the dial."""
    decision = setup(learned(), ScriptedScorer(GOOD, output_tokens={"mini": 100.0})).compile().decide(PLAIN, {"mini", "nano"})
    assert decision.candidates == ("nano", "mini")
    assert (decision.model, decision.policy, decision.group, decision.scorer) == ("mini", "learned", "maths", "ab" * 6)
    assert (decision.thrift, decision.propensity, decision.is_certified) == (50, 1.0, False)
    assert decision.reason == "worth most at thrift 50: 70 % good for 0.00045 USD"
    nano, mini = decision.weighed
    assert (nano.quality, nano.output_tokens) == (0.4, 400.0)  # of nano no length was learnt
    assert nano.cost_usd == pytest.approx(1000 * 0.05e-6 + 400 * 0.4e-6)
    assert mini.cost_usd == pytest.approx(1000 * 0.25e-6 + 100 * 2e-6)
    assert mini.worth_usd == pytest.approx(0.01 * 0.7 - 0.00045)


def test_waiting_and_energy_count() -> None:
    """What the line-up counts for waiting and energy moves the choice; what is unknown counts as the worst that is known."""
    models = {
        "nano": facts(0.05, 0.4, input_wh=0.0, output_wh=0.001),
        "mini": facts(0.25, 2.0, input_wh=0.0, output_wh=0.1),
        "regular": facts(0.25, 2.0),
    }
    scorer = ScriptedScorer({"nano": 0.5, "mini": 0.6, "regular": 0.61})
    assert setup(learned(good_answer_usd="1"), scorer, models).compile().decide(PLAIN, ALL).model == "regular"
    green = learned(good_answer_usd="1", energy_usd_per_kwh="10")
    decision = setup(green, scorer, models).compile().decide(PLAIN, ALL)
    assert decision.model == "nano"  # mini takes 40 Wh, 0.4 USD; so does regular, for all that is known
    worth = {one.model: one.worth_usd or 0.0 for one in decision.weighed}
    assert worth["regular"] - worth["mini"] == pytest.approx(0.01)
    waits = {"nano": (0.2, 0.01), "mini": (60.0, 0.0)}
    hasty = learned(good_answer_usd="1", waiting_usd_per_hour="60")
    router = setup(hasty, scorer, models).compile()
    assert router.reads_waits
    asked = Question(signals=PLAIN.signals, waits=waits)
    decision = router.decide(asked, ALL)
    assert decision.model == "nano"
    assert [one.latency_s for one in decision.weighed] == [pytest.approx(4.2), pytest.approx(60.0), None]


def test_dominated_is_never_chosen() -> None:
    """A model that is worse and dearer in all, its many tokens counted, is left aside at every thrift, and by chance too."""
    scorer = ScriptedScorer({"nano": 0.35, "mini": 0.6, "regular": 0.65}, output_tokens={"nano": 4000.0, "mini": 400.0})
    router = setup(learned(explore=0.5), scorer).compile()
    for thrift in (0, 50, 100):
        for draw in (0.0, 0.1, 0.24, 0.3, 0.49, 0.9):
            decision = router.decide(Question(signals=PLAIN.signals, thrift=thrift, draw=draw), ALL)
            assert decision.model != "nano"
            assert why_not(decision) == {"nano": "dominated by mini"}
    assert router.decide(PLAIN, {"nano", "regular"}).weighed[0].is_allowed  # without mini it is no more


def test_dominated_in_its_group() -> None:
    """Where the scorer tells the group's means they judge first: an estimate that errs brings no dominated model back."""
    means = {"nano": Estimate(0.35, 4000.0), "mini": Estimate(0.6, 400.0), "regular": Estimate(0.65, 400.0)}
    scorer = ScriptedScorer({"nano": 0.9, "mini": 0.6, "regular": 0.65}, means=means)
    decision = setup(learned(), scorer).compile().decide(PLAIN, ALL)
    assert why_not(decision) == {"nano": "dominated by mini"}
    twice = ScriptedScorer({"nano": 0.2, "mini": 0.9, "regular": 0.65}, means=means)
    assert why_not(setup(learned(), twice).compile().decide(PLAIN, ALL)) == {
        "nano": "dominated by mini",
        "regular": "dominated by mini",
    }
    by_chance = ScriptedScorer({"nano": 0.9, "mini": 0.6, "regular": 0.65}, means=means, least_gap=0.3)
    assert setup(learned(), by_chance).compile().decide(PLAIN, ALL).weighed[0].is_allowed  # 0.25 may be chance there


@pytest.mark.parametrize(("thrift", "model"), [(50, "mini"), (0, "mini"), (100, "nano")])
def test_no_signal(thrift: int, model: str) -> None:
    """A request unlike anything learnt gets the default; at thrift 100 the cheapest."""
    router = setup(learned(), ScriptedScorer(GOOD, has_signal=False)).compile()
    decision = router.decide(Question(signals=PLAIN.signals, thrift=thrift), ALL)
    assert decision.model == model
    assert not decision.has_signal
    if thrift < 100:
        assert decision.reason == "unlike anything learnt, so the default"


def test_no_signal_without_the_default() -> None:
    """Where the default is no candidate, or dominated, the strongest that is allowed answers."""
    router = setup(learned(), ScriptedScorer(GOOD, has_signal=False)).compile()
    assert router.decide(PLAIN, {"nano", "regular"}).model == "regular"
    dominated = setup(learned(default="nano"), ScriptedScorer(GOOD, output_tokens={"nano": 40000.0}, has_signal=False))
    assert dominated.compile().decide(PLAIN, ALL).model == "regular"


def test_unknown_is_never_free() -> None:
    """A model without an estimate or a price is not weighed, and not chosen while another one can be, not even by chance."""
    models = {"nano": facts(None, 0.4), **{name: FAMILY[name] for name in ("mini", "regular")}, "new": facts(0.01, 0.01)}
    router = setup(learned(thrift=100, explore=0.5), ScriptedScorer(GOOD), models).compile()
    for draw in (0.01, 0.2, 0.4, 0.9):
        decision = router.decide(Question(signals=PLAIN.signals, draw=draw), models)
        assert decision.model in {"mini", "regular"}
        assert why_not(decision) == {"nano": "no price is known", "new": "unknown to the scorer"}
    nano, new = decision.weighed[0], decision.weighed[-1]
    assert (nano.quality, nano.cost_usd, nano.worth_usd) == (0.4, None, None)
    assert (new.quality, new.output_tokens, new.cost_usd) == (None, None, None)


@pytest.mark.parametrize("quality", [math.nan, math.inf, -0.1, 1.1])
def test_estimate_that_is_none(quality: float) -> None:
    """An estimate that is no probability counts as none."""
    decision = setup(learned(), ScriptedScorer(GOOD | {"regular": quality})).compile().decide(PLAIN, ALL)
    assert decision.model == "mini"
    assert why_not(decision) == {"regular": "unknown to the scorer"}


def test_nothing_known() -> None:
    """Where no candidate can be weighed, the default answers, else the strongest; with a promise, the strongest."""
    router = setup(learned(), ScriptedScorer({})).compile()
    assert router.decide(PLAIN, ALL).model == "mini"
    decision = router.decide(PLAIN, {"nano", "regular"})
    assert (decision.model, decision.reason) == (
        "regular",
        "no candidate can be weighed, and mini is not to be had, so the strongest",
    )
    decision = setup(learned(promise=promised(), explore=0.5), ScriptedScorer({})).compile().decide(PLAIN, ALL)
    assert decision.model == "regular"
    assert not decision.is_certified


def test_conversation_changes_for_a_gain() -> None:
    """A conversation goes to another model only for a gain above the margin, and never down."""
    scorer = ScriptedScorer({"nano": 0.7, "mini": 0.72, "regular": 0.9})
    router = setup(learned(thrift=90), scorer).compile()
    assert router.decide(PLAIN, ALL).model == "nano"
    stays = router.decide(talk("mini"), ALL)
    assert (stays.model, stays.reason) == ("mini", "its conversation is with mini, and changing gains too little")
    assert why_not(stays) == {"nano": "gains no more than 5 points over mini, which the conversation is with"}
    assert allowed(stays) == list(ALL)
    assert setup(learned(thrift=0), scorer).compile().decide(talk("mini"), ALL).model == "regular"
    assert setup(learned(thrift=0, switch_margin=0.2), scorer).compile().decide(talk("mini"), ALL).model == "mini"
    assert router.decide(talk("mini"), {"nano", "regular"}).model == "nano"  # mini is gone
    exactly = setup(learned(thrift=0, switch_margin=0.25), ScriptedScorer({"mini": 0.5, "regular": 0.75})).compile()
    assert exactly.decide(talk("mini"), ALL).model == "mini"  # a gain of the margin itself is too little


def test_conversation_keeps_its_prompt_cache() -> None:
    """A change that would be worth it is not, where the conversation's prompt is cached: that costs less than it seems."""
    models = {"mini": facts(1.0, 0.0, cached_usd_per_mtok=0.1), "regular": facts(1.5, 0.0)}
    scorer = ScriptedScorer({"mini": 0.5, "regular": 0.6})
    router = setup(learned(good_answer_usd="0.1"), scorer, models).compile()
    # regular gains 0.01 USD of quality; 15,000 tokens cost 0.0075 more there, and 0.0135 more when mini's cache is lost
    assert router.decide(talk("", input_tokens=15_000), models).model == "regular"
    decision = router.decide(talk("mini", input_tokens=15_000), models)
    assert decision.model == "mini"
    assert decision.weighed[0].cost_usd == pytest.approx(0.0015)
    unstated = setup(learned(), scorer, {"mini": facts(1.0, 0.0), "regular": facts(1.5, 0.0)}).compile()
    assert unstated.decide(talk("mini", input_tokens=15_000), models).weighed[0].cost_usd == pytest.approx(0.0075)


def test_tool_loop_stays() -> None:
    """A tool loop stays where it began and asks no scorer, while that model is a candidate; there is no chance in it."""
    scorer = ScriptedScorer(GOOD)
    router = setup(learned(explore=0.5, promise=promised()), scorer).compile()
    decision = router.decide(talk("nano", tool_loop=True), ALL)
    assert (decision.model, decision.reason, decision.thrift) == ("nano", "its tool loop is at nano", 50)
    assert not decision.is_certified
    assert scorer.asked == 0
    question = Question(signals=Signals(tool_loop=True), served_before="nano", draw=0.0)
    assert router.decide(question, {"mini", "regular"}).propensity == 1.0


def test_promise() -> None:
    """Only models within the certificate's threshold may answer beside the strongest, by policy or by chance."""
    router = setup(learned(thrift=100, promise=promised(), explore=0.5), ScriptedScorer(GOOD), certificates=certificate(0.3))
    decision = router.compile().decide(PLAIN, ALL)
    assert decision.model == "mini"  # risk 0.9 · 0.3 = 0.27; nano's is 0.54
    assert decision.is_certified
    assert decision.reason.endswith("; promise of 5 % misroutes")
    assert why_not(decision) == {"nano": "promise of 5 % misroutes"}
    drawn = {router.compile().decide(Question(signals=PLAIN.signals, draw=draw / 20), ALL).model for draw in range(20)}
    assert drawn == {"mini", "regular"}
    tight = setup(learned(thrift=100, promise=promised()), ScriptedScorer(GOOD), certificates=certificate(0.2))
    assert tight.compile().decide(PLAIN, ALL).model == "regular"
    none_holds = setup(learned(thrift=100, promise=promised()), ScriptedScorer(GOOD), certificates=certificate(None))
    decision = none_holds.compile().decide(PLAIN, ALL)
    assert (decision.model, decision.is_certified) == ("regular", True)
    not_covered = setup(
        learned(thrift=100, promise=promised()), ScriptedScorer(GOOD), certificates=certificate(0.6, models=("nano",))
    )
    assert not_covered.compile().decide(PLAIN, ALL).model == "nano"
    assert why_not(not_covered.compile().decide(PLAIN, ALL)) == {"mini": "promise of 5 % misroutes"}


def test_promise_without_a_certificate() -> None:
    """Where no certificate holds, the strongest answers, or all go on without a promise, as the line-up says."""
    for candidates, reference in ((ALL, "regular"), (("nano", "mini"), "mini")):
        strict = setup(learned(thrift=100, promise=promised(), explore=0.5), ScriptedScorer(GOOD)).compile()
        decision = strict.decide(Question(signals=PLAIN.signals, draw=0.0), candidates)
        assert (decision.model, decision.propensity, decision.is_certified) == (reference, 1.0, False)
        assert decision.reason.endswith("; no certificate holds, so the strongest")
        assert set(why_not(decision).values()) == {"no certificate holds"}
    loose = setup(learned(thrift=100, promise=promised(lapsed="continue")), ScriptedScorer(GOOD)).compile()
    decision = loose.decide(PLAIN, ALL)
    assert (decision.model, decision.is_certified) == ("nano", False)
    assert decision.reason.endswith("; no certificate holds, so nothing is promised")


def test_promise_that_lapsed() -> None:
    """A certificate that audits contradict holds no more; one of another reference or group never did."""
    made = setup(learned(thrift=100, promise=promised()), ScriptedScorer(GOOD), certificates=certificate(0.3))
    assert made.compile().decide(PLAIN, ALL).model == "mini"
    other_group = setup(learned(promise=promised()), ScriptedScorer(GOOD, group="law"), certificates=certificate(0.3))
    assert other_group.compile().decide(PLAIN, ALL).model == "regular"
    assert made.compile().decide(PLAIN, {"nano", "mini"}).model == "mini"
    lapsed = replace(made, lapsed={("regular", "maths")})
    assert lapsed.compile().decide(PLAIN, ALL).model == "regular"


def test_promise_by_the_scorers_names() -> None:
    """Certificates name models as the scorer does; the line-up may call them otherwise."""
    router = learned(thrift=100, promise=promised())
    renamed = router.model_copy(update={"scorer": router.scorer.model_copy(update={"models": {"mini": "m", "regular": "r"}})})
    made = setup(renamed, ScriptedScorer(GOOD), certificates=certificate(0.3, reference="r", models=("nano", "m")))
    decision = made.compile().decide(PLAIN, ALL)
    assert (decision.model, decision.is_certified) == ("mini", True)


def test_promise_and_domination_leave_the_strongest() -> None:
    """Where the dominated and those without a certificate are all, the strongest answers though it is dominated."""
    scorer = ScriptedScorer({"nano": 0.1, "mini": 0.9, "regular": 0.8})
    decision = setup(learned(promise=promised()), scorer, certificates=certificate(0.01)).compile().decide(PLAIN, ALL)
    assert (decision.model, decision.is_certified) == ("regular", True)
    assert allowed(decision) == ["regular"]


def test_unpriced_reference() -> None:
    """The strongest stays the reference though its price is unknown, and answers where nobody else may."""
    models = FAMILY | {"regular": facts(None, None)}
    decision = setup(learned(promise=promised()), ScriptedScorer(GOOD), models, certificate(0.01)).compile().decide(PLAIN, ALL)
    assert (decision.model, decision.is_certified) == ("regular", True)
    assert "at an unknown price" in decision.reason


def test_no_candidate() -> None:
    """Without a candidate there is an error, and never a model."""
    with pytest.raises(NotEntitled, match="ask for one by name"):
        setup(learned(), ScriptedScorer(GOOD)).compile().decide(PLAIN, {"of another line-up"})


def test_without_scorer() -> None:
    """A learned router without what it has learnt is a mistake of the program, and says so."""
    with pytest.raises(ValueError, match="needs its scorer"):
        compile_router(learned(), FAMILY)
