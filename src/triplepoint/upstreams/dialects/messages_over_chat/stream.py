"""A streamed chat completion as Anthropic's events.

``message_start``; for each block ``content_block_start``, deltas, ``content_block_stop``; then, when the upstream says
``[DONE]`` and so its usage is known, ``message_delta`` and ``message_stop``.
"""

import msgspec

from triplepoint.upstreams.dialects import ids
from triplepoint.upstreams.dialects.blocks import Block, BlockSequence, Kind
from triplepoint.upstreams.dialects.leg import Terms, event
from triplepoint.upstreams.dialects.messages_over_chat.answer import stop, usage
from triplepoint.upstreams.dialects.model import Event
from triplepoint.upstreams.dialects.shapes import chat
from triplepoint.upstreams.dialects.shapes.messages import Answer
from triplepoint.upstreams.dialects.shapes.reading import broken, upstream_json


class MessageEvents:
    """Translates one stream."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._blocks: BlockSequence | None = None
        self._finish: str | None = None
        self._stop_reason: object = None
        self._refused = False
        self._usage: chat.Usage | None = None
        self._tier: str | None = None

    def feed(self, event: Event) -> list[Event]:
        """Translate one event.

        Raises: UpstreamFault: it is no chunk, or the stream ends before its first.
        """
        if event.data.startswith(chat.DONE):
            return self._finished()
        chunk = upstream_json(event.data, chat.CHUNK, "a chat completion's chunk")
        self._usage = chunk.usage or self._usage
        self._tier = chunk.service_tier or self._tier
        events: list[Event] = []
        if self._blocks is None:
            self._blocks = BlockSequence(_Writer(), f"toolu_{ids.tail(chunk.id)}")
            events.append(self._started(chunk))
        for choice in chunk.choices:
            if choice.index == 0:
                events += self._blocks.take(choice.delta, [])
                self._finish = choice.finish_reason or self._finish
                self._stop_reason = choice.stop_reason or self._stop_reason
                self._refused = self._refused or bool(choice.delta.refusal)
        return events

    def _started(self, chunk: chat.Chunk) -> Event:
        message = Answer(
            id=ids.message_id(chunk.id), model=self._terms.asked_model, content=[], usage=usage(self._usage, self._tier)
        )
        return event("message_start", {"type": "message_start", "message": message})

    def _finished(self) -> list[Event]:
        if self._blocks is None:
            raise broken("the upstream's stream ended before it began")
        events = self._blocks.finish()
        reason, sequence = stop(self._finish, self._stop_reason, has_calls=self._blocks.has_calls, refused=self._refused)
        events.append(
            event(
                "message_delta",
                {
                    "type": "message_delta",
                    "delta": {"stop_reason": reason, "stop_sequence": sequence},
                    "usage": usage(self._usage, None),
                },
            )
        )
        events.append(event("message_stop", {"type": "message_stop"}))
        return events


class _Writer:
    """Writes blocks as content blocks."""

    def opened(self, block: Block) -> list[Event]:
        """Tell that a block begins."""
        match block.kind:
            case Kind.THINKING:
                begun: dict[str, object] = {"type": "thinking", "thinking": "", "signature": ""}
            case Kind.TEXT | Kind.REFUSAL:
                begun = {"type": "text", "text": ""}
            case Kind.TOOL:
                begun = {"type": "tool_use", "id": block.call_id, "name": block.name, "input": {}}
        return [event("content_block_start", {"type": "content_block_start", "index": block.index, "content_block": begun})]

    def grown(self, block: Block, piece: str, logprobs: list[msgspec.Raw]) -> list[Event]:
        """Tell more of a block."""
        match block.kind:
            case Kind.THINKING:
                delta = {"type": "thinking_delta", "thinking": piece}
            case Kind.TEXT | Kind.REFUSAL:
                delta = {"type": "text_delta", "text": piece}
            case Kind.TOOL:
                delta = {"type": "input_json_delta", "partial_json": piece}
        return [event("content_block_delta", {"type": "content_block_delta", "index": block.index, "delta": delta})]

    def closed(self, block: Block) -> list[Event]:
        """Tell that a block is whole."""
        return [event("content_block_stop", {"type": "content_block_stop", "index": block.index})]
