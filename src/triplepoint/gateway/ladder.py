"""Down a plan's ladder: the next model that the request may be given, by everything that the first one was chosen by."""

from collections.abc import Mapping
from dataclasses import dataclass

from triplepoint.gateway.choice import Choice, is_able_for, is_offered, is_up
from triplepoint.gateway.eligible import eligible
from triplepoint.gateway.request import Request
from triplepoint.gateway.snapshot import KeyGrant, ModelRoute
from triplepoint.gateway.upstream import LiveUpstream
from triplepoint.gateway.wire import HeaderList
from triplepoint.plans.terms import Terms


@dataclass(slots=True)
class Entry:
    """A request that wants in, and whose it is."""

    request: Request
    terms: Terms
    grant: KeyGrant
    receipt_id: str
    headers: HeaderList
    """Of the answer."""
    upstreams: Mapping[str, LiveUpstream]
    now_us: int


def step_down(entry: Entry, choice: Choice, now_s: float) -> ModelRoute | None:
    """Return the next model down that may serve, can do what is asked and is up.

    Args:
        entry: The request.
        choice: Where it stands.
        now_s: Steady clock, for breakers.
    Returns: Where none is up, the nearest that otherwise may serve: what is down now may be back in a moment, and is refused
        with that. None: there is none.
    """
    ladder, routes = entry.terms.ladder, eligible(choice.lineup, entry.grant, entry.terms).routes
    model, down = ladder.get(choice.route.name), None
    for _ in ladder:  # it has no more steps than that, so one that went round would end too
        route = routes.get(model) if model is not None else None
        if route is not None and is_offered(route, entry.now_us) and is_able_for(entry.request, entry.terms, route):
            if is_up(route, entry.upstreams, now_s):
                return route
            down = down or route
        model = ladder.get(model) if model is not None else None
    return down
