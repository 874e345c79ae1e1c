"""Nothing that a router, chance or a scorer says leads outside what a plan, a request and the upstreams leave."""

import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.routing.generated import candidates_of, make_ask, make_world, violations

from triplepoint.foundation.errors import NotEntitled
from triplepoint.routing.explanation import explain

DECISIONS, A_WORLD = 20_000, 20


def test_many_decisions() -> None:
    """In 20,000 decisions over random worlds none breaks entitlement, floor, window, capability or health, nor a policy's word.

    A million are made by ``python -m bench decisions``.
    """
    rng, found, kinds = random.Random(7), Counter[str](), Counter[str]()
    for _ in range(DECISIONS // A_WORLD):
        world = make_world(rng)
        kinds[world.setup.router.kind] += 1
        for _ in range(A_WORLD):
            found.update(violations(world, make_ask(world, rng)))
    assert not found
    assert set(kinds) == {"fixed", "rules", "threshold", "learned"}


@settings(max_examples=200)
@given(st.randoms(use_true_random=False))
def test_decision_equals_explanation(rng: random.Random) -> None:
    """For every kind, what is explained is what is decided, chance included, and whoever is left out is named."""
    world = make_world(rng)
    ask = make_ask(world, rng)
    candidates = candidates_of(world, ask)
    if not candidates:
        with pytest.raises(NotEntitled):
            explain(world.setup, question=ask.question, candidates=candidates)
        return
    explanation = explain(world.setup, question=ask.question, candidates=candidates)
    assert explanation.decision == world.router.decide(ask.question, candidates)
    assert {one.model for one in explanation.left_out} == set(world.names) - candidates
    assert {change.model for change in explanation.changes} <= candidates


def test_a_floor_above_every_entitlement() -> None:
    """Where the plan's floor lies above all that it entitles to, and where nothing is up, nobody answers, whatever the kind."""
    rng, kinds = random.Random(3), set[str]()
    for _ in range(200):
        world = make_world(rng)
        names = world.names
        contradictory = replace(world, entitled=frozenset(names[:-1]), floor=names[-1])
        ask = make_ask(world, rng)
        for impossible, asked in ((contradictory, ask), (world, replace(ask, up=frozenset()))):
            assert not candidates_of(impossible, asked)
            assert violations(impossible, asked) == []
            with pytest.raises(NotEntitled):
                impossible.router.decide(asked.question, candidates_of(impossible, asked))
        kinds.add(world.setup.router.kind)
    assert len(kinds) == 4
