"""Which model serves: entitlement goes before everything, and the router chooses only among what is left."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.gateway.harness import model, openai_upstream
from tests.gateway.making import chat, grant, live_upstreams, no_client, pick, snapshot_of

from triplepoint.foundation.errors import NotEntitled, NotFound, RequestInvalid, Retired, TriplepointError, UpstreamOverloaded
from triplepoint.gateway.request import parse_request
from triplepoint.gateway.snapshot import KeyGrant, Snapshot
from triplepoint.gateway.upstream import LiveUpstream
from triplepoint.plans.terms import UNBOUND
from triplepoint.upstreams.dialects.model import Dialect

MODELS = {
    "small": model("a", capabilities=["chat"], context_tokens=1000),
    "middle": model("a", capabilities=["chat", "tools", "json"], context_tokens=8000),
    "large": model("a", "b", capabilities=["chat", "tools", "json", "images"]),
    "vectors": model("a", capabilities=["embeddings"]),
}
ROUTER = {"kind": "rules", "rules": [{"when": {"code": True}, "use": "large", "why": "holds code"}], "default": "small"}


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Compile a line-up of four models, an alias and a router."""
    return snapshot_of(
        tmp_path_factory.mktemp("choice"),
        upstreams={"a": openai_upstream(1), "b": openai_upstream(2)},
        models=MODELS,
        lineup={"aliases": {"best": "large"}, "router": ROUTER},
    )


@pytest.mark.parametrize(
    ("asked", "served", "reason"),
    [
        ("small", "small", "asked by name"),
        ("best", "large", "alias best"),
        ("middle@test", "middle", "pin test"),
        ("best@test", "large", "alias best, pin test"),
    ],
)
def test_a_name_means_its_model(snapshot: Snapshot, asked: str, served: str, reason: str) -> None:
    """A model, an alias and a pin lead where the line-up says, and the receipt will say how."""
    choice = pick(snapshot, chat(model=asked))
    assert (choice.route.name, choice.reason) == (served, reason)


@pytest.mark.parametrize("asked", ["small", "best", "small@test", "best@test"])
def test_what_a_key_may_not_call_does_not_exist(snapshot: Snapshot, asked: str) -> None:
    """By no name is a model there for a key that may not call it, in the same words as for a name that means nothing."""
    with pytest.raises(NotFound) as refused:
        pick(snapshot, chat(model=asked), grant("middle"))
    with pytest.raises(NotFound) as unknown:
        pick(snapshot, chat(model="nobody"))
    assert refused.value.message.replace(asked, "nobody") == unknown.value.message


def test_a_key_for_nothing_is_told_so(snapshot: Snapshot) -> None:
    """``auto`` for a key that may call no model of the line-up is 403: there is nothing to choose from."""
    with pytest.raises(NotEntitled):
        pick(snapshot, chat(model="auto"), grant("elsewhere"))


@pytest.mark.parametrize(
    ("members", "lack"),
    [
        ({"tools": [{"type": "function"}]}, "tools"),
        ({"response_format": {"type": "json_object"}}, "json"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]}, "images"),
    ],
)
def test_a_named_model_must_be_able(snapshot: Snapshot, members: dict[str, Any], lack: str) -> None:
    """Asked for by name, a model that lacks what the request needs is a 400 that says what it lacks."""
    with pytest.raises(RequestInvalid) as refused:
        pick(snapshot, chat(**{"model": "small", **members}))
    assert (refused.value.param, refused.value.code) == ("model", "unsupported_by_model")
    assert f"'{lack}'" in refused.value.message


def test_words_about_images_are_no_images(snapshot: Snapshot) -> None:
    """A text that quotes an image's JSON needs no model with eyes; empty tools need none with hands."""
    quoted = 'explain {"type":"image_url","image_url":{"url":"x"}} to me'
    assert pick(snapshot, chat(quoted, model="small", tools=[])).route.name == "small"


