"""A caller's connection, as a server of uvicorn's runs it, with what ASGI has no word for.

*Leaving:* ASGI tells of a caller that went away only to one who awaits ``receive``, which costs a task for each request. Here
whoever answers is cancelled when the connection is lost. *Dawdling:* a connection that has not sent a whole
head in time is closed, so slow heads and idle sockets cannot pile up. *Refusing:* a head that is too large, or that can be
read in two ways, is answered here, and never in the middle of another request's answer. *Directness:* an application that is
`Direct` is asked for the usual request without ASGI's messages (`cycle`).
"""

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine
from functools import lru_cache
from typing import Any, Protocol, cast, runtime_checkable
from urllib.parse import unquote

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl, service_unavailable
from uvicorn.protocols.http.httptools_impl import STATUS_LINE
from uvicorn.protocols.utils import get_local_addr, get_remote_addr
from uvicorn.server import ServerState

from triplepoint.foundation.errors import RequestInvalid
from triplepoint.gateway.cycle import Cycle
from triplepoint.gateway.head import MAX_HEAD_BYTES, HeadTooLarge, fault_of_head, not_http
from triplepoint.gateway.wire import error_body
from triplepoint.upstreams.dialects.model import Dialect
from triplepoint.upstreams.transport.alarm import Alarm

HEAD_TIMEOUT_S = 60.0
"""From the opening of a connection to the end of its first head."""
KEEP_ALIVE_S = 75
"""From an answer to the end of the next head."""

SCOPE_KEY = "triplepoint.connection"
"""Where a request finds its connection in the ASGI scope."""

_log = logging.getLogger(__name__)


@runtime_checkable
class Direct(Protocol):
    """An application that answers some requests without ASGI's messages."""

    def serve(self, cycle: Cycle) -> Coroutine[Any, Any, None] | None:
        """Return what answers a request; None where ASGI is to be used."""
        ...


