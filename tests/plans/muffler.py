"""A way to a server that can swallow its answers, as a network does that breaks after the question."""

import asyncio
from contextlib import suppress


class Muffler:
    """Passes everything on to a server, and its answers back while it is not muffled."""

    def __init__(self, port: int) -> None:
        self.is_muffled = False
        self.port = 0
        self._to = port
        self._server: asyncio.Server | None = None
        self._ways: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen on a free port of loopback."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close."""
        assert self._server is not None
        self._server.close()
        for way in self._ways:
            way.cancel()
        await asyncio.gather(*self._ways, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._to)
        both = {
            asyncio.create_task(self._pass(reader, back, is_answer=False)),
            asyncio.create_task(self._pass(there, writer, is_answer=True)),
        }
        self._ways |= both

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_answer: bool) -> None:
        try:
            while data := await reader.read(65536):
                if not (is_answer and self.is_muffled):
                    writer.write(data)
                    await writer.drain()
        except OSError:
            return
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
