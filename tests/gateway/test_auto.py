"""What leaves the candidates before the router chooses, in which order, and what the caller is told where nothing is left."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.gateway.generated import Absent, make_world, violations
from tests.gateway.harness import model, openai_upstream
from tests.gateway.making import TODAY_US, chat, grant, live_upstreams, no_client, pick, snapshot_of

from triplepoint.foundation.errors import NotEntitled, RequestInvalid, UpstreamOverloaded
from triplepoint.gateway.auto import Beside
from triplepoint.gateway.choice import Choice
from triplepoint.gateway.ladder import Entry, step_down
from triplepoint.gateway.snapshot import Snapshot
from triplepoint.gateway.upstream import LiveUpstream
from triplepoint.plans.terms import UNBOUND

NOW_S = 100.0
BESIDE = Beside(TODAY_US, NOW_S)
MODELS = {
    "nano": model("a", context_tokens=1000, max_output_tokens=600),
    "mini": model("b", "c", capabilities=["chat", "tools"], context_tokens=8000),
    "regular": model("c"),
    "large": model("d"),
}


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Compile a family of four; a is in the EU, b in the USA, c says nothing, d is in the EU."""
    upstreams = {
        "a": openai_upstream(1, region="eu", breaker={"failures": 2, "rest": "10s"}),
        "b": openai_upstream(2, region="us"),
        "c": openai_upstream(3),
        "d": openai_upstream(4, region="eu"),
    }
    lineup = {"router": {"kind": "fixed", "default": "nano"}}
    return snapshot_of(tmp_path_factory.mktemp("auto"), upstreams=upstreams, models=MODELS, lineup=lineup)


def dropped(choice: Choice) -> dict[str, str]:
    """Return why models were dropped."""
    assert choice.decided is not None
    return {one.model: one.why for one in choice.decided.dropped}


def candidates(choice: Choice) -> list[str]:
    """Return what the router could choose from."""
    assert choice.decided is not None
    return list(choice.decided.candidates)


def absent(snapshot: Snapshot, *names: str) -> dict[str, LiveUpstream]:
    """Make upstreams of which some have no server."""
    live = live_upstreams(snapshot)
    return live | {name: Absent(name, live[name].definition, None, make_client=no_client) for name in names}


def test_each_model_that_is_dropped_has_its_reason(snapshot: Snapshot) -> None:
    """Entitlement is said before the floor, room before capability, and that before health; the rest are candidates."""
    request = chat("word " * 700, model="auto", response_format={"type": "json_object"})
    terms = replace(UNBOUND, plan="pro", models=frozenset({"mini", "regular", "large"}))
    choice = pick(snapshot, request, grant("nano", "mini", "regular"), terms)
    assert dropped(choice) == {
        "nano": "not entitled by the plan",
        "large": "not entitled by the key",
        "mini": "lacks json",
    }
    assert candidates(choice) == ["regular"]
    choice = pick(snapshot, request, terms=replace(UNBOUND, floor="mini"), upstreams=absent(snapshot, "d"))
    assert dropped(choice) == {"nano": "below the floor mini", "mini": "lacks json", "large": "its upstream is not up yet"}
    choice = pick(snapshot, request)
    assert dropped(choice)["nano"].startswith("a prompt of about 8")
    assert dropped(choice)["nano"].endswith("tokens and its answer do not fit into 1,000")


@pytest.mark.parametrize(
    ("words", "members", "is_first"),
    [
        (80, {}, True),  # about 110 tokens, and 512 are kept for an answer of unknown length
        (400, {}, False),
        (80, {"max_tokens": 5000}, True),  # its longest answer is 600
        (340, {"max_tokens": 5000}, False),
        (700, {"max_tokens": 20}, True),
        (800, {"max_tokens": 20}, False),
        (340, {"max_completion_tokens": 100}, True),
    ],
)
def test_there_is_room_for_the_answer(snapshot: Snapshot, words: int, members: dict[str, Any], is_first: bool) -> None:
    """A model whose context holds the prompt but not the answer beside it is no candidate."""
    choice = pick(snapshot, chat("word " * words, model="auto", **members))
    assert (choice.route.name == "nano") is is_first


