"""Prompts, answers and keys, planted and searched for: in no file of the installation, no log, metric, status or error."""

import json
from collections.abc import Generator
from pathlib import Path

import pytest
from tests.gateway.harness import (
    Running,
    anthropic_upstream,
    free_port,
    model,
    openai_upstream,
    start_gateway,
    write_configuration,
)
from tests.gateway.raw import call, get, post, question, request

from triplepoint.ledger.drain import drain
from triplepoint.upstreams.simulated.model import Script
from triplepoint.upstreams.simulated.server import SimulatedServer

PROMPT = "PLANTED-PROMPT about my medical history"
ANSWER = "PLANTED-ANSWER about your medical history"
SECRET = "sk-planted-upstream-key-0123456789"  # a key that is planted to be searched for
WRONG_KEY = "tp-PLANTEDwrongKEY0123456789abcdefghijklmnop"
PLANTED = (PROMPT, ANSWER, SECRET, WRONG_KEY)
FAULTS = [
    {"kind": "status", "status": 401, "message": ANSWER},
    {"kind": "status", "status": 500, "body": ANSWER},
    {"kind": "error_body", "message": ANSWER},
    {"kind": "malformed_json"},
    {"kind": "garbage", "where": "head"},
    {"kind": "cut"},
    {"kind": "error_event", "message": ANSWER},
]


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    """Run a gateway that logs as much as it can."""
    folder = tmp_path_factory.mktemp("planted")
    ports = {"a": free_port(), "c": free_port()}
    key = {"api_key": "${PLANTED_UPSTREAM_KEY}"}
    port = write_configuration(
        folder,
        upstreams={"a": openai_upstream(ports["a"], **key), "c": anthropic_upstream(ports["c"], **key)},
        models={"chat": model("a"), "claude": model("c", capabilities=["chat"])},
        lineup={
            "router": {"kind": "rules", "rules": [{"when": {"code": True}, "use": "claude", "why": "code"}], "default": "chat"}
        },
        settings={"telemetry": {"log_level": "debug"}},
    )
    with start_gateway(folder, port, environ={"PLANTED_UPSTREAM_KEY": SECRET}) as running:
        running.ports = ports
        yield running


async def _say_everything(searched: Running) -> list[str]:
    """Have the planted words go through every path; returns what was told of faults."""
    told: list[str] = []
    for fault in (None, *FAULTS):
        cases = [] if fault is None else [{"fault": fault}]
        script = Script.model_validate({"cases": cases, "answer": {"text": ANSWER}}, strict=False)
        async with SimulatedServer(script, port=searched.ports["a"]), SimulatedServer(script, port=searched.ports["c"]):
            for name in ("chat", "claude", "auto"):
                for is_stream in (False, True):
                    answer = await post(searched, question(PROMPT, model=name, stream=is_stream))
                    told += [answer.body.decode()] if fault is not None and answer.status != 200 else []
    told.append((await post(searched, question(PROMPT, model=f"{PROMPT[:7]}-unknown"))).body.decode())
    told.append((await post(searched, json.dumps({"model": "chat", "messages": PROMPT})[:-1].encode())).body.decode())
    told.append((await post(searched, question(PROMPT), key=WRONG_KEY)).body.decode())
    async with call(searched) as caller:
        await caller.send(request(searched, question(PROMPT))[:-3])
        caller.leave()
    return told


async def test_what_was_said_is_nowhere_written(searched: Running) -> None:
    """After every kind of end: not in journal, ledger or log, not in metrics, status, receipts or errors."""
    told = await _say_everything(searched)
    with searched.installation() as installation:
        drain(installation.data, installation.ledger, wait_s=2)
        rows = list(installation.ledger.iterate())
        told += [str(rows), str(installation.gateway.status()), str(installation.gateway.metrics())]
    assert len(rows) > 40
    told.append(json.dumps((await get(searched, f"/v1/receipts/{rows[0].receipt_id}")).json()))
    for path in _files(searched.folder):
        told.append(path.read_bytes().decode("latin-1"))
    found = {planted[:14]: [text[:200] for text in told if planted in text] for planted in PLANTED}
    assert found == {planted[:14]: [] for planted in PLANTED}


def _files(folder: Path) -> list[Path]:
    found = [path for path in folder.rglob("*") if path.is_file()]
    assert any(path.suffix == ".db" for path in found)
    assert any(path.parent.name == "journal" for path in found)
    assert any(path.name == "gateway.log" for path in found)
    return found


def test_a_key_is_kept_in_one_file_alone(searched: Running) -> None:
    """The first key lies where the commands of this machine look for it, and its text is in no other file."""
    holding = [path.name for path in _files(searched.folder) if searched.key.encode() in path.read_bytes()]
    assert holding == ["first-key"]
