"""A chat completion as an Anthropic message."""

from typing import Final

import msgspec
from msgspec import UNSET

from triplepoint.upstreams.dialects import ids
from triplepoint.upstreams.dialects.leg import Terms
from triplepoint.upstreams.dialects.shapes import chat, messages
from triplepoint.upstreams.dialects.shapes.reading import broken, upstream_json
from triplepoint.upstreams.dialects.tool_input import object_of

_STOP_REASONS: Final = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}
_TIERS: Final = {"default": "standard", "priority": "priority"}


def to_message(body: bytes, terms: Terms) -> bytes:
    """Translate a whole answer.

    Raises: UpstreamFault: it is no chat completion, or holds no choice.
    """
    answer = upstream_json(body, chat.ANSWER, "a chat completion")
    if not answer.choices:
        raise broken("the upstream's chat completion holds no choice")
    choice = answer.choices[0]
    content = _content(choice.message)
    has_calls = bool(choice.message.tool_calls)
    reason, sequence = stop(choice.finish_reason, choice.stop_reason, has_calls=has_calls, refused=bool(choice.message.refusal))
    return msgspec.json.encode(
        messages.Answer(
            id=ids.message_id(answer.id),
            model=terms.asked_model,
            content=content,
            stop_reason=reason,
            stop_sequence=sequence,
            usage=usage(answer.usage or None, answer.service_tier or None),
        )
    )


def stop(finish: str | None, stop_reason: object, *, has_calls: bool, refused: bool) -> tuple[str, str | None]:
    """Translate why the model stopped.

    Args:
        finish: ``finish_reason``. Servers that say ``stop`` after a tool call mean ``tool_calls``.
        stop_reason: vLLM's extra member: the stop sequence that was hit, if it is a text.
        has_calls: The answer holds a tool call.
        refused: The answer holds a refusal.
    Returns: ``stop_reason`` and ``stop_sequence``.
    """
    if finish in {None, "stop"} and has_calls:
        return "tool_use", None
    if finish == "stop" and isinstance(stop_reason, str):
        return "stop_sequence", stop_reason
    if refused:
        return "refusal", None
    return _STOP_REASONS.get(finish or "", "end_turn"), None


def usage(counted: chat.Usage | None, tier: str | None) -> messages.Usage:
    """Take the input apart into its three parts; what was not reported is left out, or 0 where the dialect demands a number."""
    if counted is None:
        return messages.Usage(input_tokens=0, output_tokens=0)
    details = counted.prompt_tokens_details or chat.PromptDetails()
    read, written = details.cached_tokens, details.cache_write_tokens
    thinking = (counted.completion_tokens_details or chat.CompletionDetails()).reasoning_tokens
    return messages.Usage(
        input_tokens=max(counted.prompt_tokens - (read or 0) - (written or 0), 0),
        cache_creation_input_tokens=written,
        cache_read_input_tokens=read,
        output_tokens=counted.completion_tokens,
        output_tokens_details=messages.OutputDetails(thinking_tokens=thinking) if isinstance(thinking, int) else UNSET,
        service_tier=_TIERS.get(tier or "", UNSET),
    )


def _content(said: chat.AnswerMessage) -> list[messages.AnswerBlock]:
    blocks: list[messages.AnswerBlock] = []
    if thought := chat.reasoning_of(said):
        blocks.append(messages.AnswerBlock(type="thinking", thinking=thought, signature=""))
    blocks += [messages.AnswerBlock(type="text", text=text) for text in (said.content, said.refusal) if text]
    for call in said.tool_calls or []:
        name, given = call.function.name, object_of(call.function.arguments)
        blocks.append(messages.AnswerBlock(type="tool_use", id=call.id, name=name, input=given))
    return blocks
