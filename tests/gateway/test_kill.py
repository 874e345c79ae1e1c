"""SIGKILL, for real and often: each request that an upstream saw has exactly one row in the ledger, and the sums are exact.

Gateways are killed at random moments under load from concurrent callers, streams and plain answers mixed, while drains move
what they wrote. Each request bears a marker of its own twice: in its message, where the upstream sees it, and as its
conversation, where the ledger keeps it. So requests seen and rows kept can be laid side by side, one by one.
"""

import asyncio
import contextlib
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest
from tests.gateway.harness import Running, model, openai_upstream, write_configuration
from tests.gateway.raw import Caller, call, question, request

from triplepoint.app import open_installation
from triplepoint.foundation.money import per_mtok
from triplepoint.ledger.drain import Drainer, drain
from triplepoint.ledger.framing import list_segments
from triplepoint.ledger.model import AttemptRow, Outcome
from triplepoint.ledger.rollups import By
from triplepoint.processes.parent import PARENT_VARIABLE
from triplepoint.upstreams.simulated.model import Script
from triplepoint.upstreams.simulated.server import SimulatedServer

KILLS = 210
"""In all, over the gateways side by side."""
GATEWAYS = 2
CALLERS = 5
"""Of each gateway, at once."""
INPUT_USD, OUTPUT_USD = Decimal("0.10"), Decimal("0.40")
SCRIPT = {
    "answer": {"text": "one two three four five six seven eight", "pace": {"first_token": "2ms", "between_tokens": "1ms"}},
    "record": True,
    "keep": 1_000_000,
}


@dataclass
class Told:
    """What callers were told: markers by how their request ended for them."""

    answered: set[str] = field(default_factory=set[str])
    """To the last byte."""
    broken: set[str] = field(default_factory=set[str])


def _install(folder: Path, upstream_port: int) -> Running:
    folder.mkdir()
    port = write_configuration(
        folder,
        upstreams={"a": openai_upstream(upstream_port)},
        models={"chat": model("a")},
        settings={"journal": {"segment": "64KiB", "fsync": "5ms"}},
    )
    with open_installation(folder) as installation:
        installation.access.ensure_first_key(installation.data / "first-key")
        key = (installation.data / "first-key").read_text("utf-8").strip()
    return Running(folder, port, key, process=None)  # pyright: ignore[reportArgumentType] - it has many


async def _keep_asking(gateway: Running, name: str, told: Told, is_over: asyncio.Event) -> None:
    """Be a caller: ask as fast as there are answers, on one connection for as long as it lasts."""
    number = 0
    while not is_over.is_set():
        try:
            async with call(gateway) as caller:
                while not is_over.is_set():
                    number += 1
                    await _ask(gateway, caller, f"{name}.{number}", told, is_stream=number % 2 == 0)
        except OSError:  # between two lives nobody listens
            await asyncio.sleep(0.004)


async def _ask(gateway: Running, caller: Caller, marker: str, told: Told, *, is_stream: bool) -> None:
    body = question(marker, stream=is_stream, triplepoint={"conversation": marker})
    told.broken.add(marker)
    try:
        await caller.send(request(gateway, body))
        answer = await caller.answer()
    except asyncio.IncompleteReadError as error:
        raise ConnectionResetError("cut off") from error
    assert answer.status == 200, answer
    assert not is_stream or answer.body.endswith(b"data: [DONE]\n\n")
    told.broken.discard(marker)
    told.answered.add(marker)


