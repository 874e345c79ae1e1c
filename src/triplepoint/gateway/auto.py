"""Has the router choose: what may not serve leaves the candidates first, then it decides among the rest and cannot leave them.

The order is entitlement, floor and regions (`eligible`), retirement, room for prompt and answer, capability, health. Nothing
that the router or chance says brings a model back.
"""

from collections.abc import Mapping, Set

import msgspec

from triplepoint.foundation.errors import NotEntitled, RequestInvalid, TriplepointError, UpstreamOverloaded
from triplepoint.gateway.choice import EMBEDDINGS, Choice, Decided, answer_bound, is_offered, is_up, out_of_regions
from triplepoint.gateway.eligible import Dropped, Eligible, eligible
from triplepoint.gateway.request import Request
from triplepoint.gateway.snapshot import KeyGrant, LineupRoutes, ModelRoute
from triplepoint.gateway.upstream import LiveUpstream
from triplepoint.lineups.model import Capability
from triplepoint.plans.terms import Terms
from triplepoint.routing.candidates import fits, needs_of, why_unable
from triplepoint.routing.model import Question
from triplepoint.routing.ports import Router
from triplepoint.routing.signals.read import Reading, read_request

RETIRED, RESTING, STARTING = "retired", "resting after failures", "its upstream is not up yet"
_RETRY_S = 2.0


class Beside(msgspec.Struct, frozen=True, gc=False):
    """What a decision goes by beside the request's body."""

    now_us: int
    """Wall clock."""
    now_s: float
    """Steady clock."""
    served_before: str | None = None
    """Model that gave the conversation's last answer; None: not known."""
    draw: float = 1.0
    """Uniform in [0, 1), for exploration; 1: none."""


def read_auto(request: Request, router: Router, headers: Mapping[bytes, bytes]) -> Reading:
    """Read of a request what a router goes by.

    Args:
        headers: Of the request, names in lower case.
    """
    tags, wants_text = request.controls.tags, router.reads_text
    return read_request(request.fields, request.dialect, headers=headers, tags=tags, wants_text=wants_text)


def question_of(
    request: Request, reading: Reading, terms: Terms, beside: Beside, waits: Mapping[str, tuple[float, float]] | None = None
) -> Question:
    """Put together what a router decides upon.

    Args:
        waits: By model, where the router asks.
    """
    thrift = request.controls.thrift
    return Question(
        signals=reading.signals,
        text=reading.text,
        thrift=terms.thrift if thrift is None else thrift,
        served_before=beside.served_before,
        draw=beside.draw,
        waits=waits,
    )


def wants_to_know(router: Router, reading: Reading) -> bool:
    """Tell whether the choice depends on which model gave the conversation's last answer."""
    return reading.signals.tool_loop or (router.is_sticky and reading.signals.turns > 1)


def choose_auto(
    request: Request,
    reading: Reading,
    lineup: LineupRoutes,
    grant: KeyGrant,
    terms: Terms,
    upstreams: Mapping[str, LiveUpstream],
    beside: Beside,
    *,
    embeddings: bool = False,
) -> Choice:
    """Have the line-up's router choose.

    Args:
        reading: Of the request.
        lineup: With a router.

    Raises:
        NotEntitled: the key may call nothing of it, or nothing in the plan's regions.
        RequestInvalid: no model can do what is asked, or none has room for it.
        UpstreamOverloaded: nothing that could serve is up.
    """
    router = lineup.router
    assert router is not None  # noqa: S101 - the caller looked
    rights = eligible(lineup, grant, terms)
    if not rights.routes:
        raise _not_entitled(rights, terms)
    signals = reading.signals
    bound = 0 if embeddings else answer_bound(request, terms)
    ask = _Ask(EMBEDDINGS if embeddings else needs_of(signals), signals.input_tokens, bound)
    candidates, dropped = _candidates(rights, ask, upstreams, beside)
    waits = _waits(candidates, upstreams, beside.now_s) if router.reads_waits else None
    question = question_of(request, reading, terms, beside, waits)
    decision = router.decide(question, candidates)
    return Choice(
        lineup, candidates[decision.model], decision.reason, Decided(decision, signals, candidates, (*rights.dropped, *dropped))
    )


