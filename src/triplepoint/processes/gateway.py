"""The gateway process: one event loop, one journal, one data folder."""

import asyncio
import contextlib
import gc
import logging
import os
import random
import signal
import threading
from collections.abc import AsyncGenerator, Generator
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
import uvloop

from triplepoint import __version__
from triplepoint.app import Installation, open_installation
from triplepoint.configuration.load import load_configuration
from triplepoint.foundation.errors import SettingsInvalid
from triplepoint.foundation.usage import Usage
from triplepoint.gateway.app import Gateway, Runtime
from triplepoint.gateway.attempts import Attempts
from triplepoint.gateway.connection import Connection
from triplepoint.gateway.fleet import Fleet
from triplepoint.gateway.ops import make_ops, prepare_socket
from triplepoint.gateway.record import Book, Recents
from triplepoint.gateway.request import Request
from triplepoint.gateway.snapshot import Snapshot, compile_snapshot
from triplepoint.ledger.journal import Journal
from triplepoint.processes.listen import Address, parse_listen, refuse_open_door
from triplepoint.processes.parent import die_with_parent
from triplepoint.settings import LocalUpstream, SimulatedUpstream, Upstream
from triplepoint.telemetry.logs import configure_logging
from triplepoint.telemetry.metrics import GatewayMetrics
from triplepoint.telemetry.status import GatewayStatus, Published
from triplepoint.upstreams.local.family_queue import GenerationGate
from triplepoint.upstreams.local.managed import LocalModel
from triplepoint.upstreams.ports import ManagedUpstream, UpstreamClient
from triplepoint.upstreams.simulated.server import SimulatedUpstream as ManagedSimulation
from triplepoint.upstreams.tokens import count_request_tokens, estimate_usage, load_tokenizers
from triplepoint.upstreams.transport.client import HttpClient

_log = logging.getLogger(__name__)

_DRAIN_S = 20
"""How long answers under way may take when the gateway is asked to stop."""
_BACKLOG = 2048


