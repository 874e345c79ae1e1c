"""A gateway inside the test's own process, whose one upstream takes one request at a time: for what happens in the queue."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.gateway.harness import free_port, model, openai_upstream, write_configuration
from uvicorn.protocols.http.flow_control import FlowControl

from triplepoint.access.keys import Digester
from triplepoint.app import open_installation
from triplepoint.configuration.load import load_configuration
from triplepoint.foundation.usage import Usage
from triplepoint.gateway.admission import Admissions
from triplepoint.gateway.app import Gateway
from triplepoint.gateway.attempts import Attempts
from triplepoint.gateway.audits.asking import OwnCalls
from triplepoint.gateway.audits.auditor import Auditor
from triplepoint.gateway.audits.budget import AuditBudget
from triplepoint.gateway.conversations import Conversations
from triplepoint.gateway.cycle import Cycle
from triplepoint.gateway.record import Book, Recents
from triplepoint.gateway.request import Request
from triplepoint.gateway.runtime import Runtime
from triplepoint.gateway.seeding import LedgerSeeding
from triplepoint.gateway.snapshot import compile_snapshot
from triplepoint.gateway.upstream import LiveUpstream
from triplepoint.ledger.journal import Journal
from triplepoint.ledger.use import LedgerUse
from triplepoint.plans.counters.memory import MemoryCounters
from triplepoint.settings import Upstream
from triplepoint.telemetry.metrics import GatewayMetrics
from triplepoint.upstreams.local.family_queue import GenerationGate
from triplepoint.upstreams.transport.client import HttpClient


class Socket:
    """What a caller's connection is written to."""

    def __init__(self) -> None:
        self.sent = b""
        self.is_closed = False

    def write(self, data: bytes) -> None:
        """Keep it."""
        self.sent += data

    def get_write_buffer_size(self) -> int:
        """Everything was read."""
        return 0

    def is_closing(self) -> bool:
        """It never is."""
        return False

    def close(self) -> None:
        """Note it."""
        self.is_closed = True


class Line:
    """A caller's connection, as the gateway sees it, and what came over it."""

    def __init__(self) -> None:
        self.transport: Any = Socket()
        self.flow = FlowControl(self.transport)
        self.has_left = False
        self.tasks: set[asyncio.Task[None]] = set()
        self.cycle: Cycle | None = None

    def leave(self) -> None:
        """Close it, as `gateway.connection` does when the socket closes."""
        assert self.cycle is not None
        self.has_left = True
        self.cycle.leave()

    def answered(self) -> None:
        """Nothing follows."""

    def abort(self) -> None:
        """Nothing is cut."""

    @property
    def sent(self) -> bytes:
        """What the caller has got."""
        return self.transport.sent

    @property
    def status(self) -> int | None:
        """Of the answer; None while there is none."""
        return int(self.sent.split(b" ", 2)[1]) if self.sent else None


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
        headers = [(b"authorization", f"Bearer {self.key}".encode()), (b"content-length", b"%d" % len(body))]
        cycle = line.cycle = Cycle(
            line,
            method=b"POST",
            path="/v1/chat/completions",
            query=b"",
            version="1.1",
            headers=headers,
            incoming=dict(headers),
            keep_alive=True,
        )
        cycle.add(body)
        cycle.more_body = False
        answering = self.gateway.serve(cycle)
        assert answering is not None
        task = asyncio.create_task(answering)
        cycle.cancel = task.cancel
        return line, task


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
        counters = MemoryCounters()
        conversations = Conversations(counters)
        clock = installation.clock
        calls = OwnCalls(AuditBudget(counters, lambda since_us: Decimal(0)), clock=clock, new_id=installation.new_id)
        auditor = Auditor(calls, keep=journal.write, clock=clock, draw=lambda: 0.0, metrics=metrics)
        gateway = Gateway(
            Runtime(snapshot, live, attempts, attempts),
            digest=Digester(installation.secret),
            clock=installation.clock,
            new_id=installation.new_id,
            metrics=metrics,
            recents=recents,
            receipts=installation.ledger,
            count_tokens=lambda request, upstream_model: 0,
            admissions=Admissions(
                counters,
                LedgerSeeding(LedgerUse(installation.database), lambda: None),
                conversations,
                installation.clock,
                metrics,
            ),
            conversations=conversations,
            auditor=auditor,
            draw=lambda: 0.0,
            readiness=lambda: None,
            keep_rating=journal.write,
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
