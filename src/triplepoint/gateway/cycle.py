"""One request on a caller's connection and the way its answer goes back.

Whoever answers may ask in two ways. *ASGI:* `receive` and `send`, for everything that can be asked. *Directly:* a request to a
model takes its body and sends its answer by plain calls (`take_body`, `begin`, `write`), which cost neither a message nor a
coroutine; it has to ask first whether the caller reads (`is_held`).
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, MutableMapping
from typing import Any, Protocol

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

_log = logging.getLogger(__name__)
_line = b": ".join
"""Writes a header."""
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Line(Protocol):
    """What a request asks of its connection."""

    transport: asyncio.Transport
    flow: FlowControl
    has_left: bool
    """The caller closed, or lost, it."""
    tasks: "set[asyncio.Task[None]]"
    """What answers requests, on all connections."""

    def answered(self) -> None:
        """Learn that the answer is whole: the next request may come."""
        ...

    def abort(self) -> None:
        """Cut it at once, so that an unfinished answer cannot look finished."""
        ...


class Cycle:
    """A request and its answer.

    Args:
        line: Its connection, which names it as `Line` says.
        method, path, query, version: Of its request line; the path is decoded.
        headers: Names in lower case.
        incoming: The same by name; of one that was sent twice, the last.
        keep_alive: The connection goes on after it.
    """

    __slots__ = (
        "_body", "_head", "_is_chunked", "_size", "_waiter", "_waits_for_leave", "cancel", "disconnected",
        "has_news", "headers", "incoming", "keep_alive", "line", "method", "more_body", "path", "query", "response_complete",
        "response_started", "version",
    )  # fmt: skip

    def __init__(
        self,
        line: Line,
        *,
        method: bytes,
        path: str,
        query: bytes,
        version: str,
        headers: list[tuple[bytes, bytes]],
        incoming: dict[bytes, bytes],
        keep_alive: bool,
    ) -> None:
        self.line = line
        self.method = method
        self.path = path
        self.query = query
        self.version = version
        self.headers = headers
        self.incoming = incoming
        self.keep_alive = keep_alive
        self.cancel: Callable[[], object] | None = None
        """Stops whoever answers; there while somebody does. Called when the caller leaves."""
        self.more_body = True
        """Some of the body has yet to come."""
        self.disconnected = False
        """The caller has left, or was cut off: nothing more is sent."""
        self.response_started = False
        self.response_complete = False
        self._body: list[bytes] = []
        self._size = 0
        self.has_news = False
        """Something has come that `receive` has not told."""
        self._waiter: asyncio.Future[None] | None = None
        self._waits_for_leave = b"expect" in incoming and incoming[b"expect"].lower() == b"100-continue"
        self._head = b""
        self._is_chunked = False

    # ── For who answers ───────────────────────────────────────────────────────────────────────────────────────────────

    def take_body(self) -> bytes | None:
        """Return the whole body if it has arrived, usually with the head; None where `receive` has to wait for it."""
        if self.more_body:
            return None
        pieces, self._body, self._size = self._body, [], 0
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    @property
    def is_held(self) -> bool:
        """Tell whether the caller reads more slowly than we write."""
        return self.line.flow.write_paused

    def begin(self, status: int, headers: Iterable[tuple[bytes, bytes]], *, length: int | None = None) -> None:
        """Make the head of the answer; it goes out with the first piece of the body, in one write.

        Args:
            headers: Without ``content-length`` where ``length`` is given.
            length: Of the body; None: it comes in chunks, unless a header says its length.
        Raises: ValueError: a header holds a line break.
        """
        lines = list(map(_line, headers))
        if length is not None:
            lines.append(b"content-length: %d" % length)
        elif self.version != "1.0" and not any(line.startswith(b"content-length:") for line in lines):
            self._is_chunked = True
            lines.append(b"transfer-encoding: chunked")
        if not self.keep_alive:
            lines.append(b"connection: close")
        head = STATUS_LINE[status] + b"\r\n".join(lines) + b"\r\n\r\n"
        if head.count(b"\n") != len(lines) + 2 or head.count(b"\r") != len(lines) + 2:
            raise ValueError("a header of an answer holds a line break")
        self._head = head
        self.response_started = True

    def write(self, data: bytes, *, is_last: bool) -> None:
        """Send a piece of the body; to one who has left, nothing."""
        if self.disconnected:
            return
        line = self.line
        if self.method == b"HEAD":
            data = b""
        elif self._is_chunked:
            end = b"0\r\n\r\n" if is_last else b""
            data = b"%x\r\n%b\r\n%b" % (len(data), data, end) if data else end
        line.transport.write(self._head + data if self._head else data)
        self._head = b""
        if is_last:
            self.response_complete = True
            if self._waiter is not None:
                self.tell()
            if not self.keep_alive:
                line.transport.close()
            line.answered()

    # ── ASGI ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def receive(self) -> MutableMapping[str, Any]:
        """Return what has come of the body since; waits where nothing has."""
        line = self.line
        if self._waits_for_leave and not line.transport.is_closing():
            line.transport.write(_CONTINUE)
            self._waits_for_leave = False
        if not self.disconnected and not self.response_complete:
            line.flow.resume_reading()
            if not self.has_news:
                await self._news()
            self.has_news = False
        if self.disconnected or self.response_complete:
            return {"type": "http.disconnect"}
        pieces, self._body, self._size = self._body, [], 0
        return {"type": "http.request", "body": b"".join(pieces), "more_body": self.more_body}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Send a message; waits while the caller does not read."""
        if self.is_held and not self.disconnected:
            await self.line.flow.drain()
        if message["type"] == "http.response.start":
            self._waits_for_leave = False
            self.begin(message["status"], message["headers"])
        else:
            self.write(message.get("body", b""), is_last=not message.get("more_body", False))

    async def _news(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    # ── For the connection ────────────────────────────────────────────────────────────────────────────────────────────

    def add(self, piece: bytes) -> None:
        """Take a piece of the body; reads no further while there is too much of it."""
        if self.response_complete:
            return
        self._body.append(piece)
        self._size += len(piece)
        if self._size > HIGH_WATER_LIMIT:
            self.line.flow.pause_reading()
        self.has_news = True
        if self._waiter is not None:
            self.tell()

    def tell(self) -> None:
        """Let who waits in `receive` look again."""
        self.has_news = True
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def leave(self) -> None:
        """Learn that the caller has left."""
        if not self.response_complete:
            self.disconnected = True
        self.tell()
        if self.cancel is not None:
            self.cancel()

    def ended(self, task: "asyncio.Task[None]") -> None:
        """Learn that nobody answers any more; an answer that is not whole by now must not look whole."""
        line = self.line
        self.cancel = None  # the task holds this object, and shall not be held by it
        line.tasks.discard(task)
        fault = None if task.cancelled() else task.exception()
        if fault is None and (self.response_complete or self.disconnected):
            return
        _log.error("a request was given up without an answer", exc_info=fault)
        if self.response_complete or self.disconnected:
            return
        if self.response_started:
            line.transport.close()
        else:
            self.keep_alive = False
            self.begin(500, [(b"content-type", b"text/plain; charset=utf-8")], length=21)
            self.write(b"Internal Server Error", is_last=True)
