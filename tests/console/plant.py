"""A control plane as it runs: a process of its own over an installation, a journal to write into, a gateway that is played."""

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn

from triplepoint.access.model import Actor, Role
from triplepoint.app import Installation, open_installation
from triplepoint.files.seed import seed_folder
from triplepoint.foundation.secret import Secret
from triplepoint.foundation.usage import Usage, UsageSource
from triplepoint.gateway.ops import make_ops, prepare_socket
from triplepoint.ledger.journal import Journal
from triplepoint.ledger.model import Closed, Opened, Outcome
from triplepoint.processes.control import describe_lineup
from triplepoint.processes.parent import PARENT_VARIABLE
from triplepoint.settings import JournalSettings
from triplepoint.telemetry.status import GatewayStatus, Published, UpstreamStatus

NAME = "vera"
PASSWORD = "a viewer of these tests"
_HERE = Actor(name="local:tests", role=Role.ADMIN)
_START_S = 90.0


@dataclass
class Plant:
    """An installation whose control plane runs."""

    url: str
    installation: Installation
    process: subprocess.Popen[bytes]
    customer_id: str
    key_id: str
    lineup_hash: str
    journal: Journal | None = None
    gateway: "PlayedGateway | None" = None
    _count: int = 0

    def receipt_id(self) -> str:
        """Make an id that was never used."""
        self._count += 1
        return f"rcpt_{self._count:06d}{os.getpid():08d}"

    def write(self, opened: Opened, closed: Closed | None = None) -> str:
        """Journal an attempt, as the gateway does; returns its receipt's id."""
        if self.journal is None:
            self.journal = Journal(
                self.installation.data,
                boot=self.installation.new_id("boot"),
                settings=JournalSettings.model_validate({"fsync": "1h"}),
            )
        self.journal.write(opened)
        if closed is not None:
            self.journal.write(closed)
        return opened.receipt_id

    def opened(self, **changed: object) -> Opened:
        """Make the opened record of an attempt of this moment."""
        fields: dict[str, object] = {
            "receipt_id": self.receipt_id(),
            "attempt": 1,
            "at_us": time.time_ns() // 1000,
            "customer_id": self.customer_id,
            "key_id": self.key_id,
            "request_id": f"req_{self._count}",
            "endpoint": "/v1/chat/completions",
            "asked_model": "auto",
            "served_model": "nano",
            "upstream": "nano",
            "upstream_model": "smollm2-135m-instruct",
            "lineup": self.lineup_hash,
            "decision": "no rule holds",
            "stream": True,
            "price_id": "local/smollm2-135m-instruct@2026-01-01#c8b73690",
            "input_estimate": 40,
            "input_usd_per_mtok": "0.0406",
        }
        return Opened(**(fields | changed))  # pyright: ignore[reportArgumentType] - the values come by name

    def closed(self, opened: Opened, **changed: object) -> Closed:
        """Make the closed record of an attempt."""
        fields: dict[str, object] = {
            "receipt_id": opened.receipt_id,
            "attempt": opened.attempt,
            "at_us": opened.at_us + 840_000,
            "outcome": Outcome.FINISHED,
            "status": 200,
            "error": None,
            "usage": Usage(input_tokens=42, output_tokens=48, source=UsageSource.REPORTED),
            "cost_usd": "0.0000051708",
            "first_byte_us": 120_000,
            "total_us": 840_000,
            "finish_reason": "stop",
        }
        return Closed(**(fields | changed))  # pyright: ignore[reportArgumentType] - the values come by name

    def stop(self) -> None:
        """Stop what runs."""
        self.process.terminate()
        self.process.wait(15)
        if self.gateway is not None:
            self.gateway.stop()
        if self.journal is not None:
            self.journal.close()
        self.installation.close()


