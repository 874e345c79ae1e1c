"""Callers that stall or leave, in each phase of a request: the upstream stops, the ledger knows, nothing is held for nobody."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from tests.gateway.harness import (
    Running,
    await_ready,
    free_port,
    model,
    openai_upstream,
    start_gateway,
    write_configuration,
)
from tests.gateway.raw import Caller, call, get, head, post, question, request

from triplepoint.ledger.tail import Tail
from triplepoint.upstreams.simulated.model import Script
from triplepoint.upstreams.simulated.server import SimulatedServer

SEND_TIMEOUT_S = 0.6
HEAD_TIMEOUT_S, KEEP_ALIVE_S = 0.4, 1
BODY = question()


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    """Run a gateway with little patience, and an upstream n to which it keeps a single connection."""
    folder = tmp_path_factory.mktemp("watched")
    ports = {name: free_port() for name in "an"}
    port = write_configuration(
        folder,
        upstreams={"a": openai_upstream(ports["a"]), "n": openai_upstream(ports["n"], pool={"connections": 1})},
        models={"chat": model("a"), "narrow": model("n")},
        settings={"gateway": {"send_timeout": f"{SEND_TIMEOUT_S}s", "body_timeout": "300ms"}},
    )
    with start_gateway(folder, port) as running:
        running.ports = ports
        yield running


@pytest.fixture
async def upstreams() -> AsyncGenerator[AsyncExitStack]:
    """Hold the upstreams of one test."""
    async with AsyncExitStack() as stack:
        yield stack


async def _play(watched: Running, upstreams: AsyncExitStack, name: str, **script: Any) -> SimulatedServer:
    server = SimulatedServer(Script.model_validate(script, strict=False), port=watched.ports[name])
    return await upstreams.enter_async_context(server)


async def _until(condition: Any, *, within_s: float = 3.0) -> None:
    give_up = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < give_up, "it did not come to this"
        await asyncio.sleep(0.01)


def _in_flight(gateway: Running) -> int:
    with gateway.installation() as installation:
        status = installation.gateway.status()
    assert status is not None
    return status.in_flight


async def _last_receipt(gateway: Running, receipt_id: str) -> dict[str, Any]:
    return (await get(gateway, f"/v1/receipts/{receipt_id}")).json()


async def _stream_head(caller: Caller) -> str:
    """Read the head of an answer; returns its receipt's id."""
    lines = (await caller.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    return next(line.split(": ")[1] for line in lines if line.startswith("x-triplepoint-receipt"))


@pytest.mark.parametrize("sent", [0, 5, 60], ids=["before its head", "in the request line", "in a header"])
async def test_leaving_before_the_head_is_whole(watched: Running, sent: int) -> None:
    """Nothing has begun, so nothing is left behind."""
    async with call(watched) as caller:
        await caller.send(request(watched, BODY)[:sent])
        caller.leave()
    assert (await get(watched, "/healthz")).status == 200


async def test_leaving_within_the_body(watched: Running, upstreams: AsyncExitStack) -> None:
    """A request that never came whole is sent to nobody."""
    server = await _play(watched, upstreams, "a")
    async with call(watched) as caller:
        await caller.send(request(watched, BODY)[:-5])
        await _until(lambda: _in_flight(watched) == 1)
        caller.leave()
    await _until(lambda: _in_flight(watched) == 0)
    assert server.seen.count == 0


async def test_stalling_within_the_body(watched: Running, upstreams: AsyncExitStack) -> None:
    """A caller that sends no more of its body is told after the limit; what it sends then is not taken for a request."""
    server = await _play(watched, upstreams, "a")
    async with call(watched) as caller:
        await caller.send(request(watched, BODY)[:-5])
        answer = await caller.answer()
        assert (answer.status, answer.json()["error"]["code"]) == (408, "request_timeout")
        await caller.send(BODY[-5:] + request(watched, BODY))
        assert (await caller.answer()).status == 200
    assert server.seen.count == 1


async def test_a_steady_body_may_take_its_time(watched: Running, upstreams: AsyncExitStack) -> None:
    """The limit is on silence, not on the whole."""
    await _play(watched, upstreams, "a")
    async with call(watched) as caller:
        await caller.send(head(watched, f"content-length: {len(BODY)}"))
        for start in range(0, len(BODY), 15):
            await caller.send(BODY[start : start + 15])
            await asyncio.sleep(0.12)
        assert (await caller.answer()).status == 200


async def test_leaving_while_waiting_for_a_connection(watched: Running, upstreams: AsyncExitStack) -> None:
    """Who leaves the queue for an upstream's connection is gone from it, and the next in line gets its turn."""
    slow = {"text": "at last", "pace": {"first_token": "500ms"}}
    server = await _play(watched, upstreams, "n", cases=[{"when": {"nth": 1}, "answer": slow}])
    body = question(model="narrow")
    async with call(watched) as first, call(watched) as leaver, call(watched) as next_in_line:
        await first.send(request(watched, body))
        await _until(lambda: server.seen.count == 1)
        await leaver.send(request(watched, body))
        await _until(lambda: _in_flight(watched) == 2)
        await next_in_line.send(request(watched, body))
        await _until(lambda: _in_flight(watched) == 3)
        leaver.leave()
        assert (await first.answer()).status == (await next_in_line.answer()).status == 200
    await _until(lambda: _in_flight(watched) == 0)
    assert server.seen.count == 2


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "stream"])
async def test_leaving_before_the_first_byte(watched: Running, upstreams: AsyncExitStack, is_stream: bool) -> None:
    """The upstream's request is closed at once, the attempt cancelled; how much of a plain answer was made nobody knows."""
    server = await _play(watched, upstreams, "a", answer={"text": "never", "pace": {"first_token": "30s"}})
    with Tail(watched.journal) as tail:
        async with call(watched) as caller:
            await caller.send(request(watched, question(stream=is_stream)))
            await _until(lambda: server.seen.count == 1)
            caller.leave()
            left = time.monotonic()
            await _until(lambda: server.seen[0].left_at_s is not None)
            assert time.monotonic() - left < 1
        rows = tail.poll()
        while not rows:
            await asyncio.sleep(0.01)
            rows = tail.poll()
    (row,) = rows
    assert (row.outcome, row.usage.output_tokens) == ("cancelled", 0 if is_stream else None)
    assert (row.cost_usd is None) == (not is_stream)
    assert row.usage.input_tokens


