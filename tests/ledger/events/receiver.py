"""A billing system on loopback that loses, doubts and refuses what it is told to."""

import json
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Behave = Callable[[int], str]
"""Says for the number of a request, from 0: ``take``, ``lose`` (the answer), ``away``, ``busy``, ``refuse``, ``elsewhere``."""


def _take(number: int) -> str:
    return "take"


@dataclass
class Receiver:
    """What came in."""

    behave: Behave = _take
    url: str = ""
    requests: int = 0
    heads: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    deliveries: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """Every event that it took, repetitions too."""

    def events(self) -> dict[str, dict[str, Any]]:
        """Return the events, each once, as a billing system that knows ids keeps them."""
        return {event["id"]: event for event in self.deliveries}


@contextmanager
def receive(receiver: Receiver) -> Generator[Receiver]:
    """Run a receiver."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            with lock:
                what = receiver.behave(receiver.requests)
                receiver.requests += 1
                receiver.heads.append({name.lower(): value for name, value in self.headers.items()})
                if what in {"take", "lose"}:
                    receiver.deliveries += body if isinstance(body, list) else [body]
            if what in {"lose", "away"}:
                self.close_connection = True
                return
            self.send_response({"take": 204, "busy": 503, "refuse": 401, "elsewhere": 307}[what])
            if what == "busy":
                self.send_header("retry-after", "7")
            self.send_header("location", "/elsewhere")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in the library
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        receiver.url = f"http://127.0.0.1:{server.server_address[1]}/events"
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
