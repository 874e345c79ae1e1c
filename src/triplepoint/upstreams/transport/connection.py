"""One connection: writes a request, reads its answer, keeps the limits, and knows whether it may be used again.

Everything happens in the event loop's callbacks; no task is made. A body too large for one write is sent piece by piece as
the socket takes it, while the answer may already come: an upstream that refuses a request early is heard. Such an answer is
delivered, but the connection is not used again, for the rest of the request may still be on its way.

::

    idle ── start ──► sending ──► waiting for the first byte ──► reading ──► whole ──► idle, if nothing speaks against it
                         └──────────────┴──── any fault ──────────┴──► closed, for good
"""

import asyncio
import ssl
from typing import Protocol, cast

from triplepoint.foundation.errors import UpstreamFault
from triplepoint.settings import LimitSettings
from triplepoint.upstreams.transport import faults
from triplepoint.upstreams.transport.alarm import SLACK_S, Alarm
from triplepoint.upstreams.transport.answer import Answer
from triplepoint.upstreams.transport.encoding import decoder_for
from triplepoint.upstreams.transport.wire.reader import AnswerReader

WRITE_PIECE = 256 * 1024
"""Bodies up to this go out with their head in one write; longer ones in pieces of this size."""


class Owner(Protocol):
    """Who keeps connections: the pool."""

    def release(self, connection: "Connection") -> None:
        """Take it back, ready for the next request."""
        ...

    def discard(self, connection: "Connection") -> None:
        """Forget it: it is closing. May come more than once."""
        ...

    def closed(self, connection: "Connection") -> None:
        """Learn that its socket is closed."""
        ...


