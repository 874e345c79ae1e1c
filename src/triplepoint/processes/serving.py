"""Runs a uvicorn server inside a process that has more to do than serve.

Uvicorn's own way ends with the signal that stopped it, raised once more, which kills the process before anything else is put in
order: a journal closed, models stopped, a drain finished. Here a signal only asks the server to stop, and the caller goes on.
"""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Generator

import uvicorn


class QuietServer(uvicorn.Server):
    """A server that leaves the process's signals alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture nothing."""
        yield


async def serve_until_asked(config: uvicorn.Config, sockets: list[socket.socket] | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then let requests under way finish; a second SIGINT ends at once.

    Args:
        config: What to serve.
        sockets: Where to listen; None: on the configuration's host and port.
    """
    server = QuietServer(config)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.handle_exit, number, None)
    try:
        await server.serve(sockets)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
