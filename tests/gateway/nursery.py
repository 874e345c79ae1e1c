"""Run by test_kill as a process of its own: gateways are born, live for a moment, and are killed with SIGKILL.

Each life is forked from this small process, which has imported everything and done nothing, and begins in some 70 ms. One in
ten is killed while it starts; the others at a random moment after the port has opened.
"""

import json
import os
import random
import signal
import socket
import sys
import time
from pathlib import Path

from triplepoint.processes.gateway import run_gateway
from triplepoint.processes.parent import PARENT_VARIABLE, die_with_parent

LONGEST_LIFE_S = 0.16
LONGEST_BIRTH_S = 0.07
_BIRTH_LIMIT_S = 20.0


def live(folder: Path) -> int:
    """Start a gateway; returns its process id."""
    child = os.fork()
    if child == 0:
        os.environ[PARENT_VARIABLE] = str(os.getppid())
        try:
            run_gateway(folder)
        finally:
            os._exit(3)
    return child


def await_birth(child: int, port: int) -> None:
    """Wait until the gateway listens; fails if it dies by itself, or takes too long."""
    give_up = time.monotonic() + _BIRTH_LIMIT_S
    while time.monotonic() < give_up:
        if os.waitpid(child, os.WNOHANG) != (0, 0):
            raise AssertionError("a gateway died before it was killed; its log says why")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.002)
        else:
            return
    raise AssertionError("a gateway does not start")


def kill_gateways(folder: Path, port: int, kills: int, seed: int) -> list[float]:
    """Let gateways live one after another and kill each.

    Returns: Seconds that each birth took, of those that were waited for.
    """
    draw = random.Random(seed)
    births: list[float] = []
    for number in range(kills):
        started = time.monotonic()
        child = live(folder)
        if number % 10 == 9:
            time.sleep(draw.uniform(0, LONGEST_BIRTH_S))
        else:
            await_birth(child, port)
            births.append(time.monotonic() - started)
            time.sleep(draw.uniform(0, LONGEST_LIFE_S))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.WTERMSIG(status) == signal.SIGKILL
    return births


if __name__ == "__main__":
    die_with_parent()
    sys.stdout.write(json.dumps(kill_gateways(Path(sys.argv[1]), *map(int, sys.argv[2:5]))))
