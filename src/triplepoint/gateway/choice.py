"""Picks the model: by name, alias or pin, or through the router; never one that the key may not call.

The order is entitlement, capability, context, health; the router chooses among what they leave and cannot choose outside it.
"""

import itertools
from collections.abc import Iterable, Set

import msgspec

from triplepoint.foundation.errors import NotEntitled, NotFound, RequestInvalid, UpstreamOverloaded
from triplepoint.gateway.request import Request
from triplepoint.gateway.snapshot import KeyGrant, LineupRoutes, ModelRoute, Snapshot
from triplepoint.gateway.upstream import LiveUpstream
from triplepoint.lineups.model import Capability
from triplepoint.plans.terms import Terms
from triplepoint.routing.candidates import is_able, needs_in
from triplepoint.routing.model import Question
from triplepoint.routing.signals.read import read_request
from triplepoint.upstreams.texts import estimate_input_tokens

_EMBEDDINGS = frozenset({Capability.EMBEDDINGS})


class Choice(msgspec.Struct, frozen=True, gc=False):
    """Which model serves a request, and why."""

    lineup: LineupRoutes
    route: ModelRoute
    reason: str


def choose(
    request: Request,
    snapshot: Snapshot,
    grant: KeyGrant,
    terms: Terms,
    upstreams: dict[str, LiveUpstream],
    *,
    now_us: int,
    embeddings: bool = False,
) -> Choice:
    """Pick the model for a request.

    Raises:
        NotFound: no such model, or none that this key may know of.
        Retired: the model's notice has run out.
        RequestInvalid: the model cannot do what is asked.
        UpstreamOverloaded: ``auto``, and nothing that could serve is up.
    """
    needs = _EMBEDDINGS if embeddings else _needs(request)
    lineup, route, how = find_model(request.asked_model, snapshot)
    if route is None:
        entitled = [one for one in from_floor(lineup, terms) if may_call(grant, terms, one) and is_offered(one, now_us)]
        return _route(request, lineup, entitled, upstreams, needs)
    if not may_call(grant, terms, route):
        raise unknown_model(request.asked_model)
    if route.ending is not None and route.ending.is_over(now_us):
        raise route.ending.gone()
    if not needs <= route.capabilities:
        lack = min(need.value for need in needs - route.capabilities)
        raise RequestInvalid(
            f"The model {request.asked_model!r} cannot do this: it lacks {lack!r}.",
            param="model",
            code="unsupported_by_model",
        )
    return Choice(lineup, route, how)


def find_model(name: str, snapshot: Snapshot) -> tuple[LineupRoutes, ModelRoute | None, str]:
    """Resolve a name.

    Returns: The line-up, the model (None: its router decides), and how it was found, in words.
    Raises: NotFound: it names nothing.
    """
    resolved = snapshot.names.resolve(name)
    if resolved is None:
        raise unknown_model(name)
    lineup = snapshot.lineups[resolved.lineup]
    return lineup, lineup.models[resolved.model] if resolved.model is not None else None, resolved.how


def may_call(grant: KeyGrant, terms: Terms, route: ModelRoute) -> bool:
    """Tell whether a key may call a model: both the key and the plan must allow it."""
    return (grant.models is None or route.name in grant.models) and (terms.models is None or route.name in terms.models)


def from_floor(lineup: LineupRoutes, terms: Terms) -> Iterable[ModelRoute]:
    """Return the models of a line-up that ``auto`` may give: from the plan's floor on up.

    A line-up without the floor's model, such as an old one behind a pin, has no model that is known to be below it.
    """
    models = lineup.models
    if terms.floor is None or terms.floor not in models:
        return models.values()
    return itertools.dropwhile(lambda route: route.name != terms.floor, models.values())


def is_able_for(request: Request, route: ModelRoute) -> bool:
    """Tell whether a model can do what a request asks."""
    return is_able(route.model, _needs(request), estimate_input_tokens(request.fields, request.dialect))


def is_offered(route: ModelRoute, now_us: int) -> bool:
    """Tell whether a model is still there."""
    return route.ending is None or not route.ending.is_over(now_us)


def unknown_model(name: str) -> NotFound:
    """Return the fault of a name that this caller cannot use, whether it exists or not."""
    return NotFound(
        f"The model {name!r} does not exist or this key may not call it; GET /v1/models lists what it may.",
        param="model",
        code="model_not_found",
    )


def _route(
    request: Request,
    lineup: LineupRoutes,
    entitled: list[ModelRoute],
    upstreams: dict[str, LiveUpstream],
    needs: Set[Capability],
) -> Choice:
    signals = read_request(request.fields, request.dialect).signals
    if not entitled:
        raise NotEntitled("This key may call no model of the active line-up; ask who issued it.")
    able = [r for r in entitled if is_able(r.model, needs, signals.input_tokens)]
    if not able:
        raise RequestInvalid("No model that this key may call can do what the request asks.", code="unsupported_by_model")
    up = {r.name for r in able if any(upstreams[t.upstream].is_ready() for t in r.targets)}
    if not up:
        raise UpstreamOverloaded("No model is up yet; try again in a moment.", code="upstream_starting", retry_after_s=2.0)
    assert lineup.router is not None  # noqa: S101 - the caller asked
    decision = lineup.router.decide(Question(signals=signals), up)
    return Choice(lineup, lineup.models[decision.model], decision.reason)


def _needs(request: Request) -> Set[Capability]:
    return needs_in(request.fields, request.dialect, mentions_images=request.mentions_images)
