"""Reading JSON of others into shapes: what is wrong becomes a fault of the right side, with its place.

What the caller sent wrongly is a `RequestInvalid` whose ``param`` is the path of the member, such as
``messages[2].content[0].type``. What the upstream sent wrongly is an `UpstreamFault`, which quotes nothing.
"""

import re
from collections.abc import Mapping
from typing import Literal, TypeVar

import msgspec

from triplepoint.foundation.errors import RequestInvalid, UpstreamFault
from triplepoint.upstreams.dialects.model import Fields

Members = Mapping[str, msgspec.Raw]
"""Top-level members of a request, not yet read."""

_Read = TypeVar("_Read")
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?$", re.DOTALL)
_QUOTED = re.compile(r"'[^']*'")
_PLAIN_NAME = re.compile(r"'[\w.-]{1,64}'")

TEXT: msgspec.json.Decoder[str | None] = msgspec.json.Decoder(str | None)
FLAG: msgspec.json.Decoder[bool | None] = msgspec.json.Decoder(bool | None)
COUNT: msgspec.json.Decoder[int | None] = msgspec.json.Decoder(int | None)
NUMBER: msgspec.json.Decoder[float | None] = msgspec.json.Decoder(float | None)
EFFORT: msgspec.json.Decoder[Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None] = msgspec.json.Decoder(
    Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None
)


def member(fields: Members, name: str, decoder: msgspec.json.Decoder[_Read]) -> _Read | None:
    """Read one member of a request.

    Returns: Its value; None where it is absent.
    Raises: RequestInvalid: it has another type or shape.
    """
    raw = fields.get(name)
    return None if raw is None else shape(raw, name, decoder)


def shape(raw: msgspec.Raw, path: str, decoder: msgspec.json.Decoder[_Read]) -> _Read:
    """Read a part of a request that stands at a path.

    Raises: RequestInvalid: it has another type or shape.
    """
    try:
        return decoder.decode(raw)
    except _UNREADABLE as error:
        raise _invalid(path, error) from None


def required(fields: Members, name: str, decoder: msgspec.json.Decoder[_Read]) -> _Read:
    """Read one member that a request must have.

    Raises: RequestInvalid: it is absent or has another type or shape.
    """
    value = member(fields, name, decoder)
    if value is None:
        raise refusal(name, "is required")
    return value


def upstream_json(data: bytes, decoder: msgspec.json.Decoder[_Read], what: str) -> _Read:
    """Read what an upstream answered.

    Args:
        data: JSON.
        decoder: Of the shape that it should have.
        what: Its name for the fault, such as ``a chat completion``.
    Raises: UpstreamFault: ``protocol_error``.
    """
    try:
        return decoder.decode(data)
    except _UNREADABLE:
        raise broken(f"the upstream's answer is not {what}") from None


def broken(message: str) -> UpstreamFault:
    """Make the fault of an upstream that breaks its dialect."""
    return UpstreamFault(message, code="protocol_error")


def refusal(path: str, why: str) -> RequestInvalid:
    """Make the fault of a request that cannot be carried over; the message reads ``path why``."""
    return RequestInvalid(f"{path} {why}", param=path)


def is_given(fields: Members, name: str) -> bool:
    """Say whether a member asks for something: present and neither null nor false."""
    raw = fields.get(name)
    return raw is not None and is_set(raw)


def is_set(raw: msgspec.Raw | msgspec.UnsetType) -> bool:
    """Say whether an unread value is there and neither null nor false."""
    return not isinstance(raw, msgspec.UnsetType) and bytes(raw).strip() not in {b"null", b"false"}


def compact(raw: msgspec.Raw, path: str) -> msgspec.Raw:
    """Write a value on one line, as an event of a stream and a model's prompt want it.

    Raises: RequestInvalid: it is nested too deep.
    """
    try:
        return msgspec.Raw(msgspec.json.format(bytes(raw), indent=-1))
    except _UNREADABLE as error:
        raise _invalid(path, error) from None


def encoded(fields: Fields) -> dict[str, msgspec.Raw]:
    """Write the values of a request's members, so that the next translation can read them."""
    return {
        name: value if isinstance(value, msgspec.Raw) else msgspec.Raw(msgspec.json.encode(value))
        for name, value in fields.items()
    }


def _invalid(name: str, error: Exception) -> RequestInvalid:
    """Say where and what; a value of the caller is quoted only if it is a plain name."""
    if not isinstance(error, msgspec.ValidationError):
        return refusal(name, "is not JSON that can be read: broken text, or nested too deep")
    match = _PLACE.match(str(error))
    what, path = (match["what"], match["path"] or "") if match else (str(error), "")
    if not all(_PLAIN_NAME.fullmatch(quoted) for quoted in _QUOTED.findall(what)):
        what = "Invalid value"
    if what.startswith("Invalid"):
        what += ", or one that this model's upstream cannot take"
    return RequestInvalid(f"{name}{path}: {what}", param=f"{name}{path}")
