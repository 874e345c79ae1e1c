"""The simulated upstream as a server, and as an upstream that the gateway runs."""

import asyncio
import socket
from pathlib import Path

from triplepoint.foundation.clock import Clock, SystemClock
from triplepoint.upstreams.ports import Endpoint
from triplepoint.upstreams.simulated.connection import HttpRequest, SimulatedConnection
from triplepoint.upstreams.simulated.faults import Ending
from triplepoint.upstreams.simulated.layout import Layout
from triplepoint.upstreams.simulated.matching import Tally
from triplepoint.upstreams.simulated.model import Script
from triplepoint.upstreams.simulated.responder import Responder
from triplepoint.upstreams.simulated.script_file import LoadedScript, load_script, prepare
from triplepoint.upstreams.simulated.seen import SeenLog, SeenRequest

_BACKLOG = 4096


class SimulatedServer:
    """A server that plays a script, on loopback.

    Args:
        script: What to play; one from a file comes from `load_script`, so that its tables are read.
        port: 0 takes a free one, which stays the same until `stop`.
        host: Address to listen on.
        clock: Tells how long it runs, and dates answers.
        seen_file: Gets one line for each request before it is answered; see `SeenLog`.

    Use it as ``async with SimulatedServer(script) as server: …``.
    """

    def __init__(
        self,
        script: Script | LoadedScript,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        clock: Clock | None = None,
        seen_file: Path | None = None,
    ) -> None:
        self._loaded = prepare(script) if isinstance(script, Script) else script
        self._host, self._port = host, port
        self._clock = clock or SystemClock()
        self._placeholder: socket.socket | None = None
        self._listener: asyncio.Server | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self._switching = asyncio.Lock()
        self._moves: set[asyncio.Task[None]] = set()
        self.connections: set[SimulatedConnection] = set()
        self.seen = SeenLog(keep=self._loaded.script.keep, record=self._loaded.script.record, path=seen_file)
        self._restart()

    @property
    def base_url(self) -> str:
        """URL up to and with ``/v1``."""
        return f"http://{self._host}:{self._port}/v1"

    @property
    def port(self) -> int:
        """Port that it listens on."""
        return self._port

    @property
    def is_up(self) -> bool:
        """Whether it listens."""
        return self._listener is not None

    async def start(self) -> None:
        """Listen; the times of the script count from now."""
        self._placeholder = self._bind()
        self._port = self._placeholder.getsockname()[1]
        if not any(down.after == 0 for down in self._loaded.script.down):
            await self.come_up()
        self._restart()

    async def stop(self) -> None:
        """Close everything, and wait until it is closed."""
        self._cancel_timers()
        await self.go_down()
        if self._placeholder is not None:
            self._placeholder.close()
            self._placeholder = None
        self.seen.close()

    async def go_down(self) -> None:
        """Listen no more: connections are refused, open ones are reset, as if the process had died."""
        async with self._switching:
            listener, self._listener = self._listener, None
            if listener is not None:
                listener.close()
            for connection in list(self.connections):
                connection.crash()
            if listener is not None:
                await listener.wait_closed()

    async def come_up(self) -> None:
        """Listen, on the same port as before."""
        async with self._switching:
            if self._listener is None:
                loop = asyncio.get_running_loop()
                self._listener = await loop.create_server(
                    lambda: SimulatedConnection(self), sock=self._bind(), backlog=_BACKLOG
                )

    def reset(self, script: Script | LoadedScript | None = None) -> None:
        """Begin anew: counters, times and the log, and the script where another one is given."""
        if script is not None:
            self._loaded = prepare(script) if isinstance(script, Script) else script
        self.seen.clear()
        self._restart()

    def running_s(self) -> float:
        """Return the seconds since the start or the last `reset`."""
        return self._clock.steady_s() - self._started_s

    def refuses(self) -> Ending | None:
        """Return how a new connection is to end at once, None where it may stay."""
        for number, case in enumerate(self._loaded.script.connections):
            if self._tally.is_due(case, f"connection {number}"):
                return case.how
        return None

    def perform(self, request: HttpRequest) -> tuple[SeenRequest, Layout]:
        """Write a request down and lay out its answer."""
        running_s = self.running_s()
        seen = self.seen.add(running_s, request.method, request.path, request.headers.items(), request.body)
        now_s = self._clock.now_us() // 1_000_000
        outcome = self._responder.respond(
            seen.id, request.method, request.path, request.headers, request.body, running_s=running_s, now_s=now_s
        )
        if outcome.ask is not None:
            seen.model, seen.stream = outcome.ask.model, outcome.ask.stream
        if outcome.case is not None:
            seen.case = self._loaded.script.cases[outcome.case].name or str(outcome.case)
        seen.status = 0 if outcome.layout.replaced_head is not None else outcome.layout.status
        self.seen.write_line(seen)
        return seen, outcome.layout

    async def __aenter__(self) -> "SimulatedServer":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def _restart(self) -> None:
        self._started_s = self._clock.steady_s()
        self._responder = Responder(self._loaded)
        self._tally = Tally(self._loaded.script.seed)
        self._cancel_timers()
        if self._placeholder is None:
            return
        loop = asyncio.get_running_loop()
        for down in self._loaded.script.down:
            self._timers.append(loop.call_later(down.after, self._move, False))
            self._timers.append(loop.call_later(down.before, self._move, True))

    def _move(self, is_up: bool) -> None:
        task = asyncio.get_running_loop().create_task(self.come_up() if is_up else self.go_down())
        self._moves.add(task)
        task.add_done_callback(self._moves.discard)

    def _cancel_timers(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _bind(self) -> socket.socket:
        """Bind a socket to our port. One that never listens keeps the port ours while the server is down."""
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            bound.bind((self._host, self._port))
        except OSError as error:
            bound.close()
            raise OSError(error.errno, f"cannot listen on {self._host}:{self._port}: {error.strerror}") from error
        bound.setblocking(False)
        return bound


class SimulatedUpstream:
    """The simulated server as an upstream of a line-up: it runs inside the gateway's process.

    Args:
        script: Path of its script; without, it echoes.
    Raises: SettingsInvalid: the script is wrong.
    """

    def __init__(self, script: Path | None = None) -> None:
        loaded = load_script(script) if script is not None else prepare(Script())
        self.server = SimulatedServer(loaded)
        self._state = "not started"

    async def start(self) -> None:
        """Listen on a free port of loopback."""
        await self.server.start()
        self._state = "ready"

    def endpoint(self) -> Endpoint | None:
        """Return where it listens, or None while it does not."""
        return Endpoint(self.server.base_url, None) if self._state == "ready" else None

    def state(self) -> str:
        """Say how it is."""
        return self._state

    async def stop(self) -> None:
        """Close it."""
        self._state = "stopped"
        await self.server.stop()
