"""Which requests can be audited, and by which model: pure rules, held before the answer comes.

A request is left alone where a second answer could do something (tools that an upstream runs itself, stored responses), where
it could not be the same request (a conversation that one upstream keeps, a tool loop, signed thoughts), or where there would be
nothing to compare (pictures and sound, several answers at once).
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

import msgspec

from triplepoint.gateway.request import Controls, Request, is_bound
from triplepoint.gateway.snapshot import ModelRoute
from triplepoint.upstreams.dialects.model import Dialect

MOST_BYTES: Final = 256 * 1024
"""Of a request's body."""
_UNFIT: Final = ("audio", "web_search_options", "background", "container", "mcp_servers", "functions", "context_management")
"""Members that have an upstream do more than answer, or answer in more than words."""
_OWN: Final = (
    *("stream", "stream_options", "user", "metadata", "store", "safety_identifier", "prompt_cache_key", "service_tier", "n"),
    *("logprobs", "top_logprobs", "include"),
)
"""Members that are the caller's affair, and no part of the question."""
_SIGNED: Final = (b'"signature"', b'"redacted_thinking"')
"""Marks of thoughts that only the model which had them may read."""
_NOTHING: Final = frozenset({b"null", b"[]", b"{}", b"false", b'""'})
_PLAIN_TOOLS: Final = {Dialect.CHAT: {"function"}, Dialect.RESPONSES: {"function"}, Dialect.MESSAGES: {"custom", None}}
_decode_any = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class Pair(msgspec.Struct, frozen=True, gc=False):
    """The two models of an audit."""

    chosen: ModelRoute
    """That the caller's answer comes from."""
    other: ModelRoute
    reference: str
    """The stronger of the two, which is the strongest that the caller may use."""

    @property
    def chosen_is_reference(self) -> bool:
        """Tell whether the weaker model is the one that is asked now."""
        return self.chosen.name == self.reference


def pair_of(able: Iterable[ModelRoute], chosen: str) -> Pair | None:
    """Find the other model of an audit.

    Args:
        able: Models that the caller may use and that can do what is asked, weakest first.
        chosen: The one that answered.
    Returns: None where there is no other one, or it is not one of them.
    """
    routes = list(able)
    names = [route.name for route in routes]
    if len(routes) < 2 or chosen not in names:
        return None
    place, last = names.index(chosen), len(routes) - 1
    return Pair(routes[place], routes[place - 1] if place == last else routes[last], names[last])


def is_fit(request: Request) -> bool:
    """Tell whether a request can be asked again without doing anything, and its answers can be compared."""
    fields = request.fields
    if len(request.body) > MOST_BYTES or request.mentions_images or is_bound(request):
        return False
    if any(_is_set(fields.get(name)) for name in _UNFIT) or bytes(fields.get("n", b"1")) not in {b"1", b"null"}:
        return False
    if request.dialect is Dialect.MESSAGES and any(mark in request.body for mark in _SIGNED):
        return False
    return "tools" not in fields or _has_plain_tools(fields["tools"], request.dialect)


def asked_again(request: Request, model: str) -> Request:
    """Return the request as it is asked of another model: the same question, and nothing of who asked it.

    Args:
        model: Name in the line-up.
    """
    fields = {name: raw for name, raw in request.fields.items() if name not in _OWN}
    fields["model"] = msgspec.Raw(_encode(model))
    return own_request(fields, request.dialect, model=model, endpoint=AUDIT)


AUDIT, JUDGE = "audit", "judge"
"""What stands in the place of a path, in the ledger and in metrics, for what we ask ourselves."""


def own_request(fields: Mapping[str, msgspec.Raw], dialect: Dialect, *, model: str, endpoint: str) -> Request:
    """Make a request of our own: no stream, nobody's conversation, no tags."""
    return Request(
        dialect=dialect,
        endpoint=endpoint,
        fields=dict(fields),
        body=_encode(fields),
        asked_model=model,
        stream=False,
        wants_usage=False,
        controls=Controls(),
        mentions_images=False,
    )


def _has_plain_tools(raw: msgspec.Raw, dialect: Dialect) -> bool:
    """Tell whether every tool is one that the caller would run, so that no upstream runs any."""
    try:
        tools = _decode_any(raw)
    except (msgspec.DecodeError, RecursionError):
        return False
    if not isinstance(tools, list):
        return tools is None
    plain = _PLAIN_TOOLS[dialect]
    return all(isinstance(one, dict) and _kind(cast("dict[str, Any]", one)) in plain for one in cast("list[object]", tools))


def _kind(tool: dict[str, Any]) -> str | None:
    kind = tool.get("type")
    return kind if isinstance(kind, str) else None


def _is_set(raw: msgspec.Raw | None) -> bool:
    return raw is not None and bytes(raw) not in _NOTHING
