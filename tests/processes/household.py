"""``triplepoint up`` as a process of its own, told apart by the lines of JSON that it writes."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from tests.gateway.harness import PRICES, free_port, model

PATIENCE_S = 30.0

Said = dict[str, Any]


def install(folder: Path, **ports: int) -> Path:
    """Write a configuration whose one model is simulated, so that nothing is fetched; returns the folder.

    Args:
        ports: Of gateway and control, where they shall not be free ones.
    """
    listen = {name: f"127.0.0.1:{ports.get(name) or free_port()}" for name in ("gateway", "control")}
    settings = {
        "lineup": "test",
        "upstreams": {"played": {"kind": "simulated"}},
        "gateway": {"listen": listen["gateway"]},
        "control": {"listen": listen["control"]},
    }
    lineup = {
        "lineup": "test",
        "models": {"echo": model("played", capabilities=["chat"])},
        "router": {"kind": "fixed", "default": "echo"},
    }
    files = {"triplepoint.yaml": settings, "lineups/test.yaml": lineup, "prices/test.yaml": PRICES}
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
    return folder


class Household:
    """A running ``triplepoint up``."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        command = [sys.executable, "-m", "triplepoint", "up", "--no-pull", *options, "--dir", str(folder)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=_environ()
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self.seen: list[str] = []
        """Lines of its terminal, so far."""
        self.errors: list[str] = []
        self._readers = [
            threading.Thread(target=self._read, args=(self.process.stdout, self._lines.put), daemon=True),
            threading.Thread(target=self._read, args=(self.process.stderr, self.errors.append), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def await_line(self, wanted: Callable[[str], bool], *, within_s: float = PATIENCE_S) -> str:
        """Wait for a line of its terminal."""
        give_up = time.monotonic() + within_s
        while (left := give_up - time.monotonic()) > 0:
            try:
                line = self._lines.get(timeout=min(left, 0.2))
            except queue.Empty:
                if self.process.poll() is not None and self._lines.empty():
                    break
                continue
            self.seen.append(line)
            if wanted(line):
                return line
        raise AssertionError(f"it did not say so; it said {self.seen[-20:]} and {self.errors[-20:]}")

    def await_event(self, name: str, /, **facts: object) -> Said:
        """Wait for an event with these facts (``--json``)."""
        found: list[Said] = []

        def wanted(line: str) -> bool:
            said = json.loads(line)
            is_it = said["event"] == name and all(said[fact] == value for fact, value in facts.items())
            found.extend([said] if is_it else [])
            return is_it

        self.await_line(wanted)
        return found[0]

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Ask it to stop, as Ctrl-C does; returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(PATIENCE_S)
        for reader in self._readers:
            reader.join(5)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
        return code

    def children(self) -> dict[str, int]:
        """Return the process ids of gateway and control plane, by name."""
        found: dict[str, int] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and _parent_of(entry) == self.process.pid:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if len(words) > 3:  # one that has ended has none
                    found[words[3].decode()] = int(entry.name)
        return found

    @staticmethod
    def _read(stream: Any, keep: Callable[[str], object]) -> None:
        for line in stream:
            keep(line.rstrip("\n"))


def is_alive(process_id: int) -> bool:
    """Tell whether a process runs; one that ended and was not yet asked for does not."""
    try:
        state = Path(f"/proc/{process_id}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def await_gone(process_ids: list[int], *, within_s: float = 15.0) -> None:
    """Wait until processes have ended."""
    give_up = time.monotonic() + within_s
    while alive := [one for one in process_ids if is_alive(one)]:
        assert time.monotonic() < give_up, f"{alive} are still there"
        time.sleep(0.02)


def ask(api: str, key: str, text: str = "hello") -> Said:
    """Send a chat completion and return its answer."""
    body = json.dumps({"model": "auto", "messages": [{"role": "user", "content": text}]}).encode()
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    request = urllib.request.Request(f"{api}/chat/completions", data=body, headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        said: Said = json.load(answer)
        return said


def _parent_of(entry: Path) -> int | None:
    try:
        return int((entry / "stat").read_text("utf-8").rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None


def _environ() -> dict[str, str]:
    return {**os.environ, "COLUMNS": "200", "NO_COLOR": "1"}
