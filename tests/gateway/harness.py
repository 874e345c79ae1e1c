"""A real gateway in a process of its own, in front of simulated upstreams that a test scripts.

The gateway's upstreams have fixed ports. A test starts a `SimulatedServer` on one of them; where it starts none, nobody
listens.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from triplepoint.access.model import Actor, Role
from triplepoint.app import Installation, open_installation
from triplepoint.ledger.journal import JOURNAL_FOLDER

ADMIN = Actor("local:test", Role.ADMIN)
PRICES: dict[str, Any] = {
    "source": "made for tests",
    "collected": "2026-01-01",
    "prices": [
        {"model": "test/cheap", "since": "2026-01-01", "input_usd_per_mtok": "0.10", "output_usd_per_mtok": "0.40"},
        {
            "model": "test/dear",
            "since": "2026-01-01",
            "input_usd_per_mtok": "3",
            "output_usd_per_mtok": "15",
            "cache_read_usd_per_mtok": "0.3",
            "cache_write_usd_per_mtok": "3.75",
        },
    ],
}
PATIENT: dict[str, Any] = {"breaker": {"failures": 1000}, "retry": {"attempts": 3, "base": "10ms", "longest": "2s"}}
"""Settings under which one test's failures do not close an upstream to the next."""


def free_port() -> int:
    """Return a port that nobody has at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def openai_upstream(port: int, **settings: Any) -> dict[str, Any]:
    """Return an upstream of kind ``openai`` on a port of this machine."""
    return {"kind": "openai", "base_url": f"http://127.0.0.1:{port}/v1", **PATIENT, **settings}


def anthropic_upstream(port: int, **settings: Any) -> dict[str, Any]:
    """Return an upstream of kind ``anthropic`` on a port of this machine."""
    return {"kind": "anthropic", "base_url": f"http://127.0.0.1:{port}/v1", **PATIENT, **settings}


def model(*upstreams: str, price: str = "test/cheap", **settings: Any) -> dict[str, Any]:
    """Return a model that runs on upstreams, under the name ``NAME-model`` there."""
    targets = [{"upstream": name, "model": f"{name}-model", "price": price} for name in upstreams]
    capabilities = ["chat", "tools", "json", "images", "embeddings", "reasoning"]
    return {"context_tokens": 128000, "capabilities": capabilities, "upstreams": targets, **settings}


@dataclass
class Running:
    """A gateway that runs."""

    folder: Path
    port: int
    key: str
    process: subprocess.Popen[bytes]
    ports: dict[str, int] = field(default_factory=dict[str, int])
    """Of the upstreams, by name."""

    @property
    def base_url(self) -> str:
        """URL up to and with ``/v1``."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def root_url(self) -> str:
        """URL without a path, as Anthropic's client wants it."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def headers(self) -> dict[str, str]:
        """Headers with the first key."""
        return {"authorization": f"Bearer {self.key}", "content-type": "application/json"}

    @property
    def log(self) -> str:
        """Everything that the gateway has written to its terminal."""
        return (self.folder / "gateway.log").read_text("utf-8")

    @property
    def journal(self) -> Path:
        """Folder of its journal, for a `Tail`."""
        return self.folder / ".triplepoint" / JOURNAL_FOLDER

    def issue(self, label: str, *models: str) -> str:
        """Issue a key to a customer of its own, which the gateway knows at once; without models it may call all."""
        with self.installation() as installation:
            customer = installation.access.customers.create(ADMIN, label)
            issued = installation.access.keys.create(ADMIN, customer.id, label=label, models=models or None)
            return issued.text.reveal()

    def installation(self) -> Installation:
        """Open its stores beside it, as a command would; close it after use."""
        return open_installation(self.folder)


def write_configuration(
    folder: Path,
    *,
    upstreams: Mapping[str, Any],
    models: Mapping[str, Any],
    lineup: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> int:
    """Write a configuration; returns the gateway's port.

    Args:
        lineup: Further members of the line-up, such as aliases and router.
        settings: Further members of ``triplepoint.yaml``; ``gateway`` is merged, and sets no pace for keys unless told.
    """
    port = free_port()
    given = dict(settings or {})
    gateway = {"listen": f"127.0.0.1:{port}", "requests_per_minute_per_key": None, **given.pop("gateway", {})}
    (folder / "lineups").mkdir(parents=True, exist_ok=True)
    (folder / "prices").mkdir(exist_ok=True)
    _write(folder / "triplepoint.yaml", {"lineup": "test", "gateway": gateway, "upstreams": dict(upstreams), **given})
    _write(folder / "lineups" / "test.yaml", {"lineup": "test", "models": dict(models), **(lineup or {})})
    _write(folder / "prices" / "test.yaml", PRICES)
    return port


@contextmanager
def start_gateway(folder: Path, port: int, *, environ: Mapping[str, str] | None = None) -> Generator[Running]:
    """Run the gateway of a folder in a process, from the first key (of a new database) to a clean end."""
    with open_installation(folder) as installation:
        first = installation.access.ensure_first_key(installation.data / "first-key")
        path = installation.data / "first-key"
        key = path.read_text().strip() if first is not None or path.exists() else ""
    process = launch_gateway(folder, environ=environ)
    try:
        await_ready(port, process)
        yield Running(folder, port, key, process)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def launch_gateway(folder: Path, *, environ: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Start the gateway's process; its terminal is ``gateway.log``."""
    with (folder / "gateway.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "triplepoint", "gateway", "--dir", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **(environ or {})},
        )


def await_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until the gateway answers; fails at once if its process ends."""
    give_up = time.monotonic() + 30
    while time.monotonic() < give_up:
        if process.poll() is not None:
            raise AssertionError(f"the gateway ended with {process.returncode}; see gateway.log")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1):
                return
        except OSError:
            time.sleep(0.03)
    raise AssertionError("the gateway does not answer")


def _write(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(yaml.safe_dump(dict(value), sort_keys=False), "utf-8")
