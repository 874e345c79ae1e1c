"""Money falls with thrift, request by request; at the ends the dial means what it says."""

import itertools

from hypothesis import example, given
from hypothesis import strategies as st
from tests.routing.policies.families import ScriptedScorer, certificate, facts, learned, promised, setup

from triplepoint.routing.facts import ModelFacts
from triplepoint.routing.model import Question, Signals, Weighed
from triplepoint.routing.policies.compile import RouterSetup

NAMES = ("a", "b", "c", "d")
ROUNDING_USD = 1e-12

prices = st.floats(0, 100, allow_subnormal=False)
wh = st.none() | st.floats(0, 0.01, allow_subnormal=False)
models = st.fixed_dictionaries(
    {
        name: st.builds(
            ModelFacts,
            input_usd_per_mtok=prices,
            output_usd_per_mtok=prices,
            cached_usd_per_mtok=st.none() | prices,
            input_wh=wh,
            output_wh=wh,
            context_tokens=st.just(100_000),
        )
        for name in NAMES
    }
)
qualities = st.fixed_dictionaries({name: st.floats(0, 1, allow_subnormal=False) for name in NAMES})
lengths = st.fixed_dictionaries({name: st.none() | st.floats(0, 1e5, allow_subnormal=False) for name in NAMES})
waits = st.none() | st.dictionaries(st.sampled_from(NAMES), st.tuples(st.floats(0, 60), st.floats(0, 1)))
questions = st.builds(
    Question,
    signals=st.builds(Signals, input_tokens=st.integers(0, 100_000)),
    served_before=st.none() | st.sampled_from(NAMES),
    waits=waits,
)
routers = st.builds(
    learned,
    default=st.sampled_from(NAMES),
    good_answer_usd=st.decimals("0.000001", "100", places=6),
    energy_usd_per_kwh=st.decimals(0, 10, places=2),
    waiting_usd_per_hour=st.decimals(0, 100, places=2),
    switch_margin=st.floats(0, 0.3),
    promise=st.none() | st.builds(promised, lapsed=st.sampled_from(["reference", "continue"])),
)
certificates = st.none() | st.builds(
    certificate,
    st.none() | st.floats(0, 1),
    reference=st.sampled_from(NAMES),
    models=st.permutations(NAMES).map(lambda names: tuple(names[:3])),
)
setups = st.builds(
    setup,
    routers,
    st.builds(ScriptedScorer, qualities, output_tokens=lengths, has_signal=st.booleans()),
    models,
    certificates,
)


def choice(setup: RouterSetup, question: Question, thrift: int) -> Weighed:
    """Decide at a thrift, and return what was expected of the chosen model."""
    asked = Question(signals=question.signals, served_before=question.served_before, waits=question.waits, thrift=thrift)
    decision = setup.compile().decide(asked, NAMES)
    return next(one for one in decision.weighed if one.model == decision.model)


@given(setups, questions, st.lists(st.integers(0, 100), min_size=2, max_size=6))
def test_more_thrift_never_costs_more(setup: RouterSetup, question: Question, dials: list[int]) -> None:
    """On one request, whatever prices, energy, waiting, conversation and promise, more thrift never costs more."""
    costs = [choice(setup, question, thrift).cost_usd or 0.0 for thrift in sorted(dials)]
    assert all(later <= earlier + ROUNDING_USD for earlier, later in itertools.pairwise(costs))


@given(models, qualities, lengths)
@example({name: facts(0.0, 0.0) for name in NAMES}, dict.fromkeys(NAMES, 0.5), dict.fromkeys(NAMES, 1.0))
def test_ends_of_the_dial(models: dict[str, ModelFacts], qualities: dict[str, float], lengths: dict[str, float | None]) -> None:
    """At 0 it is the best answer, and of those alike the cheapest; at 100 the cheapest, and of those alike the best."""
    made = setup(learned(default="a"), ScriptedScorer(qualities, output_tokens=lengths), models)
    question = Question(signals=Signals(input_tokens=1000))
    all_weighed = made.compile().decide(question, NAMES).weighed
    quality_cost = [(one.quality or 0.0, one.cost_usd or 0.0) for one in all_weighed]
    best, cheapest = choice(made, question, 0), choice(made, question, 100)
    assert (best.quality, best.cost_usd) == max(quality_cost, key=lambda one: (one[0], -one[1]))
    assert (cheapest.quality, cheapest.cost_usd) == max(quality_cost, key=lambda one: (-one[1], one[0]))


def test_in_between() -> None:
    """At 50 a dollar is a dollar: the dearer model is chosen exactly where its better answer is worth what it costs more."""
    for gain, model in ((0.041, "mini"), (0.043, "regular")):  # regular costs 0.0042 more; a good answer is worth 0.1
        scorer = ScriptedScorer({"nano": 0.1, "mini": 0.5, "regular": 0.5 + gain})
        made = setup(learned(good_answer_usd="0.1"), scorer)
        assert made.compile().decide(Question(signals=Signals(input_tokens=1000)), ("mini", "regular")).model == model


def test_plan_and_caller_turn_it() -> None:
    """The question's dial stands above the line-up's, and settings outside the scale are its ends."""
    scorer = ScriptedScorer({"nano": 0.4, "mini": 0.7, "regular": 0.9})
    made = setup(learned(thrift=100), scorer).compile()
    found = [
        made.decide(Question(signals=Signals(), thrift=thrift), ("nano", "mini", "regular")) for thrift in (None, 0, 300, -5)
    ]
    assert [(one.model, one.thrift) for one in found] == [("nano", 100), ("regular", 0), ("nano", 100), ("regular", 0)]
