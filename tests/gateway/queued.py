"""A gateway inside the test's own process, whose one upstream takes one request at a time: for what happens in the queue."""

import asyncio
from collections.abc import AsyncGenerator, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.gateway.harness import free_port, model, openai_upstream, write_configuration

from triplepoint.access.keys import Digester
from triplepoint.app import open_installation
from triplepoint.configuration.load import load_configuration
from triplepoint.foundation.usage import Usage
from triplepoint.gateway.app import Gateway
from triplepoint.gateway.attempts import Attempts
from triplepoint.gateway.connection import SCOPE_KEY
from triplepoint.gateway.record import Book, Recents
from triplepoint.gateway.request import Request
from triplepoint.gateway.runtime import Runtime
from triplepoint.gateway.snapshot import compile_snapshot
from triplepoint.gateway.upstream import LiveUpstream
from triplepoint.ledger.journal import Journal
from triplepoint.settings import Upstream
from triplepoint.telemetry.metrics import GatewayMetrics
from triplepoint.upstreams.local.family_queue import GenerationGate
from triplepoint.upstreams.transport.client import HttpClient


@dataclass
class Line:
    """A caller's connection, as the gateway sees it, and what came over it."""

    on_leave: Any = None
    has_left: bool = False
    has_whole_body: bool = True
    is_write_paused: bool = False
    sent: list[MutableMapping[str, Any]] = field(default_factory=list[MutableMapping[str, Any]])

    def leave(self) -> None:
        """Close it, as `gateway.connection` does when the socket closes."""
        self.has_left = True
        if self.on_leave is not None:
            self.on_leave()

    @property
    def status(self) -> int | None:
        """Of the answer; None while there is none."""
        return next((message["status"] for message in self.sent if message["type"] == "http.response.start"), None)


@dataclass
class Queued:
    """The gateway and its parts."""

    gateway: Gateway
    gate: GenerationGate
    upstream_port: int
    journal: Path
    key: str

    def ask(self, body: bytes) -> tuple[Line, "asyncio.Task[None]"]:
        """Send a request; it is answered in a task."""
        line = Line()
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/v1/chat/completions",
            "headers": [(b"authorization", f"Bearer {self.key}".encode())],
            SCOPE_KEY: line,
        }

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": body}

        async def send(message: MutableMapping[str, Any]) -> None:
            line.sent.append(message)

        return line, asyncio.create_task(self.gateway(scope, receive, send))


@asynccontextmanager
async def queued_gateway(folder: Path) -> AsyncGenerator[Queued]:
    """Put it together from a configuration, as the gateway's process does."""
    port = free_port()
    write_configuration(folder, upstreams={"a": openai_upstream(port)}, models={"chat": model("a")})
    configuration = load_configuration(folder, {}, datetime.now(tz=UTC).date())
    gate = GenerationGate(1, 4)
    with open_installation(folder) as installation:
        issued = installation.access.ensure_first_key()
        assert issued is not None
        keys = [key for key, _ in installation.access.live_keys()]
        snapshot = compile_snapshot(configuration, keys, made_us=installation.clock.now_us())
        live = {"a": LiveUpstream("a", snapshot.upstreams["a"], None, make_client=_client, gate=gate)}
        journal = Journal(installation.data, boot=installation.new_id("boot"), settings=snapshot.settings.journal)
        metrics, recents = GatewayMetrics(), Recents()
        attempts = Attempts(
            live,
            Book(journal, recents, metrics, installation.clock),
            snapshot.settings.gateway,
            clock=installation.clock,
            draw=lambda: 0.0,
            estimate=_estimate,
        )
        gateway = Gateway(
            Runtime(snapshot, live, attempts),
            digest=Digester(installation.secret),
            clock=installation.clock,
            new_id=installation.new_id,
            metrics=metrics,
            recents=recents,
            receipts=installation.ledger,
            count_tokens=lambda request, upstream_model: 0,
            readiness=lambda: None,
        )
        try:
            yield Queued(gateway, gate, port, journal.folder, issued.text.reveal())
        finally:
            await live["a"].stop()
            journal.close()


def _client(origin: str, definition: Upstream) -> HttpClient:
    return HttpClient(origin, definition.pool)


def _estimate(request: Request, text: str, upstream_model: str) -> Usage:
    return Usage(input_tokens=1, output_tokens=len(text.split()))
