"""A local model as an upstream: waits for its file, starts its process, watches it, brings it back, stops it.

Each start draws a new key and has the kernel choose the port, so `endpoint` must be asked for each attempt, and is None while
the model is not ready. Capping how many generations run over the whole family is not done here but in the gateway
(`family_queue`), where the deadlines are.
"""

import asyncio
import logging
import os
import random
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from triplepoint.foundation.clock import Clock
from triplepoint.settings import LocalUpstream
from triplepoint.upstreams.local.backoff import Backoff
from triplepoint.upstreams.local.cache import CachedModel, FileState, gguf_path, inspect, models_folder
from triplepoint.upstreams.local.catalog import FAMILY
from triplepoint.upstreams.local.health import answers
from triplepoint.upstreams.local.launch import LaunchOrder
from triplepoint.upstreams.local.model_log import ModelLog
from triplepoint.upstreams.local.process import LaunchFailed, ModelProcess
from triplepoint.upstreams.ports import Endpoint

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Timing:
    """How patient the supervisor is; in seconds."""

    file_poll_s: float = 1.0
    """Between two looks for the model file."""
    start_s: float = 300.0
    """For loading the model, from a slow disk at worst."""
    health_poll_s: float = 3.0
    """Between two questions after its health."""
    health_timeout_s: float = 5.0
    """For the answer."""
    health_misses: int = 3
    """Questions in a row without an answer after which it is started again."""
    stop_s: float = 3.0
    """For leaving when asked to."""
    first_pause_s: float = 0.5
    """Before the first restart."""
    longest_pause_s: float = 30.0
    """Before any restart."""
    settled_s: float = 60.0
    """Of health, after which a death counts as the first."""


