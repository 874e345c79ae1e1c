"""Uvicorn's HTTP connection, with the two things that ASGI has no word for.

*Leaving:* ASGI tells of a caller that went away only to one who awaits ``receive``, which costs a task for each request.
Here the running request leaves a callback, called when the connection is lost. *Dawdling:* a connection that has not sent a
whole head in time is closed, so slow heads and idle sockets cannot pile up.
"""

import asyncio
from collections.abc import Callable
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

HEAD_TIMEOUT_S = 60.0
"""From the opening of a connection to the end of its first head; afterwards uvicorn's keep-alive limit holds."""

SCOPE_KEY = "triplepoint.connection"
"""Where a request finds its connection in the ASGI scope."""


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
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(HEAD_TIMEOUT_S, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the running request."""
        self._stop_head_timer()
        self.has_left = True
        super().connection_lost(exc)
        if self.on_leave is not None:
            leave, self.on_leave = self.on_leave, None
            leave()

    def on_message_begin(self) -> None:
        """Put this connection into the request's scope."""
        super().on_message_begin()
        cast("dict[str, object]", self.scope)[SCOPE_KEY] = self

    def on_headers_complete(self) -> None:
        """Stop waiting for a head."""
        if self._head_timer is not None:
            self._stop_head_timer()
        super().on_headers_complete()

    @property
    def is_write_paused(self) -> bool:
        """Tell whether the caller reads more slowly than we write."""
        return self.flow.write_paused

    def abort(self) -> None:
        """Cut the connection at once, so that an unfinished answer cannot look finished."""
        self.transport.abort()

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
