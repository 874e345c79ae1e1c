"""Writes a request as turns of plain text, for a judge to read; nothing of it is kept."""

from collections.abc import Iterator, Mapping

import msgspec

from triplepoint.routing.audits.judge import Turn
from triplepoint.upstreams.dialects.model import Dialect
from triplepoint.upstreams.texts import Item, conversation, instructions, text_of


def read_turns(fields: Mapping[str, msgspec.Raw], dialect: Dialect) -> list[Turn]:
    """Return a request's instructions and conversation, in their order; turns that say nothing in words are left out."""
    said = text_of(instructions(fields, dialect))
    turns = [Turn("system", said)] if said else []
    return turns + [turn for item in conversation(fields, dialect) for turn in _turns(item)]


def _turns(item: Item) -> Iterator[Turn]:
    role = item.role if isinstance(item.role, str) else "tool"
    for content in (item.content, item.output):
        text = text_of(content)
        if text:
            yield Turn(role, text)
    for calls in (item.tool_calls, item.arguments):
        if bytes(calls):
            yield Turn(f"{role} calls", bytes(calls).decode(errors="replace"))
