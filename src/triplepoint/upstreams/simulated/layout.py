"""From pieces of an answer to what happens on the wire: bytes, pauses, the end of the connection."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Literal

import msgspec

from triplepoint.upstreams.simulated.draws import jittered
from triplepoint.upstreams.simulated.model import Pace

_REASONS = {status.value: status.phrase for status in HTTPStatus} | {529: "Overloaded"}
HEADER_END = b"\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"


class PieceKind(StrEnum):
    """What a piece of a body is, so that faults find their place."""

    OPENING = "opening"
    """Before any content: the role, the start of a block."""
    CONTENT = "content"
    """Words of the answer."""
    FINISH = "finish"
    """Why it ended."""
    USAGE = "usage"
    """What it cost."""
    DONE = "done"
    """The last event of the dialect."""
    WHOLE = "whole"
    """A body that is no stream."""
    FAULT = "fault"
    """What a fault put there."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of a body, one chunk on the wire."""

    kind: PieceKind
    data: bytes
    words: int = 0
    """Words of content in it, which take their time."""
    wait_s: float | None = 0.0
    """Pause before it; None: for ever."""
    times: int = 1
    """Sent so often."""


@dataclass(frozen=True, slots=True)
class Drip:
    """Crumbs of ``size`` bytes with a pause before each."""

    size: int
    every_s: float


@dataclass(frozen=True, slots=True)
class Layout:
    """An answer, ready to be sent or damaged."""

    status: int
    headers: tuple[tuple[str, str], ...]
    pieces: tuple[Piece, ...]
    chunked: bool
    """Framed in chunks; else by length."""
    wait_s: float | None = 0.0
    """Pause before the head; None: for ever."""
    declared: int | None = None
    """``content-length``, where it is not the true one."""
    terminated: bool = True
    """The last, empty chunk is sent."""
    tail: bytes = b""
    """Raw bytes after the body."""
    end: Literal["keep", "close", "reset"] = "keep"
    head_drip: Drip | None = None
    body_drip: Drip | None = None
    replaced_head: bytes | None = None
    """Sent instead of status line and headers."""

    def head(self) -> bytes:
        """Return status line and headers."""
        if self.replaced_head is not None:
            return self.replaced_head
        lines = [f"HTTP/1.1 {self.status} {_REASONS.get(self.status, 'Unknown')}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.chunked:
            lines.append("transfer-encoding: chunked")
        if not self.chunked or self.declared is not None:
            lines.append(f"content-length: {self.length() if self.declared is None else self.declared}")
        return "\r\n".join(lines).encode("latin-1", "replace") + HEADER_END

    def length(self) -> int:
        """Return the true length of the body, without its framing."""
        return sum(len(piece.data) * piece.times for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Send:
    """Write these bytes, ``times`` times."""

    data: bytes
    times: int = 1


@dataclass(frozen=True, slots=True)
class Pause:
    """Do nothing."""

    seconds: float | None
    """None: until the client leaves."""


@dataclass(frozen=True, slots=True)
class End:
    """What becomes of the connection."""

    how: Literal["keep", "close", "reset"]


Step = Send | Pause | End


def whole(status: int, body: bytes, headers: tuple[tuple[str, str], ...] = ()) -> Layout:
    """Lay out a JSON body."""
    typed = (("content-type", "application/json"), *headers)
    return Layout(status, typed, (Piece(PieceKind.WHOLE, body),), chunked=False)


def stream(pieces: list[Piece], headers: tuple[tuple[str, str], ...] = ()) -> Layout:
    """Lay out a stream of events."""
    typed = (("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache"), *headers)
    return Layout(200, typed, tuple(pieces), chunked=True)


def event(kind: PieceKind, data: dict[str, Any], *, name: str = "", words: int = 0) -> Piece:
    """Write one server-sent event with JSON in it."""
    prefix = f"event: {name}\n".encode() if name else b""
    return Piece(kind, b"%sdata: %s\n\n" % (prefix, msgspec.json.encode(data)), words)


def paced(layout: Layout, pace: Pace, words: int, *, seed: int, number: int) -> Layout:
    """Put in the pauses of an answer's making.

    Args:
        words: Words of the whole answer, for one that is no stream.
        seed, number: What jitter is drawn from: the script's seed, the request's number.
    """
    if not (pace.first_token or pace.step_s):
        return layout
    if not layout.chunked:
        made_s = sum(_pause(pace, index, seed, number) for index in range(max(1, words)))
        return replace(layout, wait_s=made_s)
    pieces: list[Piece] = []
    index = 0
    for piece in layout.pieces:
        wait_s = sum(_pause(pace, index + word, seed, number) for word in range(piece.words))
        index += piece.words
        pieces.append(replace(piece, wait_s=wait_s))
    return replace(layout, pieces=tuple(pieces))


def _pause(pace: Pace, index: int, seed: int, number: int) -> float:
    return jittered(pace.step_s if index else pace.first_token, pace.jitter, seed, "pace", number, index)


@dataclass(slots=True)
class _Buffer:
    """Bytes that wait for the next pause, so that what is sent at once is one write."""

    parts: list[bytes] = field(default_factory=list[bytes])

    def flush(self) -> Iterator[Send]:
        data = b"".join(self.parts)
        self.parts.clear()
        if data:
            yield Send(data)


def steps(layout: Layout) -> Iterator[Step]:
    """Play a layout: what to write, when to wait, how to end."""
    if layout.wait_s != 0:
        yield Pause(layout.wait_s)
    buffer = _Buffer()
    head = layout.head()
    if layout.head_drip:
        yield from _crumbs(head, layout.head_drip)
    else:
        buffer.parts.append(head)
    for piece in layout.pieces:
        yield from _piece_steps(piece, layout, buffer)
    if layout.chunked and layout.terminated:
        buffer.parts.append(LAST_CHUNK)
    buffer.parts.append(layout.tail)
    yield from buffer.flush()
    yield End(layout.end)


def _piece_steps(piece: Piece, layout: Layout, buffer: _Buffer) -> Iterator[Step]:
    if piece.wait_s != 0:
        yield from buffer.flush()
        yield Pause(piece.wait_s)
    data = b"%x\r\n%s\r\n" % (len(piece.data), piece.data) if layout.chunked and piece.data else piece.data
    if layout.body_drip:
        yield from buffer.flush()
        yield from _crumbs(data * piece.times, layout.body_drip)
    elif piece.times > 1:
        yield from buffer.flush()
        yield Send(data, piece.times)
    else:
        buffer.parts.append(data)


def _crumbs(data: bytes, drip: Drip) -> Iterator[Step]:
    for start in range(0, len(data), drip.size):
        yield Pause(drip.every_s)
        yield Send(data[start : start + drip.size])
