"""Uvicorn's HTTP connection, with what ASGI has no word for.

*Leaving:* ASGI tells of a caller that went away only to one who awaits ``receive``, which costs a task for each request. Here
the running request leaves a callback, called when the connection is lost. *Dawdling:* a connection that has not sent a whole
head in time is closed, so slow heads and idle sockets cannot pile up. *Refusing:* a head that is too large, or that can be
read in two ways, is answered here, and never in the middle of another request's answer. *Sending:* the head waits for the
first piece of the body and goes out with it, in one write.
"""

import asyncio
from collections.abc import Callable, Iterable, MutableMapping
from typing import Any, cast

import httptools
from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from triplepoint.foundation.errors import RequestInvalid
from triplepoint.gateway.head import MAX_HEAD_BYTES, HeadTooLarge, fault_of_head, not_http
from triplepoint.gateway.wire import error_body
from triplepoint.upstreams.dialects.model import Dialect

HEAD_TIMEOUT_S = 60.0
"""From the opening of a connection to the end of its first head."""
KEEP_ALIVE_S = 75
"""From an answer to the end of the next head."""

SCOPE_KEY = "triplepoint.connection"
"""Where a request finds its connection in the ASGI scope."""


class Sending:
    """ASGI's ``send`` of one request: what uvicorn's own does, with one write for head and body.

    Args:
        connection: Where to.
        cycle: Uvicorn's state of the request, which is kept as its own ``send`` would.
    """

    __slots__ = ("_connection", "_cycle", "_head", "_is_chunked")

    def __init__(self, connection: "Connection", cycle: RequestResponseCycle) -> None:
        self._connection = connection
        self._cycle = cycle
        self._head = b""
        self._is_chunked = False

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        """Send a message; waits while the caller does not read."""
        cycle, flow = self._cycle, self._connection.flow
        if flow.write_paused and not cycle.disconnected:
            await flow.drain()
        if cycle.disconnected:
            return
        if message["type"] == "http.response.start":
            self._head = self._make_head(message["status"], message["headers"])
            cycle.response_started = True
        else:
            self._send_body(message.get("body", b""), is_last=not message.get("more_body", False))

    def _make_head(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
        cycle = self._cycle
        parts = [STATUS_LINE[status]]
        self._is_chunked = True
        for name, value in headers:
            if name == b"content-length":
                self._is_chunked = False
            parts += (name, b": ", value, b"\r\n")
        lines = len(parts) // 4 + 1
        if not cycle.keep_alive:
            parts.append(b"connection: close\r\n")
            lines += 1
        if cycle.scope["http_version"] == "1.0":  # it ends with the connection
            self._is_chunked = False
        if self._is_chunked:
            parts.append(b"transfer-encoding: chunked\r\n")
            lines += 1
        parts.append(b"\r\n")
        head = b"".join(parts)
        if head.count(b"\n") != lines + 1 or head.count(b"\r") != lines + 1:
            raise ValueError("a header of an answer holds a line break")
        return head

    def _send_body(self, body: bytes, *, is_last: bool) -> None:
        cycle = self._cycle
        if cycle.scope["method"] == "HEAD":
            body = b""
        elif self._is_chunked:
            end = b"0\r\n\r\n" if is_last else b""
            body = b"%x\r\n%b\r\n%b" % (len(body), body, end) if body else end
        cycle.transport.write(self._head + body)
        self._head = b""
        if is_last:
            del cycle.send  # the two refer to each other, and garbage of that kind is only found by a collection
            cycle.response_complete = True
            cycle.message_event.set()
            if not cycle.keep_alive:
                cycle.transport.close()
            cycle.on_response()


class Connection(HttpToolsProtocol):
    """One caller's connection."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.on_leave: Callable[[], object] | None = None
        """Called once if the caller leaves while a request runs; the request sets and clears it."""
        self.has_left = False
        """The caller closed, or lost, this connection."""
        self._fault: RequestInvalid | None = None
        self._unread = 0
        """Bytes since the last whole head or piece of a body: what the parser keeps to itself."""
        self._running: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self.timeout_keep_alive_task = self.loop.call_later(HEAD_TIMEOUT_S, self.timeout_keep_alive_handler)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the running request."""
        super()._unset_keepalive_if_required()
        self.has_left = True
        if self._running is not None:
            vars(self._running).pop("send", None)  # uvicorn's own says nothing to one who left
        super().connection_lost(exc)
        if self.on_leave is not None:
            leave, self.on_leave = self.on_leave, None
            leave()

    def data_received(self, data: bytes) -> None:
        """Read on, as long as it leads to something: heads, trailers and chunk extensions without end are refused."""
        self._unread += len(data)
        super().data_received(data)
        if self._unread > MAX_HEAD_BYTES and not self.transport.is_closing():
            self._fault = HeadTooLarge()
            self.send_400_response("")

    def on_message_begin(self) -> None:
        """Put this connection into the request's scope."""
        super().on_message_begin()
        cast("dict[str, object]", self.scope)[SCOPE_KEY] = self

    def on_headers_complete(self) -> None:
        """Stop waiting for a head, and look at it."""
        super()._unset_keepalive_if_required()
        self._unread = 0
        parser = cast("httptools.HttpRequestParser", self.parser)
        version, upgrades = parser.get_http_version(), parser.should_upgrade()
        self._fault = fault_of_head(self.url, self.headers, version=version, upgrades=upgrades)
        if self._fault is not None:
            raise httptools.HttpParserError  # the parser stops, and `send_400_response` is called
        super().on_headers_complete()
        self.headers = []  # trailers, which nobody reads; above all not as headers

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._unread = 0
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no sound request and close; while another is answered only close, lest the one be taken for the other.

        Args:
            msg: The parser's words, which say nothing.
        """
        cycle = cast("RequestResponseCycle | None", self.cycle)
        is_free = cycle is None or cycle.response_complete or (cycle.more_body and not cycle.response_started)
        if self.pipeline or not is_free:
            self.transport.abort()
            return
        fault = self._fault or not_http()
        body = error_body(fault, Dialect.CHAT, "")
        head = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body)
        self.transport.write(STATUS_LINE[fault.status] + head + body)
        self.transport.close()

    def timeout_keep_alive_handler(self) -> None:
        """Close for want of a next head; what the caller has not read of a short answer by then is dropped."""
        if self.is_write_paused:  # a long answer, which is still being read or given up on (`job`)
            self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)
        else:
            self.transport.abort()

    def _unset_keepalive_if_required(self) -> None:
        """Let the limit run on when bytes come: a head must be whole by then, not only begun."""

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        cycle.send = Sending(self, cycle)  # pyright: ignore[reportAttributeAccessIssue] - one request's, not the class's
        super()._start_asgi_task(cycle, app)

    @property
    def has_whole_body(self) -> bool:
        """Tell whether the request's body has arrived, so that reading it needs no patience."""
        return self._running is not None and not self._running.more_body

    @property
    def is_write_paused(self) -> bool:
        """Tell whether the caller reads more slowly than we write."""
        return self.flow.write_paused

    @property
    def unsent_bytes(self) -> int:
        """What waits for the caller to read."""
        return self.transport.get_write_buffer_size()

    def abort(self) -> None:
        """Cut the connection at once, so that an unfinished answer cannot look finished."""
        if self._running is not None:
            self._running.disconnected = True  # nobody is there to be answered, and uvicorn need not wonder why
        self.transport.abort()