class GatewayProcess:
    """Assembles the gateway of an installation and runs it.

    Args:
        installation: Opened.
        folder: Of its files.
    """

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._clock = installation.clock
        self._started_us = installation.clock.now_us()
        self._metrics = GatewayMetrics()
        self._recents = Recents()
        self._publishing = asyncio.Lock()
        self._snapshot = self._compile()
        self._settings = self._snapshot.settings
        self._fleet = Fleet(
            make_client=_make_client,
            make_managed=self._make_managed,
            gate=lambda: GenerationGate(self._settings.gateway.local_generations, self._settings.gateway.local_queue),
        )

    async def run(self) -> None:
        """Serve until asked to stop (SIGTERM or SIGINT); SIGHUP loads the files again.

        Raises:
            SettingsInvalid: the files are wrong, or it would listen beyond loopback without a secret.
            Conflict: another gateway has the data folder.
        """
        address = parse_listen(self._settings.gateway.listen)
        refuse_open_door(address, key="gateway.listen")
        boot = self._installation.new_id("boot")
        journal = Journal(self._installation.data, boot=boot, settings=self._settings.journal)
        self._journal = journal
        self._book = Book(journal, self._recents, self._metrics, self._clock)
        try:
            self._gateway = Gateway(
                await self._bring_up(self._snapshot),
                secret=self._installation.secret,
                clock=self._clock,
                new_id=self._installation.new_id,
                metrics=self._metrics,
                recents=self._recents,
                receipts=self._installation.ledger,
                count_tokens=_count,
                readiness=self._readiness,
            )
            threading.Thread(target=load_tokenizers, name="tokenizers", daemon=True).start()
            async with self._ops():
                await self._serve(address)
        finally:
            await self._fleet.stop()
            journal.close()

    async def _serve(self, address: Address) -> None:
        config = uvicorn.Config(
            self._gateway,  # pyright: ignore[reportArgumentType] - uvicorn's types know TypedDicts only
            host=address.bare_host,
            port=address.port,
            http=Connection,
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
            timeout_keep_alive=75,
            timeout_graceful_shutdown=_DRAIN_S,
        )
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, lambda: loop.create_task(self.publish()))
        gc.freeze()  # what is loaded by now stays; collections need not look at it again
        await uvicorn.Server(config).serve()

    @contextlib.asynccontextmanager
    async def _ops(self) -> AsyncGenerator[None]:
        path = prepare_socket(self._installation.data)
        app = make_ops(status=self.status, metrics=self._render_metrics, publish=self.publish)
        config = uvicorn.Config(
            app, uds=str(path), loop="none", lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=1
        )
        server = _QuietServer(config)
        serving = asyncio.create_task(server.serve())
        try:
            yield
        finally:
            server.should_exit = True
            await serving
            path.unlink(missing_ok=True)

    async def publish(self) -> Published:
        """Load files and keys again and swap the snapshot; a bad file leaves the old one running and says why."""
        async with self._publishing:
            problems: list[str] = []
            try:
                snapshot = await asyncio.to_thread(self._compile)
                self._gateway.runtime = await self._bring_up(snapshot)
                self._snapshot = snapshot
                _log.info("line-up %s (%s) is active", snapshot.active.name, snapshot.active.hash)
            except SettingsInvalid as error:
                problems = [str(problem) for problem in error.problems]
                _log.error("the files are wrong; the old line-up goes on: %s", error)
            active = self._gateway.runtime.snapshot.active
            return Published(ok=not problems, lineup=active.name, lineup_hash=active.hash, problems=problems)

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
            snapshot_us=snapshot.made_us,
            in_flight=self._gateway.in_flight,
            requests=self._gateway.requests,
            journal=self._journal.state(),
            upstreams=[upstream.status(now_s) for upstream in self._fleet.live.values()],
        )

    def _compile(self) -> Snapshot:
        now_us = self._clock.now_us()
        today = datetime.fromtimestamp(now_us / 1e6, tz=UTC).date()
        configuration = load_configuration(self._installation.folder, os.environ, today)
        keys = [key for key, _ in self._installation.access.live_keys()]
        return compile_snapshot(configuration, keys, made_us=now_us)

    async def _bring_up(self, snapshot: Snapshot) -> Runtime:
        upstreams = await self._fleet.adopt(snapshot)
        attempts = Attempts(
            upstreams,
            self._book,
            snapshot.settings.gateway,
            clock=self._clock,
            draw=random.random,
            estimate=_estimate,
        )
        return Runtime(snapshot, upstreams, attempts)

    def _make_managed(self, name: str, definition: LocalUpstream | SimulatedUpstream) -> ManagedUpstream:
        if isinstance(definition, SimulatedUpstream):
            script = self._installation.folder / definition.script if definition.script is not None else None
            return ManagedSimulation(script)
        return LocalModel(
            name, definition, logs=self._installation.data / "logs", clock=self._clock, base=self._installation.folder
        )

    def _readiness(self) -> str | None:
        if (journal := self._journal.state()) != "ok":
            return f"journal: {journal}"
        if not any(upstream.is_ready() for upstream in self._fleet.live.values()):
            return "no upstream is up"
        return None

    def _render_metrics(self) -> bytes:
        return self._metrics.render(self.status())


class _QuietServer(uvicorn.Server):
    """A server that leaves the process's signals to the one on the data plane's port."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture nothing."""
        yield


def _make_client(origin: str, definition: Upstream) -> UpstreamClient:
    return HttpClient(origin, definition.pool)


def _estimate(request: Request, text: str, upstream_model: str) -> Usage:
    return estimate_usage(request.fields, text, request.dialect, upstream_model)


def _count(request: Request, upstream_model: str) -> int:
    return count_request_tokens(request.fields, request.dialect, upstream_model).tokens


def run_gateway(folder: Path) -> None:
    """Run the gateway of an installation in this process, until asked to stop.

    Raises:
        SettingsInvalid: the files are wrong, or it would listen beyond loopback without a secret.
        Conflict: another gateway has the data folder.
    """
    die_with_parent()
    with open_installation(folder) as installation:
        configure_logging(installation.settings.telemetry.log_level)
        uvloop.run(GatewayProcess(installation).run())
