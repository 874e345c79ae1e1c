"""Reads what a request asks of its answer, in any dialect. Nothing raises: what is odd asks for nothing."""

from collections.abc import Mapping
from typing import Final

import msgspec

from triplepoint.routing.answers.lenient import json_of, members_of
from triplepoint.routing.answers.wanted import read_wanted
from triplepoint.routing.escalation.model import Asked
from triplepoint.upstreams.dialects.model import Dialect
from triplepoint.upstreams.texts import conversation, elements_of, text_of

READ_CHARS: Final = 8_000
"""Of a text, its two ends together: the question stands at one of them, and an answer comes to something at its own."""
_encode = msgspec.json.Encoder().encode
_MOST_TOOLS: Final = 256


def read_asked(fields: Mapping[str, msgspec.Raw], dialect: Dialect, *, room_tokens: int | None = None) -> Asked:
    """Read what is asked.

    Args:
        fields: Top-level members of the body; they need not be valid.
        room_tokens: Most that the answer may have; None: nobody says.
    """
    turns = [item for item in conversation(fields, dialect) if item.is_user_turn()]
    return Asked(
        text=ends_of(text_of(turns[-1].content)) if turns else "",
        wanted=read_wanted(fields, dialect),
        tools=_tools(fields),
        room_tokens=room_tokens,
    )


def answers_asked(fields: Mapping[str, msgspec.Raw]) -> int:
    """Return how many answers are asked for."""
    raw = fields.get("n")
    value = json_of(raw) if raw is not None else 1
    return value if isinstance(value, int) and not isinstance(value, bool) else 1


def ends_of(text: str, limit: int = READ_CHARS) -> str:
    """Return the two ends of a text that is longer than what is read."""
    return text if len(text) <= limit else f"{text[: limit // 2]}\n{text[-limit // 2 :]}"


def _tools(fields: Mapping[str, msgspec.Raw]) -> dict[str, bytes]:
    """Return the offered tools: chat has name and schema inside ``function``, responses and messages beside ``type``."""
    raw = fields.get("tools")
    found: dict[str, bytes] = {}
    for element in elements_of(raw)[:_MOST_TOOLS] if raw is not None else []:
        tool = members_of(json_of(element))
        function = members_of(tool.get("function")) or tool
        name = function.get("name")
        if isinstance(name, str):
            schema = function.get("parameters", function.get("input_schema"))
            found[name] = _encode(schema) if isinstance(schema, dict) else b""
    return found
