"""An answer between the connection that fills it and the gateway that reads it.

The connection pushes pieces, the gateway takes everything that has come at once, so a reader that is slow costs fewer and
larger writes, not more. A future is made only where nothing is there yet. Once the answer is whole on the wire the
connection is gone from here (and back in the pool), while its last bytes may still wait to be read.
"""

import asyncio
from typing import Protocol

from triplepoint.foundation.errors import UpstreamFault
from triplepoint.upstreams.ports import Headers
from triplepoint.upstreams.transport import faults
from triplepoint.upstreams.transport.encoding import Decoder

HIGH_WATER = 256 * 1024
"""Bytes waiting to be read at which the connection stops reading, so that the upstream slows down to the caller's pace."""


class Source(Protocol):
    """What an answer asks of the connection that fills it."""

    def resume(self) -> None:
        """Read on: there is room again."""
        ...

    def abort(self) -> None:
        """Close at once."""
        ...


class Answer:
    """An answer being read; `upstreams.ports.UpstreamAnswer`.

    One reader at a time. Cancelling `chunk` loses nothing and closes nothing: a later call goes on where it was, so one may
    wait for a piece with a time limit of one's own. To be done with the answer, `close` it.
    """

    __slots__ = (
        "_buffered",
        "_decoder",
        "_fault",
        "_is_ended",
        "_length",
        "_loop",
        "_pieces",
        "_source",
        "_waiter",
        "headers",
        "status",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, source: Source) -> None:
        self._loop = loop
        self._source: Source | None = source
        self._pieces: list[bytes] = []
        self._buffered = 0
        self._is_ended = False
        self._fault: UpstreamFault | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._decoder: Decoder | None = None
        self._length: int | None = None
        self.status = 0
        """Status code; 0 until the head has come, which nobody but `client` sees."""
        self.headers: Headers = []
        """Names in lower case. Where we decode the body, ``content-encoding`` and ``content-length`` are gone: they were of the
        compressed form."""

    # ── For the gateway ───────────────────────────────────────────────────────────────────────────────────────────────

    def header(self, name: bytes) -> bytes | None:
        """Return the first header of that (lower-case) name."""
        for known, value in self.headers:
            if known == name:
                return value
        return None

    async def chunk(self) -> bytes:
        """Return all bytes of the body that have come since; wait where there are none; empty at its end.

        Raises: UpstreamFault: the body broke off, ran over its length, was silent too long, or does not decode.
        """
        decoder = self._decoder
        if decoder is None:
            return await self._raw()
        try:
            while not (piece := decoder.step()):
                raw = await self._raw()
                if not raw:
                    decoder.finish()
                    return b""
                decoder.feed(raw)
        except UpstreamFault as fault:
            self._give_up(fault)
            raise
        return piece

    def take_whole(self, limit: int) -> bytes | None:
        """Return the whole body if it has come with the head, as it usually has; None where `read` has to wait for it.

        Args:
            limit: Most bytes; of a longer body, `read` tells.
        """
        pieces = self._pieces
        if not self._is_ended or self._decoder is not None or len(pieces) != 1 or self._buffered > limit:
            return None
        self._pieces, self._buffered = [], 0
        return pieces[0]

    async def read(self, limit: int) -> bytes:
        """Return the whole rest of the body.

        Args:
            limit: Most bytes, after decoding.
        Raises: UpstreamFault: as `chunk`, or the body is longer than ``limit``, which closes the connection.
        """
        if self._decoder is None and self._length is not None and self._length > limit:
            raise self._too_large(limit)
        pieces: list[bytes] = []
        room = limit
        while piece := await self.chunk():
            room -= len(piece)
            if room < 0:
                raise self._too_large(limit)
            pieces.append(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def close(self) -> None:
        """Be done with it: a body not read to its end closes the connection, which stops the upstream. Idempotent."""
        if self._source is not None or self._pieces:
            self._give_up(faults.connection_lost("this answer was closed before its end"))

    def _too_large(self, limit: int) -> UpstreamFault:
        fault = faults.answer_too_large(f"the answer's body is longer than {limit} bytes")
        self._give_up(fault)
        return fault

    def _give_up(self, fault: UpstreamFault) -> None:
        source, self._source = self._source, None
        self._pieces = []
        self._buffered = 0
        self._fault = fault
        if source is not None:
            source.abort()
        self._wake()

    async def _raw(self) -> bytes:
        """Take what is there, as it came from the wire."""
        while not self._pieces:
            if self._fault is not None:
                raise self._fault
            if self._is_ended:
                return b""
            await self._wait()
        return self._take()

    def _take(self) -> bytes:
        """Take everything that waits, and let the connection read on if that was too much."""
        pieces = self._pieces
        self._pieces = []
        was_full = self._buffered >= HIGH_WATER
        self._buffered = 0
        if was_full and self._source is not None:
            self._source.resume()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def _wait(self) -> None:
        if self._waiter is not None:
            raise RuntimeError("an answer has one reader at a time")
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    # ── For the connection ────────────────────────────────────────────────────────────────────────────────────────────

    async def headed(self) -> None:
        """Wait for the head.

        Raises: UpstreamFault: none came.
        """
        while not self.status:
            if self._fault is not None:
                raise self._fault
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None

    def begin(self, status: int, headers: Headers, *, decoder: Decoder | None, length: int | None) -> None:
        """Take the head."""
        self.status = status
        self.headers = headers
        self._length = length
        if decoder is not None:
            self._decoder = decoder
            self.headers = [header for header in headers if header[0] not in {b"content-encoding", b"content-length"}]

    def push(self, pieces: list[bytes]) -> bool:
        """Take pieces of the body; return whether there is room for more."""
        if self._pieces:
            self._pieces += pieces
        else:
            self._pieces = pieces
        for piece in pieces:
            self._buffered += len(piece)
        return self._buffered < HIGH_WATER

    def come_whole(self, status: int, headers: Headers, pieces: list[bytes]) -> None:
        """Take all of an answer at once: `begin`, `push` and `finish` of one that is not encoded."""
        self.status = status
        self.headers = headers
        self._pieces = pieces
        for piece in pieces:
            self._buffered += len(piece)
        self._is_ended = True
        self._source = None
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def finish(self) -> None:
        """Learn that the answer is whole."""
        self._is_ended = True
        self._source = None
        self._wake()

    def fail(self, fault: UpstreamFault) -> None:
        """Learn that the rest will not come; what came can still be read."""
        self._fault = fault
        self._source = None
        self._wake()

    def wake(self) -> None:
        """Let the reader look again."""
        self._wake()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
