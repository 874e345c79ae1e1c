"""The gateway process: one event loop, one journal, one data folder; or one worker of several that share port and folder."""

import asyncio
import contextlib
import gc
import logging
import os
import random
import signal
import threading
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import uvicorn
import uvloop

from triplepoint import __version__
from triplepoint.access.keys import Digester
from triplepoint.access.model import Key
from triplepoint.app import Installation, open_installation
from triplepoint.configuration.load import load_configuration
from triplepoint.foundation.errors import SettingsInvalid, StoreFault
from triplepoint.foundation.usage import Usage
from triplepoint.gateway import connection
from triplepoint.gateway.admission import Admissions
from triplepoint.gateway.app import Gateway
from triplepoint.gateway.attempts import Attempts
from triplepoint.gateway.audits.asking import OwnCalls
from triplepoint.gateway.audits.auditor import Auditor
from triplepoint.gateway.audits.budget import AuditBudget
from triplepoint.gateway.conversations import Conversations
from triplepoint.gateway.fleet import Fleet
from triplepoint.gateway.lapsing import with_lapses
from triplepoint.gateway.ops import make_ops, prepare_socket
from triplepoint.gateway.record import Book, Recents
from triplepoint.gateway.request import Request
from triplepoint.gateway.runtime import Runtime
from triplepoint.gateway.seeding import LedgerSeeding
from triplepoint.gateway.snapshot import Snapshot, compile_snapshot, grants
from triplepoint.gateway.upstream import LiveUpstream
from triplepoint.ledger.drain import drain
from triplepoint.ledger.journal import Journal
from triplepoint.ledger.use import LedgerUse
from triplepoint.processes.counters import open_counters
from triplepoint.processes.descriptors import raise_descriptor_limit
from triplepoint.processes.listen import Address, parse_listen, refuse_open_door, shared_socket
from triplepoint.processes.parent import die_with_parent
from triplepoint.processes.serving import QuietServer, serve_until_asked
from triplepoint.settings import LocalUpstream, SimulatedUpstream, Upstream
from triplepoint.storage.changes import FILES
from triplepoint.storage.listening import Listener
from triplepoint.telemetry.logs import configure_logging, loop_fault
from triplepoint.telemetry.metrics import GatewayMetrics
from triplepoint.telemetry.status import GatewayStatus, Published
from triplepoint.telemetry.tracing import open_tracing
from triplepoint.upstreams.local.family_queue import GenerationGate
from triplepoint.upstreams.local.managed import LocalModel
from triplepoint.upstreams.ports import ManagedUpstream, UpstreamClient
from triplepoint.upstreams.simulated.server import SimulatedUpstream as ManagedSimulation
from triplepoint.upstreams.tokens import count_request_tokens, estimate_usage, load_tokenizers
from triplepoint.upstreams.transport.client import HttpClient

_log = logging.getLogger(__name__)

_DRAIN_S = 20
"""How long answers under way may take when the gateway is asked to stop."""
_AGAIN_S = 0.5
_BACKLOG = 2048
_OWN_RECEIPTS = 64
"""Receipts of what audits asked that are kept in memory: nobody asks for them."""
_CATCH_UP_S = 30.0
"""How long a request that needs a counter may wait for another process's drain to end."""
_GC_THRESHOLDS = (50_000, 20, 100)
"""A request leaves no cycles behind, so the collector looks for them seldom; at the defaults it took 3 % of the CPU time."""


