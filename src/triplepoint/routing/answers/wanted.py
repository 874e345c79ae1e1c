"""Reads what a request asks of its answer's form, in any dialect. Nothing raises: what is odd asks for nothing."""

from collections.abc import Mapping
from typing import Any, assert_never, cast

import msgspec

from triplepoint.routing.answers.model import Wanted
from triplepoint.upstreams.dialects.model import Dialect

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode
_NOTHING: dict[str, Any] = {}


def read_wanted(fields: Mapping[str, msgspec.Raw], dialect: Dialect) -> Wanted:
    """Read what is asked of the form.

    Args:
        fields: Top-level members of the body; they need not be valid.
    """
    match dialect:
        case Dialect.CHAT:
            form = _members(fields.get("response_format"))
            schema = _inner(form, "json_schema").get("schema")
        case Dialect.RESPONSES:
            form = _inner(_members(fields.get("text")), "format")
            schema = form.get("schema")
        case Dialect.MESSAGES:
            form = _inner(_members(fields.get("output_config")), "format") or _members(fields.get("output_format"))
            schema = form.get("schema")
        case _:
            assert_never(dialect)
    kind = form.get("type")
    if not isinstance(kind, str):
        kind = ""
    return Wanted(
        json=kind in {"json_object", "json_schema"},
        schema=_encode(schema) if kind == "json_schema" and isinstance(schema, dict) else b"",
        must_call=_must_call(fields.get("tool_choice")),
    )


def _must_call(raw: msgspec.Raw | None) -> bool:
    choice = _value(raw)
    if isinstance(choice, str):
        return choice == "required"
    return isinstance(choice, dict) and cast("dict[str, Any]", choice).get("type") in ("function", "any", "tool")


def _members(raw: msgspec.Raw | None) -> dict[str, Any]:
    value = _value(raw)
    return cast("dict[str, Any]", value) if isinstance(value, dict) else _NOTHING


def _inner(members: dict[str, Any], name: str) -> dict[str, Any]:
    value = members.get(name)
    return cast("dict[str, Any]", value) if isinstance(value, dict) else _NOTHING


def _value(raw: msgspec.Raw | None) -> object:
    if raw is None:
        return None
    try:
        return _decode(raw)
    except _UNREADABLE:
        return None
