"""A client that shows every byte: it sends a request over a plain socket and keeps what comes, and how it ended."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from triplepoint.upstreams.simulated.model import Script
from triplepoint.upstreams.simulated.server import SimulatedServer

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
MESSAGES = "/v1/messages"
_LOOK_S = 0.015


@dataclass(frozen=True)
class Wire:
    """What came over a connection."""

    data: bytes
    end: Literal["eof", "reset", "open"]
    """FIN, RST, or still open after a silence."""

    @property
    def head(self) -> bytes:
        """Status line and headers."""
        return self.data.partition(b"\r\n\r\n")[0]

    @property
    def body(self) -> bytes:
        """Everything after the head, framing included."""
        return self.data.partition(b"\r\n\r\n")[2]

    @property
    def status(self) -> int:
        """Of the status line."""
        return int(self.data.split(b" ", 2)[1])

    def header(self, name: str) -> str | None:
        """The first header of that name."""
        for line in self.head.decode("latin-1").split("\r\n")[1:]:
            found, _, value = line.partition(": ")
            if found.lower() == name:
                return value
        return None

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def is_terminated(self) -> bool:
        """Whether the last, empty chunk came."""
        return self.body.endswith(b"0\r\n\r\n")

    def chunks(self) -> list[bytes]:
        """The chunks, without the last, empty one."""
        found: list[bytes] = []
        rest = self.body
        while rest and not rest.startswith(b"0\r\n"):
            size, _, rest = rest.partition(b"\r\n")
            length = int(size, 16)
            assert rest[length : length + 2] == b"\r\n", "a chunk is longer than it says"
            found.append(rest[:length])
            rest = rest[length + 2 :]
        return found

    def data_lines(self) -> list[bytes]:
        """The ``data:`` lines of a chunked stream."""
        lines = b"".join(self.chunks()).split(b"\n")
        return [line.removeprefix(b"data: ") for line in lines if line.startswith(b"data: ")]

    def words(self) -> str:
        """The content of a chat stream; events that are no JSON and those without choices are passed over."""
        text = ""
        for line in self.data_lines():
            try:
                event = json.loads(line)
            except ValueError:
                continue
            for choice in event.get("choices", []):
                text += choice["delta"].get("content") or ""
        return text


def script(**members: Any) -> Script:
    """A script as a file would have it."""
    return Script.model_validate(members)


def faulty(**fault: Any) -> Script:
    """A script that answers ``one two three four`` with a fault, always."""
    return script(answer={"text": "one two three four"}, cases=[{"fault": fault}])


def chat(text: str = "hello there", **members: Any) -> dict[str, Any]:
    """The body of a chat request."""
    return {"model": "small", "messages": [{"role": "user", "content": text}], **members}


def request_bytes(path: str, body: dict[str, Any] | bytes, headers: Mapping[str, str] | None = None) -> bytes:
    """A POST request."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"POST {path} HTTP/1.1", "host: localhost", f"content-length: {len(content)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


async def until(holds: Callable[[], bool], within_s: float = 2.0) -> None:
    """Wait until something holds, or fail."""
    for _ in range(int(within_s / 0.005)):
        if holds():
            return
        await asyncio.sleep(0.005)
    raise AssertionError(f"did not come to hold within {within_s} s")


async def receive(reader: asyncio.StreamReader, silence_s: float, *, is_over: Callable[[], bool] = lambda: False) -> Wire:
    """Read until the connection ends or falls silent.

    Args:
        silence_s: How long a silence is.
        is_over: Tells that the server has nothing more to say, so that a short silence is enough.
    """
    parts: list[bytes] = []
    quiet_s = 0.0
    try:
        while quiet_s < silence_s:
            was_over = is_over()  # asked before the look, so that what came since is still read
            try:
                got = await asyncio.wait_for(reader.read(2**20), _LOOK_S)
            except TimeoutError:
                quiet_s += silence_s if was_over else _LOOK_S
                continue
            if not got:
                return Wire(b"".join(parts), "eof")
            parts.append(got)
            quiet_s = 0.0
    except ConnectionResetError:
        return Wire(b"".join(parts), "reset")
    return Wire(b"".join(parts), "open")


async def talk(
    server: SimulatedServer,
    body: dict[str, Any] | bytes | None = None,
    *,
    path: str = CHAT,
    headers: Mapping[str, str] | None = None,
    silence_s: float = 0.1,
) -> Wire:
    """Send one request on a connection of its own and return what comes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    before = server.seen.count
    try:
        writer.write(request_bytes(path, chat() if body is None else body, headers))
        return await receive(reader, silence_s, is_over=lambda: server.seen.count > before and server.seen[-1].is_finished)
    finally:
        writer.close()
