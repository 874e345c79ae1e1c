"""Counted tokens of one attempt, with one definition for every vendor.

``input_tokens`` is the whole prompt: it includes what was read from and written to the vendor's prompt cache. OpenAI counts
so; Anthropic reports the three parts apart, and its dialect adds them up. ``output_tokens`` includes reasoning.
A count that nobody reported and nobody could estimate is ``None``: unknown is never zero.
"""

from enum import StrEnum

import msgspec


class UsageSource(StrEnum):
    """Where the counts come from."""

    REPORTED = "reported"
    """By the upstream."""
    ESTIMATED = "estimated"
    """By a tokenizer of ours, because the upstream reported none."""
    INTERRUPTED = "interrupted"
    """The process died under the attempt: input as estimated before it, output unknown."""
    UNKNOWN = "unknown"


class Usage(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """Tokens of one attempt.

    Encoded, it leaves out what has its default, for the journal has one in every second record; `in_full` has all of it, for
    whoever is shown one.
    """

    input_tokens: int | None = None
    """Whole prompt, cached parts included."""
    output_tokens: int | None = None
    """Whole answer, reasoning included."""
    cache_read_tokens: int = 0
    """Part of the input that the vendor read from its prompt cache."""
    cache_write_tokens: int = 0
    """Part of the input that the vendor wrote to its prompt cache."""
    reasoning_tokens: int = 0
    """Part of the output that the caller may not see."""
    source: UsageSource = UsageSource.UNKNOWN
    tokenizer: str | None = None
    """Name of the tokenizer behind an estimate."""
    cache_write_1h_tokens: int = 0
    """Part of `cache_write_tokens` that the vendor keeps for an hour, at a rate of its own."""
    input_audio_tokens: int = 0
    """Part of the input that is sound, cached or not."""
    cache_read_audio_tokens: int = 0
    """Part of `cache_read_tokens` that is sound."""
    output_audio_tokens: int = 0
    """Part of the output that is sound."""
    input_image_tokens: int = 0
    """Part of the input that is pictures, where the vendor counts and charges it apart."""
    output_image_tokens: int = 0
    """Part of the output that is pictures."""
    images: int = 0
    """Pictures made, where the vendor charges by the picture."""
    web_searches: int = 0
    """Searches that the vendor made for the answer and charges by the piece."""
    service_tier: str | None = None
    """Processing that the upstream reported, in the price book's words (``batch``, ``flex``, ``priority``); None: standard."""


def in_full(usage: Usage) -> dict[str, object]:
    """Return every member of a usage, as JSON values."""
    return {**msgspec.structs.asdict(usage), "source": usage.source.value}
