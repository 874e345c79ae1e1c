"""Measure what the gateway adds to a stream: time to the first token, and CPU for each chunk that it forwards.

    python -m bench streaming [--chunks 500] [--clients 8] [--rounds 5] [--json out.json]

A small server in a process of its own streams events of a chat completion, each in a chunk of its own, a fraction of a
millisecond apart, so that they arrive one by one. Measured are the origin directly and through the gateway:

    first_token_us  median time from sending a request to its first event, one request at a time
    chunk_us        user + system CPU of the gateway for each event, ``clients`` streams at once; the cost of the
                    request itself (measured with a stream of one event) is taken off
"""

import argparse
import asyncio
import contextlib
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

import uvloop

from bench.rig import Target, cpu_s, free_port, gateway, request_body, wait_for

_EVENT = (
    b"data: "
    + json.dumps(
        {
            "id": "chatcmpl-0001",
            "object": "chat.completion.chunk",
            "created": 1740000000,
            "model": "upstream-model",
            "choices": [{"index": 0, "delta": {"content": " word"}, "logprobs": None, "finish_reason": None}],
        },
        separators=(",", ":"),
    ).encode()
    + b"\n\n"
)
_END = (
    b'data: {"id":"chatcmpl-0001","object":"chat.completion.chunk","created":1740000000,"model":"upstream-model",'
    b'"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
    b'data: {"id":"chatcmpl-0001","object":"chat.completion.chunk","created":1740000000,"model":"upstream-model",'
    b'"choices":[],"usage":{"prompt_tokens":412,"completion_tokens":48,"total_tokens":460}}\n\n'
    b"data: [DONE]\n\n"
)
_GAP_S = 0.0005


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chunks", type=int, default=500)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--serve", nargs=2, type=int, metavar=("PORT", "CHUNKS"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        uvloop.run(_serve(*args.serve))
        return
    with _origin(args.chunks) as many, _origin(1) as few, gateway(many.url) as ours, gateway(few.url) as ours_short:
        found = uvloop.run(_measure(many, few, ours, ours_short, args.chunks, args.clients, args.rounds))
    print("  ".join(f"{name}={value}" for name, value in found.items()))
    if args.json:
        args.json.write_text(json.dumps(found, indent=1))


@contextlib.contextmanager
def _origin(chunks: int) -> Generator[Target]:
    port = free_port()
    with subprocess.Popen([sys.executable, "-m", "bench.streaming", "--serve", str(port), str(chunks)]) as server:
        try:
            wait_for(port)
            yield Target("origin", f"http://127.0.0.1:{port}/v1", "m", "k", server.pid)
        finally:
            server.terminate()


async def _measure(
    many: Target, few: Target, ours: Target, ours_short: Target, chunks: int, clients: int, rounds: int
) -> dict[str, float]:
    for target in (many, ours, few, ours_short):  # connections and caches warm
        await asyncio.gather(*(_stream(target) for _ in range(clients)))
    direct, added, per_chunk = list[float](), list[float](), list[float]()
    for _ in range(rounds):
        direct.append(statistics.median([await _first_token(few) for _ in range(100)]))
        added.append(statistics.median([await _first_token(ours_short) for _ in range(100)]))
        request_us = await _cpu_us(ours_short, clients, 40)
        per_chunk.append((await _cpu_us(ours, clients, 4) - request_us) / (chunks - 1))
    return {
        "first_token_direct_us": round(statistics.median(direct) * 1e6),
        "first_token_gateway_us": round(statistics.median(added) * 1e6),
        "added_first_token_us": round((statistics.median(added) - statistics.median(direct)) * 1e6),
        "chunk_us": round(statistics.median(per_chunk), 1),
        "chunks": chunks,
        "clients": clients,
    }


async def _cpu_us(target: Target, clients: int, times: int) -> float:
    """Return CPU microseconds of the gateway for each stream."""
    before = cpu_s(target.pid)
    for _ in range(times):
        await asyncio.gather(*(_stream(target) for _ in range(clients)))
    return (cpu_s(target.pid) - before) / (times * clients) * 1e6


async def _first_token(target: Target) -> float:
    """Return seconds from sending a request to its first event."""
    return await _stream(target)


async def _stream(target: Target) -> float:
    """Read one whole stream; returns seconds to its first event."""
    host, port = target.url.removeprefix("http://").removesuffix("/v1").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    body = request_body(target.model, stream=True)
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {target.key}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    started = time.perf_counter()
    writer.write(head.encode() + body)
    seen, first, tail = b"", 0.0, b""
    while b"[DONE]" not in tail:
        piece = await reader.read(65536)
        if not piece:
            sys.exit(f"{target.name} broke off: {seen!r}")
        if not first and b"data: " in piece:
            first = time.perf_counter() - started
        seen, tail = piece[:200], (tail + piece)[-400:]
    writer.close()
    return first


async def _serve(port: int, chunks: int) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")]
                await reader.readexactly(int(lengths[0].split(b":")[1]))
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
                for _ in range(chunks):
                    writer.write(b"%x\r\n%b\r\n" % (len(_EVENT), _EVENT))
                    await asyncio.sleep(_GAP_S)
                writer.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(_END), _END))
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    main()
