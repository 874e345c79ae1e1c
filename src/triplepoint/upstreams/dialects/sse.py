"""Server-sent events: find whole events in a byte stream, and write them.

A line ends with LF, CR or CRLF, an event with an empty line; nothing else splits, so Unicode line separators inside JSON
survive. The framer hands out events as the bytes they came in (`blocks`), because most are forwarded as they are; `parse`
reads one.
"""

from triplepoint.foundation.errors import UpstreamFault
from triplepoint.upstreams.dialects.model import Event

KEEP_ALIVE = b": keep-alive\n\n"
"""A comment: every client ignores it, every proxy counts it as traffic."""


class SseFramer:
    """Cuts a byte stream into whole events, however it was split on the way."""

    def __init__(self, *, max_event_bytes: int = 16 * 2**20) -> None:
        self._pieces: list[bytes] = []
        self._size = 0
        self._after_cr = False
        self._max = max_event_bytes

    def blocks(self, chunk: bytes) -> list[bytes]:
        """Take the next bytes and return the events that they complete, each with LF line ends and its empty line.

        Raises: UpstreamFault: an event grows beyond the limit.
        """
        if self._after_cr and chunk:
            self._after_cr = False
            chunk = chunk.removeprefix(b"\n")  # the other half of a CRLF
        if b"\n" not in chunk and b"\r" not in chunk:
            if chunk:
                self._hold(chunk)
            return []
        if b"\r" in chunk:
            self._after_cr = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        data = b"".join((*self._pieces, chunk)) if self._pieces else chunk
        *parts, rest = data.split(b"\n\n")
        self._pieces, self._size = [], 0
        if rest:
            self._hold(rest)
        return [block + b"\n\n" for part in parts if (block := part.lstrip(b"\n"))]

    def _hold(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > self._max:
            raise UpstreamFault("the upstream sent an event without end", code="protocol_error")

    @property
    def rest(self) -> bytes:
        """Return what came after the last whole event; anything at the end of a stream means that it was cut."""
        return b"".join(self._pieces).strip()


def parse(block: bytes) -> Event | None:
    """Read one whole event.

    Returns: The event; None for a block of comments only.
    """
    if block.startswith(b"data: ") and block.find(b"\n") == len(block) - 2:
        return Event(b"", block[6:-2])
    name, data, seen = b"", list[bytes](), False
    for line in block.split(b"\n"):
        field, _, value = line.partition(b":")
        value = value[1:] if value.startswith(b" ") else value
        if field == b"data":
            data.append(value)
            seen = True
        elif field == b"event":
            name = value
    return Event(name, b"\n".join(data)) if seen else None


def write(event: Event) -> bytes:
    """Write one event."""
    data = event.data if b"\n" not in event.data else event.data.replace(b"\n", b"\ndata: ")
    if event.name:
        return b"event: " + event.name + b"\ndata: " + data + b"\n\n"
    return b"data: " + data + b"\n\n"