class PlayedGateway:
    """Answers the control plane over the gateway's socket as a gateway would."""

    def __init__(self, installation: Installation, lineup_hash: str, *, breaker: str = "open") -> None:
        """Begin to answer.

        Args:
            breaker: Of the strongest model's upstream.
        """
        self._breaker = breaker
        self.requests = 1200
        self._hash = lineup_hash
        self._begun_us = time.time_ns() // 1000
        self._server = uvicorn.Server(
            uvicorn.Config(
                make_ops(status=self.status, metrics=lambda: b"", publish=self._publish, publish_access=self._publish),
                uds=str(prepare_socket(installation.data)),
                lifespan="off",
                log_config=None,
            )
        )
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()

    def status(self) -> GatewayStatus:
        """Say how it is; each time it is asked some requests have come."""
        self.requests += 7
        return GatewayStatus(
            version="0.1.0",
            pid=1,
            started_us=self._begun_us - 11_000_000_000,
            lineup="embedded",
            lineup_hash=self._hash,
            snapshot_us=self._begun_us,
            in_flight=3,
            requests=self.requests,
            journal="ok",
            upstreams=[
                _upstream("nano", attempts=811, in_flight=2),
                _upstream("mini", attempts=214, failures=1, last_error="upstream_timeout", in_flight=1),
                _upstream("regular", attempts=198, failures=9, last_error="upstream_cut", breaker=self._breaker),
            ],
        )

    def stop(self) -> None:
        """Go away."""
        self._server.should_exit = True
        self._thread.join(10)

    async def _publish(self) -> Published:
        return Published(ok=True, lineup="embedded", lineup_hash=self._hash, problems=[])


@dataclass
class Ground:
    """Where plants grow."""

    folder: Path
    plants: list[Plant] = field(default_factory=list[Plant])

    def grow(self, name: str, furnish: Callable[[Path, int], None] | None = None) -> Plant:
        """Make an installation and start its control plane.

        Args:
            furnish: Writes its files, given its port; without, they are those of a fresh one.
        """
        folder = self.folder / name
        folder.mkdir()
        port = _free_port()
        (furnish or _furnish)(folder, port)
        installation = open_installation(folder)
        installation.access.operators.create(_HERE, NAME, role=Role.VIEWER, password=Secret(PASSWORD))
        customer = installation.access.customers.create(_HERE, "acme")
        key = installation.access.keys.create(_HERE, customer.id, label="website").key
        lineup_hash = str(describe_lineup(folder)["hash"])
        environ = {**os.environ, PARENT_VARIABLE: str(os.getpid())}
        command = [sys.executable, "-m", "triplepoint", "control", "--dir", str(folder)]
        process = subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL)
        plant = Plant(f"http://127.0.0.1:{port}", installation, process, customer.id, key.id, lineup_hash)
        self.plants.append(plant)
        return plant

    def clear(self) -> None:
        """Stop all."""
        for plant in self.plants:
            plant.stop()


def await_answer(plant: Plant) -> None:
    """Wait until the control plane answers."""
    give_up = time.monotonic() + _START_S
    while True:
        try:
            with urllib.request.urlopen(f"{plant.url}/healthz", timeout=2):
                return
        except (urllib.error.URLError, ConnectionError):
            assert plant.process.poll() is None, "the control plane did not start; its messages say why"
            assert time.monotonic() < give_up, "the control plane does not answer"
            time.sleep(0.05)


def _furnish(folder: Path, port: int) -> None:
    for part in ("lineups", "prices"):
        (folder / part).symlink_to(seed_folder() / part)
    settings = (seed_folder() / "triplepoint.yaml").read_text("utf-8")
    (folder / "triplepoint.yaml").write_text(settings.replace("listen: 127.0.0.1:8081", f"listen: 127.0.0.1:{port}"), "utf-8")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _upstream(
    name: str, *, attempts: int, in_flight: int = 0, failures: int = 0, last_error: str | None = None, breaker: str = "closed"
) -> UpstreamStatus:
    return UpstreamStatus(
        name=name,
        kind="local",
        state="ready",
        breaker=breaker,
        in_flight=in_flight,
        attempts=attempts,
        failures=failures,
        last_error=last_error,
    )
