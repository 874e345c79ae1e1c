"""Reads what a request asks of its answer's form, in any dialect. Nothing raises: what is odd asks for nothing."""

from collections.abc import Mapping
from typing import Any, assert_never

import msgspec

from triplepoint.routing.answers.lenient import json_of, members_of
from triplepoint.routing.answers.model import Wanted
from triplepoint.upstreams.dialects.model import Dialect

_encode = msgspec.json.Encoder().encode


def read_wanted(fields: Mapping[str, msgspec.Raw], dialect: Dialect) -> Wanted:
    """Read what is asked of the form.

    Args:
        fields: Top-level members of the body; they need not be valid.
    """
    match dialect:
        case Dialect.CHAT:
            form = _members(fields.get("response_format"))
            schema = members_of(form.get("json_schema")).get("schema")
        case Dialect.RESPONSES:
            form = members_of(_members(fields.get("text")).get("format"))
            schema = form.get("schema")
        case Dialect.MESSAGES:
            form = members_of(_members(fields.get("output_config")).get("format")) or _members(fields.get("output_format"))
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
    choice = None if raw is None else json_of(raw)
    if isinstance(choice, str):
        return choice == "required"
    return members_of(choice).get("type") in ("function", "any", "tool")


def _members(raw: msgspec.Raw | None) -> dict[str, Any]:
    return {} if raw is None else members_of(json_of(raw))
