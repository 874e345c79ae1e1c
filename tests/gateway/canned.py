"""An upstream that answers every request with the same bytes, for what no script would say."""

import asyncio
from typing import Self


class Canned:
    """A server on a port of this machine.

    Args:
        port: Where it listens.
        body: Body of each answer.
        is_stream: It is a stream of events; else JSON.
        headers: Further headers.
        piece: Bytes sent at a time; None: all at once.
    """

    def __init__(
        self, port: int, body: bytes, *, is_stream: bool = False, headers: tuple[str, ...] = (), piece: int | None = None
    ) -> None:
        self._port = port
        self._body = body
        self._kind = "text/event-stream" if is_stream else "application/json"
        self._headers = headers
        self._piece = piece or max(1, len(body))
        self._server: asyncio.Server | None = None
        self.requests: list[bytes] = []
        """Bodies, as they came."""
        self.heads: list[str] = []
        """Heads, as they came."""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request and close, so that no connection outlives a test."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        self.requests.append(await reader.readexactly(length))
        self.heads.append(head)
        lines = ["HTTP/1.1 200 OK", f"content-type: {self._kind}", *self._headers, "connection: close", "", ""]
        writer.write("\r\n".join(lines).encode())
        for start in range(0, len(self._body), self._piece):
            writer.write(self._body[start : start + self._piece])
            await writer.drain()
        writer.close()
        await writer.wait_closed()
