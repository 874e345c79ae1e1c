"""Reads what we act on from a request and leaves the rest as it is.

The body's top-level members are cut apart without being decoded (`msgspec.Raw`); only those that decide something are read. An
unknown member passes through untouched and in order; a member given twice counts once, with its last value, for us and for the
upstream alike, so that nobody can show us one value and the upstream another.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from triplepoint.foundation.errors import RequestInvalid
from triplepoint.upstreams.dialects.model import Dialect

RawFields = dict[str, msgspec.Raw]

_decode_fields = msgspec.json.Decoder(RawFields).decode
_decode_text = msgspec.json.Decoder(str).decode
_decode_any = msgspec.json.Decoder().decode
_FALSE = (b"false", b"null")
_DIALS = ("warmth", "thrift", "caution")
_CONTROLS = {"conversation", "tags", *_DIALS}
_MAX_TAGS = 16
_MAX_LABEL = 256


@dataclass(frozen=True, slots=True)
class Controls:
    """The body's ``triplepoint`` member."""

    conversation: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


_NO_CONTROLS = Controls()


@dataclass(frozen=True, slots=True)
class Request:
    """A request to a model, as far as we act on it."""

    dialect: Dialect
    endpoint: str
    fields: RawFields
    """Members of the body without ``triplepoint``."""
    body: bytes
    """The decoded body."""
    asked_model: str
    stream: bool
    wants_usage: bool
    """Chat: the usage chunk was asked for."""
    controls: Controls

    @property
    def input_estimate(self) -> int:
        """Return a rough count of input tokens for admission: bytes / 4, off by −16 … +24 % on prose and code."""
        return len(self.body) // 4


def parse_request(body: bytes, dialect: Dialect, endpoint: str) -> Request:
    """Read a request's body.

    Raises: RequestInvalid: not a JSON object, or a member that we act on has the wrong type; ``param`` names it.
    """
    try:
        fields = _decode_fields(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestInvalid(f"The body is not a JSON object: {error}.", code="invalid_json") from error
    raw_model = fields.get("model")
    if raw_model is None:
        raise RequestInvalid("Say which model to use.", param="model", code="missing_model")
    stream = _flag(fields, "stream")
    wants_usage = False
    if stream and "stream_options" in fields:
        options = _decode_any(fields["stream_options"])
        if isinstance(options, dict):
            wants_usage = options.get("include_usage") is True  # pyright: ignore[reportUnknownMemberType]
        elif options is not None:
            raise RequestInvalid("An object is expected.", param="stream_options")
    controls = _read_controls(fields.pop("triplepoint")) if "triplepoint" in fields else _NO_CONTROLS
    return Request(dialect, endpoint, fields, body, _text(raw_model, "model"), stream, wants_usage, controls)


def caller_deadline_s(header: bytes | None, now_s: float) -> float | None:
    """Return the steady-clock moment until which the caller waits (``x-stainless-read-timeout``, seconds); None if unsaid."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        return None
    return now_s + seconds if 0 < seconds < 86_400 else None


def _flag(fields: RawFields, name: str) -> bool:
    raw = fields.get(name)
    if raw is None:
        return False
    value = bytes(raw)
    if value == b"true":
        return True
    if value in _FALSE:
        return False
    raise RequestInvalid("true or false is expected.", param=name)


def _text(raw: msgspec.Raw, name: str) -> str:
    try:
        return _decode_text(raw)
    except msgspec.DecodeError as error:
        raise RequestInvalid("A string is expected.", param=name) from error


def _read_controls(raw: msgspec.Raw) -> Controls:
    """Read our own member; what it does not know it refuses, so that nobody believes to have set what was not."""
    value = _decode_any(raw)
    if not isinstance(value, dict):
        raise RequestInvalid("An object is expected.", param="triplepoint")
    members: dict[str, object] = value  # pyright: ignore[reportUnknownVariableType]
    for name in members:
        if name not in _CONTROLS:
            known = ", ".join(sorted(_CONTROLS))
            raise RequestInvalid(
                f"This control is unknown; there are {known}.", param=f"triplepoint.{name}", code="unknown_control"
            )
        if name in _DIALS:
            raise RequestInvalid("The active line-up offers no such dial.", param=f"triplepoint.{name}", code="unknown_control")
    conversation = members.get("conversation")
    if conversation is not None and not (isinstance(conversation, str) and 0 < len(conversation) <= _MAX_LABEL):
        raise RequestInvalid(f"A string of 1 to {_MAX_LABEL} characters is expected.", param="triplepoint.conversation")
    return Controls(conversation, _read_tags(members.get("tags")))


def _read_tags(value: object) -> dict[str, str]:
    if value is None:
        return {}
    try:
        tags = msgspec.convert(value, dict[str, str])
    except msgspec.ValidationError as error:
        raise RequestInvalid("An object of strings is expected.", param="triplepoint.tags") from error
    if len(tags) > _MAX_TAGS or any(len(name) > _MAX_LABEL or len(text) > _MAX_LABEL for name, text in tags.items()):
        raise RequestInvalid(f"At most {_MAX_TAGS} tags of {_MAX_LABEL} characters are kept.", param="triplepoint.tags")
    return tags