def test_embeddings_and_chat_are_different_gifts(snapshot: Snapshot) -> None:
    """A model of the one kind does not serve the other."""
    body = parse_request(b'{"model": "vectors", "input": "x"}', Dialect.CHAT, "/v1/embeddings")
    assert pick(snapshot, body, embeddings=True).route.name == "vectors"
    with pytest.raises(RequestInvalid):
        pick(snapshot, chat(model="vectors"))


def test_auto_looks_at_context_and_capability(snapshot: Snapshot) -> None:
    """The router's default gives way where the request does not fit into it, or asks for what it lacks."""
    assert pick(snapshot, chat(model="auto")).route.name == "small"
    assert pick(snapshot, chat("word " * 3000, model="auto")).route.name == "middle"
    assert pick(snapshot, chat(model="auto", tools=[{"type": "function"}])).route.name == "middle"
    with pytest.raises(RequestInvalid):
        pick(snapshot, chat("word " * 3000, model="auto"), grant("small"))


def test_auto_waits_for_nobody_who_is_down(snapshot: Snapshot) -> None:
    """Where no upstream of any candidate is up, the caller may come back in a moment."""

    class Down(LiveUpstream):
        def is_ready(self) -> bool:
            return False

    upstreams = live_upstreams(snapshot)
    down: dict[str, LiveUpstream] = {
        name: Down(name, live.definition, None, make_client=no_client) for name, live in upstreams.items()
    }
    with pytest.raises(UpstreamOverloaded) as refused:
        pick(snapshot, chat(model="auto"), upstreams=down)
    assert refused.value.retry_after_s is not None


def test_after_its_end_a_model_is_gone(tmp_path: Path) -> None:
    """A model whose notice has run out is 410 by name, and no candidate of the router's."""
    ended = model("a", retires={"notice": "2025-01-01", "on": "2026-01-01"})
    over = snapshot_of(
        tmp_path,
        upstreams={"a": openai_upstream(1)},
        models={"old": ended, "new": model("a")},
        lineup={"router": {"kind": "fixed", "default": "new"}},
    )
    with pytest.raises(Retired):
        pick(over, chat(model="old"))
    assert pick(over, chat(model="auto")).route.name == "new"


TEXTS = st.sampled_from(["hello", "def f(x): return x", "word " * 3000, "what is 3 + 4?", ""])


@given(
    allowed=st.sets(st.sampled_from([*MODELS, "elsewhere"])),
    entitled=st.none() | st.frozensets(st.sampled_from([*MODELS, "elsewhere"])),
    floor=st.none() | st.sampled_from([*MODELS, "elsewhere"]),
    asked=st.sampled_from(["auto", "auto@test", *MODELS, "best", "nobody"]),
    text=TEXTS,
    tools=st.booleans(),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_leads_past_a_key_or_its_plan(
    snapshot: Snapshot,
    allowed: set[str],
    entitled: frozenset[str] | None,
    floor: str | None,
    asked: str,
    text: str,
    tools: bool,
) -> None:
    """Whatever is asked for, and whatever the router says, what serves is a model that key and plan allow and that can.

    And what ``auto`` gives is not below the plan's floor.
    """
    members: dict[str, Any] = {"tools": [{"type": "function", "function": {"name": "f"}}]} if tools else {}
    key = KeyGrant(grant().key_id, grant().customer_id, frozenset(allowed), None)
    served, status = None, 200
    try:
        terms = replace(UNBOUND, models=entitled, floor=floor)
        served = pick(snapshot, chat(text, model=asked, **members), key, terms).route
    except TriplepointError as refused:
        status = refused.status
    assert (served is not None) == (status == 200)
    assert status in {200, 400, 403, 404}
    if served is not None:
        assert served.name in allowed
        assert entitled is None or served.name in entitled
        order = list(MODELS)
        if asked.startswith("auto") and floor in order:
            assert order.index(served.name) >= order.index(floor)
        assert not tools or "tools" in served.capabilities