async def test_leaving_within_a_stream(watched: Running, upstreams: AsyncExitStack) -> None:
    """The upstream is stopped within the stream, and what it has said until then is charged, and no more."""
    words = " ".join(["word"] * 200)
    server = await _play(watched, upstreams, "a", answer={"text": words, "pace": {"between_tokens": "10ms"}})
    async with call(watched) as caller:
        await caller.send(request(watched, question(stream=True)))
        receipt_id = await _stream_head(caller)
        await caller.reader.readuntil(b'"content":" word"')
        caller.leave()
        await _until(lambda: server.seen[0].left_at_s is not None)
    receipt = await _last_receipt(watched, receipt_id)
    usage = receipt["attempts"][0]["usage"]
    assert (receipt["outcome"], usage["source"]) == ("cancelled", "estimated")
    assert 0 < usage["output_tokens"] < 100
    assert float(receipt["cost_usd"]) > 0


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "stream"])
async def test_a_caller_that_does_not_read_is_cut_off(watched: Running, upstreams: AsyncExitStack, is_stream: bool) -> None:
    """After the limit its connection is cut; meanwhile a stream's upstream is held back instead of filling our memory."""
    flood = {"when": {"stream": True}, "answer": {"text": "x"}, "fault": {"kind": "huge", "part": "body", "size": "48MiB"}}
    server = await _play(watched, upstreams, "a", cases=[flood], answer={"text": "word " * 3_000_000})
    async with call(watched, limit=1024) as caller:
        await caller.send(request(watched, question(stream=is_stream)))
        receipt_id = await _stream_head(caller)
        caller.stop_reading()
        await asyncio.sleep(SEND_TIMEOUT_S * 0.8)
        assert _in_flight(watched) == 1
        await _until(lambda: _in_flight(watched) == 0, within_s=5 * SEND_TIMEOUT_S)
    receipt = await _last_receipt(watched, receipt_id)
    assert receipt["outcome"] == ("cancelled" if is_stream else "finished")
    if is_stream:
        assert server.seen[0].left_at_s is not None
        assert server.seen[0].sent_bytes < 24 * 2**20  # what the sockets' buffers hold


