"""A caller that writes its own bytes: what no honest HTTP library would send, and what comes back for it."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

from tests.gateway.harness import Running

CHAT = "/v1/chat/completions"
PATIENCE_S = 10.0
"""Longer than anything here may take; what takes longer hangs."""


@dataclass(frozen=True, slots=True)
class Raw:
    """One answer, as its bytes say it."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Read the body."""
        return json.loads(self.body)


class Caller:
    """One connection to the gateway."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> Raw:
        """Read one answer, framed as its head says."""
        async with asyncio.timeout(PATIENCE_S):
            return await _read_answer(self.reader)

    async def until_closed(self) -> bytes:
        """Read all that comes until the gateway closes the connection."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""

    def stop_reading(self) -> None:
        """Leave what comes in the socket."""
        cast(asyncio.ReadTransport, self.writer.transport).pause_reading()

    def leave(self) -> None:
        """Close at once, whatever is under way."""
        self.writer.transport.abort()


@asynccontextmanager
async def call(gateway: Running, *, limit: int = 2**20) -> AsyncGenerator[Caller]:
    """Open a connection to the gateway, which ends with the block."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port, limit=limit)
    try:
        yield Caller(reader, writer)
    finally:
        writer.transport.abort()


def head(gateway: Running, *lines: str, path: str = CHAT, method: str = "POST", version: str = "1.1", key: str = "") -> bytes:
    """Write the head of a request with a good key and further header lines, up to and with its empty line."""
    own = [f"{method} {path} HTTP/{version}", "host: gateway", f"authorization: Bearer {key or gateway.key}"]
    return "\r\n".join([*own, *lines, "", ""]).encode("latin-1")


def request(gateway: Running, body: bytes, *lines: str, path: str = CHAT, key: str = "", version: str = "1.1") -> bytes:
    """Write a whole request with its length."""
    length = f"content-length: {len(body)}"
    return head(gateway, "content-type: application/json", length, *lines, path=path, key=key, version=version) + body


def question(text: str = "hello", *, model: str = "chat", **members: Any) -> bytes:
    """Write the body of a chat completion."""
    return json.dumps({"model": model, "messages": [{"role": "user", "content": text}], **members}).encode()


async def post(gateway: Running, body: bytes, *lines: str, path: str = CHAT, key: str = "") -> Raw:
    """Send one request on a connection of its own and return its answer."""
    async with call(gateway) as caller:
        await caller.send(request(gateway, body, *lines, path=path, key=key))
        return await caller.answer()


async def get(gateway: Running, path: str, *lines: str, key: str = "") -> Raw:
    """Fetch a path."""
    async with call(gateway) as caller:
        await caller.send(head(gateway, *lines, path=path, method="GET", key=key))
        return await caller.answer()


async def _read_answer(reader: asyncio.StreamReader) -> Raw:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(lines[0].split(" ")[1])
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
    return Raw(status, headers, await _read_body(reader, headers))


async def _read_body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding") != "chunked":
        return await reader.readexactly(int(headers["content-length"]))
    pieces: list[bytes] = []
    while size := int(await reader.readuntil(b"\r\n"), 16):
        pieces.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readexactly(2)
    return b"".join(pieces)
