"""An answer that follows the schema, read back into a call or into text."""

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from triplepoint.upstreams.dialects import ids
from triplepoint.upstreams.dialects.leg import Terms
from triplepoint.upstreams.dialects.schema_tools.offer import Offer
from triplepoint.upstreams.dialects.shapes import chat
from triplepoint.upstreams.dialects.shapes.reading import upstream_json

_LONGEST_ESCAPE = 12
"""Characters of a surrogate pair, the longest escape that a cut can split."""


class _Written(Struct):
    """What the schema makes the model write."""

    name: str | UnsetType = UNSET
    arguments: Raw | UnsetType = UNSET
    reply: str | UnsetType = UNSET


class Meaning(Struct):
    """What an answer means."""

    content: str | None = None
    call: chat.ToolCall | None = None


_WRITTEN: msgspec.json.Decoder[_Written] = msgspec.json.Decoder(_Written)


def to_calls(body: bytes, offer: Offer, terms: Terms) -> bytes:
    """Translate a whole answer.

    Raises: UpstreamFault: it is no chat completion.
    """
    answer = upstream_json(body, chat.ANSWER, "a chat completion")
    for choice in answer.choices:
        meaning = meaning_of(choice.message.content or "", offer, call_id(answer.id, choice.index))
        choice.message.content = meaning.content
        choice.logprobs = None
        if meaning.call is not None:
            choice.message.tool_calls = [meaning.call]
            choice.finish_reason = "tool_calls"
    answer.model = terms.asked_model
    return msgspec.json.encode(answer)


def call_id(answer_id: str, choice: int) -> str:
    """Name the one call of a choice after its answer."""
    tail = ids.tail(answer_id)
    return f"call_{tail}_{choice}" if choice else f"call_{tail}"


def meaning_of(text: str, offer: Offer, new_id: str) -> Meaning:
    """Read what the model wrote.

    A whole call of a tool on offer is a call, a reply is its text. A reply cut by the limit is its text so far. Anything
    else (a call cut by the limit, an upstream that ignored the schema) is handed on as the text that it is.
    """
    written = _read(text) or _read_cut_reply(text)
    if written is None:
        return Meaning(content=text)
    if isinstance(written.reply, str):
        return Meaning(content=written.reply)
    if isinstance(written.name, UnsetType) or isinstance(written.arguments, UnsetType) or not offer.knows(written.name):
        return Meaning(content=text)
    function = chat.Function(name=written.name, arguments=bytes(written.arguments).decode())
    return Meaning(call=chat.ToolCall(id=new_id, function=function))


def _read(text: str) -> _Written | None:
    try:
        return _WRITTEN.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None


def _read_cut_reply(text: str) -> _Written | None:
    """Read a reply that ends in the middle of its text, maybe in the middle of an escape."""
    if '"reply"' not in text:
        return None
    for cut in range(min(_LONGEST_ESCAPE, len(text))):
        written = _read(text[: len(text) - cut] + '"}')
        if written is not None:
            return written
    return None
