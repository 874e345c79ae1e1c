"""Random worlds to choose in: line-ups, keys, plans, outages and requests, with an account of what each choice must keep.

What must hold is said here once more, in other words than the gateway's own, and held against whatever it chose.
"""

import json
import random
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.gateway.making import TODAY_US, no_client

from triplepoint.foundation.errors import TriplepointError
from triplepoint.foundation.ids import CustomerId, KeyId
from triplepoint.gateway.auto import Beside, choose_auto, read_auto
from triplepoint.gateway.choice import Asked, Choice, choose_named
from triplepoint.gateway.ladder import Entry, step_down
from triplepoint.gateway.request import Request, parse_request
from triplepoint.gateway.retirement import compile_ending
from triplepoint.gateway.snapshot import KeyGrant, LineupRoutes, ModelRoute, Snapshot, TargetRoute
from triplepoint.gateway.upstream import LiveUpstream
from triplepoint.lineups.model import Capability, Model
from triplepoint.plans.terms import UNBOUND, Terms
from triplepoint.routing.model import Decision, Question
from triplepoint.settings import OpenAIUpstream
from triplepoint.upstreams.dialects.model import Dialect
from triplepoint.upstreams.texts import estimate_input_tokens

NAMES = ("nano", "mini", "regular", "large", "thinking")
REGIONS = ("eu", "us", "asia")
NOW_S = 1000.0
BESIDE = Beside(TODAY_US, NOW_S)
_LEAST_ROOM = 512
"""Tokens that an answer of unbounded length needs, unless the model's longest is less."""
_TALENTS = (Capability.TOOLS, Capability.JSON, Capability.IMAGES)
_OVER = {"notice": "2025-01-01", "on": "2026-01-01"}
_PICTURE = [{"type": "text", "text": "what is it?"}, {"type": "image_url", "image_url": {"url": "data:,"}}]


class Wilful:
    """A router that wants the model which is worst to give: the first of a list that it is told."""

    reads_text = is_sticky = takes_thrift = reads_waits = False

    def __init__(self, wishes: list[str]) -> None:
        self._wishes = wishes

    def decide(self, question: Question, candidates: Container[str]) -> Decision:
        """Choose the first wish that is a candidate."""
        available = tuple(name for name in self._wishes if name in candidates)
        return Decision(available[0], "as it pleases", "wilful", available)


class Absent(LiveUpstream):
    """An upstream whose server is not there."""

    def is_ready(self) -> bool:
        """Tell that it is not."""
        return False


@dataclass(frozen=True, slots=True)
class World:
    """A line-up with live upstreams, and a key on a plan."""

    lineup: LineupRoutes
    live: Mapping[str, LiveUpstream]
    key: KeyGrant
    terms: Terms
    now_up: frozenset[str]
    """Upstreams that would be tried now."""
    regions: Mapping[str, str | None]
    """Of upstreams."""


def make_world(snapshot: Snapshot, rng: random.Random) -> World:
    """Make a world.

    Args:
        snapshot: Lends a price, and the rest of a line-up.
    """
    live: dict[str, LiveUpstream] = {}
    regions: dict[str, str | None] = {}
    now_up: set[str] = set()
    for name in "abcd"[: rng.randint(1, 4)]:
        definition = OpenAIUpstream(kind="openai", base_url="http://127.0.0.1:1/v1")
        state = rng.choice(("up", "up", "up", "absent", "resting", "rested"))
        upstream = (Absent if state == "absent" else LiveUpstream)(name, definition, None, make_client=no_client)
        if state in {"resting", "rested"}:
            for _ in range(5):
                upstream.breaker.failed(NOW_S - (1.0 if state == "resting" else 60.0))
        live[name], regions[name] = upstream, rng.choice((None, *REGIONS))
        if state in {"up", "rested"}:
            now_up.add(name)
    names = NAMES[: rng.randint(1, len(NAMES))]
    models = {name: _model(name, snapshot, rng, regions) for name in names}
    router = Wilful(rng.sample(names, len(names)))
    lineup = replace(snapshot.active, models=models, router=router, eligible={}, regional={})
    key = KeyGrant(KeyId("key_1"), CustomerId("cust_1"), _some(rng, (*names, "elsewhere")), None)
    return World(lineup, live, key, _terms(rng, names), frozenset(now_up), regions)


def violations(world: World, rng: random.Random, requests: int) -> Iterator[str]:
    """Choose for random requests, go down the ladder from there, and tell of everything that was not kept."""
    for _ in range(requests):
        request = _request(world, rng)
        try:
            choice = _choose(world, request)
        except TriplepointError:
            continue
        yield from _broken(world, request, choice.route, is_free=choice.decided is not None)
        entry = Entry(request, world.terms, world.key, "rcpt_1", [], world.live, TODAY_US)
        for _ in NAMES:
            below = step_down(entry, choice, NOW_S)
            if below is None:
                break
            yield from _broken(world, request, below, is_free=True, is_ladder=True)
            choice = Choice(choice.lineup, below, "ladder")


