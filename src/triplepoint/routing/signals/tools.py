"""Signals `tools` and `tool_loop`: whether tools are offered, and whether the last word is a tool's result."""

import re
from typing import Final

from triplepoint.routing.signals.turns import last_spoken
from triplepoint.upstreams.dialects.model import Dialect
from triplepoint.upstreams.texts import Item, RawFields

_ARRAY_WITH_SOMETHING: Final = re.compile(rb"\s*\[\s*[^\s\]]").match
_RESULT_ROLES: Final = frozenset({"tool", "function"})
_RESULT_TYPES: Final = ("_call_output", "_tool_output")
"""Ends of the types by which a responses input brings a tool's result: ``function_call_output``, ``shell_call_output``, …"""


def offers_tools(fields: RawFields, dialect: Dialect) -> bool:
    """Tell whether a request offers tools; an empty list offers none. ``functions`` is how chat began."""
    return _offers(fields, "tools") or (dialect is Dialect.CHAT and _offers(fields, "functions"))


def is_tool_loop(items: list[Item], dialect: Dialect) -> bool:
    """Tell whether the last turn is a tool's result: the model asked for it, and waits."""
    last = last_spoken(items)
    if last is None:
        return False
    if dialect is Dialect.RESPONSES:
        return isinstance(last.type, str) and last.type.endswith(_RESULT_TYPES)
    if dialect is Dialect.CHAT:
        return isinstance(last.role, str) and last.role in _RESULT_ROLES
    return last.role == "user" and not last.is_user_turn()


def _offers(fields: RawFields, name: str) -> bool:
    raw = fields.get(name)
    return raw is not None and _ARRAY_WITH_SOMETHING(raw) is not None
