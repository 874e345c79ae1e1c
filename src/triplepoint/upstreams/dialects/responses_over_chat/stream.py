"""A streamed chat completion as the events of a response.

``response.created`` and ``response.in_progress``; each item from ``output_item.added`` to ``output_item.done``, one after
another; and, when the upstream says ``[DONE]`` and so its usage is known, ``response.completed``, or ``response.incomplete``
where the answer ran into its limit or a filter. Events are numbered from 0.
"""

from typing import Final

import msgspec

from triplepoint.upstreams.dialects import ids
from triplepoint.upstreams.dialects.blocks import Block, BlockSequence, Kind
from triplepoint.upstreams.dialects.leg import Terms, event
from triplepoint.upstreams.dialects.model import Event
from triplepoint.upstreams.dialects.responses_over_chat.response import (
    ResponseHead,
    head_of,
    item_of,
    parts_of,
    status_of,
)
from triplepoint.upstreams.dialects.shapes import chat
from triplepoint.upstreams.dialects.shapes.reading import broken, upstream_json

_PART_NAMES: Final = {Kind.THINKING: "reasoning_summary_part", Kind.TEXT: "content_part", Kind.REFUSAL: "content_part"}


class ResponseEvents:
    """Translates one stream.

    Args:
        terms: Names and clock.
        echo: The caller's settings.
    """

    def __init__(self, terms: Terms, echo: dict[str, object]) -> None:
        self._terms = terms
        self._echo = echo
        self._writer: _Writer | None = None
        self._blocks: BlockSequence | None = None
        self._finish: str | None = None
        self._usage: chat.Usage | None = None

    def feed(self, event: Event) -> list[Event]:
        """Translate one event.

        Raises: UpstreamFault: it is no chunk, or the stream ends before its first.
        """
        if event.data.startswith(chat.DONE):
            return self._finished()
        chunk = upstream_json(event.data, chat.CHUNK, "a chat completion's chunk")
        events: list[Event] = []
        if self._writer is None or self._blocks is None:
            self._writer = _Writer(head_of(chunk, self._terms, self._echo))
            self._blocks = BlockSequence(self._writer, f"call_{ids.tail(chunk.id)}")
            events += self._writer.begun()
        self._usage = chunk.usage or self._usage
        self._writer.head.tier = chunk.service_tier or self._writer.head.tier
        for choice in chunk.choices:
            if choice.index == 0:
                events += self._blocks.take(choice.delta, (choice.logprobs.content or []) if choice.logprobs else [])
                self._finish = choice.finish_reason or self._finish
        return events

    def _finished(self) -> list[Event]:
        if self._writer is None or self._blocks is None:
            raise broken("the upstream's stream ended before it began")
        self._writer.status = status_of(self._finish)
        return [*self._blocks.finish(), self._writer.ended(self._finish, self._usage)]


class _Writer:
    """Writes blocks as items, and remembers them for the last event."""

    def __init__(self, head: ResponseHead) -> None:
        self.head = head
        self.status = "completed"
        self._sequence = 0
        self._output: list[dict[str, object]] = []
        self._logprobs: list[msgspec.Raw] = []

    def begun(self) -> list[Event]:
        """Tell that the response begins."""
        response = self.head.object("in_progress", [], finish=None, usage=None)
        return [self._event("response.created", response=response), self._event("response.in_progress", response=response)]

    def ended(self, finish: str | None, usage: chat.Usage | None) -> Event:
        """Tell the whole response."""
        response = self.head.object(self.status, self._output, finish=finish, usage=usage)
        return self._event(f"response.{self.status}", response=response)

    def opened(self, block: Block) -> list[Event]:
        """Tell that an item begins, and its first part."""
        self._logprobs = []
        item = item_of(self.head.item_id(block), block, "in_progress", [])
        events = [self._event("response.output_item.added", output_index=block.index, item=item)]
        if block.kind is not Kind.TOOL:
            name = f"response.{_PART_NAMES[block.kind]}.added"
            events.append(self._part_event(name, block, part=parts_of(block, [])[0]))
        return events

    def grown(self, block: Block, piece: str, logprobs: list[msgspec.Raw]) -> list[Event]:
        """Tell more of an item."""
        match block.kind:
            case Kind.THINKING:
                return [self._part_event("response.reasoning_summary_text.delta", block, delta=piece)]
            case Kind.TEXT:
                self._logprobs += logprobs
                return [self._part_event("response.output_text.delta", block, delta=piece, logprobs=logprobs)]
            case Kind.REFUSAL:
                return [self._part_event("response.refusal.delta", block, delta=piece)]
            case Kind.TOOL:
                return [self._part_event("response.function_call_arguments.delta", block, delta=piece)]

    def closed(self, block: Block) -> list[Event]:
        """Tell that an item and its parts are whole."""
        parts = parts_of(block, self._logprobs)
        events = [self._text_done(block)]
        if block.kind is not Kind.TOOL:
            events.append(self._part_event(f"response.{_PART_NAMES[block.kind]}.done", block, part=parts[0]))
        item = item_of(self.head.item_id(block), block, self.status, parts)
        self._output.append(item)
        return [*events, self._event("response.output_item.done", output_index=block.index, item=item)]

    def _text_done(self, block: Block) -> Event:
        match block.kind:
            case Kind.THINKING:
                return self._part_event("response.reasoning_summary_text.done", block, text=block.text)
            case Kind.TEXT:
                return self._part_event("response.output_text.done", block, text=block.text, logprobs=self._logprobs)
            case Kind.REFUSAL:
                return self._part_event("response.refusal.done", block, refusal=block.text)
            case Kind.TOOL:
                return self._part_event("response.function_call_arguments.done", block, arguments=block.text)

    def _part_event(self, name: str, block: Block, **members: object) -> Event:
        """Write an event about a part of an item."""
        place: dict[str, object] = {"item_id": self.head.item_id(block), "output_index": block.index}
        if block.kind is Kind.THINKING:
            place["summary_index"] = 0
        elif block.kind is not Kind.TOOL:
            place["content_index"] = 0
        return self._event(name, **place, **members)

    def _event(self, name: str, **members: object) -> Event:
        told = event(name, {"type": name, "sequence_number": self._sequence, **members})
        self._sequence += 1
        return told
