"""An Anthropic message as a chat completion."""

from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from triplepoint.upstreams.dialects import ids
from triplepoint.upstreams.dialects.leg import Terms
from triplepoint.upstreams.dialects.shapes import chat, messages
from triplepoint.upstreams.dialects.shapes.reading import broken, upstream_json
from triplepoint.upstreams.dialects.tool_input import text_of

_FINISH_REASONS: Final = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
_TIERS: Final = {"standard": "default", "priority": "priority"}


def to_completion(body: bytes, terms: Terms) -> bytes:
    """Translate a whole answer.

    Raises: UpstreamFault: it is no message.
    """
    answer = upstream_json(body, messages.ANSWER, "a message")
    message = _message(answer)
    return msgspec.json.encode(
        chat.Answer(
            id=ids.chat_id(answer.id),
            created=terms.clock.now_us() // 1_000_000,
            model=terms.asked_model,
            choices=[chat.Choice(message=message, finish_reason=finish(answer.stop_reason))],
            usage=usage(answer.usage),
            service_tier=tier(answer.usage),
        )
    )


def finish(stop_reason: str | None) -> str:
    """Translate why the model stopped; a reason yet unknown counts as an ordinary end."""
    return _FINISH_REASONS.get(stop_reason or "", "stop")


def explanation(details: messages.StopDetails | UnsetType | None) -> str | None:
    """Return the vendor's words on a refusal."""
    return details.explanation if details else None


def usage(counted: messages.Usage) -> chat.Usage | UnsetType:
    """Add up the three parts of the input; unset where the upstream did not count."""
    if not (isinstance(counted.input_tokens, int) and isinstance(counted.output_tokens, int)):
        return UNSET
    read, written = counted.cache_read_input_tokens, counted.cache_creation_input_tokens
    total_input = counted.input_tokens + (read or 0) + (written or 0)
    thinking = (counted.output_tokens_details or messages.OutputDetails()).thinking_tokens
    has_cache = isinstance(read, int) or isinstance(written, int)
    return chat.Usage(
        prompt_tokens=total_input,
        completion_tokens=counted.output_tokens,
        total_tokens=total_input + counted.output_tokens,
        prompt_tokens_details=chat.PromptDetails(cached_tokens=read, cache_write_tokens=written) if has_cache else UNSET,
        completion_tokens_details=chat.CompletionDetails(reasoning_tokens=thinking) if isinstance(thinking, int) else UNSET,
    )


def tier(counted: messages.Usage) -> str | UnsetType:
    """Translate the service tier that served the request."""
    return _TIERS.get(counted.service_tier or "", UNSET)


def begun_call(block: messages.AnswerBlock) -> tuple[str, str]:
    """Return id and name of a call.

    Raises: UpstreamFault: it has none.
    """
    if isinstance(block.id, UnsetType) or isinstance(block.name, UnsetType):
        raise broken("the upstream's tool_use block has no id or name")
    return block.id, block.name


def _message(answer: messages.Answer) -> chat.AnswerMessage:
    """Gather the blocks; those of the vendor's own tools have no place in chat."""
    texts: list[str] = []
    thoughts: list[str] = []
    calls: list[chat.ToolCall] = []
    for block in answer.content:
        if block.type == "text":
            texts.append(block.text or "")
        elif block.type == "thinking":
            thoughts.append(block.thinking or "")
        elif block.type == "tool_use":
            call_id, name = begun_call(block)
            arguments = "{}" if isinstance(block.input, UnsetType) else text_of(block.input)
            calls.append(chat.ToolCall(id=call_id, function=chat.Function(name=name, arguments=arguments)))
    return chat.AnswerMessage(
        content="".join(texts) if texts else None,
        refusal=explanation(answer.stop_details) if answer.stop_reason == "refusal" else None,
        reasoning_content="".join(thoughts) or UNSET,
        tool_calls=calls or UNSET,
    )
