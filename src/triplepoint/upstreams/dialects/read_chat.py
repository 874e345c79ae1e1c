"""Reads OpenAI chat completions, embeddings included (they share usage and model)."""

from typing import Annotated

import msgspec

from triplepoint.foundation.errors import UpstreamFault
from triplepoint.foundation.usage import Usage, UsageSource
from triplepoint.upstreams.dialects.processing import service_tier
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
    service_tier: object = None


class _WholeChoice(msgspec.Struct, gc=False):
    finish_reason: object = None


_decode_chunk = msgspec.json.Decoder(_Chunk).decode
_decode_choices = msgspec.json.Decoder(list[_WholeChoice]).decode


class _PromptDetails(msgspec.Struct):
    cached_tokens: int | None = None
    cache_write_tokens: object = None
    audio_tokens: object = None
    image_tokens: object = None


class _CompletionDetails(msgspec.Struct):
    reasoning_tokens: Annotated[int, msgspec.Meta(ge=0, le=MOST_TOKENS)] | None = None
    audio_tokens: object = None
    image_tokens: object = None


class _WholeUsage(msgspec.Struct):
    """A ``usage`` as most servers write it; what does not fit is read by `usage_of_chat`, more slowly."""

    prompt_tokens: Annotated[int, msgspec.Meta(ge=0, le=MOST_TOKENS)]
    completion_tokens: Annotated[int, msgspec.Meta(ge=0, le=MOST_TOKENS)]
    total_tokens: object = None
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None
    prompt_cache_hit_tokens: object = None
    cached_tokens: object = None
    num_search_queries: object = None


_decode_usage = msgspec.json.Decoder(_WholeUsage).decode


def _read_usage(raw: msgspec.Raw, *, has_output: bool, tier: str | None) -> Usage | None:
    try:
        usage = _decode_usage(raw)
    except UNREADABLE:
        return usage_of_chat(value_of(raw), has_output=has_output, tier=tier)
    if not _is_plain(usage):
        return usage_of_chat(value_of(raw), has_output=has_output, tier=tier)
    prompt, completion = usage.prompt_tokens_details, usage.completion_tokens_details
    return Usage(
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.completion_tokens,
        cache_read_tokens=(prompt.cached_tokens if prompt is not None else None) or 0,
        reasoning_tokens=(completion.reasoning_tokens if completion is not None else None) or 0,
        source=UsageSource.REPORTED,
        service_tier=tier,
    )


def _is_plain(usage: _WholeUsage) -> bool:
    """Tell whether a usage is text alone, counted as OpenAI counts, with at most reads from the prompt cache."""
    if usage.total_tokens is not None and usage.total_tokens != usage.prompt_tokens + usage.completion_tokens:
        return False
    if usage.prompt_cache_hit_tokens is not None or usage.cached_tokens is not None or usage.num_search_queries is not None:
        return False
    prompt, completion = usage.prompt_tokens_details, usage.completion_tokens_details
    if prompt is not None:
        if prompt.audio_tokens or prompt.cache_write_tokens or prompt.image_tokens:
            return False
        if prompt.cached_tokens is not None and not 0 <= prompt.cached_tokens <= usage.prompt_tokens:
            return False
    return completion is None or not (completion.audio_tokens or completion.image_tokens)


def usage_of_chat(value: object, *, has_output: bool = True, tier: str | None = None) -> Usage | None:
    """Normalise a ``usage`` object of chat completions, or of embeddings, which have no output.

    Vendors differ in four ways. DeepSeek and Moonshot report cached input in members of their own. xAI and Gemini leave
    reasoning out of ``completion_tokens`` and have it in ``total_tokens``: what the total holds beyond prompt and completion
    was generated too. Perplexity counts its searches.

    Args:
        value: The object, as decoded.
        has_output: False for embeddings.
        tier: Service tier that the answer reports, as `processing.service_tier` words it.
    Returns: Usage, counts as reported, even where they contradict each other; None where a count is missing.
    """
    usage = members(value)
    total_in, out = count(usage.get("prompt_tokens")), count(usage.get("completion_tokens"))
    if out is None and not has_output:
        out = 0
    if total_in is None or out is None:
        return None
    prompt, completion = members(usage.get("prompt_tokens_details")), members(usage.get("completion_tokens_details"))
    beyond = (count(usage.get("total_tokens")) or 0) - total_in - out if has_output else 0
    reasoning = count(completion.get("reasoning_tokens"))
    return Usage(
        input_tokens=total_in,
        output_tokens=out + max(beyond, 0),
        cache_read_tokens=_cached(usage, prompt),
        cache_write_tokens=count(prompt.get("cache_write_tokens")) or 0,
        reasoning_tokens=max(beyond, 0) if reasoning is None else reasoning,
        source=UsageSource.REPORTED,
        input_audio_tokens=count(prompt.get("audio_tokens")) or 0,
        cache_read_audio_tokens=count(members(prompt.get("cached_tokens_details")).get("audio_tokens")) or 0,
        output_audio_tokens=count(completion.get("audio_tokens")) or 0,
        input_image_tokens=count(prompt.get("image_tokens")) or 0,
        output_image_tokens=count(completion.get("image_tokens")) or 0,
        web_searches=count(usage.get("num_search_queries")) or 0,
        service_tier=tier,
    )


def _cached(usage: dict[str, object], prompt: dict[str, object]) -> int:
    """Return cached input by the first name under which it is reported: OpenAI's, DeepSeek's, Moonshot's."""
    for value in (prompt.get("cached_tokens"), usage.get("prompt_cache_hit_tokens"), usage.get("cached_tokens")):
        tokens = count(value)
        if tokens is not None:
            return tokens
    return 0


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
        self._tier: str | None = None

    def whole(self, body: bytes) -> bytes:
        """Read an answer that is no stream."""
        fields = fields_of(body)
        if "usage" in fields:
            tier = service_tier(value_of(fields["service_tier"])) if "service_tier" in fields else None
            self.usage = _read_usage(fields["usage"], has_output="choices" in fields, tier=tier)
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
        if chunk.service_tier is not None:
            self._tier = service_tier(chunk.service_tier)
        if chunk.usage is not None:
            self.usage = usage_of_chat(chunk.usage, tier=self._tier) or self.usage
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
        renamed = self.rename(block, chunk.model) if chunk.model is not None else block
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
