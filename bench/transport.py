"""Measure what one request costs in our HTTP/1.1 client, beside aiohttp's, in one run.

    python -m bench transport [--requests 20000] [--rounds 5] [--clients 16] [--json out.json]

An nginx of one worker is the upstream (about 2.5 kB of request and 0.7 kB of answer, heads included); a small server in
a process of its own streams server-sent events. Clients take turns, round by round, in one process on uvloop; the fastest
round counts, because a shared machine only ever adds.

    cpu_us      user + system CPU of this process for each request, `clients` at once
    p50_us      median time of a request, one at a time
    chunk_us    CPU of this process for each event of a stream, events arriving one by one
    events_read events of each read of a stream, on average: 1 means that no two were read together

"floor" is a protocol that writes the same bytes and waits for as many to come back: what event loop and kernel alone cost.
Needs nginx.
"""

import argparse
import asyncio
import contextlib
import json
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import aiohttp
import uvloop

from triplepoint.settings import LimitSettings, PoolSettings
from triplepoint.upstreams.transport.client import HttpClient

BODY = json.dumps(
    {
        "model": "upstream-model",
        "messages": [
            {"role": "system", "content": "You answer in one short sentence. " * 8},
            {"role": "user", "content": "Which of two models should answer a hard question, and why? " * 32},
        ],
        "max_tokens": 64,
    }
).encode()
ANSWER = json.dumps(
    {
        "id": "chatcmpl-0001",
        "object": "chat.completion",
        "created": 1740000000,
        "model": "upstream-model",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "logprobs": None,
                "message": {"role": "assistant", "content": "A larger model answers more questions well. " * 5},
            }
        ],
        "usage": {"prompt_tokens": 412, "completion_tokens": 48, "total_tokens": 460},
    }
)
HEADERS = [(b"content-type", b"application/json"), (b"authorization", b"Bearer upstream-key"), (b"accept", b"*/*")]
EVENT = (
    b"data: " + json.dumps({"id": "chatcmpl-0001", "choices": [{"index": 0, "delta": {"content": " word"}}]}).encode() + b"\n\n"
)
EVENTS = 2000
STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
STREAM_PIECE = b"%x\r\n%b\r\n" % (len(EVENT), EVENT)
STREAM_END = b"0\r\n\r\n"
TARGET = b"/v1/chat/completions"
Ask = Callable[[], Awaitable[None]]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def nginx(port: int) -> Generator[None]:
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    with tempfile.TemporaryDirectory(prefix="transport-") as folder:
        temporary = " ".join(
            f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        Path(folder, "nginx.conf").write_text(
            f"daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;"
            "events { worker_connections 4096; }"
            f"http {{ access_log off; keepalive_requests 100000000; client_body_buffer_size 64k; {temporary}"
            f"server {{ listen 127.0.0.1:{port} backlog=4096;"
            f"location / {{ default_type application/json; return 200 '{ANSWER}'; }} }} }}"
        )
        with subprocess.Popen([program, "-c", f"{folder}/nginx.conf"], stderr=subprocess.DEVNULL) as server:
            try:
                wait_for(port)
                yield
            finally:
                server.terminate()


@contextlib.contextmanager
def event_server(port: int) -> Generator[None]:
    with subprocess.Popen([sys.executable, __file__, "--serve-events", str(port)]) as server:
        try:
            wait_for(port)
            yield
        finally:
            server.terminate()


def wait_for(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    sys.exit(f"nothing listens on port {port}")


async def serve_events(port: int) -> None:
    """Stream events in chunks of their own, so far apart that none waits for another, to whoever connects."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
                )
                await reader.readexactly(length)
                writer.write(STREAM_HEAD)
                for _ in range(EVENTS):
                    writer.write(STREAM_PIECE)
                    await asyncio.sleep(0.0005)
                writer.write(STREAM_END)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", port)
    await server.serve_forever()


class Floor(asyncio.Protocol):
    """Writes bytes, waits until as many came back as an answer has; no HTTP in between."""

    def __init__(self, loop: asyncio.AbstractEventLoop, request: bytes, length: int) -> None:
        self.loop, self.request, self.length = loop, request, length
        self.received = 0
        self.waiter: asyncio.Future[None] | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Count."""
        self.received += len(data)
        if self.received >= self.length and self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)

    async def ask(self) -> None:
        """Exchange one request."""
        assert self.transport is not None
        self.received = 0
        self.waiter = self.loop.create_future()
        self.transport.write(self.request)
        await self.waiter


@contextlib.asynccontextmanager
async def floor(port: int, clients: int):
    """Give a function that asks on the next of some bare connections."""
    loop = asyncio.get_running_loop()
    lines = [b"POST %b HTTP/1.1" % TARGET, b"host: 127.0.0.1:%d" % port, *(b"%b: %b" % header for header in HEADERS)]
    request = b"\r\n".join([*lines, b"content-length: %d" % len(BODY), b"\r\n"]) + BODY
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    length = len(head) + len(ANSWER)
    free: list[Floor] = []
    for _ in range(clients):
        _, line = await loop.create_connection(lambda: Floor(loop, request, length), "127.0.0.1", port)
        free.append(line)

    async def ask() -> None:
        line = free.pop()
        await line.ask()
        free.append(line)

    yield ask
    for line in free:
        assert line.transport is not None
        line.transport.close()


@contextlib.asynccontextmanager
async def ours(port: int):
    """Give a function that asks through our client."""
    client = HttpClient(f"http://127.0.0.1:{port}", PoolSettings())
    limits = LimitSettings()

    async def ask() -> None:
        answer = await client.send(b"POST", TARGET, HEADERS, BODY, limits=limits)
        await answer.read(2**20)

    yield ask
    await client.aclose()


@contextlib.asynccontextmanager
async def theirs(port: int):
    """Give a function that asks through aiohttp, set up to do as little as it can."""
    connector = aiohttp.TCPConnector(limit=256)
    url = f"http://127.0.0.1:{port}{TARGET.decode()}"
    headers = {name.decode(): value.decode() for name, value in HEADERS}
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:

        async def ask() -> None:
            async with session.post(url, data=BODY, headers=headers) as answer:
                await answer.read()

        yield ask


async def many(ask: Ask, requests: int, clients: int) -> float:
    """Return CPU µs a request, with so many clients at once."""
    left = requests

    async def client() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await ask()

    begin = time.process_time()
    await asyncio.gather(*(client() for _ in range(clients)))
    return (time.process_time() - begin) / requests * 1e6


async def one(ask: Ask, requests: int) -> float:
    """Return the median time in µs of requests one after the other."""
    times: list[float] = []
    for _ in range(requests):
        begin = time.perf_counter()
        await ask()
        times.append(time.perf_counter() - begin)
    return statistics.median(times) * 1e6


async def measure_requests(port: int, args: argparse.Namespace) -> dict[str, dict[str, float]]:
    async with floor(port, args.clients) as bare, ours(port) as own, theirs(port) as other:
        asks: dict[str, Ask] = {"floor": bare, "ours": own, "aiohttp": other}
        rows: dict[str, dict[str, float]] = {}
        for name, ask in asks.items():
            await many(ask, args.requests // 10, args.clients)
            rows[name] = {"cpu_us": float("inf"), "p50_us": float("inf")}
        for _ in range(args.rounds):
            for name, ask in asks.items():
                rows[name]["cpu_us"] = min(rows[name]["cpu_us"], await many(ask, args.requests, args.clients))
                rows[name]["p50_us"] = min(rows[name]["p50_us"], await one(ask, args.requests // 10))
    return rows


@dataclass(frozen=True)
class Stream:
    """What reading one stream cost."""

    chunk_us: float
    events_read: float


async def stream_floor(port: int) -> Stream:
    """Read a stream as raw bytes, waiting for each read; no HTTP in between."""
    loop = asyncio.get_running_loop()
    request = b"POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n"
    _, line = await loop.create_connection(lambda: Floor(loop, request, 1), "127.0.0.1", port)
    assert line.transport is not None
    reads, total, begin = 0, 0, time.process_time()
    await line.ask()
    length = len(STREAM_HEAD) + EVENTS * len(STREAM_PIECE) + len(STREAM_END)
    while (total := total + line.received) < length:
        line.received = 0
        line.waiter = loop.create_future()
        await line.waiter
        reads += 1
    taken = time.process_time() - begin
    line.transport.close()
    return Stream(taken / EVENTS * 1e6, EVENTS / reads)


async def stream_ours(port: int) -> Stream:
    client = HttpClient(f"http://127.0.0.1:{port}", PoolSettings())
    reads, begin = 0, time.process_time()
    answer = await client.send(b"POST", TARGET, HEADERS, BODY, limits=LimitSettings())
    while await answer.chunk():
        reads += 1
    taken = time.process_time() - begin
    await client.aclose()
    return Stream(taken / EVENTS * 1e6, EVENTS / reads)


async def stream_theirs(port: int) -> Stream:
    headers = {name.decode(): value.decode() for name, value in HEADERS}
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        reads, begin = 0, time.process_time()
        async with session.post(f"http://127.0.0.1:{port}{TARGET.decode()}", data=BODY, headers=headers) as answer:
            async for _ in answer.content.iter_any():
                reads += 1
        return Stream((time.process_time() - begin) / EVENTS * 1e6, EVENTS / reads)


async def measure_streams(port: int, rounds: int) -> dict[str, Stream]:
    taken: dict[str, list[Stream]] = {"floor": [], "ours": [], "aiohttp": []}
    for _ in range(rounds):
        taken["floor"].append(await stream_floor(port))
        taken["ours"].append(await stream_ours(port))
        taken["aiohttp"].append(await stream_theirs(port))
    return {name: min(streams, key=lambda stream: stream.chunk_us) for name, streams in taken.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--serve-events", type=int, metavar="PORT", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve_events:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(serve_events(args.serve_events))
        return
    port, event_port = free_port(), free_port()
    with nginx(port):
        rows = uvloop.run(measure_requests(port, args))
    with event_server(event_port):
        for name, stream in uvloop.run(measure_streams(event_port, args.rounds)).items():
            rows[name] |= {"chunk_us": stream.chunk_us, "events_read": stream.events_read}
    for name, row in rows.items():
        print(f"{name:8}", "  ".join(f"{key}={value:.1f}" for key, value in row.items()))
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
