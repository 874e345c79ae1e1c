"""However an audit ends, each of its attempts has exactly one row; and nothing that was said is anywhere."""

import asyncio
import json
import signal
from pathlib import Path

from tests.gateway.audits.auditing import (
    audited_family,
    family_script,
    found,
    metric,
    own,
    playing,
    until_audited,
)
from tests.gateway.audits.test_audits import ask
from tests.gateway.harness import Running, free_port
from tests.gateway.raw import post, question
from tests.gateway.speaking import script, until

from triplepoint.ledger.model import Outcome
from triplepoint.upstreams.simulated.server import SimulatedServer

PROMPT = "PLANTED-PROMPT about my medical history"
ANSWER = "PLANTED-ANSWER about your medical history"
OTHER = "PLANTED-OTHER about your medical history"
SLOW = {"text": "one two three", "pace": {"first_token": "20s"}}


async def _begin_slow_audits(gateway: Running, servers: dict[str, SimulatedServer], count: int) -> None:
    for n in range(count):
        await ask(gateway, f"Is it so? {n}")
    await until(lambda: len(list(servers["b"].seen)) >= 2)


async def test_a_killed_gateway_leaves_one_row_for_each_attempt(tmp_path: Path) -> None:
    """Interrupted, at what was held for it on the budget; and none that no upstream saw."""
    slow = family_script(cases=[{"when": {"model": "b-*"}, "answer": SLOW}])
    with audited_family(tmp_path) as gateway:
        async with playing(gateway.ports, slow) as servers:
            await _begin_slow_audits(gateway, servers, 4)
            gateway.process.send_signal(signal.SIGKILL)
            gateway.process.wait(10)
            seen = len(list(servers["b"].seen))
        rows = own(gateway)
    assert len(rows) == seen == 2
    assert {row.outcome for row in rows} == {Outcome.INTERRUPTED}
    with gateway.installation() as installation:
        spent = installation.audits.spent_usd(since_us=0)
    assert float(spent) > 2 * 0.06  # 4,096 tokens each at 15 a million


async def test_a_gateway_that_is_stopped_drops_what_waits_and_cancels_what_runs(tmp_path: Path) -> None:
    """It does not wait for audits, and their attempts are closed as cancelled."""
    slow = family_script(cases=[{"when": {"model": "b-*"}, "answer": SLOW}])
    with audited_family(tmp_path) as gateway:
        async with playing(gateway.ports, slow) as servers:
            await _begin_slow_audits(gateway, servers, 6)
            gateway.process.terminate()
            async with asyncio.timeout(8):
                while gateway.process.poll() is None:  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.05)
        audits, rows = found(gateway)
    assert gateway.process.returncode == 0
    assert audits == []
    assert [row.outcome for row in rows if row.audit_of] == [Outcome.CANCELLED, Outcome.CANCELLED]
    assert "Traceback" not in gateway.log


async def test_too_many_at_once_are_dropped_and_counted(tmp_path: Path) -> None:
    """Two run, so many wait, and nobody's answer is later for it."""
    slow = family_script(cases=[{"when": {"model": "b-*"}, "answer": {**SLOW, "pace": {"first_token": "3s"}}}])
    with audited_family(tmp_path) as gateway:
        async with playing(gateway.ports, slow):
            for n in range(40):
                await ask(gateway, f"Is it so? {n}")
            assert metric(gateway, "triplepoint_audits_dropped_total") == {'why="full"': 6.0}


async def test_a_new_snapshot_does_not_pull_an_audit_off_its_upstream(tmp_path: Path) -> None:
    """What waits is audited by the line-up that decided it, on the upstreams of then."""
    slow = family_script(cases=[{"when": {"model": "b-*"}, "answer": {**SLOW, "pace": {"first_token": "600ms"}}}])
    with audited_family(tmp_path) as gateway:
        async with playing(gateway.ports, slow):
            answers = [await ask(gateway, f"Is it so? {n}") for n in range(3)]
            lineup = tmp_path / "lineups" / "test.yaml"
            lineup.write_text(lineup.read_text().replace("share: 1.0", "share: 0.5"))
            settings = tmp_path / "triplepoint.yaml"
            old, new = gateway.ports["b"], free_port()
            settings.write_text(settings.read_text().replace(str(old), str(new)))
            with gateway.installation() as installation:
                published = await asyncio.to_thread(installation.gateway.publish)
            assert published is not None
            assert published.ok
            audits = await until_audited(gateway, *answers)
    assert {audit.lineup for audit in audits} == {answers[0].headers["x-triplepoint-lineup"]}
    assert published.lineup_hash not in {audit.lineup for audit in audits}
    assert {audit.share for audit in audits} == {1.0}


async def test_what_was_said_is_nowhere_written(tmp_path: Path) -> None:
    """Not the question, not either answer, not the verdict: in no file, log, metric or status, whatever happens."""
    scripts = {
        "a": script(answer={"text": ANSWER}),
        "b": script(answer={"text": OTHER}),
        "judge": script(answer={"text": f'{{"better":"{PROMPT}"}}'}),
    }
    faults = [
        None,
        {"kind": "status", "status": 500, "body": OTHER},
        {"kind": "malformed_json"},
        {"kind": "error_body", "message": OTHER},
    ]
    with audited_family(tmp_path, settings={"telemetry": {"log_level": "debug"}}) as gateway:
        async with playing(gateway.ports, scripts) as servers:
            for fault in faults:
                servers["b"].reset(script(answer={"text": OTHER}, cases=[{"fault": fault}] if fault else []))
                for stream in (False, True):
                    before = _ended(gateway)
                    await post(gateway, question(PROMPT, model="auto", stream=stream))
                    await until(lambda: _ended(gateway) > before)  # noqa: B023 - waited for at once
        audits, rows = found(gateway)
        with gateway.installation() as installation:
            told = [str(audits), str(rows), str(installation.gateway.status()), str(installation.gateway.metrics())]
        with gateway.installation() as installation:
            told.append(json.dumps([str(one) for one in installation.ledger.rollups()]))
        told += [path.read_bytes().decode("latin-1") for path in tmp_path.rglob("*") if path.is_file()]  # noqa: ASYNC240
    assert audits
    assert len(own(gateway)) > 4
    for planted in (PROMPT, ANSWER, OTHER):
        assert [text[:200] for text in told if planted in text] == []


def _ended(gateway: Running) -> float:
    return sum(sum(metric(gateway, f"triplepoint_audits{kind}_total").values()) for kind in ("", "_dropped"))
