"""Whether a request goes on with a tool loop, and which conversation it is of.

In a tool loop the last word is a tool's result: the model asked for it and waits. Another model in its middle would meet calls
that it never made, so such a request stays where its loop began.
"""

import hashlib
import re
from typing import Final

import msgspec

from triplepoint.gateway.request import Request
from triplepoint.routing.signals.tools import is_tool_loop
from triplepoint.upstreams.dialects.model import Dialect
from triplepoint.upstreams.texts import CONVERSATION, conversation

_MARKS: Final = {
    Dialect.CHAT: re.compile(rb'"role"\s*:\s*"(?:tool|function)"').search,
    Dialect.RESPONSES: re.compile(rb'_output"').search,
    Dialect.MESSAGES: re.compile(rb'"tool_result"').search,
}
"""Without these there is none; with their quotation marks, which are escaped inside a string."""
_decode_items = msgspec.json.Decoder(list[msgspec.Raw]).decode


def goes_on_with_tools(request: Request) -> bool:
    """Tell whether the last turn is a tool's result; what the signal `tool_loop` says, where no other signal is read."""
    if _MARKS[request.dialect](request.body) is None:
        return False
    return is_tool_loop(conversation(request.fields, request.dialect), request.dialect)


def conversation_name(request: Request) -> str:
    """Return a name that every request of a conversation has: as its caller says, else of its first words; never the words."""
    said = request.controls.conversation
    if said is not None:
        return hashlib.sha256(said.encode()).hexdigest()[:32]
    turns = _turns(request)
    first = b"".join(bytes(turn) for turn in turns[:2] if b'"user"' in bytes(turn)) or (bytes(turns[0]) if turns else b"")
    return hashlib.sha256(first).hexdigest()[:32]


def turn_of(request: Request) -> int:
    """Return how many user turns a request's conversation has; a tool's result goes on with the turn before it."""
    return sum(item.is_user_turn() for item in conversation(request.fields, request.dialect))


def _turns(request: Request) -> list[msgspec.Raw]:
    raw = request.fields.get(CONVERSATION[request.dialect])
    try:
        return _decode_items(raw) if raw is not None else []
    except msgspec.DecodeError:  # a single text: no turns, and no tools
        return []
