"""Reads JSON of others, which may be odd: what is not there, or is of another type, is empty. Nothing raises."""

from typing import Any, Final, cast

import msgspec

from triplepoint.upstreams.dialects.reader import UNREADABLE

NO_JSON: Final = object()
"""Stands for a text that is no JSON, since null is."""
_decode: Final = msgspec.json.Decoder().decode


def json_of(text: str | bytes | msgspec.Raw) -> object:
    """Read a JSON value; `NO_JSON` where there is none."""
    try:
        return _decode(text)
    except UNREADABLE:
        return NO_JSON


def members_of(value: object) -> dict[str, Any]:
    """Return the members of an object; none where it is no object."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def list_of(value: object) -> list[Any]:
    """Return the elements of a list; none where it is no list."""
    return cast("list[Any]", value) if isinstance(value, list) else []