class Connection(asyncio.Protocol):
    """A connection to one origin; one request at a time."""

    __slots__ = (
        "_alarm", "_answer", "_first_byte_s", "_has_begun", "_idle_s", "_is_reading_paused", "_is_writing_paused", "_loop",
        "_name", "_owner", "_reader", "_total_at", "_transport", "_unsent", "_uses", "idle_until",
    )  # fmt: skip

    def __init__(self, loop: asyncio.AbstractEventLoop, owner: Owner, name: str) -> None:
        self._loop = loop
        self._owner = owner
        self._name = name
        self._transport: asyncio.Transport | None = None
        self._reader = AnswerReader()
        self._alarm = Alarm(loop, self._on_limit)
        self._answer: Answer | None = None
        self._unsent: memoryview | None = None
        self._is_writing_paused = False
        self._is_reading_paused = False
        self._has_begun = False
        self._uses = 0
        self._first_byte_s = self._idle_s = self._total_at = 0.0
        self.idle_until = 0.0
        """Moment until which the pool may keep it; written by the pool."""

    @property
    def is_open(self) -> bool:
        """Whether it has a socket, be it one that closes."""
        return self._transport is not None

    @property
    def is_usable(self) -> bool:
        """Whether a request may be sent: connected, idle, not closing."""
        return self._transport is not None and self._answer is None and not self._transport.is_closing()

    @property
    def server_keeps_s(self) -> int | None:
        """For how long the server said that it keeps an idle connection."""
        return self._reader.keep_alive_s

    def start(self, method: bytes, head: bytes, body: bytes, *, limits: LimitSettings, total_at: float) -> Answer:
        """Send a request; its answer comes later.

        Args:
            head: Ready to be written, with the empty line at its end.
            total_at: Moment on the loop's clock at which the attempt's time is up.
        """
        transport = self._transport
        if transport is None or self._answer is not None:
            raise RuntimeError("a connection takes one request at a time")
        answer = self._answer = Answer(self._loop, self)
        self._reader.begin(method)
        self._has_begun = False
        self._uses += 1
        self._first_byte_s, self._idle_s, self._total_at = limits.first_byte, limits.idle, total_at
        if len(body) <= WRITE_PIECE:
            transport.write(head + body if body else head)
            self._alarm.move(min(self._loop.time() + self._first_byte_s, total_at))
        else:
            transport.write(head + body[:WRITE_PIECE])
            self._unsent = memoryview(body)[WRITE_PIECE:]
            self._write_on()
        return answer

    # ── Source: what the answer asks ──────────────────────────────────────────────────────────────────────────────────

    def resume(self) -> None:
        """Read on: the answer has room again."""
        if self._is_reading_paused and self._transport is not None:
            self._is_reading_paused = False
            self._transport.resume_reading()
            self._alarm.move(min(self._loop.time() + self._idle_s, self._total_at))

    def abort(self) -> None:
        """Close at once, whatever is under way; the upstream sees it now."""
        self._answer = None
        self._unsent = None
        self._alarm.stop()
        self._owner.discard(self)
        if self._transport is not None:
            self._transport.abort()

    def shut(self) -> None:
        """Close because the client closes; whoever waits for an answer gets an error."""
        self._fail(faults.connection_lost(f"{self._name}: the client was closed under this request"))

    # ── What the event loop calls ─────────────────────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = stream = cast(asyncio.Transport, transport)  # uvloop's are not of its classes
        stream.set_write_buffer_limits(high=WRITE_PIECE)

    def data_received(self, data: bytes) -> None:
        """Read a piece of the answer."""
        answer = self._answer
        if answer is None:  # nobody asked
            self.abort()
            return
        self._has_begun = True
        reader = self._reader
        try:
            reader.feed(data)
        except faults.FramingError as error:
            self._break_off(answer, error)
            return
        if reader.is_ended and not answer.status and not reader.encodings:  # the usual answer, which comes at once
            answer.come_whole(reader.status, reader.headers, reader.body)
            self._let_go()
            return
        try:
            has_room = self._hand_over(answer)
        except faults.FramingError as error:
            self._fail(faults.protocol_error(f"{self._name}: {error}"), error)
            return
        if reader.is_ended:
            answer.finish()
            self._let_go()
            return
        answer.wake()
        if has_room:
            self._alarm.move(min(self._loop.time() + self._idle_s, self._total_at))
        else:
            self._pause()

    def eof_received(self) -> bool:
        """Learn that the upstream sends no more; the connection is closed."""
        answer = self._answer
        if answer is None:
            self.abort()
        elif self._is_proper_end() and self._reader.eof():
            answer.finish()
            self._let_go()
        else:
            self._fail(self._lost())
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Learn that the socket is closed."""
        if self._answer is not None:
            self._fail(self._lost(), exc)
        self._transport = None
        self._alarm.stop()
        self._owner.discard(self)
        self._owner.closed(self)

    def pause_writing(self) -> None:
        """Hold back the rest of the body."""
        self._is_writing_paused = True

    def resume_writing(self) -> None:
        """Send more of the body."""
        self._is_writing_paused = False
        if self._unsent is not None:
            self._write_on()

    # ── Below ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _write_on(self) -> None:
        """Write pieces until the socket has enough; each one is progress, from which the first-byte limit counts."""
        unsent, transport = self._unsent, self._transport
        while unsent is not None and transport is not None and not self._is_writing_paused:
            transport.write(unsent[:WRITE_PIECE])
            unsent = unsent[WRITE_PIECE:] if len(unsent) > WRITE_PIECE else None
            self._unsent = unsent
        if not self._has_begun:
            self._alarm.move(min(self._loop.time() + self._first_byte_s, self._total_at))

    def _hand_over(self, answer: Answer) -> bool:
        """Give the answer what the reader has; return whether there is room for more.

        Raises: FramingError: the body is in a coding that we do not know.
        """
        reader = self._reader
        if reader.is_headed and not answer.status:
            decoder = decoder_for(reader.encodings) if reader.encodings and reader.has_body else None
            length = reader.length if reader.has_body else None
            answer.begin(reader.status, reader.headers, decoder=decoder, length=length)
        if not reader.body:
            return True
        pieces, reader.body = reader.body, []
        return answer.push(pieces)

    def _break_off(self, answer: Answer, error: faults.FramingError) -> None:
        """Fail an answer; what came before the fault is sound, and is handed over however the bytes were cut."""
        try:
            self._hand_over(answer)
        except faults.FramingError as other:
            error = other
        self._fail(faults.protocol_error(f"{self._name}: {error}"), error)

    def _pause(self) -> None:
        """Read no more until the answer is read; the silence is ours then, so only the whole attempt's limit counts."""
        if self._transport is not None and not self._is_reading_paused:
            self._is_reading_paused = True
            self._transport.pause_reading()
        self._alarm.move(self._total_at)

    def _let_go(self) -> None:
        """Let go of a whole answer, and go back to the pool or close."""
        self._answer = None
        self._alarm.rest()
        if self._is_reading_paused and self._transport is not None:
            self._is_reading_paused = False
            self._transport.resume_reading()
        if self._is_clean():
            self._owner.release(self)
        else:
            self.abort()

    def _is_proper_end(self) -> bool:
        """Tell a close from a cut: over TLS, somebody on the way can close the socket but cannot say goodbye.

        asyncio calls `eof_received` for both (uvloop does not); the TLS object knows.
        """
        tls = self._transport.get_extra_info("ssl_object") if self._transport is not None else None
        if tls is None:
            return True
        try:
            return not tls.read(1)
        except ssl.SSLZeroReturnError:
            return True
        except ssl.SSLError:
            return False

    def _is_clean(self) -> bool:
        transport, reader = self._transport, self._reader
        return (
            reader.keep_alive
            and not reader.has_surplus
            and self._unsent is None
            and transport is not None
            and not transport.is_closing()
            and transport.get_write_buffer_size() == 0
        )

    def _fail(self, fault: UpstreamFault, cause: BaseException | None = None) -> None:
        fault.__cause__ = cause
        if self._answer is not None:
            self._answer.fail(fault)
        self.abort()

    def _lost(self) -> UpstreamFault:
        if self._has_begun:
            where = "within the body of its answer" if self._reader.is_headed else "within the head of its answer"
        elif self._uses > 1:
            where = "before any byte of its answer, on a connection used before; it may or may not have worked on the request"
        else:
            where = "before any byte of its answer; it may or may not have worked on the request"
        return faults.connection_lost(f"{self._name} closed the connection {where}")

    def _on_limit(self) -> None:
        if self._loop.time() + SLACK_S >= self._total_at:
            fault = faults.total_timeout(f"{self._name}: the time for the whole attempt is up")
        elif self._has_begun:
            fault = faults.idle_timeout(f"{self._name}: the answer was silent for {self._idle_s:g} s")
        else:
            fault = faults.first_byte_timeout(f"{self._name}: no byte of an answer within {self._first_byte_s:g} s")
        self._fail(fault)
