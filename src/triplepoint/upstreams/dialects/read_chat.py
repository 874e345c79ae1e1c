"""Reads OpenAI chat completions, embeddings included (they share usage and model)."""

from typing import Annotated

import msgspec

from triplepoint.foundation.errors import UpstreamFault
from triplepoint.foundation.usage import Usage, UsageSource
from triplepoint.upstreams.dialects.reader import (
    MOST_TOKENS,
    UNREADABLE,
    RawFields,
    ReaderState,
    count,
    encode,
    fields_of,
    malformed,
    members,
    refuse_error,
    spoken,
    value_of,
)
from triplepoint.upstreams.dialects.sse import parse

_DONE = b"data: [DONE]\n\n"


class _Delta(msgspec.Struct):
    content: object = None
    reasoning_content: object = None
    tool_calls: object = None


class _Choice(msgspec.Struct):
    index: int | None = 0
    delta: _Delta | None = None
    finish_reason: object = None


class _Chunk(msgspec.Struct):
    id: object = None
    created: object = None
    model: object = None
    choices: list[_Choice] | None = None
    usage: object = None
    error: object = None


class _WholeChoice(msgspec.Struct):
    finish_reason: object = None


_decode_chunk = msgspec.json.Decoder(_Chunk).decode
_decode_choices = msgspec.json.Decoder(list[_WholeChoice]).decode


class _PromptDetails(msgspec.Struct):
    cached_tokens: int | None = None


class _CompletionDetails(msgspec.Struct):
    reasoning_tokens: Annotated[int, msgspec.Meta(ge=0, le=MOST_TOKENS)] | None = None


class _WholeUsage(msgspec.Struct):
    """A ``usage`` as most servers write it; what does not fit is read by `usage_of_chat`, more slowly."""

    prompt_tokens: Annotated[int, msgspec.Meta(ge=0, le=MOST_TOKENS)]
    completion_tokens: Annotated[int, msgspec.Meta(ge=0, le=MOST_TOKENS)]
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None
    prompt_cache_hit_tokens: object = None


_decode_usage = msgspec.json.Decoder(_WholeUsage).decode


def _read_usage(raw: msgspec.Raw, *, has_output: bool) -> Usage | None:
    try:
        usage = _decode_usage(raw)
    except UNREADABLE:
        return usage_of_chat(value_of(raw), has_output=has_output)
    prompt, completion = usage.prompt_tokens_details, usage.completion_tokens_details
    cached = prompt.cached_tokens if prompt is not None else None
    if usage.prompt_cache_hit_tokens is not None or (cached is not None and not 0 <= cached <= usage.prompt_tokens):
        return usage_of_chat(value_of(raw), has_output=has_output)
    return Usage(
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.completion_tokens,
        cache_read_tokens=cached or 0,
        reasoning_tokens=(completion.reasoning_tokens if completion is not None else None) or 0,
        source=UsageSource.REPORTED,
    )


def usage_of_chat(value: object, *, has_output: bool = True) -> Usage | None:
    """Normalise a ``usage`` object of chat completions, or of embeddings, which have no output.

    Returns: Usage; None where a count is missing. DeepSeek's ``prompt_cache_hit_tokens`` is read as cached input.
    """
    usage = members(value)
    total_in, out = count(usage.get("prompt_tokens")), count(usage.get("completion_tokens"))
    if out is None and not has_output:
        out = 0
    if total_in is None or out is None:
        return None
    cached = count(members(usage.get("prompt_tokens_details")).get("cached_tokens"))
    if cached is None:
        cached = count(usage.get("prompt_cache_hit_tokens")) or 0
    return Usage(
        input_tokens=total_in,
        output_tokens=out,
        cache_read_tokens=min(cached, total_in),
        reasoning_tokens=count(members(usage.get("completion_tokens_details")).get("reasoning_tokens")) or 0,
        source=UsageSource.REPORTED,
    )


