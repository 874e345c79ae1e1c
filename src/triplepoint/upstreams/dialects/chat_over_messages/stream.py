"""Anthropic's events as a streamed chat completion.

The role comes first; each delta becomes a chunk; the first delta of a call carries its id, type and name; then the chunk with
the finish reason, the one with the usage if the caller asked for it (all others then say ``usage: null``), and ``[DONE]``.
"""

from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from triplepoint.upstreams.dialects import ids
from triplepoint.upstreams.dialects.chat_over_messages.answer import begun_call, explanation, finish, tier, usage
from triplepoint.upstreams.dialects.leg import Terms
from triplepoint.upstreams.dialects.model import Event
from triplepoint.upstreams.dialects.shapes import chat, messages
from triplepoint.upstreams.dialects.shapes.reading import broken, upstream_json

_END: Final = Event(b"", chat.DONE)


class ChunkEvents:
    """Translates one stream.

    Args:
        terms: Names and clock.
        is_usage_wanted: The caller asked for the chunk with the usage.
    """

    def __init__(self, terms: Terms, *, is_usage_wanted: bool) -> None:
        self._terms = terms
        self._is_usage_wanted = is_usage_wanted
        self._head: chat.Chunk | None = None
        self._usage = messages.Usage()
        self._calls: dict[int, int] = {}
        self._is_finished = False

    def feed(self, event: Event) -> list[Event]:
        """Translate one event; pings, signatures and what may yet be invented make none.

        Raises: UpstreamFault: it breaks the dialect.
        """
        told = upstream_json(event.data, messages.STREAM_EVENT, "an event of messages")
        match told.type:
            case "message_start":
                return self._started(told)
            case "content_block_start":
                return self._block_started(told)
            case "content_block_delta":
                return self._grown(told)
            case "message_delta":
                return self._stopping(told)
            case "message_stop":
                return self._stopped()
            case _:
                return []

    def _started(self, told: messages.StreamEvent) -> list[Event]:
        if isinstance(told.message, UnsetType):
            raise broken("the upstream's message_start holds no message")
        self._note(told.message.usage)
        self._head = chat.Chunk(
            id=ids.chat_id(told.message.id),
            created=self._terms.clock.now_us() // 1_000_000,
            model=self._terms.asked_model,
            service_tier=tier(self._usage),
            usage=None if self._is_usage_wanted else UNSET,
        )
        return [self._chunk(chat.Delta(role="assistant", content=""))]

    def _block_started(self, told: messages.StreamEvent) -> list[Event]:
        block, index = told.content_block, told.index
        if isinstance(block, UnsetType) or isinstance(index, UnsetType):
            raise broken("the upstream's content_block_start holds no block")
        if block.type == "tool_use":
            call_id, name = begun_call(block)
            number = self._calls.setdefault(index, len(self._calls))
            function = chat.FunctionDelta(name=name, arguments="")
            call = chat.ToolCallDelta(index=number, id=call_id, type="function", function=function)
            return [self._chunk(chat.Delta(tool_calls=[call]))]
        if block.text or block.thinking:
            return self._prose(block.text or "", block.thinking or "")
        return []

    def _grown(self, told: messages.StreamEvent) -> list[Event]:
        delta, index = told.delta, told.index
        if isinstance(delta, UnsetType) or isinstance(index, UnsetType):
            raise broken("the upstream's content_block_delta holds no delta")
        if isinstance(delta.partial_json, str):
            number = self._calls.get(index)
            if number is None or not delta.partial_json:
                return []  # the input of the vendor's own tool, or nothing yet
            call = chat.ToolCallDelta(index=number, function=chat.FunctionDelta(arguments=delta.partial_json))
            return [self._chunk(chat.Delta(tool_calls=[call]))]
        return self._prose(delta.text or "", delta.thinking or "")

    def _prose(self, text: str, thought: str) -> list[Event]:
        if not (text or thought):
            return []
        return [self._chunk(chat.Delta(content=text or UNSET, reasoning_content=thought or UNSET))]

    def _stopping(self, told: messages.StreamEvent) -> list[Event]:
        """Note the usage, which is cumulative, and tell the finish reason once."""
        if told.usage:
            self._note(told.usage)
        if isinstance(told.delta, UnsetType) or not told.delta.stop_reason or self._is_finished:
            return []
        self._is_finished = True
        reason, events = told.delta.stop_reason, list[Event]()
        words = explanation(told.delta.stop_details) if reason == "refusal" else None
        if words:
            events.append(self._chunk(chat.Delta(refusal=words)))
        return [*events, self._chunk(chat.Delta(), finish(reason))]

    def _stopped(self) -> list[Event]:
        events: list[Event] = [] if self._is_finished else [self._chunk(chat.Delta(), finish(None))]
        if self._is_usage_wanted:
            counted = usage(self._usage)
            events.append(self._write([], None if isinstance(counted, UnsetType) else counted))
        return [*events, _END]

    def _note(self, counted: messages.Usage) -> None:
        """Take over what an event counts; what it does not name stays."""
        for name in messages.Usage.__struct_fields__:
            value: object = getattr(counted, name)
            if value is not UNSET and value is not None:
                setattr(self._usage, name, value)

    def _chunk(self, delta: chat.Delta, finish_reason: str | None = None) -> Event:
        return self._write([chat.ChunkChoice(delta=delta, finish_reason=finish_reason)], None)

    def _write(self, choices: list[chat.ChunkChoice], counted: chat.Usage | None) -> Event:
        if self._head is None:
            raise broken("the upstream's stream did not begin with message_start")
        self._head.choices = choices
        if self._is_usage_wanted:
            self._head.usage = counted
        return Event(b"", msgspec.json.encode(self._head))