def test_a_plan_that_cuts_answers_needs_less_room(snapshot: Snapshot) -> None:
    """What a plan allows an answer at most is all the room that it needs."""
    request = chat("word " * 700, model="auto", max_tokens=5000)
    assert pick(snapshot, request).route.name == "mini"
    assert pick(snapshot, request, terms=replace(UNBOUND, max_output_tokens=50)).route.name == "nano"


def test_a_length_that_is_none_is_refused(snapshot: Snapshot) -> None:
    """The bound of the answer decides, so a wrong one is told at once."""
    with pytest.raises(RequestInvalid) as refused:
        pick(snapshot, chat(model="auto", max_tokens="many"))
    assert refused.value.param == "max_tokens"


def test_who_rests_is_no_candidate(snapshot: Snapshot) -> None:
    """While a breaker is open its models are left out; when it lets one try, that is a candidate again."""
    live = live_upstreams(snapshot)
    for _ in range(2):
        live["a"].breaker.failed(NOW_S - 5)
    choice = pick(snapshot, chat(model="auto"), upstreams=live, beside=BESIDE)
    assert (choice.route.name, dropped(choice)) == ("mini", {"nano": "resting after failures"})
    later = Beside(TODAY_US, NOW_S + 6)
    assert pick(snapshot, chat(model="auto"), upstreams=live, beside=later).route.name == "nano"
    assert live["a"].breaker.allows(NOW_S + 6)  # somebody takes the one try
    assert pick(snapshot, chat(model="auto"), upstreams=live, beside=later).route.name == "mini"


def test_a_model_with_one_upstream_left_is_up(snapshot: Snapshot) -> None:
    """It takes all upstreams of a model to be down for it to leave the candidates."""
    assert "mini" in candidates(pick(snapshot, chat(model="auto"), upstreams=absent(snapshot, "b")))
    assert "mini" not in candidates(pick(snapshot, chat(model="auto"), upstreams=absent(snapshot, "b", "c")))


def test_all_resting_says_when_to_come_back(snapshot: Snapshot) -> None:
    """Where nothing that could serve is up, the caller is told the shortest rest; where nothing is there, a moment."""
    live = live_upstreams(snapshot)
    for _ in range(2):
        live["a"].breaker.failed(NOW_S - 4)
    with pytest.raises(UpstreamOverloaded) as refused:
        pick(snapshot, chat(model="auto"), grant("nano"), upstreams=live, beside=BESIDE)
    assert (refused.value.code, refused.value.retry_after_s) == ("breaker_open", 6.0)
    with pytest.raises(UpstreamOverloaded) as refused:
        pick(snapshot, chat(model="auto"), upstreams=absent(snapshot, *"abcd"))
    assert refused.value.code == "upstream_starting"


def test_what_fits_nowhere_is_told_as_such(snapshot: Snapshot) -> None:
    """Too long for all is a matter of length, in the code that clients know; else of what the models lack. Each is named."""
    with pytest.raises(RequestInvalid) as refused:
        pick(snapshot, chat("word " * 10_000, model="auto"), grant("nano", "mini"))
    assert refused.value.code == "context_length_exceeded"
    with pytest.raises(RequestInvalid) as refused:
        pick(snapshot, chat("word " * 700, model="auto", response_format={"type": "json_object"}), grant("nano", "mini"))
    assert refused.value.code == "unsupported_by_model"
    assert "mini: lacks json" in refused.value.message
    assert "large" not in refused.value.message


