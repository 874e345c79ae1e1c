"""One connection: reads requests with httptools, plays answers step by step, and notices at once when the client leaves.

An answer without pauses is written right away; the rest of any other is played by a task, which a leaving client cancels.
Requests that come before the former answer is sent wait for their turn.
"""

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Literal, Protocol, cast

import httptools
import msgspec

from triplepoint.upstreams.simulated.faults import Ending
from triplepoint.upstreams.simulated.layout import Layout, Pause, Send, Step, steps
from triplepoint.upstreams.simulated.seen import SeenRequest

_MAX_BODY = 256 * 2**20
_MAX_WAITING = 64
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_TOO_LARGE = b"HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class HttpRequest(msgspec.Struct):
    """A request as it came."""

    method: str
    path: str
    """Without the query."""
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes
    is_http_10: bool
    """The client knows no chunks."""
    keeps_alive: bool


class Stage(Protocol):
    """The server, as its connections see it."""

    connections: set["SimulatedConnection"]

    def refuses(self) -> Ending | None:
        """Return how a new connection is to end at once, None where it may stay."""
        ...

    def perform(self, request: HttpRequest) -> tuple[SeenRequest, Layout]:
        """Write a request down and lay out its answer."""
        ...

    def running_s(self) -> float:
        """Return the seconds since the start."""
        ...


class SimulatedConnection(asyncio.Protocol):
    """A client's connection."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._waiting: deque[HttpRequest] = deque()
        self._playing: asyncio.Task[None] | None = None
        self._current: SeenRequest | None = None
        self._can_write = asyncio.Event()
        self._can_write.set()
        self.on_message_begin()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, or end it as the script says."""
        self._transport = cast("asyncio.Transport", transport)
        how = self._stage.refuses()
        if how is None:
            self._stage.connections.add(self)
        else:
            self._close(how)

    def data_received(self, data: bytes) -> None:
        """Read requests, then answer them."""
        if self._transport is None or self._transport.is_closing():
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._refuse(_TOO_LARGE if self._body_bytes > _MAX_BODY else _BAD_REQUEST)
        else:
            self._next()

    def eof_received(self) -> bool:
        """Take a client that ends its half for one that leaves, as model servers do."""
        self._leave()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop at once."""
        self._leave()
        self._stage.connections.discard(self)
        self._transport = None

    def pause_writing(self) -> None:
        """Stop playing while the client does not read."""
        self._can_write.clear()

    def resume_writing(self) -> None:
        """Play on."""
        self._can_write.set()

    def crash(self) -> None:
        """End the connection as a process that dies does: with RST, in the middle of whatever it was."""
        self._leave()
        self._close("reset")

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Start a request."""
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._body_bytes = 0

    def on_url(self, url: bytes) -> None:
        """Take a part of the target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Let a client that asks for it send its body."""
        if self._transport is not None and self._headers.get("expect", "").lower() == "100-continue":
            self._transport.write(_CONTINUE)

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._body.append(body)
        self._body_bytes += len(body)
        if self._body_bytes > _MAX_BODY:
            raise OverflowError  # ends the parser; `data_received` answers

    def on_message_complete(self) -> None:
        """Put the request behind those before it."""
        path = self._url.partition(b"?")[0].decode("latin-1")
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        parser = self._parser
        method = parser.get_method().decode("latin-1")
        is_http_10 = parser.get_http_version() == "1.0"
        self._waiting.append(HttpRequest(method, path, self._headers, body, is_http_10, parser.should_keep_alive()))
        if len(self._waiting) > _MAX_WAITING:
            raise OverflowError

    # Answers.

    def _next(self) -> None:
        """Answer the requests that wait, until one needs time."""
        while self._waiting and self._current is None and self._transport is not None:
            request = self._waiting.popleft()
            seen, layout = self._stage.perform(request)
            if request.is_http_10:
                layout = replace(layout, chunked=False)
            if not request.keeps_alive and layout.end == "keep":
                layout = replace(layout, end="close", headers=(*layout.headers, ("connection", "close")))
            self._current = seen
            self._start(steps(layout), seen)

    def _start(self, play: Iterator[Step], seen: SeenRequest) -> None:
        """Play what can be played without waiting, and leave the rest to a task."""
        for step in play:
            if isinstance(step, Send) and step.times == 1 and self._can_write.is_set():
                self._write(step.data, seen)
            elif not isinstance(step, (Send, Pause)) and step.how != "reset":
                self._finish(step.how, seen)
            else:
                self._playing = asyncio.get_running_loop().create_task(self._play(chain([step], play), seen))
                return

    async def _play(self, play: Iterator[Step], seen: SeenRequest) -> None:
        for step in play:
            if isinstance(step, Pause):
                await _pause(step.seconds)
            elif isinstance(step, Send):
                for _ in range(step.times):
                    await self._can_write.wait()
                    self._write(step.data, seen)
            else:
                await self._flushed() if step.how == "reset" else None
                self._playing = None
                self._finish(step.how, seen)
        self._next()

    async def _flushed(self) -> None:
        """Wait until the kernel has everything: a reset throws away what it does not have."""
        while self._transport is not None and self._transport.get_write_buffer_size():  # noqa: ASYNC110 - asyncio tells nobody
            await asyncio.sleep(0.001)

    def _write(self, data: bytes, seen: SeenRequest) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)
            seen.sent_bytes += len(data)

    def _finish(self, how: Literal["keep", "close", "reset"], seen: SeenRequest) -> None:
        seen.is_finished = True
        self._current = None
        if how != "keep":
            self._waiting.clear()
            self._close(how)

    def _leave(self) -> None:
        """Stop the answer under way and note that nobody waits for it any more."""
        self._waiting.clear()
        if self._current is not None:
            self._current.left_at_s = self._stage.running_s()
            self._current = None
        if self._playing is not None:
            self._playing.cancel()
            self._playing = None

    def _refuse(self, answer: bytes) -> None:
        if self._transport is not None and self._current is None:
            self._transport.write(answer)
        self._leave()
        self._close("close")

    def _close(self, how: Ending) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if how == "close":
            self._transport.close()
            return
        self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()


async def _pause(seconds: float | None) -> None:
    if seconds is None:
        await asyncio.get_running_loop().create_future()  # never done; a leaving client cancels it
    else:
        await asyncio.sleep(seconds)