def _choose(world: World, request: Request) -> Choice:
    lineup = world.lineup
    if request.asked_model != "auto":
        asked = Asked(lineup, lineup.models[request.asked_model], "asked by name")
        return choose_named(request, asked, world.key, world.terms, now_us=TODAY_US)
    assert lineup.router is not None
    reading = read_auto(request, lineup.router, {})
    return choose_auto(request, reading, lineup, world.key, world.terms, world.live, BESIDE)


def _broken(world: World, request: Request, route: ModelRoute, *, is_free: bool, is_ladder: bool = False) -> Iterator[str]:
    """Say which promise is broken by giving a request a model.

    Args:
        is_free: The model was not named by the caller: floor, room and health are promised too.
        is_ladder: The ladder led there; where nothing is up it may lead to what is down.
    """
    terms, name, order = world.terms, route.name, list(world.lineup.models)
    if any(models is not None and name not in models for models in (world.key.models, terms.models)):
        yield f"{name} is not entitled"
    targets = {target.upstream for target in route.targets}
    if terms.regions is not None and any(world.regions[upstream] not in terms.regions for upstream in targets):
        yield f"{name} may fall back out of its regions"
    model = world.lineup.models[name].model
    if model.retires is not None:
        yield f"{name} is retired"
    marks = {Capability.TOOLS: b'"tools"', Capability.JSON: b'"response_format"', Capability.IMAGES: b"image"}
    if any(mark in request.body and talent not in model.capabilities for talent, mark in marks.items()):
        yield f"{name} is not able"
    if not is_free:
        return
    if terms.floor in order and order.index(name) < order.index(terms.floor):
        yield f"{name} is below the floor {terms.floor}"
    if estimate_input_tokens(request.fields, request.dialect) + _room(request, terms, model) > model.context_tokens:
        yield f"{name} has no room"
    if not is_ladder and targets.isdisjoint(world.now_up):
        yield f"{name} is down"


def _room(request: Request, terms: Terms, model: Model) -> int:
    bounds = [bound for bound in (request.output_bound(), terms.max_output_tokens) if bound is not None]
    return min(*bounds, model.max_output_tokens) if bounds else min(_LEAST_ROOM, model.max_output_tokens)


def _model(name: str, snapshot: Snapshot, rng: random.Random, regions: Mapping[str, str | None]) -> ModelRoute:
    (lent, *_) = snapshot.active.models.values()
    upstreams = rng.sample(sorted(regions), rng.randint(1, len(regions)))
    talents = [Capability.CHAT, *(talent for talent in _TALENTS if rng.random() < 0.7)]
    context = rng.choice((600, 2000, 8000, 128_000))
    model = Model.model_validate(
        {
            "upstreams": [{"upstream": one, "model": "m", "price": "test/cheap"} for one in upstreams],
            "context_tokens": context,
            "max_output_tokens": rng.choice((64, 512, min(4096, context))),
            "capabilities": talents,
            "retires": _OVER if rng.random() < 0.1 else None,
        }
    )
    targets = tuple(TargetRoute(one, "m", lent.targets[0].price, "0.1", False, None, regions[one]) for one in upstreams)
    ending = compile_ending(name, model.retires) if model.retires is not None else None
    return ModelRoute(name, model, frozenset(model.capabilities), targets, (b"x-triplepoint-model", name.encode()), ending)


def _terms(rng: random.Random, names: tuple[str, ...]) -> Terms:
    return replace(
        UNBOUND,
        plan="any",
        models=_some(rng, names),
        floor=rng.choice((None, None, *NAMES)),
        regions=_some(rng, REGIONS),
        max_output_tokens=rng.choice((None, None, 100, 1000)),
        ladder={name: rng.choice(NAMES) for name in names if rng.random() < 0.8},
    )


def _some(rng: random.Random, of: tuple[str, ...]) -> frozenset[str] | None:
    return None if rng.random() < 0.4 else frozenset(rng.sample(of, rng.randint(1, len(of))))


def _request(world: World, rng: random.Random) -> Request:
    content: Any = "word " * rng.choice((1, 50, 300, 1500, 7000))
    body: dict[str, Any] = {"model": rng.choice(("auto", "auto", "auto", *world.lineup.models))}
    if rng.random() < 0.2:
        body["tools"] = [{"type": "function", "function": {"name": "look"}}]
    if rng.random() < 0.2:
        body["response_format"] = {"type": "json_object"}
    if rng.random() < 0.2:
        content = [*_PICTURE, {"type": "text", "text": content}]
    if rng.random() < 0.5:
        body["max_tokens"] = rng.choice((1, 100, 1000, 10_000))
    body["messages"] = [{"role": "user", "content": content}]
    return parse_request(json.dumps(body).encode(), Dialect.CHAT, "/v1/chat/completions")