class _Ask(msgspec.Struct, frozen=True, gc=False):
    """What a model must be able to do."""

    needs: Set[Capability]
    input_tokens: int
    bound: int | None


def _candidates(
    rights: Eligible, ask: _Ask, upstreams: Mapping[str, LiveUpstream], beside: Beside
) -> tuple[dict[str, ModelRoute], list[Dropped]]:
    """Return the models that can serve now, in line-up order, and why the others cannot.

    Raises: TriplepointError: there is none.
    """
    found: dict[str, ModelRoute] = {}
    dropped: list[Dropped] = []
    needs, tokens, bound, now_s = ask.needs, ask.input_tokens, ask.bound, beside.now_s
    for name, route in rights.routes.items():
        if not is_offered(route, beside.now_us):
            dropped.append(Dropped(name, RETIRED))
        elif not (needs <= route.capabilities and fits(route.model, tokens, bound)):
            dropped.append(Dropped(name, why_unable(route.model, needs, tokens, bound)))
        elif not is_up(route, upstreams, now_s):
            is_there = any(upstreams[target.upstream].is_ready() for target in route.targets)
            dropped.append(Dropped(name, RESTING if is_there else STARTING))
        else:
            found[name] = route
    if not found:
        raise _nothing_left(rights, dropped, ask, upstreams, now_s)
    return found, dropped


def _waits(
    candidates: Mapping[str, ModelRoute], upstreams: Mapping[str, LiveUpstream], now_s: float
) -> dict[str, tuple[float, float]]:
    """Return how long candidates let one wait, at the upstream that each would be tried at first; where it is known."""
    found: dict[str, tuple[float, float]] = {}
    for name, route in candidates.items():
        first = next(target for target in route.targets if upstreams[target.upstream].is_up(now_s))
        known = upstreams[first.upstream].waits(first.upstream_model).known(now_s)
        if known is not None:
            found[name] = known
    return found


def _not_entitled(rights: Eligible, terms: Terms) -> NotEntitled:
    if terms.regions is not None and any(one.why.startswith("no upstream in") for one in rights.dropped):
        return out_of_regions("no model that this key may call", terms)
    return NotEntitled("This key may call no model of the active line-up; ask who issued it.")


def _nothing_left(
    rights: Eligible, dropped: list[Dropped], ask: _Ask, upstreams: Mapping[str, LiveUpstream], now_s: float
) -> TriplepointError:
    """Return the fault of a request that nothing can serve, after what came nearest to it."""
    whys = {one.why for one in dropped}
    if RESTING in whys or STARTING in whys:
        return _nobody_up(rights, dropped, upstreams, now_s)
    if whys == {RETIRED}:
        return NotEntitled("This key may call no model of the active line-up that is still offered; ask who issued it.")
    offered = [one for one in dropped if one.why != RETIRED]
    is_short = not any(fits(rights.routes[one.model].model, ask.input_tokens, ask.bound) for one in offered)
    return RequestInvalid(
        "No model that this key may call can do what the request asks: "
        + "; ".join(f"{one.model}: {one.why}" for one in offered)
        + ".",
        param=None if is_short else "model",
        code="context_length_exceeded" if is_short else "unsupported_by_model",
    )


def _nobody_up(
    rights: Eligible, dropped: list[Dropped], upstreams: Mapping[str, LiveUpstream], now_s: float
) -> UpstreamOverloaded:
    resting = [
        upstreams[target.upstream] for one in dropped if one.why == RESTING for target in rights.routes[one.model].targets
    ]
    rests = [live.breaker.rest_s(now_s) for live in resting if live.is_ready()]
    if rests:
        return UpstreamOverloaded(
            "Every model that could answer is resting after failures; try again later.",
            code="breaker_open",
            retry_after_s=min(rests) or 1.0,
        )
    return UpstreamOverloaded("No model is up yet; try again in a moment.", code="upstream_starting", retry_after_s=_RETRY_S)
