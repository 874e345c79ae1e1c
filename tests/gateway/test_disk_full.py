"""A disk without room under the journal: requests stop, or go on, as configured, and no record is lost without a word.

The disk is filled for the gateway alone, by the kernel's limit on the size of its files, and made room on again.
"""

import asyncio
import resource
import time
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tests.gateway.harness import Running, free_port, model, openai_upstream, start_gateway, write_configuration
from tests.gateway.raw import call, get, post, question, request

from triplepoint.ledger.drain import drain
from triplepoint.ledger.framing import list_segments
from triplepoint.ledger.model import AttemptRow, Outcome
from triplepoint.upstreams.simulated.model import Script
from triplepoint.upstreams.simulated.server import SimulatedServer

NO_LIMIT = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
SLOW = {"when": {"contains": "slow"}, "answer": {"text": "a b c", "pace": {"between_tokens": "200ms"}}}


class Filled:
    """A gateway whose disk can be filled, and its upstream."""

    def __init__(self, gateway: Running, upstream: SimulatedServer) -> None:
        self.gateway = gateway
        self.upstream = upstream

    def fill(self, *, room: int = 0) -> None:
        """Leave the journal only so many bytes."""
        journal = self.gateway.journal
        size = max((journal / str(name)).stat().st_size for name in list_segments(journal))
        resource.prlimit(self.gateway.process.pid, resource.RLIMIT_FSIZE, (size + room, resource.RLIM_INFINITY))

    async def make_room(self) -> None:
        """Give the room back, and wait until the gateway has noticed."""
        resource.prlimit(self.gateway.process.pid, resource.RLIMIT_FSIZE, NO_LIMIT)
        give_up = time.monotonic() + 3
        while (await get(self.gateway, "/readyz")).status != 200:
            assert time.monotonic() < give_up
            await asyncio.sleep(0.01)

    def rows(self) -> list[AttemptRow]:
        """End the gateway, and return what the ledger has of it."""
        self.gateway.process.terminate()
        assert self.gateway.process.wait(10) == 0
        with self.gateway.installation() as installation:
            done = drain(installation.data, installation.ledger)
            assert (done.damaged, done.unmatched) == (0, 0)
            return list(installation.ledger.iterate())

    def status(self) -> tuple[str, str]:
        """Return what status and metrics say of the journal."""
        with self.gateway.installation() as installation:
            status, metrics = installation.gateway.status(), installation.gateway.metrics()
        assert status is not None
        assert metrics is not None
        return status.journal, metrics.decode()


@pytest.fixture
async def filled(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncGenerator[Filled]:
    """Run a gateway with a policy, which a test names as its parameter."""
    upstream = free_port()
    port = write_configuration(
        tmp_path,
        upstreams={"a": openai_upstream(upstream)},
        models={"chat": model("a")},
        settings={"journal": {"when_full": request.param, "fsync": "10ms"}},
    )
    script = Script.model_validate({"cases": [SLOW]}, strict=False)
    with start_gateway(tmp_path, port) as gateway:
        async with SimulatedServer(script, port=upstream) as server:
            yield Filled(gateway, server)


@pytest.mark.parametrize("filled", ["stop"], indirect=True)
@pytest.mark.parametrize("room", [0, 100], ids=["no room", "room for half a record"])
async def test_stop_refuses_what_cannot_be_recorded(filled: Filled, room: int) -> None:
    """Under ``stop`` a request is a 503 that says why, nothing reaches the upstream, and with room it goes on by itself."""
    assert (await post(filled.gateway, question())).status == 200
    filled.fill(room=room)
    for path, status in (("/v1/chat/completions", 503), ("/v1/messages", 529)):
        answer = await post(filled.gateway, question(max_tokens=5), path=path)
        assert answer.status == status
        assert answer.headers["x-should-retry"] == "true"
        assert answer.headers["retry-after"] == "1"
        assert "cannot be recorded" in answer.json()["error"]["message"]
    assert (await post(filled.gateway, question())).json()["error"]["code"] == "journal_full"
    assert filled.upstream.seen.count == 1
    await asyncio.sleep(0.05)  # the next try words the trouble anew
    ready = await get(filled.gateway, "/readyz")
    assert ready.status == 503
    assert ready.json()["reason"] == f"journal: {filled.status()[0]}" != "journal: ok"
    assert (await get(filled.gateway, "/healthz")).status == 200
    await filled.make_room()
    assert (await post(filled.gateway, question())).status == 200
    assert [row.outcome for row in filled.rows()] == [Outcome.FINISHED, Outcome.FINISHED]


@pytest.mark.parametrize("filled", ["stop", "continue"], indirect=True)
async def test_what_was_begun_is_finished(filled: Filled) -> None:
    """A stream that is under way when the disk fills up goes on to its end, and its end is written once there is room."""
    async with call(filled.gateway) as caller:
        await caller.send(request(filled.gateway, question("slow", stream=True)))
        await caller.reader.readuntil(b'"content":"a"')
        filled.fill()
        async with asyncio.timeout(5):
            await caller.reader.readuntil(b"data: [DONE]\n\n")
    await filled.make_room()
    (row,) = filled.rows()
    assert (row.outcome, row.usage.output_tokens) == (Outcome.FINISHED, 3)


@pytest.mark.parametrize("filled", ["continue"], indirect=True)
async def test_continue_answers_and_loses_nothing(filled: Filled) -> None:
    """Under ``continue`` answers go on, status, metrics and readiness say so, and all of it is in the ledger afterwards."""
    filled.fill(room=50)
    for number in range(20):
        answer = await post(filled.gateway, question(triplepoint={"conversation": str(number)}))
        assert answer.status == 200
        receipt = await get(filled.gateway, f"/v1/receipts/{answer.headers['x-triplepoint-receipt']}")
        assert receipt.json()["outcome"] == "finished"
    ready = await get(filled.gateway, "/readyz")
    state, metrics = filled.status()
    assert (ready.status, ready.json()["reason"]) == (503, f"journal: {state}")
    assert state.endswith("; 40 records wait in memory")
    assert "triplepoint_journal_backlog 40.0" in metrics
    await filled.make_room()
    rows = filled.rows()
    assert sorted(int(row.conversation or -1) for row in rows) == list(range(20))
    assert {row.outcome for row in rows} == {Outcome.FINISHED}
    assert filled.upstream.seen.count == 20


@pytest.mark.parametrize("filled", ["continue"], indirect=True)
async def test_a_loss_is_said(filled: Filled) -> None:
    """A gateway that has to end while its disk is full says how many records it could not write."""
    for _ in range(30):  # until the journal is longer than the log, which has the same limit
        assert (await post(filled.gateway, question())).status == 200
    filled.fill()
    assert (await post(filled.gateway, question())).status == 200
    filled.gateway.process.terminate()
    assert filled.gateway.process.wait(10) == 0
    assert "journal cannot be written" in filled.gateway.log
    assert "journal closed with 2 records unwritten" in filled.gateway.log
