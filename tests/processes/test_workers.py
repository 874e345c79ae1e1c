"""Several gateways on one port: one database, one set of keys, one status, and nobody missed when one dies."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Generator
from pathlib import Path

import pytest
from tests.gateway.harness import ADMIN
from tests.plans.valkey_server import ValkeyServer
from tests.postgres import PostgresServer, lent_database
from tests.processes.household import install
from tests.processes.workers import COUNTERS, DATABASE, Workers, install_shared

from triplepoint.app import Installation, open_installation
from triplepoint.ledger.folder_lock import live_workers

COUNT = 3


@pytest.fixture(scope="module")
def crew(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Generator[Workers]:
    """Run three workers for the tests of this module."""
    patch = pytest.MonkeyPatch()
    valkey = ValkeyServer(tmp_path_factory.mktemp("valkey"))
    valkey.start()
    with lent_database(postgres) as database:
        environ = {DATABASE: database, COUNTERS: valkey.url}
        for name, value in environ.items():
            patch.setenv(name, value)
        folder = install_shared(tmp_path_factory.mktemp("workers"))
        running = Workers(folder, COUNT, environ)
        try:
            running.await_all()
            yield running
        finally:
            code = running.stop()
            valkey.stop()
            patch.undo()
        assert code == 0, running.log


@pytest.fixture
def installation(crew: Workers) -> Generator[Installation]:
    """Open the stores beside them."""
    with open_installation(crew.folder) as opened:
        yield opened


def test_a_key_opens_every_worker_and_revoked_none(crew: Workers, installation: Installation) -> None:
    """A key made by another process is known to all workers a moment later, and forgotten by all as soon."""
    customer = installation.access.customers.create(ADMIN, "acme")
    issued = installation.access.keys.create(ADMIN, customer.id, label="shared")
    key = issued.text.reveal()
    crew.wait(lambda: all(crew.answer_to(key) == 200 for _ in range(12)))
    installation.access.keys.revoke(ADMIN, issued.key.id)
    crew.wait(lambda: all(crew.answer_to(key) == 401 for _ in range(12)))


def test_the_workers_are_one_gateway_to_whoever_asks(crew: Workers, installation: Installation) -> None:
    """Status adds them up and names each; metrics tell them apart by a label; each has its own process and journal."""
    status = installation.gateway.status()
    assert status is not None
    assert (status.changes, [one.worker for one in status.workers]) == ("ok", [1, 2, 3])
    assert len({one.pid for one in status.workers}) == COUNT
    assert status.requests == sum(one.requests for one in status.workers)
    page = (installation.gateway.metrics() or b"").decode()
    assert all(f'worker="{worker}"' in page for worker in (1, 2, 3))
    assert page.count("# TYPE triplepoint_in_flight") <= 1
    boots = {path.name.split(".")[0] for path in (installation.data / "journal").iterdir()}
    assert len(boots) == COUNT


def test_requests_of_all_workers_reach_the_ledger(crew: Workers, installation: Installation) -> None:
    """What any worker serves is in the shared ledger soon, drained by the process that looks after them."""
    customer = installation.access.customers.create(ADMIN, "asker")
    key = installation.access.keys.create(ADMIN, customer.id, label="asks").text.reveal()
    crew.wait(lambda: all(crew.answer_to(key) == 200 for _ in range(6)))
    for number in range(12):
        body = json.dumps({"model": "echo", "messages": [{"role": "user", "content": f"hello {number}"}]}).encode()
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        request = urllib.request.Request(f"{crew.url}/v1/chat/completions", body, headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200
    crew.wait(lambda: len([a for a in installation.ledger.attempts(customer_id=customer.id) if a.outcome]) == 12)
    assert {row.outcome for row in installation.ledger.attempts(customer_id=customer.id)} == {"finished"}


def test_applied_files_reach_every_worker(crew: Workers, installation: Installation) -> None:
    """After a line-up was changed, one publication brings all workers to the same hash."""
    path = crew.folder / "lineups" / "test.yaml"
    before = installation.gateway.status()
    path.write_text(path.read_text("utf-8").replace("default: echo", "default: echo\naliases: {again: echo}"), "utf-8")
    published = installation.gateway.publish()
    assert published is not None
    assert published.ok, published.problems
    status = installation.gateway.status()
    assert status is not None
    assert before is not None
    assert {one.lineup_hash for one in status.workers} == {published.lineup_hash} != {before.lineup_hash}


def test_a_worker_that_dies_is_started_again(crew: Workers, installation: Installation) -> None:
    """The others go on meanwhile, and the new one has the place of the old."""
    victim = live_workers(installation.data)[2].pid
    os.kill(victim, signal.SIGKILL)
    crew.wait(lambda: (one := live_workers(installation.data).get(2)) is not None and one.pid not in {0, victim})
    crew.await_all()


def test_several_workers_need_shared_counters(tmp_path: Path) -> None:
    """With counters in memory each would let through the whole of a quota: refused, with what to write."""
    folder = install(tmp_path)
    for command in ("gateway", "up"):
        ran = subprocess.run(
            [sys.executable, "-m", "triplepoint", command, "--workers", "2", "--dir", str(folder)],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        assert ran.returncode != 0
        said = " ".join((ran.stdout + ran.stderr).split())
        assert "each count for themselves" in said
        assert "kind: valkey" in said
