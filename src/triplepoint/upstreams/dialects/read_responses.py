"""Reads OpenAI responses."""

import msgspec

from triplepoint.foundation.errors import UpstreamFault
from triplepoint.foundation.usage import Usage, UsageSource
from triplepoint.upstreams.dialects.processing import pieces_in, service_tier
from triplepoint.upstreams.dialects.reader import (
    UNREADABLE,
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

_TERMINAL = {"response.completed", "response.incomplete", "response.failed"}


class _Event(msgspec.Struct):
    type: str
    response: msgspec.Raw = msgspec.Raw(b"null")
    delta: object = None


_decode_event = msgspec.json.Decoder(_Event).decode


def usage_of_responses(value: object, *, tier: str | None = None, web_searches: int = 0, images: int = 0) -> Usage | None:
    """Normalise a ``usage`` object of responses.

    Args:
        value: The object, as decoded.
        tier: Service tier that the response reports, as `processing.service_tier` words it.
        web_searches, images: Searches and pictures among its items, which the object does not count.
    Returns: Usage, counts as reported, even where they contradict each other; None where it holds no counts.
    """
    usage = members(value)
    total_in, out = count(usage.get("input_tokens")), count(usage.get("output_tokens"))
    if total_in is None or out is None:
        return None
    inner, outer = members(usage.get("input_tokens_details")), members(usage.get("output_tokens_details"))
    return Usage(
        input_tokens=total_in,
        output_tokens=out,
        cache_read_tokens=count(inner.get("cached_tokens")) or 0,
        cache_write_tokens=count(inner.get("cache_write_tokens")) or 0,
        reasoning_tokens=count(outer.get("reasoning_tokens")) or 0,
        source=UsageSource.REPORTED,
        input_audio_tokens=count(inner.get("audio_tokens")) or 0,
        output_audio_tokens=count(outer.get("audio_tokens")) or 0,
        input_image_tokens=count(inner.get("image_tokens")) or 0,
        output_image_tokens=count(outer.get("image_tokens")) or 0,
        images=images,
        web_searches=web_searches,
        service_tier=tier,
    )


class ResponsesReader(ReaderState):
    """Reads one response.

    Args:
        asked_model: Name that the caller used and gets back.
    """

    def whole(self, body: bytes) -> bytes:
        """Read an answer that is no stream."""
        fields = fields_of(body)
        if "output" not in fields:
            raise malformed()
        self._note_response(fields)
        if self.usage is None:
            self._text.append(spoken(fields["output"]))
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
        if event.data == b"[DONE]":  # some compatible servers send it
            return b""
        try:
            read = _decode_event(event.data)
        except UNREADABLE as error:
            raise malformed() from error
        if read.type == "error":
            raise UpstreamFault("the upstream reported an error inside its answer", code="error_in_answer")
        if read.type.endswith(".delta"):
            if isinstance(read.delta, str):
                self._text.append(read.delta)
            return block
        if bytes(read.response) == b"null":
            return block
        return self._with_response(block, event.data, read)

    def _with_response(self, block: bytes, data: bytes, read: _Event) -> bytes:
        response = fields_of(bytes(read.response)) if read.type != "response.failed" else _lenient(read.response)
        if read.type in _TERMINAL:
            self._note_response(response)
            self.is_complete = True
        if "model" not in response:
            return block
        renamed = self.rename(block, value_of(response["model"]))
        if renamed is not None:
            return renamed
        response["model"] = msgspec.Raw(encode(self._asked))
        fields = _lenient(msgspec.Raw(data))
        fields["response"] = msgspec.Raw(encode(response))
        return b"event: " + read.type.encode() + b"\ndata: " + encode(fields) + b"\n\n"

    def _note_response(self, response: dict[str, msgspec.Raw]) -> None:
        status = value_of(response.get("status", msgspec.Raw(b"null")))
        self.finish_reason = status if isinstance(status, str) else None
        self.has_failed = status == "failed"
        if "usage" in response:
            tier = service_tier(value_of(response["service_tier"])) if "service_tier" in response else None
            searches, images = pieces_in(response["output"]) if "output" in response else (0, 0)
            self.usage = usage_of_responses(value_of(response["usage"]), tier=tier, web_searches=searches, images=images)


def _lenient(raw: msgspec.Raw) -> dict[str, msgspec.Raw]:
    try:
        return msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except UNREADABLE as error:
        raise malformed() from error
