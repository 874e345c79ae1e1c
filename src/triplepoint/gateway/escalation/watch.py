"""Which answers are looked at, and which model may be asked instead."""

from collections.abc import Mapping

from triplepoint.gateway.admitted import Admitted
from triplepoint.gateway.choice import Choice, is_up
from triplepoint.gateway.escalation.terms import Watch
from triplepoint.gateway.request import NEVER, WAIT, Request, is_bound
from triplepoint.gateway.snapshot import ModelRoute
from triplepoint.gateway.upstream import LiveUpstream
from triplepoint.routing.escalation.asked import answers_asked
from triplepoint.upstreams.dialects.model import Dialect
from triplepoint.upstreams.texts import conversation


def is_watched(watch: Watch, request: Request, admitted: Admitted) -> bool:
    """Tell whether a request's answer is looked at before it is given.

    Not where its caller does not want it, or not for streams; not in a tool loop, nor where only one upstream knows what the
    request goes on with; not where a ladder chose the model, for then the plan has said that there is no more; not where there
    are several answers, or one that goes on with the caller's own words; and not where nobody could be asked instead.
    """
    choice, mode = admitted.choice, request.controls.escalate
    decided = choice.decided
    if decided is None or mode == NEVER or (request.stream and mode != WAIT):
        return False
    if decided.signals.tool_loop or admitted.downgraded_from is not None:
        return False
    if watch.models is not None and choice.route.name not in watch.models:
        return False
    if not _stronger(watch, choice) or is_bound(request):
        return False
    return answers_asked(request.fields) == 1 and not _goes_on_with_own_words(request)


def stronger_up(
    watch: Watch, choice: Choice, upstreams: Mapping[str, LiveUpstream], now_s: float
) -> tuple[ModelRoute | None, str]:
    """Return the model to ask instead: of those that may serve and can, the strongest that is up.

    Returns: None with why there is none, in words for the caller.
    """
    for route in reversed(_stronger(watch, choice)):
        if is_up(route, upstreams, now_s):
            return route, ""
    return None, "no stronger model is up"


def _stronger(watch: Watch, choice: Choice) -> list[ModelRoute]:
    """Return the candidates of the decision above the chosen model, weakest first; of these only ``to``, where it is named."""
    assert choice.decided is not None  # noqa: S101 - the router chose it
    routes = list(choice.decided.candidates.values())
    place = next((place for place, route in enumerate(routes) if route.name == choice.route.name), len(routes))
    return [route for route in routes[place + 1 :] if watch.to is None or route.name == watch.to]


def _goes_on_with_own_words(request: Request) -> bool:
    """Tell whether the last turn is the assistant's, which the answer is to continue."""
    turns = conversation(request.fields, request.dialect)
    return request.dialect is not Dialect.RESPONSES and bool(turns) and turns[-1].role == "assistant"
