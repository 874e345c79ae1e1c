"""Reads OpenAI responses."""

import msgspec

from triplepoint.foundation.errors import UpstreamFault
from triplepoint.foundation.usage import Usage, UsageSource
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


def usage_of_responses(value: object) -> Usage | None:
    """Normalise a ``usage`` object of responses.

    Returns: Usage; None where it holds no counts.
    """
    usage = members(value)
    total_in, out = count(usage.get("input_tokens")), count(usage.get("output_tokens"))
    if total_in is None or out is None:
        return None
    return Usage(
        input_tokens=total_in,
        output_tokens=out,
        cache_read_tokens=min(count(members(usage.get("input_tokens_details")).get("cached_tokens")) or 0, total_in),
        reasoning_tokens=count(members(usage.get("output_tokens_details")).get("reasoning_tokens")) or 0,
        source=UsageSource.REPORTED,
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
        self._note_response({name: fields[name] for name in ("status", "usage", "error") if name in fields})
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
        renamed = self._renamer.rename(block, value_of(response["model"]))
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
            self.usage = usage_of_responses(value_of(response["usage"]))


def _lenient(raw: msgspec.Raw) -> dict[str, msgspec.Raw]:
    try:
        return msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except UNREADABLE as error:
        raise malformed() from error