class ChatReader(ReaderState):
    """Reads one chat completion or embedding.

    Args:
        asked_model: Name that the caller used and gets back.
        wants_usage: The caller asked for the usage chunk; we ask the upstream always, and take it out for others.
    """

    def __init__(self, asked_model: str, *, wants_usage: bool) -> None:
        super().__init__(asked_model)
        self._wants_usage = wants_usage
        self._unfinished: set[object] = set()
        self._id: object = None
        self._created: object = None

    def whole(self, body: bytes) -> bytes:
        """Read an answer that is no stream."""
        fields = fields_of(body)
        if "usage" in fields:
            self.usage = _read_usage(fields["usage"], has_output="choices" in fields)
        if "choices" in fields:
            try:
                choices = _decode_choices(fields["choices"])
            except UNREADABLE as error:
                raise malformed() from error
            reasons = [choice.finish_reason for choice in choices if isinstance(choice.finish_reason, str)]
            self.finish_reason = reasons[0] if reasons else None
            if self.usage is None:
                self._text.append(spoken(fields["choices"]))
        elif "data" not in fields:
            raise malformed()
        self.is_complete = True
        if "model" in fields:
            fields["model"] = msgspec.Raw(encode(self._asked))
        return encode(fields)

    def block(self, block: bytes) -> bytes:
        """Read one event."""
        if self.is_complete:
            return b""
        if block == _DONE:
            self.is_complete = True
            return block
        event = parse(block)
        if event is None:
            return block
        if event.data.startswith(b"[DONE]"):
            self.is_complete = True
            return _DONE
        if not event.data:
            return b""
        try:
            chunk = _decode_chunk(event.data)
        except UNREADABLE as error:
            raise malformed() from error
        if chunk.error is not None:
            refuse_error(chunk.error)
        if event.name == b"error":
            raise UpstreamFault("the upstream reported an error inside its answer", code="error_in_answer")
        if not self._observe(chunk) and not self._wants_usage:
            return b""
        return self._forward(block, event.data, chunk)

    def end(self) -> bytes:
        """Add the [DONE] that some servers leave out, if every choice has its finish reason."""
        if self.finish_reason is None or self._unfinished:
            return b""
        self.is_complete = True
        return _DONE

    def _observe(self, chunk: _Chunk) -> bool:
        """Note what the chunk tells; False for a chunk that holds usage alone."""
        if chunk.usage is not None:
            self.usage = usage_of_chat(chunk.usage) or self.usage
        if not chunk.choices:
            return chunk.usage is None
        for choice in chunk.choices:
            if isinstance(choice.finish_reason, str):
                self.finish_reason = choice.finish_reason
                self._unfinished.discard(choice.index)
            else:
                self._unfinished.add(choice.index)
            if choice.delta is not None:
                self._note_text(choice.delta)
        return True

    def _note_text(self, delta: _Delta) -> None:
        if isinstance(delta.content, str):
            self._text.append(delta.content)
        elif isinstance(delta.reasoning_content, str):
            self._text.append(delta.reasoning_content)
        elif delta.tool_calls:
            self._text.append(encode(delta.tool_calls).decode())

    def _forward(self, block: bytes, data: bytes, chunk: _Chunk) -> bytes:
        if self._id is None:
            self._id, self._created = chunk.id, chunk.created
        renamed = self._renamer.rename(block, chunk.model) if chunk.model is not None else block
        if renamed is None or chunk.id != self._id or chunk.created != self._created:
            renamed = self._rebuild(data)
        if not self._wants_usage and b',"usage":null' in renamed:
            renamed = renamed.replace(b',"usage":null', b"", 1)  # only there because we asked
        return renamed

    def _rebuild(self, data: bytes) -> bytes:
        """Write the chunk anew with one id, one created time and one model name for the whole answer."""
        fields: RawFields = fields_of(data)
        for name, value in (("id", self._id), ("created", self._created), ("model", self._asked)):
            if name in fields:
                fields[name] = msgspec.Raw(encode(value))
        return b"data: " + encode(fields) + b"\n\n"
