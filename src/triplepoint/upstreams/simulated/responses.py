"""Answers in OpenAI responses: a response of output items, whole or as the numbered events that build it up."""

from typing import Any

import msgspec

from triplepoint.upstreams.simulated.layout import Piece, PieceKind, event
from triplepoint.upstreams.simulated.model import Counts
from triplepoint.upstreams.simulated.reply import Choice, Reply, SpokenCall, split_words


def responses_body(reply: Reply) -> bytes:
    """Write a whole answer; it has one choice."""
    return msgspec.json.encode(_finished(reply, _items(reply)))


def responses_stream(reply: Reply, size: int) -> list[Piece]:
    """Write a stream, ``size`` words an event."""
    events = _Events()
    opening = _response(reply, "in_progress")
    events.add(PieceKind.OPENING, "response.created", response=opening)
    events.add(PieceKind.OPENING, "response.in_progress", response=opening)
    choice = reply.choices[0]
    items = _items(reply)
    for index, item in enumerate(items):
        events.item(index, item, size)
    finished = _finished(reply, items)
    name = "response.incomplete" if choice.finish in {"length", "content_filter"} else "response.completed"
    events.add(PieceKind.DONE, name, response=finished)
    return events.pieces


def _response(reply: Reply, status: str) -> dict[str, Any]:
    return {
        "id": f"resp_sim_{reply.number}",
        "object": "response",
        "created_at": reply.created_s,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": reply.model,
        "output": [],
        "parallel_tool_calls": True,
        "temperature": None,
        "tool_choice": "auto",
        "tools": [],
        "top_p": None,
        "usage": None,
    }


def _finished(reply: Reply, items: list[dict[str, Any]]) -> dict[str, Any]:
    reasons = {"length": "max_output_tokens", "content_filter": "content_filter"}
    reason = reasons.get(reply.choices[0].finish or "")
    response = _response(reply, "incomplete" if reason else "completed") | {"output": items}
    if reason:
        response["incomplete_details"] = {"reason": reason}
    if reply.usage is not None:
        response["usage"] = responses_usage(reply.usage)
    return response


def responses_usage(usage: Counts) -> dict[str, Any]:
    """Write counts as OpenAI responses does."""
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {"cached_tokens": usage.cache_read_tokens, "cache_write_tokens": usage.cache_write_tokens},
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }


def _items(reply: Reply) -> list[dict[str, Any]]:
    """Return the output items in their finished form."""
    choice = reply.choices[0]
    items: list[dict[str, Any]] = []
    if reply.reasoning:
        summary = [{"type": "summary_text", "text": reply.reasoning}]
        items.append({"id": f"rs_sim_{reply.number}", "type": "reasoning", "summary": summary})
    if choice.text or choice.refusal or not choice.calls:
        items.append(_message_item(reply.number, choice))
    items += [_call_item(reply.number, index, call) for index, call in enumerate(choice.calls)]
    return items


def _message_item(number: int, choice: Choice) -> dict[str, Any]:
    part: dict[str, Any] = {"type": "output_text", "text": choice.text, "annotations": [], "logprobs": []}
    if choice.refusal is not None:
        part = {"type": "refusal", "refusal": choice.refusal}
    return {"id": f"msg_sim_{number}", "type": "message", "role": "assistant", "status": "completed", "content": [part]}


def _call_item(number: int, index: int, call: SpokenCall) -> dict[str, Any]:
    return {
        "id": f"fc_sim_{number}_{index}",
        "type": "function_call",
        "call_id": call.id,
        "name": call.name,
        "arguments": call.arguments,
        "status": "completed",
    }


class _Events:
    """The events of one stream as they are written, numbered from 0."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []

    def add(self, kind: PieceKind, name: str, words: int = 0, **members: Any) -> None:
        """Write one event."""
        self.pieces.append(event(kind, {"type": name, "sequence_number": len(self.pieces), **members}, name=name, words=words))

    def item(self, index: int, item: dict[str, Any], size: int) -> None:
        """Write one output item from its start to its end."""
        opened = item | {"status": "in_progress"} if "status" in item else dict(item)
        opened |= {name: [] for name in ("content", "summary") if name in item}
        if item["type"] == "function_call":
            opened["arguments"] = ""
        self.add(PieceKind.OPENING, "response.output_item.added", output_index=index, item=opened)
        where = {"item_id": item["id"], "output_index": index}
        if item["type"] == "function_call":
            self._text("response.function_call_arguments", item["arguments"], "arguments", size, where)
        elif item["type"] == "reasoning":
            self._reasoning(item["summary"][0], size, where | {"summary_index": 0})
        else:
            self._part(item["content"][0], size, where | {"content_index": 0})
        self.add(PieceKind.CONTENT, "response.output_item.done", output_index=index, item=item)

    def _reasoning(self, part: dict[str, Any], size: int, where: dict[str, Any]) -> None:
        self.add(PieceKind.OPENING, "response.reasoning_summary_part.added", **where, part=part | {"text": ""})
        self._text("response.reasoning_summary_text", part["text"], "text", size, where)
        self.add(PieceKind.CONTENT, "response.reasoning_summary_part.done", **where, part=part)

    def _part(self, part: dict[str, Any], size: int, where: dict[str, Any]) -> None:
        member = "refusal" if part["type"] == "refusal" else "text"
        self.add(PieceKind.OPENING, "response.content_part.added", **where, part=part | {member: ""})
        name = "response.refusal" if member == "refusal" else "response.output_text"
        extra: dict[str, Any] = {} if member == "refusal" else {"logprobs": []}
        self._text(name, part[member], member, size, where | extra)
        self.add(PieceKind.CONTENT, "response.content_part.done", **where, part=part)

    def _text(self, name: str, text: str, member: str, size: int, where: dict[str, Any]) -> None:
        """Write a text as deltas, and then whole."""
        for piece in split_words(text, size):
            self.add(PieceKind.CONTENT, f"{name}.delta", len(piece.split()), **where, delta=piece)
        ended: dict[str, Any] = where | {member: text}
        self.add(PieceKind.CONTENT, f"{name}.done", **ended)
