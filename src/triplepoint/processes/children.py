"""Processes of ours that another one starts, watches, starts again and stops."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from triplepoint.processes.parent import PARENT_VARIABLE

STOP_S = 25.0
"""How long a process may take to stop before it is killed."""
_RESTARTS = 5
_RESTART_WINDOW_S = 60.0


@dataclass(slots=True)
class Child:
    """One of the processes: ``triplepoint`` with some words behind it."""

    name: str
    """What people call it: ``gateway``, ``gateway-2``, ``control``."""
    words: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    starts: list[float] = field(default_factory=list[float])

    def launch(self, log: Path | None = None) -> None:
        """Start it, in a session of its own so that Ctrl-C reaches the parent alone.

        Args:
            log: File that takes what it has to say; None: it says it where the parent does.
        """
        self.starts.append(time.monotonic())
        command = [sys.executable, "-m", "triplepoint", *self.words]
        environ = {**os.environ, PARENT_VARIABLE: str(os.getpid())}
        out = None if log is None else os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self.process = subprocess.Popen(  # noqa: S603 - our own program
                command, env=environ, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )
        finally:
            if out is not None:
                os.close(out)

    def ended(self) -> int | None:
        """Return the exit code of one that is dead; None: it lives, or was never started."""
        return None if self.process is None else self.process.poll()

    def dies_too_often(self) -> bool:
        """Tell whether starting it again would only be one more time."""
        return len(self._recent()) > _RESTARTS

    def pause_s(self) -> float:
        """Say how long to wait before it is started again: longer each time."""
        return min(2.0 ** (len(self._recent()) - 1) / 4, 4.0)

    def ask_to_stop(self) -> None:
        """Ask it to stop, where it lives."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def await_end(self) -> None:
        """Wait until it has stopped; kill it where it takes too long."""
        if self.process is None:
            return
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _recent(self) -> list[float]:
        return [at for at in self.starts if at > time.monotonic() - _RESTART_WINDOW_S]


def gateway_children(folder: Path, workers: int) -> list[Child]:
    """Return the gateways of an installation, to be launched; several share the port."""
    words = ["gateway", "--dir", str(folder.absolute())]
    if workers == 1:
        return [Child("gateway", [*words, "--worker", "1"])]
    numbers = range(1, workers + 1)
    return [Child(_name(number), [*words, "--worker", str(number), "--workers", str(workers)]) for number in numbers]


def _name(number: int) -> str:
    return "gateway" if number == 1 else f"gateway-{number}"
