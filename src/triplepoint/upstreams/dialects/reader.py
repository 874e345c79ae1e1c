"""What a reader of an upstream's answer tells, and the helpers that all three share.

A reader sees every answer once, in the upstream's dialect: it learns usage, finish reason and whether the answer is whole,
raises what the upstream reports as an error inside a 200, and puts the caller's name of the model in place of the
upstream's. It changes nothing else, so where caller and upstream share a dialect its output is what the caller gets.
"""

from collections.abc import Iterator
from typing import Protocol

import msgspec

from triplepoint.foundation.errors import UpstreamFault
from triplepoint.foundation.usage import Usage

RawFields = dict[str, msgspec.Raw]
decode_fields = msgspec.json.Decoder(RawFields).decode
"""Top-level members of a JSON object, in order, values untouched."""
encode = msgspec.json.Encoder().encode
_SPOKEN = {"content", "text", "reasoning_content", "thinking", "refusal", "name", "arguments"}
"""Members of an answer that hold what the model said, in any of the three dialects."""
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises for JSON that is none, is no text, has another shape, or is nested without end."""
MOST_TOKENS = 10**12
"""More than this no upstream counts; no column of the ledger has to hold it."""
_decode_any = msgspec.json.Decoder().decode


class AnswerReader(Protocol):
    """Reads one answer, whole or as events."""

    usage: Usage | None
    """As the upstream reported it; None while it has not."""
    finish_reason: str | None
    """In the upstream's words."""
    is_complete: bool
    """The terminal event was seen."""
    has_failed: bool
    """The answer ended whole but says that the generation failed."""

    def whole(self, body: bytes) -> bytes:
        """Read an answer that is no stream; returns it with the caller's model name.

        Raises: UpstreamFault: not JSON, not an object, or an error in a 200.
        """
        ...

    def block(self, block: bytes) -> bytes:
        """Read one event of a stream (`sse.SseFramer`); returns what to forward, empty for nothing.

        Raises: UpstreamFault: not JSON, or an error event.
        """
        ...

    def end(self) -> bytes:
        """Note that the stream has ended well as HTTP goes; returns the terminal event where it alone was missing.

        Where more was missing `is_complete` stays False: the answer was cut.
        """
        ...

    def output_text(self) -> str:
        """Return the text produced so far, for an estimate where usage is missing."""
        ...


def fields_of(body: bytes) -> RawFields:
    """Read the top-level members of an upstream's JSON object.

    Raises: UpstreamFault: it is none, or it is an error in disguise.
    """
    try:
        if not body.isascii():
            body.decode()  # members that nobody here reads would else carry anything to the caller
        fields = decode_fields(body)
    except UNREADABLE as error:
        raise malformed() from error
    if "error" in fields:
        refuse_error(fields["error"])
    return fields


def refuse_error(error: object) -> None:
    """Raise if an answer's ``error`` member is set.

    Raises: UpstreamFault: without the upstream's words, which are not for callers.
    """
    if error is None or (isinstance(error, msgspec.Raw) and bytes(error) in {b"null", b"false", b'""', b"{}"}):
        return
    raise UpstreamFault("the upstream reported an error inside its answer", code="error_in_answer")


def malformed() -> UpstreamFault:
    """Return the fault of an answer that breaks its dialect."""
    return UpstreamFault("the upstream's answer is malformed", code="protocol_error")


def value_of(raw: msgspec.Raw) -> object:
    """Read one member of an upstream's answer, whatever it is.

    Raises: UpstreamFault: it is no JSON.
    """
    try:
        return _decode_any(raw)
    except UNREADABLE as error:
        raise malformed() from error


def count(value: object) -> int | None:
    """Return a token count; None for what is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_TOKENS else None


def members(value: object) -> dict[str, object]:
    """Return a JSON object's members; empty for anything else, since vendors send null where there is none."""
    return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType]


def spoken(answer: msgspec.Raw) -> str:
    """Return what a model has said in an answer that is no stream, for an estimate: texts, thoughts, calls.

    Args:
        answer: ``choices``, ``content`` or ``output``.
    Raises: UpstreamFault: as `value_of`.
    """
    try:
        return "\n".join(_spoken(value_of(answer)))
    except RecursionError as error:
        raise malformed() from error


def _spoken(value: object) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:  # pyright: ignore[reportUnknownVariableType]
            yield from _spoken(one)  # pyright: ignore[reportUnknownArgumentType]
        return
    for name, inner in members(value).items():
        if isinstance(inner, str):
            if name in _SPOKEN:
                yield inner
        elif name == "input":  # of a call, which messages write as an object
            yield encode(inner).decode()
        else:
            yield from _spoken(inner)


class Renamer:
    """Replaces the upstream's model name in an event's bytes; remembers how the upstream writes it."""

    _upstream_name: object = None
    _needle = b""
    _replacement = b""

    def __init__(self, asked_model: str) -> None:
        self._name = asked_model

    def rename(self, block: bytes, upstream_name: object) -> bytes | None:
        """Return the block with the name replaced; None where bytes alone do not tell and it must be rebuilt."""
        if upstream_name == self._name:
            return block
        if upstream_name != self._upstream_name:
            self._learn(block, upstream_name)
        if block.count(self._needle) != 1:
            return None
        return block.replace(self._needle, self._replacement, 1)

    def _learn(self, block: bytes, upstream_name: object) -> None:
        value = encode(upstream_name)
        for separator in (b'"model":', b'"model": '):
            if separator + value in block:
                break
        else:
            separator = b'"model":'
        self._upstream_name, self._needle, self._replacement = upstream_name, separator + value, separator + encode(self._name)


class ReaderState:
    """What every reader knows of its answer so far, and says where its dialect has nothing of its own to say.

    Args:
        asked_model: Name that the caller used and gets back.
    """

    usage: Usage | None = None
    finish_reason: str | None = None
    is_complete = False
    has_failed = False

    def __init__(self, asked_model: str) -> None:
        self._asked = asked_model
        self._renamer: Renamer | None = None
        self._text: list[str] = []

    def rename(self, block: bytes, upstream_name: object) -> bytes | None:
        """Replace the model's name, as `Renamer.rename`."""
        if self._renamer is None:
            self._renamer = Renamer(self._asked)
        return self._renamer.rename(block, upstream_name)

    def end(self) -> bytes:
        """Nothing can be added: without its last event the answer was cut."""
        return b""

    def output_text(self) -> str:
        """Return the text so far."""
        return "".join(self._text)