async def _kill_under_load(gateway: Running, number: int) -> tuple[Told, list[float]]:
    """Have a gateway killed again and again while its callers ask; returns what they were told, and how long births took."""
    told, is_over = Told(), asyncio.Event()
    with (gateway.folder / "gateway.log").open("wb") as log:
        nursery = await asyncio.create_subprocess_exec(
            sys.executable,
            str(Path(__file__).parent / "nursery.py"),
            *(str(gateway.folder), str(gateway.port), str(KILLS // GATEWAYS), str(number)),
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            env={**os.environ, PARENT_VARIABLE: str(os.getpid())},
        )
    try:
        async with asyncio.TaskGroup() as callers:
            for caller in range(CALLERS):
                callers.create_task(_keep_asking(gateway, f"{number}.{caller}", told, is_over))
            births, _ = await nursery.communicate()
            is_over.set()
    finally:
        with contextlib.suppress(ProcessLookupError):
            nursery.kill()
        await nursery.wait()
    assert nursery.returncode == 0, (gateway.folder / "gateway.log").read_text("utf-8")[-2000:]
    return told, json.loads(births)


@contextmanager
def _drained(gateway: Running) -> Generator[None]:
    """Drain again and again, as a control plane does beside its gateway."""
    with gateway.installation() as installation:
        drainer = Drainer(installation.data, installation.ledger, interval_s=0.1)
        drainer.start()
        try:
            yield
        finally:
            drainer.stop()
        assert drainer.state() == "ok"
        assert (drainer.done.damaged, drainer.done.unmatched) == (0, 0)


@pytest.mark.timeout(240)
async def test_no_kill_loses_or_doubles_a_request(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    """Over 210 killed gateways: one row for each request seen, none for another but opened ones, and exact sums."""
    async with AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(SimulatedServer(Script.model_validate(SCRIPT, strict=False)))
        gateways = [_install(tmp_path / str(number), upstream.port) for number in range(GATEWAYS)]
        stack.enter_context(_drained(gateways[0]))  # the others are drained at the end
        told = await asyncio.gather(*(_kill_under_load(gateway, number) for number, gateway in enumerate(gateways)))
        seen = [Counter[str]() for _ in gateways]
        for one in upstream.seen:
            marker: str = json.loads(one.body or b"")["messages"][0]["content"]
            seen[int(marker.partition(".")[0])][marker] += 1
    outcomes = Counter[str]()
    unseen = 0
    for gateway, (said, _), saw in zip(gateways, told, seen, strict=True):
        rows = _rows(gateway)
        unseen += _assert_accounted(rows, saw, said)
        outcomes.update(str(row.outcome) for row in rows)
    births = sorted(birth for _, every in told for birth in every)
    record_property("kills", KILLS)
    record_property("requests that the upstream saw", sum(one.total() for one in seen))
    record_property("rows", dict(outcomes))
    record_property("rows opened and never sent", unseen)
    record_property("median seconds to start", round(births[len(births) // 2], 3))
    assert sum(one.total() for one in seen) > 2 * KILLS
    assert outcomes[Outcome.INTERRUPTED] > KILLS / 10


def _rows(gateway: Running) -> list[AttemptRow]:
    """Drain what is left, and check that rollups and rows say the same to the last digit."""
    with gateway.installation() as installation:
        done = drain(installation.data, installation.ledger, wait_s=5)
        assert (done.damaged, done.unmatched) == (0, 0)
        rows = list(installation.ledger.iterate())
        owed = sum((Decimal(row.cost_usd or "nan") for row in rows), Decimal(0))
        for by in By:
            totals = installation.ledger.sum(by=by)
            assert sum(total.attempts for total in totals) == len(rows)
            assert sum((Decimal(total.cost_usd) for total in totals), Decimal(0)) == owed
            assert sum(total.input_tokens for total in totals) == sum(row.usage.input_tokens or 0 for row in rows)
            assert sum(total.output_tokens for total in totals) == sum(row.usage.output_tokens or 0 for row in rows)
        assert list_segments(installation.data / "journal") == []
    return rows


def _assert_accounted(rows: list[AttemptRow], saw: Counter[str], said: Told) -> int:
    """Lay rows, requests seen and answers told side by side; returns the rows that were opened and never sent."""
    by_marker = Counter(row.conversation or "" for row in rows)
    assert {marker: count for marker, count in saw.items() if by_marker[marker] != count} == {}
    assert set(by_marker.values()) == {1}
    unseen = [row for row in rows if (row.conversation or "") not in saw]
    assert {row.outcome for row in unseen} <= {Outcome.INTERRUPTED}
    finished = {row.conversation for row in rows if row.outcome is Outcome.FINISHED}
    assert said.answered <= finished
    assert by_marker.keys() <= said.answered | said.broken
    for row in rows:
        assert row.outcome in {Outcome.FINISHED, Outcome.INTERRUPTED}
        assert row.cost_usd is not None
        assert Decimal(row.cost_usd) == _due(row)
    return len(unseen)


def _due(row: AttemptRow) -> Decimal:
    """What an attempt costs: an interrupted one its input as estimated, and no output, which nobody counted."""
    return per_mtok(row.usage.input_tokens or 0, INPUT_USD) + per_mtok(row.usage.output_tokens or 0, OUTPUT_USD)
