"""Count the calls that a request takes: the same figure on a busy machine as on a quiet one.

    python -m bench calls [--requests 300] [--model auto] [--list]

A gateway with everything on runs in this process in front of an nginx, and a thread sends it one plain chat completion after
another. Counted are calls of Python functions, a coroutine's going on among them, and calls from Python into C.
"""

import argparse
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from types import FrameType

import uvloop

from bench.rig import configure, free_port, nginx, request_body, wait_for
from triplepoint.app import open_installation
from triplepoint.processes.gateway import GatewayProcess

_WARM_UP = 50
_SETTLING_S = 3.0
"""What the gateway does in its first seconds belongs to no request."""


class Calls:
    """Calls by function, counted while `is_on`."""

    def __init__(self) -> None:
        self.is_on = False
        self.python = Counter[str]()
        self.c = 0

    def note(self, frame: FrameType, event: str, _what: object) -> None:
        """Take what `sys.setprofile` tells."""
        if not self.is_on:
            return
        if event == "call":
            code = frame.f_code
            self.python[f"{code.co_filename.rpartition('/src/')[2]}:{code.co_firstlineno} {code.co_qualname}"] += 1
        elif event == "c_call":
            self.c += 1


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--model", default="m", help="what is asked for: m, or auto, which a rules router decides")
    parser.add_argument("--list", action="store_true", help="each function that a request calls, and how often")
    args = parser.parse_args()
    calls, port = Calls(), free_port()
    with nginx() as (origin, _), tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        configure(folder, port, origin.url)
        with open_installation(folder) as installation:
            installation.access.ensure_first_key(installation.data / "first-key")
            key = (installation.data / "first-key").read_text().strip()
            threading.Thread(target=_send, args=(calls, port, key, args.requests, args.model), daemon=True).start()
            sys.setprofile(calls.note)
            uvloop.run(GatewayProcess(installation).run())
            sys.setprofile(None)
    python = sum(calls.python.values()) / args.requests
    print(f"python_calls={python:.1f}  c_calls={calls.c / args.requests:.1f}")
    if args.list:
        for what, count in sorted(calls.python.items()):
            print(f"{count / args.requests:6.2f}  {what}")


def _send(calls: Calls, port: int, key: str, requests: int, model: str) -> None:
    body = request_body(model)
    lines = (
        "POST /v1/chat/completions HTTP/1.1",
        "host: bench",
        f"authorization: Bearer {key}",
        f"content-length: {len(body)}",
    )
    head = "\r\n".join(lines) + "\r\n\r\n"
    try:
        wait_for(port)
        time.sleep(_SETTLING_S)
        with socket.create_connection(("127.0.0.1", port)) as line:
            for number in range(_WARM_UP + requests):
                calls.is_on = number >= _WARM_UP
                line.sendall(head.encode() + body)
                _read(line)
            calls.is_on = False
    finally:
        os.kill(os.getpid(), signal.SIGTERM)


def _read(line: socket.socket) -> None:
    data = b""
    while (end := data.find(b"\r\n\r\n")) < 0:
        data += line.recv(65536)
    if not data.startswith(b"HTTP/1.1 200 "):
        raise SystemExit(f"the gateway answered otherwise: {data[:200]!r}")
    (length,) = [row.split(b":")[1] for row in data[:end].lower().split(b"\r\n") if row.startswith(b"content-length")]
    while len(data) < end + 4 + int(length):
        data += line.recv(65536)


if __name__ == "__main__":
    main()
