"""Reads Anthropic messages."""

import msgspec

from triplepoint.foundation.errors import UpstreamFault
from triplepoint.foundation.usage import Usage, UsageSource
from triplepoint.upstreams.dialects.processing import service_tier
from triplepoint.upstreams.dialects.reader import (
    UNREADABLE,
    RawFields,
    ReaderState,
    count,
    encode,
    fields_of,
    malformed,
    members,
    spoken,
    value_of,
)
from triplepoint.upstreams.dialects.sse import parse


class _Event(msgspec.Struct):
    type: str
    message: object = None
    delta: object = None
    usage: object = None


_decode_event = msgspec.json.Decoder(_Event).decode


def usage_of_messages(value: object) -> Usage | None:
    """Normalise a ``usage`` object of messages: the input is reported in three parts, which we add up.

    Fast mode (``speed``) is a price of its own, as a service tier is; it counts as one where no other is reported.

    Returns: Usage; None where it holds no counts.
    """
    usage = members(value)
    plain, out = count(usage.get("input_tokens")), count(usage.get("output_tokens"))
    if plain is None or out is None:
        return None
    read = count(usage.get("cache_read_input_tokens")) or 0
    kept = members(usage.get("cache_creation"))
    hour = count(kept.get("ephemeral_1h_input_tokens")) or 0
    short = count(kept.get("ephemeral_5m_input_tokens")) or 0
    written = max(count(usage.get("cache_creation_input_tokens")) or 0, hour + short)
    return Usage(
        input_tokens=plain + read + written,
        output_tokens=out,
        cache_read_tokens=read,
        cache_write_tokens=written,
        cache_write_1h_tokens=hour,
        reasoning_tokens=count(members(usage.get("output_tokens_details")).get("thinking_tokens")) or 0,
        source=UsageSource.REPORTED,
        web_searches=count(members(usage.get("server_tool_use")).get("web_search_requests")) or 0,
        service_tier=service_tier(usage.get("service_tier")) or service_tier(usage.get("speed")),
    )


class MessagesReader(ReaderState):
    """Reads one message.

    Args:
        asked_model: Name that the caller used and gets back.
    """

    def __init__(self, asked_model: str) -> None:
        super().__init__(asked_model)
        self._counts: dict[str, object] = {}

    def whole(self, body: bytes) -> bytes:
        """Read an answer that is no stream."""
        fields = fields_of(body)
        if "content" in fields:
            reason = value_of(fields.get("stop_reason", msgspec.Raw(b"null")))
            self.finish_reason = reason if isinstance(reason, str) else None
        elif "input_tokens" in fields:  # an answer of count_tokens, which counts without using anything
            self.usage = Usage(input_tokens=0, output_tokens=0, source=UsageSource.REPORTED)
        else:
            raise malformed()
        if "usage" in fields:
            self.usage = usage_of_messages(value_of(fields["usage"]))
        if self.usage is None and "content" in fields:
            self._text.append(spoken(fields["content"]))
        self.is_complete = True
        if "model" in fields:
            fields["model"] = msgspec.Raw(encode(self._asked))
        return encode(fields)

    def block(self, block: bytes) -> bytes:
        """Read one event."""
        if self.is_complete:
            return b""
        event = parse(block)
        if event is None:
            return block
        try:
            read = _decode_event(event.data)
        except UNREADABLE as error:
            raise malformed() from error
        match read.type:
            case "content_block_delta":
                self._note_text(members(read.delta))
            case "message_start":
                return self._start(block, event.data, members(read.message))
            case "message_delta":
                self._counts.update(members(read.usage))
                reason = members(read.delta).get("stop_reason")
                self.finish_reason = reason if isinstance(reason, str) else self.finish_reason
                self.usage = usage_of_messages(self._counts)
            case "message_stop":
                self.is_complete = True
            case "error":
                raise UpstreamFault("the upstream reported an error inside its answer", code="error_in_answer")
            case _:  # content_block_start, content_block_stop, ping, and what may come
                pass
        return block

    def _start(self, block: bytes, data: bytes, message: dict[str, object]) -> bytes:
        self._counts.update(members(message.get("usage")))
        model = message.get("model")
        if model is None:
            return block
        renamed = self.rename(block, model)
        if renamed is not None:
            return renamed
        fields: RawFields = fields_of(data)
        inner = fields_of(bytes(fields["message"]))
        inner["model"] = msgspec.Raw(encode(self._asked))
        fields["message"] = msgspec.Raw(encode(inner))
        return b"event: message_start\ndata: " + encode(fields) + b"\n\n"

    def _note_text(self, delta: dict[str, object]) -> None:
        for name in ("text", "partial_json", "thinking"):
            text = delta.get(name)
            if isinstance(text, str):
                self._text.append(text)