class Connection(asyncio.Protocol):
    """One caller's connection."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        if not config.loaded:
            config.load()
        self.has_left = False
        """The caller closed, or lost, this connection."""
        self.transport: asyncio.Transport
        self.flow: FlowControl
        self._loop = _loop or asyncio.get_event_loop()
        self._app: Any = cast("Any", config).loaded_app
        self._direct = self._app if isinstance(self._app, Direct) else None
        self._most = config.limit_concurrency
        self._keep_alive_s = config.timeout_keep_alive
        self._server = server_state
        self.tasks = server_state.tasks
        """What answers requests, on all connections."""
        self._alarm = Alarm(self._loop, self._on_silence)
        self._parser = httptools.HttpRequestParser(self)
        self._parser.set_dangerous_leniencies(lenient_data_after_close=True)  # what follows the last request is left unread
        self._fault: RequestInvalid | None = None
        self._unread = 0
        """Bytes since the last whole head or piece of a body: what the parser keeps to itself."""
        self._piece = 0
        """Bytes of the piece that is being read."""
        self._most_head = 0
        """Bytes that came since the piece in which the last head ended began: the next head has no more."""
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._read: Cycle | None = None
        """The request that was read last, perhaps not to its end."""
        self._running: Cycle | None = None
        """The request that is being answered, or was last."""
        self._waiting: deque[Cycle] = deque()
        """Requests that came before an earlier one was answered."""

    # ── What the event loop and the server call ───────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first head."""
        self._server.connections.add(cast("Any", self))
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are not of its classes
        self.flow = FlowControl(self.transport)
        self._here, self._there = get_local_addr(self.transport), get_remote_addr(self.transport)
        self._alarm.move(self._loop.time() + HEAD_TIMEOUT_S)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the running request."""
        self.has_left = True
        self._server.connections.discard(cast("Any", self))
        self._alarm.stop()
        cycle = self._running
        self._read = self._running = None
        del self._parser, self._alarm  # they name this object, which shall go at once
        self.flow.resume_writing()
        self.transport.close()
        if cycle is not None:
            cycle.leave()

    def eof_received(self) -> None:
        """Close: who has nothing more to say does not wait for an answer either."""

    def data_received(self, data: bytes) -> None:
        """Read on, as long as it leads to something: heads, trailers and chunk extensions without end are refused."""
        self._unread += len(data)
        self._piece = len(data)
        self._most_head += self._piece
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            _log.warning("what came is no sound request")
            self._refuse()
        if self._unread > MAX_HEAD_BYTES and not self.transport.is_closing():
            self._fault = HeadTooLarge()
            self._refuse()

    def pause_writing(self) -> None:
        """Hold answers back: the caller does not read."""
        self.flow.pause_writing()

    def resume_writing(self) -> None:
        """Let them go on."""
        self.flow.resume_writing()

    def shutdown(self) -> None:
        """Close once the running request is answered."""
        if self._read is None or self._read.response_complete:
            self.transport.close()
        else:
            self._read.keep_alive = False

    # ── What the parser calls ─────────────────────────────────────────────────────────────────────────────────────────

    def on_message_begin(self) -> None:
        """Expect a head."""
        self._url = b""
        self._headers = []

    def on_url(self, url: bytes) -> None:
        """Take a piece of the target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; or a trailer, which nobody reads."""
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Stop waiting for a head, look at it, and have the request answered."""
        self._alarm.rest()
        self._unread = 0
        parser, url, headers = self._parser, self._url, self._headers
        version, incoming = parser.get_http_version(), dict(headers)
        is_plain = len(incoming) == len(headers) and b"host" in incoming and b"transfer-encoding" not in incoming
        if not is_plain or self._most_head > MAX_HEAD_BYTES or parser.should_upgrade():
            self._fault = fault_of_head(url, headers, version=version, upgrades=parser.should_upgrade())
            if self._fault is not None:
                raise httptools.HttpParserError  # the parser stops, and feeding it raises
        self._most_head = self._piece
        self._headers = []  # for trailers; above all they are not this request's headers
        path, query = _split(url)
        cycle = Cycle(
            self,
            method=parser.get_method(),
            path=path,
            query=query,
            version=version,
            headers=headers,
            incoming=incoming,
            keep_alive=version != "1.0" and parser.should_keep_alive(),
        )
        former, self._read = self._read, cycle
        if former is None or former.response_complete:
            self._start(cycle)
        else:
            self.flow.pause_reading()
            self._waiting.append(cycle)

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._unread = 0
        if self._read is not None:
            self._read.add(body)

    def on_message_complete(self) -> None:
        """Learn that the request is whole."""
        if self._read is not None:
            self._read.more_body = False
            self._read.tell()

    # ── Answering ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _start(self, cycle: Cycle) -> None:
        self._running = cycle
        server, answering = self._server, None
        app: Any = self._app
        if self._most is not None and (len(server.connections) >= self._most or len(server.tasks) >= self._most):
            _log.warning("there are as many connections or requests as there may be")
            app = service_unavailable
        elif self._direct is not None:
            answering = self._direct.serve(cycle)
        task = self._loop.create_task(answering or app(self._scope(cycle), cycle.receive, cycle.send))
        self.tasks.add(task)
        task.add_done_callback(cycle.ended)
        if answering is not None:
            cycle.cancel = task.cancel

    def _scope(self, cycle: Cycle) -> dict[str, Any]:
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": cycle.version,
            "server": self._here,
            "client": self._there,
            "scheme": "http",
            "root_path": "",
            "method": cycle.method.decode("ascii"),
            "path": cycle.path,
            "query_string": cycle.query,
            "headers": cycle.headers,
            "state": {},
            SCOPE_KEY: self,
        }

    def answered(self) -> None:
        """Go on to the next request: the answer to the running one is whole."""
        self._server.total_requests += 1
        if self.transport.is_closing():
            return
        if self.flow.read_paused:
            self.flow.resume_reading()
        if self._waiting:
            self._start(self._waiting.popleft())
        else:
            self._alarm.move(self._loop.time() + self._keep_alive_s)

    def _refuse(self) -> None:
        """Refuse what is no sound request and close; while another is answered only close, lest one be taken for the other."""
        cycle = self._read
        is_free = cycle is None or cycle.response_complete or (cycle.more_body and not cycle.response_started)
        if self._waiting or not is_free:
            self.transport.abort()
            return
        fault = self._fault or not_http()
        body = error_body(fault, Dialect.CHAT, "")
        head = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body)
        self.transport.write(STATUS_LINE[fault.status] + head + body)
        self.transport.close()

    def _on_silence(self) -> None:
        """Close for want of a next head; what the caller has not read of a short answer by then is dropped."""
        if self.flow.write_paused:  # a long answer, which is still being read or given up on (`job`)
            self._alarm.move(self._loop.time() + self._keep_alive_s)
        else:
            self.transport.abort()

    def abort(self) -> None:
        """Cut the connection at once, so that an unfinished answer cannot look finished."""
        if self._running is not None:
            self._running.disconnected = True  # nobody is there to be answered, and nobody need wonder why
        self.transport.abort()


@lru_cache(maxsize=64)
def _split(url: bytes) -> tuple[str, bytes]:
    """Return path, decoded, and query of a target; there are few that are asked for again and again."""
    parsed = httptools.parse_url(url)
    path = parsed.path.decode("ascii")
    return unquote(path) if "%" in path else path, parsed.query or b""
