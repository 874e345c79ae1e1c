"""Whether a request goes on with a tool loop, and which conversation it is of.

In a tool loop the last word is a tool's result: the model asked for it and waits. Another model in its middle would meet calls
that it never made, so such a request stays where its loop began.
"""

import hashlib
from typing import Any, cast

import msgspec

from triplepoint.gateway.request import Request
from triplepoint.upstreams.dialects.model import Dialect

_MARKS = {
    Dialect.CHAT: b'"tool_call_id"',
    Dialect.RESPONSES: b'"function_call_output"',
    Dialect.MESSAGES: b'"tool_result"',
}
"""Without these there is none; with their quotation marks, which are escaped inside a string."""
_TURNS = {Dialect.CHAT: "messages", Dialect.RESPONSES: "input", Dialect.MESSAGES: "messages"}
_decode_items = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_any = msgspec.json.Decoder().decode


def goes_on_with_tools(request: Request) -> bool:
    """Tell whether the last turn is a tool's result."""
    if _MARKS[request.dialect] not in request.body:
        return False
    turns = _turns(request)
    if not turns:
        return False
    last: object = _decode_any(turns[-1])
    if not isinstance(last, dict):
        return False
    turn = cast("dict[str, Any]", last)
    match request.dialect:
        case Dialect.CHAT:
            return turn.get("role") == "tool"
        case Dialect.RESPONSES:
            return turn.get("type") in {"function_call_output", "custom_tool_call_output"}
        case Dialect.MESSAGES:
            return turn.get("role") == "user" and _has_result(turn.get("content"))


def conversation_name(request: Request) -> str:
    """Return a name that every request of a conversation has: as its caller says, else of its first words; never the words."""
    said = request.controls.conversation
    if said is not None:
        return hashlib.sha256(said.encode()).hexdigest()[:32]
    turns = _turns(request)
    first = b"".join(bytes(turn) for turn in turns[:2] if b'"user"' in bytes(turn)) or (bytes(turns[0]) if turns else b"")
    return hashlib.sha256(first).hexdigest()[:32]


def _turns(request: Request) -> list[msgspec.Raw]:
    raw = request.fields.get(_TURNS[request.dialect])
    try:
        return _decode_items(raw) if raw is not None else []
    except msgspec.DecodeError:  # a single text: no turns, and no tools
        return []


def _has_result(content: object) -> bool:
    return isinstance(content, list) and any(
        isinstance(block, dict) and cast("dict[str, Any]", block).get("type") == "tool_result"
        for block in cast("list[object]", content)
    )