def test_a_plan_keeps_its_requests_in_its_regions(snapshot: Snapshot) -> None:
    """Under regions a model has the upstreams that are there, also to fall back to; one that says no region is in none."""
    eu, us = replace(UNBOUND, plan="eu", regions=frozenset({"eu"})), replace(UNBOUND, plan="us", regions=frozenset({"us"}))
    choice = pick(snapshot, chat(model="auto"), terms=eu)
    assert dropped(choice) == {"mini": "no upstream in eu", "regular": "no upstream in eu"}
    assert candidates(choice) == ["nano", "large"]
    assert [target.upstream for target in pick(snapshot, chat(model="mini"), terms=us).route.targets] == ["b"]
    assert [target.upstream for target in pick(snapshot, chat(model="mini")).route.targets] == ["b", "c"]
    assert pick(snapshot, chat(model="auto"), terms=us).route.name == "mini"
    for request, terms, key in (
        (chat(model="regular"), eu, grant()),
        (chat(model="mini@test"), eu, grant()),
        (chat(model="auto"), eu, grant("mini", "regular")),
    ):
        with pytest.raises(NotEntitled) as refused:
            pick(snapshot, request, key, terms)
        assert refused.value.code == "region_not_entitled"
        assert "keeps requests in eu" in refused.value.message


def test_the_ladder_leads_to_what_may_serve(snapshot: Snapshot) -> None:
    """A step down passes over what is below the floor, out of the regions, too small or down; all down, the nearest."""
    ladder = {"large": "regular", "regular": "mini", "mini": "nano"}

    def below(text: str = "hello", *, live: dict[str, LiveUpstream] | None = None, **rights: Any) -> str | None:
        terms = replace(UNBOUND, ladder=ladder, **rights)
        request = chat(text, model="large")
        choice = pick(snapshot, request, terms=terms)
        entry = Entry(request, terms, grant(), "rcpt_1", [], live or live_upstreams(snapshot), TODAY_US)
        route = step_down(entry, choice, NOW_S)
        return route.name if route is not None else None

    assert below() == "regular"
    assert below(regions=frozenset({"eu"})) == "nano"
    assert below(regions=frozenset({"eu"}), floor="mini") is None
    assert below("word " * 3000, regions=frozenset({"eu"})) is None
    assert below(models=frozenset({"large", "mini"})) == "mini"
    assert below(live=absent(snapshot, "c")) == "mini"
    assert below(live=absent(snapshot, "a", "b", "c")) == "regular"


def test_chance_and_conversation_reach_the_router(snapshot: Snapshot) -> None:
    """The router is told the draw, the conversation's last model and the dial: the caller's, else the plan's."""
    asked: list[Any] = []

    class Listening:
        reads_text = is_sticky = takes_thrift = reads_waits = True

        def decide(self, question: Any, candidates: Any) -> Any:
            asked.append(question)
            return decide(question, candidates)

    assert snapshot.active.router is not None
    decide = snapshot.active.router.decide
    listening = replace(snapshot.active, router=Listening())
    heard = replace(snapshot, active=listening, lineups={"test": listening})
    terms = replace(UNBOUND, thrift=30)
    pick(heard, chat("see", model="auto"), terms=terms, beside=Beside(TODAY_US, NOW_S, "mini", 0.25))
    pick(heard, chat("see", model="auto", triplepoint={"thrift": 0}), terms=terms)
    told = [(one.draw, one.served_before, one.thrift, one.text) for one in asked]
    assert told == [(0.25, "mini", 30, "see"), (1.0, None, 0, "see")]


@pytest.fixture(scope="module")
def broken(snapshot: Snapshot) -> Callable[[int], list[str]]:
    """Return what tells of everything that was not kept in a random world."""

    def tell(seed: int) -> list[str]:
        rng = random.Random(seed)
        return list(violations(make_world(snapshot, rng), rng, 10))

    return tell


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_nothing_is_given_that_may_not_be(broken: Callable[[int], list[str]], seed: int) -> None:
    """In random families, plans and outages, down any ladder: entitlement, floor, regions, room and ability hold."""
    assert broken(seed) == []