class GatewayProcess:
    """Assembles the gateway of an installation and runs it.

    Args:
        installation: Opened.
        worker: Which one on this machine, from 1.
        is_alone: Nobody else listens on the port.
    """

    def __init__(self, installation: Installation, *, worker: int = 1, is_alone: bool = True) -> None:
        self._installation = installation
        self._worker = worker
        self._is_alone = is_alone
        self._clock = installation.clock
        self._started_us = installation.clock.now_us()
        self._metrics = GatewayMetrics()
        self._recents = Recents()
        self._counters = open_counters(installation.settings.counters, os.environ, installation.clock)
        self._conversations = Conversations(self._counters)
        self._admissions = Admissions(
            self._counters,
            LedgerSeeding(LedgerUse(installation.database), self._catch_up),
            self._conversations,
            installation.clock,
            self._metrics,
        )
        self._publishing = asyncio.Lock()
        self._listener = self._begin_to_listen()  # before the first look at the database: what changes after it will be told
        self._wanted: set[str] = set()
        """What has changed in the database and is not loaded yet."""
        self._following: asyncio.Task[None] | None = None
        self._snapshot = self._compile()
        self._swapped_us = self._started_us
        self._settings = self._snapshot.settings
        self._fleet = Fleet(
            make_client=_make_client,
            make_managed=self._make_managed,
            gate=lambda: GenerationGate(self._settings.gateway.local_generations, self._settings.gateway.local_queue),
            is_held=self._is_held,
        )
        self._runtimes: list[Runtime] = []
        """The present one and those before it under which a request may still run."""
        self._tasks: set[asyncio.Task[Published]] = set()

    async def run(self) -> None:
        """Serve until asked to stop (SIGTERM or SIGINT); SIGHUP loads the files again.

        Raises:
            SettingsInvalid: the files are wrong, or it would listen beyond loopback without a secret.
            Conflict: another gateway has the data folder.
        """
        address = parse_listen(self._settings.gateway.listen)
        refuse_open_door(address, key="gateway.listen")
        tracing = open_tracing(self._settings.telemetry.otlp_endpoint, version=__version__)
        boot = self._installation.new_id("boot")
        journal = Journal(self._installation.data, boot=boot, settings=self._settings.journal, worker=self._worker)
        self._journal = journal
        self._book = Book(journal, self._recents, self._metrics, self._clock)
        self._own_book = Book(journal, Recents(_OWN_RECEIPTS), self._metrics, self._clock)
        auditor = self._auditor(journal)
        try:
            self._gateway = Gateway(
                await self._bring_up(self._snapshot),
                digest=Digester(self._installation.secret),
                clock=self._clock,
                new_id=self._installation.new_id,
                metrics=self._metrics,
                recents=self._recents,
                receipts=self._installation.ledger,
                count_tokens=_count,
                admissions=self._admissions,
                conversations=self._conversations,
                auditor=auditor,
                draw=random.random,
                readiness=self._readiness,
                keep_rating=journal.write,
                tracing=tracing,
            )
            asyncio.get_running_loop().set_exception_handler(loop_fault)
            midnight = asyncio.create_task(self._publish_at_midnight())
            threading.Thread(target=load_tokenizers, name="tokenizers", daemon=True).start()
            self._loop = asyncio.get_running_loop()
            if self._listener is not None:
                self._listener.start()
            async with self._ops():
                await self._serve(address)
            midnight.cancel()
        finally:
            if self._listener is not None:
                self._listener.stop()
            await auditor.close()
            await self._fleet.stop()
            await self._admissions.close()
            await self._conversations.close()
            await self._counters.close()
            journal.close()
            tracing.close()

    async def _publish_at_midnight(self) -> None:
        """Prices hold from a day on (UTC), so each day begins with the snapshot of that day."""
        while True:
            now = datetime.fromtimestamp(self._clock.now_us() / 1e6, tz=UTC)
            tomorrow = datetime.combine(now.date() + timedelta(days=1), time(), tzinfo=UTC)
            await asyncio.sleep((tomorrow - now).total_seconds() + 1)
            await self.publish()

    async def _serve(self, address: Address) -> None:
        config = uvicorn.Config(
            self._gateway,  # pyright: ignore[reportArgumentType] - uvicorn's types know TypedDicts only
            host=address.bare_host,
            port=address.port,
            http=connection.Connection,
            ws="none",
            loop="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            backlog=_BACKLOG,
            limit_concurrency=self._settings.gateway.max_connections,
            timeout_keep_alive=connection.KEEP_ALIVE_S,
            timeout_graceful_shutdown=_DRAIN_S,
        )
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self._publish_soon)
        gc.freeze()  # what is loaded by now stays; collections need not look at it again
        gc.set_threshold(*_GC_THRESHOLDS)
        await serve_until_asked(config, None if self._is_alone else [shared_socket(address, _BACKLOG)])

    @contextlib.asynccontextmanager
    async def _ops(self) -> AsyncGenerator[None]:
        path = prepare_socket(self._installation.data, self._worker)
        app = make_ops(
            status=self.status, metrics=self._render_metrics, publish=self.publish, publish_access=self.publish_access
        )
        config = uvicorn.Config(
            app,
            uds=str(path),
            ws="none",
            loop="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        server = QuietServer(config)
        serving = asyncio.create_task(server.serve())
        try:
            yield
        finally:
            server.should_exit = True
            await serving
            path.unlink(missing_ok=True)

    async def publish(self) -> Published:
        """Load files and keys again and swap the snapshot.

        A bad file leaves the old line-up running and says why; the keys are the new ones all the same, for one that was revoked
        must not live on because a file is broken.
        """
        async with self._publishing:
            problems: list[str] = []
            try:
                snapshot = await asyncio.to_thread(self._compile)
                await self._swap(snapshot)
                _log.info("line-up %s (%s) is active", snapshot.active.name, snapshot.active.hash)
            except SettingsInvalid as error:
                problems = [str(problem) for problem in error.problems]
                _log.error("the files are wrong; the old line-up goes on: %s", error)
                await self._swap(await asyncio.to_thread(self._with_stores, self._snapshot))
            return self._published(problems)

    async def publish_access(self) -> Published:
        """Load again what is in the database, with the files as they were last read, and swap the snapshot."""
        async with self._publishing:
            await self._swap(await asyncio.to_thread(self._with_stores, self._snapshot))
            return self._published([])

    def _published(self, problems: list[str]) -> Published:
        active = self._gateway.runtime.snapshot.active
        return Published(ok=not problems, lineup=active.name, lineup_hash=active.hash, problems=problems)

    async def _swap(self, snapshot: Snapshot) -> None:
        self._gateway.runtime = await self._bring_up(snapshot)
        self._snapshot = snapshot
        self._swapped_us = self._clock.now_us()

    def _begin_to_listen(self) -> Listener | None:
        """Note how the database stands that machines share; None: there is none."""
        url = self._installation.database_url
        if url is None:
            return None
        poll_s = self._installation.settings.gateway.poll
        listener = Listener(url, self._tell, origin=self._installation.machine, poll_s=poll_s)
        listener.begin(self._installation.database)
        return listener

    def _tell(self, kind: str) -> None:
        """Pass on what the listener's thread has heard."""
        self._loop.call_soon_threadsafe(self._changed, kind)

    def _changed(self, kind: str) -> None:
        self._wanted.add(kind)
        if self._following is None:
            self._following = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        """Load what has changed; what changes meanwhile is loaded once more, however often it did."""
        try:
            while self._wanted:
                kinds, self._wanted = self._wanted, set()
                try:
                    await (self.publish() if FILES in kinds else self.publish_access())
                except StoreFault as fault:  # the database is away: try again until it is not, for a key may be revoked
                    _log.error("a change cannot be loaded yet: %s", fault.message)
                    self._wanted |= kinds
                    await asyncio.sleep(_AGAIN_S)
        finally:
            self._following = None

    def _publish_soon(self) -> None:
        task = asyncio.get_running_loop().create_task(self.publish())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def status(self) -> GatewayStatus:
        """Describe the gateway for the control plane."""
        snapshot = self._gateway.runtime.snapshot
        now_s = self._clock.steady_s()
        return GatewayStatus(
            version=__version__,
            pid=os.getpid(),
            started_us=self._started_us,
            lineup=snapshot.active.name,
            lineup_hash=snapshot.active.hash,
            snapshot_us=self._swapped_us,
            in_flight=self._gateway.in_flight,
            requests=self._gateway.requests,
            journal=self._journal.state(),
            upstreams=[upstream.status(now_s) for upstream in self._fleet.live.values()],
            changes="ok" if self._listener is None else self._listener.state(),
            counters=self._counters.state(),
        )

    def _compile(self) -> Snapshot:
        now_us = self._clock.now_us()
        today = datetime.fromtimestamp(now_us / 1e6, tz=UTC).date()
        configuration = load_configuration(self._installation.folder, os.environ, today)
        self._installation.note_plans(configuration.plans)
        holders = self._installation.plans.holders()
        snapshot = compile_snapshot(configuration, self._live_keys(), made_us=now_us, holders=holders)
        return with_lapses(snapshot, self._installation.audits.lapses())

    def _with_stores(self, snapshot: Snapshot) -> Snapshot:
        """Return a snapshot of the same files with the keys, customers and lapsed certificates of now."""
        terms = snapshot.terms.with_holders(self._installation.plans.holders())
        changed = replace(snapshot, keys=grants(self._live_keys()), terms=terms)
        return with_lapses(changed, self._installation.audits.lapses())

    def _catch_up(self) -> None:
        """Take into the ledger what stands in the journal: counters begin from it."""
        installation = self._installation
        drain(installation.data, installation.ledger, meter=installation.meter, wait_s=_CATCH_UP_S)

    def _auditor(self, journal: Journal) -> Auditor:
        budget = AuditBudget(self._counters, self._spent_on_audits)
        calls = OwnCalls(budget, clock=self._clock, new_id=self._installation.new_id)
        return Auditor(calls, keep=journal.write, clock=self._clock, draw=random.random, metrics=self._metrics)

    def _spent_on_audits(self, since_us: int) -> Decimal:
        self._catch_up()
        return self._installation.audits.spent_usd(since_us=since_us)

    def _live_keys(self) -> list[Key]:
        return [key for key, _ in self._installation.access.live_keys()]

    async def _bring_up(self, snapshot: Snapshot) -> Runtime:
        upstreams = await self._fleet.adopt(snapshot)
        attempts, own_attempts = (
            Attempts(upstreams, book, snapshot.settings.gateway, clock=self._clock, draw=random.random, estimate=_estimate)
            for book in (self._book, self._own_book)
        )
        runtime = Runtime(snapshot, upstreams, attempts, own_attempts)
        self._runtimes = [*(old for old in self._runtimes if old.in_flight), runtime]
        return runtime

    def _is_held(self, upstream: LiveUpstream) -> bool:
        """Tell whether a request may still turn to an upstream: it is read, waits or pauses, and no attempt of it shows yet."""
        return any(one.upstreams.get(upstream.name) is upstream and one.in_flight for one in self._runtimes)

    def _make_managed(self, name: str, definition: LocalUpstream | SimulatedUpstream) -> ManagedUpstream:
        if isinstance(definition, SimulatedUpstream):
            script = self._installation.folder / definition.script if definition.script is not None else None
            return ManagedSimulation(script)
        return LocalModel(name, definition, logs=self._installation.logs, clock=self._clock, base=self._installation.folder)

    def _readiness(self) -> str | None:
        if (journal := self._journal.state()) != "ok":
            return f"journal: {journal}"
        if not any(upstream.is_ready() for upstream in self._fleet.live.values()):
            return "no upstream is up"
        return None

    def _render_metrics(self) -> bytes:
        return self._metrics.render(self.status(), journal_backlog=self._journal.backlog)


def _make_client(origin: str, definition: Upstream) -> UpstreamClient:
    return HttpClient(origin, definition.pool)


def _estimate(request: Request, text: str, upstream_model: str) -> Usage:
    return estimate_usage(request.fields, text, request.dialect, upstream_model)


def _count(request: Request, upstream_model: str) -> int:
    return count_request_tokens(request.fields, request.dialect, upstream_model).tokens


def run_gateway(folder: Path, *, worker: int = 1, is_alone: bool = True) -> None:
    """Run the gateway of an installation in this process, until asked to stop.

    Args:
        folder: Of ``triplepoint.yaml``.
        worker: Which one on this machine, from 1.
        is_alone: Nobody else listens on the port.
    Raises:
        SettingsInvalid: the files are wrong, or it would listen beyond loopback without a secret.
        Conflict: another gateway has the data folder.
    """
    die_with_parent()
    raise_descriptor_limit()
    with open_installation(folder) as installation:
        configure_logging(installation.settings.telemetry.log_level)
        uvloop.run(GatewayProcess(installation, worker=worker, is_alone=is_alone).run())
