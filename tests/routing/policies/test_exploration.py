"""Chance has exactly its share, and the logged propensity is the probability with which a model is served."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.routing.policies.families import FAMILY, PLAIN, ScriptedScorer, learned, setup, threshold

from triplepoint.lineups.model import FixedRouter, Rule, RuleCondition, RulesRouter
from triplepoint.routing.model import Question
from triplepoint.routing.policies.compile import RouterSetup
from triplepoint.routing.policies.exploration import explore

NAMES = ("a", "b", "c", "d", "e")
GRID = 5000
GOOD = ScriptedScorer({"nano": 0.4, "mini": 0.7, "regular": 0.9})
RULES = RulesRouter(kind="rules", default="mini", rules=[Rule(when=RuleCondition(code=True), use="regular", why="code")])
KINDS = [
    RouterSetup(FixedRouter(kind="fixed", default="mini", explore=0.3), FAMILY),
    RouterSetup(RULES.model_copy(update={"explore": 0.3}), FAMILY),
    setup(threshold(explore=0.3), GOOD),
    setup(learned(explore=0.3), GOOD),
]


@given(
    st.lists(st.sampled_from(NAMES), min_size=1, unique=True),
    st.sampled_from(NAMES),
    st.just(0.0) | st.floats(1e-6, 0.5),
    st.floats(0, 1, exclude_max=True),
)
def test_propensity(among: list[str], choice: str, share: float, draw: float) -> None:
    """The propensities of all models that can be served add up to one, and each is what it says by its formula."""
    served = explore(choice, among, share=share, draw=draw)
    assert served.model in {*among, choice}
    assert served.explored == (draw < share and len(among) > 1)
    middles = [share * (index + 0.5) / len(among) for index in range(len(among))]
    every = {explore(choice, among, share=share, draw=at) for at in (*middles, 0.9999)}
    total = sum({one.model: one.propensity for one in every}.values())
    assert total == pytest.approx(1.0)


def test_last_of_the_share() -> None:
    """A draw just below the share points at the last model, and not past it."""
    share = 0.3
    draw = 0.29999999999999993
    assert draw < share
    assert explore("a", ("a", "b", "c"), share=share, draw=draw).model == "c"


@pytest.mark.parametrize("made", KINDS, ids=lambda made: made.router.kind)
def test_every_kind(made: RouterSetup) -> None:
    """For every kind of router the share of draws that serve a model is its logged propensity."""
    router = made.compile()
    decisions = [router.decide(Question(signals=PLAIN.signals, draw=(at + 0.5) / GRID), FAMILY) for at in range(GRID)]
    counts = Counter(decision.model for decision in decisions)
    propensities = {decision.model: decision.propensity for decision in decisions}
    assert len(counts) > 1
    for model, count in counts.items():
        assert count / GRID == pytest.approx(propensities[model], abs=1.5 / GRID)
    assert sum(one.explored for one in decisions) / GRID == pytest.approx(0.3, abs=1 / GRID)
    assert {one.reason for one in decisions if one.explored} == {f"explored: one of {len(counts)} by chance"}


@pytest.mark.parametrize("made", KINDS, ids=lambda made: made.router.kind)
def test_alone_or_without_a_draw(made: RouterSetup) -> None:
    """Without a draw, and with one candidate alone, chance has no share."""
    router = made.compile()
    assert not router.decide(PLAIN, FAMILY).explored
    alone = router.decide(Question(signals=PLAIN.signals, draw=0.0), {"nano"})
    assert (alone.model, alone.propensity, alone.explored) == ("nano", 1.0, False)
