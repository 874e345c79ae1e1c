"""Several gateways as a process of its own: ``triplepoint gateway --workers N`` on a shared database and shared counters."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import yaml
from tests.processes.household import install

from triplepoint.app import open_installation

DATABASE = "WORKERS_TEST_DATABASE"
COUNTERS = "WORKERS_TEST_COUNTERS"
PATIENCE_S = 60.0


def install_shared(folder: Path, **settings: object) -> Path:
    """Write a configuration whose database and counters other machines could share; returns the folder."""
    install(folder)
    path = folder / "triplepoint.yaml"
    written = yaml.safe_load(path.read_text("utf-8"))
    written |= {"database": f"${{{DATABASE}}}", "counters": {"kind": "valkey", "url": f"${{{COUNTERS}}}"}, **settings}
    path.write_text(yaml.safe_dump(written, sort_keys=False), "utf-8")
    return folder


class Workers:
    """Gateways of one machine that run; `stop` them."""

    def __init__(self, folder: Path, count: int, environ: dict[str, str]) -> None:
        self.folder = folder
        self.count = count
        self._environ = os.environ | environ
        settings = yaml.safe_load((folder / "triplepoint.yaml").read_text("utf-8"))
        self.url = f"http://{settings['gateway']['listen']}"
        command = [sys.executable, "-m", "triplepoint", "gateway", "--workers", str(count), "--dir", str(folder)]
        with (folder / "workers.log").open("wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environ)

    @property
    def log(self) -> str:
        """What they have said."""
        return (self.folder / "workers.log").read_text("utf-8", "replace")

    def await_all(self) -> None:
        """Wait until every worker answers on its own socket."""
        with open_installation(self.folder) as installation:
            self.wait(
                lambda: (status := installation.gateway.status()) is not None and (len(status.workers) or 1) == self.count
            )

    def wait(self, is_so: Callable[[], object]) -> None:
        """Wait until something is so."""
        give_up = time.monotonic() + PATIENCE_S
        while not is_so():
            assert self.process.poll() is None, self.log
            assert time.monotonic() < give_up, self.log
            time.sleep(0.05)

    def answer_to(self, key: str) -> int:
        """Ask once, on a connection of its own, and return the status."""
        request = urllib.request.Request(f"{self.url}/v1/models", headers={"authorization": f"Bearer {key}"})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            return refused.code

    def stop(self) -> int:
        """Ask them to stop; returns the exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(PATIENCE_S)
