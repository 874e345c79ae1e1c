"""Picks the model: by name, alias or pin here, through the router in `auto`; never one that the key may not call.

What holds for every model that a request may be given stands here and in `eligible`: the ladder and whatever else moves a
request to another model asks the same.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from triplepoint.foundation.errors import NotEntitled, NotFound, RequestInvalid
from triplepoint.gateway.eligible import Dropped, in_regions, may_call, regions_text
from triplepoint.gateway.request import Request
from triplepoint.gateway.snapshot import KeyGrant, LineupRoutes, ModelRoute, Snapshot
from triplepoint.gateway.upstream import LiveUpstream
from triplepoint.lineups.model import Capability
from triplepoint.plans.terms import Terms
from triplepoint.routing.candidates import fits, needs_in
from triplepoint.routing.model import Decision, Signals
from triplepoint.upstreams.texts import estimate_input_tokens

EMBEDDINGS: Final = frozenset({Capability.EMBEDDINGS})


class Asked(msgspec.Struct, frozen=True, gc=False):
    """What the name in a request stands for."""

    lineup: LineupRoutes
    route: ModelRoute | None
    """None: the line-up's router decides."""
    how: str
    """How it was found, in words."""


class Decided(msgspec.Struct, frozen=True, gc=False):
    """How the router came to its choice."""

    decision: Decision
    signals: Signals
    candidates: Mapping[str, ModelRoute]
    """Models that it could choose from, in line-up order: able, entitled, up, and with only those upstreams that may serve."""
    dropped: tuple[Dropped, ...]
    """The line-up's other models."""


class Choice(msgspec.Struct, frozen=True, gc=False):
    """Which model serves a request, and why."""

    lineup: LineupRoutes
    route: ModelRoute
    reason: str
    decided: Decided | None = None
    """None where the caller named the model."""


def find_model(name: str, snapshot: Snapshot) -> Asked:
    """Resolve a name.

    Raises: NotFound: it names nothing.
    """
    resolved = snapshot.names.resolve(name)
    if resolved is None:
        raise unknown_model(name)
    lineup = snapshot.lineups[resolved.lineup]
    return Asked(lineup, lineup.models[resolved.model] if resolved.model is not None else None, resolved.how)


def choose_named(
    request: Request, asked: Asked, grant: KeyGrant, terms: Terms, *, now_us: int, embeddings: bool = False
) -> Choice:
    """Take the model that the caller named.

    Args:
        asked: With a route.

    Raises:
        NotFound: this key may not know of it.
        NotEntitled: none of its upstreams is in the plan's regions.
        Retired: its notice has run out.
        RequestInvalid: it cannot do what is asked.
    """
    route = asked.route
    assert route is not None  # noqa: S101 - the caller looked
    if not may_call(grant, terms, route):
        raise unknown_model(request.asked_model)
    if route.ending is not None and route.ending.is_over(now_us):
        raise route.ending.gone()
    needs = EMBEDDINGS if embeddings else _needs(request)
    if not needs <= route.capabilities:
        lack = min(need.value for need in needs - route.capabilities)
        raise RequestInvalid(
            f"The model {request.asked_model!r} cannot do this: it lacks {lack!r}.",
            param="model",
            code="unsupported_by_model",
        )
    if terms.regions is not None:
        within = in_regions(asked.lineup, route, terms)
        if within is None:
            raise out_of_regions(f"the model {request.asked_model!r}", terms)
        route = within
    return Choice(asked.lineup, route, asked.how)


def answer_bound(request: Request, terms: Terms) -> int | None:
    """Return the most tokens that an answer may have by its caller and its plan; None: neither says.

    Raises: RequestInvalid: the caller's bound is no whole number.
    """
    asked, most = request.output_bound(), terms.max_output_tokens
    return most if asked is None else asked if most is None else min(asked, most)


def is_able_for(request: Request, terms: Terms, route: ModelRoute) -> bool:
    """Tell whether a model can do what a request asks, and has room for prompt and answer."""
    tokens = estimate_input_tokens(request.fields, request.dialect)
    return fits(route.model, tokens, answer_bound(request, terms)) and _needs(request) <= route.capabilities


def is_offered(route: ModelRoute, now_us: int) -> bool:
    """Tell whether a model is still there."""
    return route.ending is None or not route.ending.is_over(now_us)


def is_up(route: ModelRoute, upstreams: Mapping[str, LiveUpstream], now_s: float) -> bool:
    """Tell whether some upstream of a model would be tried now."""
    for target in route.targets:  # noqa: SIM110 - for every model of every request to auto: a generator costs three times this
        if upstreams[target.upstream].is_up(now_s):
            return True
    return False


def unknown_model(name: str) -> NotFound:
    """Return the fault of a name that this caller cannot use, whether it exists or not."""
    return NotFound(
        f"The model {name!r} does not exist or this key may not call it; GET /v1/models lists what it may.",
        param="model",
        code="model_not_found",
    )


def out_of_regions(what: str, terms: Terms) -> NotEntitled:
    """Return the fault of a request that would have to leave its plan's regions."""
    return NotEntitled(
        f"The plan {terms.plan} keeps requests in {regions_text(terms)}, and {what} has no upstream there.",
        param="model",
        code="region_not_entitled",
    )


def _needs(request: Request) -> frozenset[Capability]:
    return needs_in(request.fields, request.dialect, mentions_images=request.mentions_images)
