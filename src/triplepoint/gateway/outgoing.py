"""Makes an upstream's request out of a caller's: bytes through where they share a dialect, translated where not."""

from collections.abc import Callable
from enum import StrEnum

import msgspec

from triplepoint.foundation.errors import NotImplementedHere
from triplepoint.gateway.request import OUTPUT_LIMITS, Request
from triplepoint.gateway.snapshot import ModelRoute, TargetRoute
from triplepoint.lineups.model import Capability
from triplepoint.upstreams.dialects.model import Dialect, EventTranslator
from triplepoint.upstreams.dialects.read_chat import ChatReader
from triplepoint.upstreams.dialects.read_messages import MessagesReader
from triplepoint.upstreams.dialects.read_responses import ResponsesReader
from triplepoint.upstreams.dialects.reader import AnswerReader
from triplepoint.upstreams.dialects.translate import exchange

_encode = msgspec.json.Encoder().encode
_decode_members = msgspec.json.Decoder(dict[str, msgspec.Raw] | None).decode


class Task(StrEnum):
    """What a request wants of a model."""

    GENERATE = "generate"
    EMBED = "embed"
    COUNT = "count"


_PATHS = {Dialect.CHAT: "/chat/completions", Dialect.RESPONSES: "/responses", Dialect.MESSAGES: "/messages"}


class Outgoing(msgspec.Struct, frozen=True):
    """A request as the upstream gets it, and how its answer is read."""

    path: str
    body: bytes
    dialect: Dialect
    """The upstream's."""
    reader: AnswerReader
    """For this one attempt."""
    translate_whole: Callable[[bytes], bytes] | None = None
    """To the caller's dialect; None where they are the same."""
    make_translator: Callable[[], EventTranslator] | None = None
    notices: list[str] = []


def make_outgoing(
    request: Request, task: Task, route: ModelRoute, target: TargetRoute, dialect: Dialect, *, longest: int | None = None
) -> Outgoing:
    """Make the upstream's request.

    Args:
        dialect: What the upstream speaks.
        longest: Bound of the answer in tokens that the upstream must be told, whatever the request says; None: none.
    Raises:
        RequestInvalid: the request cannot be translated; ``param`` names what stands in the way.
        NotImplementedHere: the upstream has no such endpoint.
    """
    if task is Task.GENERATE:
        if longest is not None:
            request = _bounded(request, route, longest)
        if dialect is request.dialect and not (target.tools_by_schema and "tools" in request.fields):
            return _passed(request, target, dialect, _PATHS[dialect])
        return _translated(request, route, target, dialect)
    if task is Task.COUNT:
        return _passed(request, target, Dialect.MESSAGES, "/messages/count_tokens")
    if dialect is Dialect.MESSAGES:
        raise NotImplementedHere("This model's upstream has no embeddings.", param="model")
    return _passed(request, target, Dialect.CHAT, "/embeddings")


def _bounded(request: Request, route: ModelRoute, longest: int) -> Request:
    """Write the bound of the answer into the request, where it stands or, in a model's own words, where it does not."""
    names = OUTPUT_LIMITS[request.dialect]
    said = [name for name in names if name in request.fields and bytes(request.fields[name]) != b"null"]
    if not said:
        reasons = Capability.REASONING in route.capabilities
        said = [names[0] if len(names) == 1 or reasons else names[-1]]
    bound = msgspec.Raw(b"%d" % longest)
    return msgspec.structs.replace(request, fields={**request.fields, **dict.fromkeys(said, bound)})


def _passed(request: Request, target: TargetRoute, dialect: Dialect, path: str) -> Outgoing:
    fields: dict[str, object] = dict(request.fields)
    fields["model"] = target.upstream_model
    if request.stream and dialect is Dialect.CHAT and not request.wants_usage:
        fields["stream_options"] = _with_usage(request.fields.get("stream_options"))
    return Outgoing(path, _encode(fields), dialect, _reader(dialect, request))


def _translated(request: Request, route: ModelRoute, target: TargetRoute, dialect: Dialect) -> Outgoing:
    done = exchange(
        request.fields,
        caller=request.dialect,
        upstream=dialect,
        asked_model=request.asked_model,
        upstream_model=target.upstream_model,
        max_output_tokens=route.model.max_output_tokens,
        tools_by_schema=target.tools_by_schema,
    )
    return Outgoing(
        _PATHS[dialect],
        _encode(done.body),
        dialect,
        _reader(dialect, request, keep_usage=True),
        translate_whole=done.answer,
        make_translator=done.events,
        notices=done.notices,
    )


def _reader(dialect: Dialect, request: Request, *, keep_usage: bool = False) -> AnswerReader:
    asked = request.asked_model
    if dialect is Dialect.CHAT:  # a translator needs the usage chunk, whoever asked
        return ChatReader(asked, wants_usage=keep_usage or request.wants_usage)
    return ResponsesReader(asked) if dialect is Dialect.RESPONSES else MessagesReader(asked)


def _with_usage(options: msgspec.Raw | None) -> dict[str, object]:
    """Ask for the usage beside the caller's own options, which stay as they were written."""
    known = _decode_members(options) if options is not None else None
    return {**(known or {}), "include_usage": True}
