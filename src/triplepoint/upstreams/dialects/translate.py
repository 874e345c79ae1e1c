"""From a caller's dialect to an upstream's and back: picks the legs and chains them.

===============  ==================  =========================
caller           upstream            legs
===============  ==================  =========================
messages         chat                messages over chat
chat             messages            chat over messages
responses        chat                responses over chat
responses        messages            responses over chat, chat over messages
any              chat, tools by      the above, schema tools
                 schema
===============  ==================  =========================

Caller and upstream of one dialect need no exchange: their bytes pass through.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from triplepoint.foundation.clock import Clock, SystemClock
from triplepoint.foundation.errors import NotImplementedHere, RequestInvalid
from triplepoint.upstreams.dialects.chat_over_messages.leg import leg as chat_over_messages
from triplepoint.upstreams.dialects.leg import Leg, Terms, chained
from triplepoint.upstreams.dialects.messages_over_chat.leg import leg as messages_over_chat
from triplepoint.upstreams.dialects.model import Dialect, Exchange
from triplepoint.upstreams.dialects.responses_over_chat.leg import leg as responses_over_chat
from triplepoint.upstreams.dialects.schema_tools.leg import leg as schema_tools
from triplepoint.upstreams.dialects.shapes.reading import Members, encoded

_MakeLeg = Callable[[Members, Terms], Leg]
_CLOCK: Final = SystemClock()
_LEGS: Final[dict[tuple[Dialect, Dialect], list[_MakeLeg]]] = {
    (Dialect.MESSAGES, Dialect.CHAT): [messages_over_chat],
    (Dialect.CHAT, Dialect.MESSAGES): [chat_over_messages],
    (Dialect.RESPONSES, Dialect.CHAT): [responses_over_chat],
    (Dialect.RESPONSES, Dialect.MESSAGES): [responses_over_chat, chat_over_messages],
}
_CALLERS_NAMES: Final = {
    Dialect.RESPONSES: {"messages": "input", "response_format": "text.format", "reasoning_effort": "reasoning.effort"},
    Dialect.MESSAGES: {"response_format": "output_config.format", "reasoning_effort": "output_config.effort"},
    Dialect.CHAT: {},
}
"""What a member of the hub was in the caller's request, where it was something else."""


def exchange(
    fields: dict[str, msgspec.Raw],
    *,
    caller: Dialect,
    upstream: Dialect,
    asked_model: str,
    upstream_model: str,
    max_output_tokens: int,
    tools_by_schema: bool = False,
    clock: Clock = _CLOCK,
) -> Exchange:
    """Carry a request over.

    Args:
        fields: Top-level members of the caller's body, in order.
        caller, upstream: Their dialects, which differ unless ``tools_by_schema`` is set.
        asked_model: Name that the caller used; the answer bears it.
        upstream_model: Name that the upstream knows.
        max_output_tokens: Limit for an upstream that demands one, where the caller set none.
        tools_by_schema: The chat upstream cannot call tools, but can follow a schema.
        clock: Dates answers of a dialect that has no date.
    Returns: The request in the upstream's dialect, and the way back for its answer.
    Raises:
        RequestInvalid: with the path of what is wrong, or cannot be carried over, in the caller's words.
        NotImplementedHere: nothing leads from the one dialect to the other.
        ValueError: caller and upstream need no exchange.
    """
    makers = [] if caller is upstream else _LEGS.get((caller, upstream))
    if makers is None:
        raise NotImplementedHere(f"this model's upstream speaks {upstream}, to which {caller} cannot be translated")
    if tools_by_schema and upstream is Dialect.CHAT:
        makers = [*makers, schema_tools]
    if not makers:
        raise ValueError("caller and upstream speak the same dialect: forward the bytes")
    terms = Terms(asked_model, upstream_model, max_output_tokens, clock)
    return _through(makers, fields, terms, caller)


def _through(makers: list[_MakeLeg], fields: Members, terms: Terms, caller: Dialect) -> Leg:
    """Make the legs one after another; what the first has let pass and a later one refuses is named as the caller named it."""
    joined = makers[0](fields, terms)
    for make in makers[1:]:
        try:
            joined = chained(joined, make(encoded(joined.body), terms))
        except RequestInvalid as fault:
            raise _renamed(fault, caller) from None
    return joined


def _renamed(fault: RequestInvalid, caller: Dialect) -> RequestInvalid:
    """Name a member of the hub as the caller did; a place within renamed ones would mislead and is left out."""
    param = fault.param or ""
    for inner, outer in _CALLERS_NAMES[caller].items():
        if param == inner or param.startswith((f"{inner}[", f"{inner}.")):
            return RequestInvalid(fault.message.replace(param, outer, 1), param=outer, code=fault.code)
    return fault