async def test_a_caller_that_reads_slowly_gets_everything(watched: Running, upstreams: AsyncExitStack) -> None:
    """As long as it reads, it is not cut off, however long the whole takes."""
    text = "word " * 3_000_000
    await _play(watched, upstreams, "a", answer={"text": text})
    async with call(watched, limit=1024) as caller:
        started = time.monotonic()
        await caller.send(request(watched, BODY))
        await _stream_head(caller)
        size = 0
        while size < len(text):
            size += len(await caller.reader.read(2**20))
            await asyncio.sleep(0.0005 if time.monotonic() - started > 3 * SEND_TIMEOUT_S else 0.05)
    assert time.monotonic() - started > 3 * SEND_TIMEOUT_S


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    """Run a gateway whose limits on heads, which are not settings, are a second instead of a minute."""
    folder = tmp_path_factory.mktemp("impatient")
    ports = {"a": free_port()}
    port = write_configuration(folder, upstreams={"a": openai_upstream(ports["a"])}, models={"chat": model("a")})
    program = (
        "from pathlib import Path; from triplepoint.gateway import connection; "
        f"connection.HEAD_TIMEOUT_S = {HEAD_TIMEOUT_S}; connection.KEEP_ALIVE_S = {KEEP_ALIVE_S}; "
        f"from triplepoint.processes.gateway import run_gateway; run_gateway(Path({str(folder)!r}))"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.DEVNULL, env=dict(os.environ))
    try:
        await_ready(port, process)
        yield Running(folder, port, "tp-none", process, ports)
    finally:
        process.terminate()
        process.wait(10)


async def _closed_after(caller: Caller) -> float:
    started = time.monotonic()
    await caller.until_closed()
    return time.monotonic() - started


@pytest.mark.parametrize("sent", [b"", b"GET", b"GET / HTTP/1.1\r\nhost: g\r\nx-slow: "], ids=["nothing", "a word", "a header"])
async def test_a_head_that_does_not_come_is_not_waited_for(impatient: Running, sent: bytes) -> None:
    """A connection without a whole head is closed after the limit, whatever it has sent of it."""
    async with call(impatient) as caller:
        await caller.send(sent)
        assert HEAD_TIMEOUT_S * 0.5 < await _closed_after(caller) < HEAD_TIMEOUT_S + 1


async def test_a_head_that_drips_is_not_waited_for(impatient: Running) -> None:
    """The limit is on the whole head: a byte now and then does not extend it."""
    async with call(impatient) as caller:

        async def drip() -> None:
            for byte in b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 100:
                await caller.send(bytes([byte]))
                await asyncio.sleep(0.05)

        dripping = asyncio.create_task(drip())
        assert await _closed_after(caller) < HEAD_TIMEOUT_S + 1
        dripping.cancel()


@pytest.mark.parametrize("sent", [b"", b"\r\n", b"GET", b"GET / HTTP/1.1\r\nhost: g\r\n"])
async def test_a_further_head_is_not_waited_for_either(impatient: Running, sent: bytes) -> None:
    """After an answer the next head must be whole within the limit; to begin it is not enough."""
    async with call(impatient) as caller:
        await caller.send(head(impatient, method="GET", path="/healthz"))
        assert (await caller.answer()).status == 200
        await caller.send(sent)
        assert KEEP_ALIVE_S * 0.5 < await _closed_after(caller) < KEEP_ALIVE_S + 1


async def test_a_refused_body_is_not_waited_for(impatient: Running) -> None:
    """Who has been refused and goes on dripping its body is closed as an idle connection is."""
    async with call(impatient) as caller:
        await caller.send(head(impatient, "content-length: 1000", key="tp-wrong"))
        assert (await caller.answer()).status == 401
        await caller.send(b"{")
        assert await _closed_after(caller) < KEEP_ALIVE_S + 1


async def test_nothing_of_this_was_an_error(watched: Running) -> None:
    """Callers come and go: after all of the above the gateway has logged no error, and holds nothing."""
    assert (await post(watched, b"{}")).status == 400
    assert _in_flight(watched) == 0
    assert '"level": "error"' not in watched.log
    assert "Traceback" not in watched.log
