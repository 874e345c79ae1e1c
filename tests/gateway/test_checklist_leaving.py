"""The compatibility checklist, point 25: a caller that leaves stops the upstream, in each of the four phases."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from tests.gateway.conftest import Simulate
from tests.gateway.harness import Running
from tests.gateway.queued import queued_gateway
from tests.gateway.raw import CHAT, call, question, request
from tests.gateway.speaking import MESSAGES, RESPONSES, Ended, fails, says, until, user

from triplepoint.ledger.tail import Tail
from triplepoint.upstreams.simulated.server import SimulatedServer

SLOW = says("one two three four five six seven eight", pace={"between_tokens": "150ms"})
DIALECTS = [(CHAT, "chat", "a"), (RESPONSES, "native", "r"), (MESSAGES, "claude", "c"), (MESSAGES, "chat", "a")]


def body(model: str, *, stream: bool) -> bytes:
    """Write a request that all three paths understand."""
    members: dict[str, Any] = {"model": model, "stream": stream, "input": "hello", "messages": user(), "max_tokens": 99}
    return json.dumps(members).encode()


async def test_leaving_the_queue(tmp_path: Path) -> None:
    """Point 25: who leaves while waiting for a turn gives up its place; nothing was sent, so the ledger has no row."""
    async with queued_gateway(tmp_path) as queued, SimulatedServer(SLOW, port=queued.upstream_port) as server:
        with Tail(queued.journal) as tail:
            first, first_task = queued.ask(question())
            await until(lambda: len(server.seen) == 1)
            second, second_task = queued.ask(question())
            await until(lambda: queued.gate.waiting == 1)
            second.leave()
            await second_task
            assert queued.gate.waiting == 0
            assert second.sent == b""
            await first_task
            assert first.status == 200
            assert queued.gate.active == 0
            rows = tail.poll()
        assert [row.outcome for row in rows] == ["finished"]
        assert len(server.seen) == 1


async def test_leaving_with_a_turn_gives_it_to_the_next(tmp_path: Path) -> None:
    """Point 25: who leaves during its turn is charged, and the one behind it is served."""
    async with queued_gateway(tmp_path) as queued, SimulatedServer(SLOW, port=queued.upstream_port) as server:
        with Tail(queued.journal) as tail:
            first, first_task = queued.ask(question())
            await until(lambda: len(server.seen) == 1)
            second, second_task = queued.ask(question())
            await until(lambda: queued.gate.waiting == 1)
            first.leave()
            await asyncio.gather(first_task, second_task)
            assert (first.status, second.status) == (None, 200)
            rows = tail.poll()
        assert [row.outcome for row in rows] == ["cancelled", "finished"]
        assert server.seen[0].left_at_s is not None


@pytest.mark.parametrize(("path", "model", "upstream"), DIALECTS)
@pytest.mark.parametrize("is_stream", [True, False])
async def test_leaving_before_the_first_byte(
    gateway: Running, simulate: Simulate, path: str, model: str, upstream: str, is_stream: bool
) -> None:
    """Point 25: who leaves before there is an answer stops the upstream; the row is cancelled, its input counted."""
    server = await simulate(upstream, says(pace={"first_token": "10s"}, role_alone=False))
    with Ended(gateway) as ended:
        async with call(gateway) as caller:
            await caller.send(request(gateway, body(model, stream=is_stream), path=path))
            await until(lambda: len(server.seen) == 1)
            caller.leave()
        await until(lambda: server.seen[0].left_at_s is not None)
        [row] = await ended.until(1)
    assert (row.outcome, row.error) == ("cancelled", None)
    assert row.usage.source == "estimated"
    assert row.usage.input_tokens


@pytest.mark.parametrize(("path", "model", "upstream"), DIALECTS)
async def test_leaving_a_stream(gateway: Running, simulate: Simulate, path: str, model: str, upstream: str) -> None:
    """Point 25: who leaves in the middle of a stream stops the upstream and is charged what was produced until then."""
    server = await simulate(upstream, SLOW)
    with Ended(gateway) as ended:
        async with call(gateway) as caller:
            await caller.send(request(gateway, body(model, stream=True), path=path))
            await caller.reader.readuntil(b"three")
            caller.leave()
        await until(lambda: server.seen[0].left_at_s is not None)
        [row] = await ended.until(1)
    assert not server.seen[0].is_finished
    assert row.outcome == "cancelled"
    assert row.usage.output_tokens is not None
    assert 2 <= row.usage.output_tokens < 8
    assert float(row.cost_usd or 0) > 0


async def test_leaving_inside_an_answer_that_is_no_stream(gateway: Running, simulate: Simulate) -> None:
    """Point 25: who leaves while a whole answer drips in stops the upstream, and the row is cancelled."""
    server = await simulate("a", fails(kind="drip", part="body", size=20, every="100ms"))
    with Ended(gateway) as ended:
        async with call(gateway) as caller:
            await caller.send(request(gateway, question()))
            await until(lambda: len(server.seen) == 1 and server.seen[0].sent_bytes > 200)
            caller.leave()
        await until(lambda: server.seen[0].left_at_s is not None)
        [row] = await ended.until(1)
    assert row.outcome == "cancelled"


async def test_the_gateway_serves_on(gateway: Running, simulate: Simulate) -> None:
    """Point 25: after twenty callers that left at once, nothing is left under way and the next one is answered."""
    server = await simulate("a", SLOW)
    for _ in range(20):
        async with call(gateway) as caller:
            await caller.send(request(gateway, question(stream=True)))
            await caller.reader.readuntil(b"one")
            caller.leave()
    await until(lambda: all(seen.left_at_s is not None for seen in server.seen))
    await until(lambda: _in_flight(gateway) == 0)
    server.reset(says())
    async with call(gateway) as caller:
        await caller.send(request(gateway, question()))
        assert (await caller.answer()).status == 200


def _in_flight(gateway: Running) -> int:
    with gateway.installation() as installation:
        status = installation.gateway.status()
    assert status is not None
    return status.in_flight + sum(upstream.in_flight for upstream in status.upstreams)
