"""Answers in Anthropic messages: one body, or a stream from ``message_start`` to ``message_stop``."""

from typing import Any

import msgspec

from triplepoint.upstreams.simulated.layout import Piece, PieceKind, event
from triplepoint.upstreams.simulated.model import Counts
from triplepoint.upstreams.simulated.reply import Choice, Finish, Reply, split_words

_STOP_REASONS: dict[Finish, str] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}
_SIGNATURE = "c2ltdWxhdGVk"
"""Of thinking; opaque to callers."""


def messages_body(reply: Reply) -> bytes:
    """Write a whole answer; it has one choice."""
    choice = reply.choices[0]
    content: list[dict[str, Any]] = []
    if reply.reasoning:
        content.append({"type": "thinking", "thinking": reply.reasoning, "signature": _SIGNATURE})
    if text := _spoken(choice):
        content.append({"type": "text", "text": text})
    content += [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": msgspec.Raw(call.arguments.encode())}
        for call in choice.calls
    ]
    body = _message(reply) | {"content": content, "stop_reason": _stop_reason(choice)}
    if reply.usage is not None:
        body["usage"] = _usage(reply.usage, reply.usage.output_tokens)
    return msgspec.json.encode(body)


def messages_stream(reply: Reply, size: int) -> list[Piece]:
    """Write a stream, ``size`` words an event."""
    choice = reply.choices[0]
    start = _message(reply)
    if reply.usage is not None:
        start["usage"] = _usage(reply.usage, 1)
    pieces = [_event(PieceKind.OPENING, "message_start", message=start), _event(PieceKind.OPENING, "ping")]
    for index, block in enumerate(_blocks(reply, choice, size)):
        pieces += _block_events(index, block)
    if choice.finish is not None:
        delta = {"stop_reason": _stop_reason(choice), "stop_sequence": None}
        finish: dict[str, Any] = {"delta": delta}
        if reply.usage is not None:
            finish["usage"] = {"output_tokens": reply.usage.output_tokens}
        pieces.append(_event(PieceKind.FINISH, "message_delta", **finish))
    return [*pieces, _event(PieceKind.DONE, "message_stop")]


class _Block(msgspec.Struct):
    """One content block: its empty form, then its deltas with their words."""

    opening: dict[str, Any]
    deltas: list[tuple[dict[str, Any], int]]


def _blocks(reply: Reply, choice: Choice, size: int) -> list[_Block]:
    blocks: list[_Block] = []
    if reply.reasoning:
        thoughts = _deltas("thinking_delta", "thinking", reply.reasoning, size)
        signature = ({"type": "signature_delta", "signature": _SIGNATURE}, 0)
        blocks.append(_Block({"type": "thinking", "thinking": "", "signature": ""}, [*thoughts, signature]))
    if text := _spoken(choice):
        blocks.append(_Block({"type": "text", "text": ""}, _deltas("text_delta", "text", text, size)))
    for call in choice.calls:
        opening: dict[str, Any] = {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}
        blocks.append(_Block(opening, _deltas("input_json_delta", "partial_json", call.arguments, size)))
    return blocks


def _block_events(index: int, block: _Block) -> list[Piece]:
    return [
        _event(PieceKind.OPENING, "content_block_start", index=index, content_block=block.opening),
        *(_event(PieceKind.CONTENT, "content_block_delta", words, index=index, delta=delta) for delta, words in block.deltas),
        _event(PieceKind.CONTENT, "content_block_stop", index=index),
    ]


def _deltas(kind: str, member: str, text: str, size: int) -> list[tuple[dict[str, Any], int]]:
    return [({"type": kind, member: piece}, len(piece.split())) for piece in split_words(text, size)]


def _event(kind: PieceKind, name: str, words: int = 0, **members: Any) -> Piece:
    return event(kind, {"type": name, **members}, name=name, words=words)


def _message(reply: Reply) -> dict[str, Any]:
    return {
        "id": f"msg_sim_{reply.number}",
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def _spoken(choice: Choice) -> str:
    return choice.text or choice.refusal or ""


def _stop_reason(choice: Choice) -> str | None:
    return None if choice.finish is None else _STOP_REASONS[choice.finish]


def _usage(usage: Counts, output_tokens: int) -> dict[str, int]:
    """Write counts as Anthropic does: the parts of the input apart, not within one another."""
    return {
        "input_tokens": usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens,
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "cache_read_input_tokens": usage.cache_read_tokens,
        "output_tokens": output_tokens,
    }
