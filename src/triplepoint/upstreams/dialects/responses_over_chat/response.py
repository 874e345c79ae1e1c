"""The response object: its settings, items and usage, as they stand at a moment."""

from typing import Final

import msgspec

from triplepoint.upstreams.dialects import ids
from triplepoint.upstreams.dialects.blocks import Block, Kind
from triplepoint.upstreams.dialects.leg import Terms
from triplepoint.upstreams.dialects.shapes import chat

_INCOMPLETE: Final = {"length": "max_output_tokens", "content_filter": "content_filter"}
_ITEM_PREFIXES: Final = {Kind.THINKING: "rs", Kind.TEXT: "msg", Kind.REFUSAL: "msg", Kind.TOOL: "fc"}


class ResponseHead(msgspec.Struct):
    """What all of an answer's events share."""

    tail: str
    """Names the answer, without a prefix."""
    created: int
    """Seconds since 1970."""
    model: str
    """The name that the caller asked for."""
    echo: dict[str, object]
    """The caller's settings."""
    tier: str | None = None
    """Service tier that served the request."""

    def object(self, status: str, output: list[dict[str, object]], *, finish: str | None, usage: chat.Usage | None) -> object:
        """Build the response object.

        Args:
            status: ``in_progress``, ``completed`` or ``incomplete``.
            output: Items.
            finish: Chat's finish reason, which says why an answer is incomplete.
            usage: Counted tokens, None while or where unknown.
        """
        reason = _INCOMPLETE.get(finish or "") if status == "incomplete" else None
        told: dict[str, object] = {
            "id": f"resp_{self.tail}",
            "object": "response",
            "created_at": self.created,
            "status": status,
            "background": False,
            "error": None,
            "incomplete_details": {"reason": reason} if reason else None,
            "model": self.model,
            "output": output,
            **self.echo,
            "usage": None if usage is None else usage_of(usage),
        }
        if self.tier is not None:
            told["service_tier"] = self.tier
        return told

    def item_id(self, block: Block) -> str:
        """Name an item after the answer and its place."""
        return f"{_ITEM_PREFIXES[block.kind]}_{self.tail}_{block.index}"


def head_of(answer: chat.Answer | chat.Chunk, terms: Terms, echo: dict[str, object]) -> ResponseHead:
    """Begin a response from an answer's head, or from a stream's first chunk."""
    created = answer.created or terms.clock.now_us() // 1_000_000
    return ResponseHead(ids.tail(answer.id), created, terms.asked_model, echo, answer.service_tier or None)


def status_of(finish: str | None) -> str:
    """Say whether an answer that ended for this reason is complete."""
    return "incomplete" if finish in _INCOMPLETE else "completed"


def usage_of(counted: chat.Usage) -> dict[str, object]:
    """Translate counts; the dialect demands the details."""
    prompt = counted.prompt_tokens_details or chat.PromptDetails()
    completion = counted.completion_tokens_details or chat.CompletionDetails()
    return {
        "input_tokens": counted.prompt_tokens,
        "input_tokens_details": {
            "cached_tokens": prompt.cached_tokens or 0,
            "cache_write_tokens": prompt.cache_write_tokens or 0,
        },
        "output_tokens": counted.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": completion.reasoning_tokens or 0},
        "total_tokens": counted.total_tokens or counted.prompt_tokens + counted.completion_tokens,
    }


def parts_of(block: Block, logprobs: list[msgspec.Raw] | None) -> list[dict[str, object]]:
    """Build the parts of a block as far as it has come; a call has none."""
    match block.kind:
        case Kind.THINKING:
            return [{"type": "summary_text", "text": block.text}]
        case Kind.TEXT:
            return [{"type": "output_text", "annotations": [], "logprobs": logprobs or [], "text": block.text}]
        case Kind.REFUSAL:
            return [{"type": "refusal", "refusal": block.text}]
        case Kind.TOOL:
            return []


def item_of(item_id: str, block: Block, status: str, parts: list[dict[str, object]]) -> dict[str, object]:
    """Build an item.

    Args:
        item_id: Its id.
        block: What it holds, as far as it has come.
        status: ``in_progress``, ``completed`` or ``incomplete``.
        parts: Content of a message, or summary of reasoning.
    """
    match block.kind:
        case Kind.THINKING:
            return {"id": item_id, "type": "reasoning", "summary": parts}
        case Kind.TEXT | Kind.REFUSAL:
            return {"id": item_id, "type": "message", "status": status, "role": "assistant", "content": parts}
        case Kind.TOOL:
            told: dict[str, object] = {"id": item_id, "type": "function_call", "status": status}
            return told | {"call_id": block.call_id, "name": block.name, "arguments": block.text}