class LocalModel:
    """One model on this machine; implements `upstreams.ports.ManagedUpstream`.

    Args:
        name: Of the upstream; the model's name in its answers.
        settings: File, threads, slots, context.
        logs: Folder for its log, ``NAME.log``.
        clock: Dates log lines, measures how long a process was well.
        base: Folder that a relative ``gguf`` path starts from.
        cache: Folder of the family's files; the user's if left out.
        embeddings: Serve embeddings as well.
        timing: How patient to be.
        rng: Draws the jitter of restarts.
    """

    def __init__(
        self,
        name: str,
        settings: LocalUpstream,
        *,
        logs: Path,
        clock: Clock,
        base: Path | None = None,
        cache: Path | None = None,
        embeddings: bool = False,
        timing: Timing | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self._name = name
        self._settings = settings
        self._clock = clock
        self._cache = cache or models_folder()
        self._path = gguf_path(settings.gguf, cache=self._cache, base=base or Path())
        self._embeddings = embeddings
        self._timing = timing or Timing()
        self._backoff = Backoff(
            first_s=self._timing.first_pause_s,
            longest_s=self._timing.longest_pause_s,
            settled_s=self._timing.settled_s,
            rng=rng or random.Random(),  # noqa: S311 spreads restarts, guards nothing
        )
        self._output = ModelLog(logs / f"{re.sub(r'[^A-Za-z0-9._-]', '_', name)}.log", clock=clock)
        self._task: asyncio.Task[None] | None = None
        self._process: ModelProcess | None = None
        self._endpoint: Endpoint | None = None
        self._state = "stopped"

    async def start(self) -> None:
        """Begin to bring it up and return at once."""
        if self._task is None:
            self._state = "starting"
            self._task = asyncio.create_task(self._supervise(), name=f"model {self._name}")
            self._task.add_done_callback(self._on_end)

    def endpoint(self) -> Endpoint | None:
        """Return where it listens, or None while it is not ready."""
        return self._endpoint

    def state(self) -> str:
        """Say for people how it is."""
        return self._state

    @property
    def pid(self) -> int | None:
        """Process id of the model's server, while there is one."""
        return self._process.pid if self._process else None

    def log_tail(self) -> list[str]:
        """Return the last lines of its log."""
        return self._output.tail()

    async def stop(self) -> None:
        """Stop it and wait until it is gone."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
            self._output.close()
            self._state = "stopped"

    def _on_end(self, task: asyncio.Task[None]) -> None:
        """Say it loudly should the supervisor itself ever fail; a model that nobody watches must not look alive."""
        if not task.cancelled() and (fault := task.exception()) is not None:
            self._state = f"given up: {type(fault).__name__}"
            _log.error("model %s is no longer supervised", self._name, exc_info=fault)

    async def _supervise(self) -> None:
        while True:
            await self._await_file()
            well_s, reason = await self._run()
            pause_s = self._backoff.next_s(well_s=well_s)
            self._state = f"restarting in {pause_s:.1f} s ({reason})"
            self._output.note(self._state)
            _log.warning("model %s: %s", self._name, self._state)
            await asyncio.sleep(pause_s)

    async def _await_file(self) -> None:
        while (lack := self._lack_of_file()) is not None:
            self._state = lack
            await asyncio.sleep(self._timing.file_poll_s)

    def _lack_of_file(self) -> str | None:
        """Say what is wrong with the model file, or None if it can be loaded."""
        try:
            if (tier := FAMILY.get(self._settings.gguf)) is not None:
                return _lack_of_tier(inspect(tier, self._cache))
            return None if self._path.is_file() else f"waiting for its model file ({self._path})"
        except OSError as fault:
            return f"its model file cannot be read ({self._path}: {fault.strerror})"

    async def _run(self) -> tuple[float, str]:
        """Run one process to its end; return for how many seconds it was well, and why it ended."""
        key = secrets.token_urlsafe(32)
        self._state = "starting"
        try:
            self._process = process = await ModelProcess.start(self._order(key), self._output, environ=os.environ)
        except OSError as fault:
            return 0.0, f"no process could be started: {fault.strerror}"
        try:
            self._output.note(f"process {process.pid} started for {self._path.name}")
            return await self._serve(process, key)
        except LaunchFailed as fault:
            return 0.0, str(fault)
        except TimeoutError:
            return 0.0, f"not ready within {self._timing.start_s:.0f} s"
        finally:
            self._endpoint = None
            self._state = "stopping"
            await process.stop(grace_s=self._timing.stop_s)
            self._process = None

    def _order(self, key: str) -> LaunchOrder:
        return LaunchOrder(
            path=str(self._path.absolute()),
            alias=self._name,
            api_key=key,
            parent_pid=os.getpid(),
            slots=self._settings.slots,
            context_tokens=self._settings.context_tokens,
            threads=self._settings.threads,
            embeddings=self._embeddings,
        )

    async def _serve(self, process: ModelProcess, key: str) -> tuple[float, str]:
        async with asyncio.timeout(self._timing.start_s):
            host, port = await process.ready()
            if not await answers(host, port, timeout_s=self._timing.health_timeout_s):
                raise LaunchFailed("it says that it is ready, but does not answer")
        since_s = self._clock.steady_s()
        self._endpoint = Endpoint(f"http://{host}:{port}/v1", key)
        self._state = "ready"
        self._output.note(f"process {process.pid} ready on port {port}")
        _log.info("model %s is ready", self._name)
        reason = await self._watch(process, host, port)
        return self._clock.steady_s() - since_s, reason

    async def _watch(self, process: ModelProcess, host: str, port: int) -> str:
        """Return why the process must be replaced: it is gone, or it answers no more."""
        ended = asyncio.create_task(process.ended())
        misses = 0
        try:
            while misses < self._timing.health_misses:
                if (await asyncio.wait({ended}, timeout=self._timing.health_poll_s))[0]:
                    return ended.result()
                is_well = await answers(host, port, timeout_s=self._timing.health_timeout_s)
                misses = 0 if is_well else misses + 1
            return f"it gave no sign of life {misses} times"
        finally:
            ended.cancel()


def _lack_of_tier(cached: CachedModel) -> str | None:
    command = f"`triplepoint models pull {cached.model.tier}`"
    match cached.state:
        case FileState.READY:
            return None
        case FileState.DAMAGED:
            return f"its model file is damaged; run {command}"
        case FileState.MISSING | FileState.PARTIAL:
            return f"waiting for its model file ({command})"
