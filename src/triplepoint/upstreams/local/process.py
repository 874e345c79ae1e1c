"""One run of one model's process: started, heard out, stopped. Bringing it back is the supervisor's work (`managed`)."""

import asyncio
import contextlib
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from typing import Self

import msgspec

from triplepoint.upstreams.local.launch import FAILED, READY, LaunchOrder
from triplepoint.upstreams.local.model_log import ModelLog

_COMMAND = (
    sys.executable,
    "-P",
    "-m",
    "triplepoint.upstreams.local.server",
)  # -P: the working folder is no place to import from
_ENVIRONMENT = re.compile(
    r"PATH|HOME|USER|LANG|LC_\w+|TMPDIR|TZ|VIRTUAL_ENV|PYTHON\w+|LD_LIBRARY_PATH|(OMP|KMP|GOMP|GGML|LLAMA|CUDA|HIP)_\w+"
)
_READ_BYTES = 2**16
_HINTS = {
    signal.SIGKILL: "killed from outside; by the kernel, if memory ran out",
    signal.SIGILL: "this processor lacks an instruction that llama.cpp needs (AVX2)",
    signal.SIGABRT: "llama.cpp gave up; its log says where",
    signal.SIGSEGV: "llama.cpp crashed",
}


class LaunchFailed(Exception):
    """The process ended, or said that it cannot, before the model was ready; the text is the reason."""


class ModelProcess:
    """A running process; made by `start`."""

    def __init__(self, process: Process, log: ModelLog) -> None:
        self._process = process
        self._log = log
        self._is_serving = False
        assert process.stdin is not None  # noqa: S101 asked for as pipes
        assert process.stdout is not None  # noqa: S101
        assert process.stderr is not None  # noqa: S101
        self._stdin, self._stdout = process.stdin, process.stdout
        self._pump = asyncio.create_task(self._keep_lines(process.stderr))

    @classmethod
    async def start(cls, order: LaunchOrder, log: ModelLog, *, environ: Mapping[str, str]) -> Self:
        """Start a process and give it its order.

        On Linux the process dies with the *thread* that started it, so call this from the main thread's loop.

        Args:
            order: What to run.
            log: Takes what it says on standard error.
            environ: Of this process; only what llama.cpp may need is passed on, no keys or secrets.
        Raises: OSError: the machine cannot start another process.
        """
        env = {name: value for name, value in environ.items() if _ENVIRONMENT.fullmatch(name)}
        process = await asyncio.create_subprocess_exec(*_COMMAND, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=env)
        running = cls(process, log)
        running._stdin.write(msgspec.json.encode(order) + b"\n")
        return running

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    async def ready(self) -> tuple[str, int]:
        """Wait until the model is loaded and return host and port.

        Raises: LaunchFailed: with the reason.
        """
        line = (await self._stdout.readline()).decode(errors="replace").strip()
        match line.split(" "):
            case [word, host, port] if word == READY and port.isdecimal():
                self._is_serving = True
                return host, int(port)
            case [word, *reason] if word == FAILED:
                await self._pump  # the log's last words are in
                raise LaunchFailed(self._first_error() or " ".join(reason))
            case _:
                raise LaunchFailed(await self.ended())

    def _first_error(self) -> str | None:
        """Find what llama.cpp itself complained of first; the later ones only follow from it."""
        lines = [re.sub(r"^[\d.]+ E \S+ ", "", line) for line in self._log.tail() if re.match(r"[\d.]+ E ", line)]
        return lines[0] if lines else None

    async def ended(self) -> str:
        """Wait until the process is gone and say why, for people."""
        code = await self._process.wait()
        if code >= 0:
            return f"it ended with exit code {code}"
        number = -code
        name = signal.Signals(number).name if number in signal.valid_signals() and number < signal.SIGRTMIN else str(number)
        hint = next((text for sign, text in _HINTS.items() if sign == number), None)
        return f"ended by {name}: {hint}" if hint else f"ended by {name}"

    async def stop(self, *, grace_s: float) -> None:
        """Have it leave, kill it if it does not within the grace, and wait until it is gone.

        A process that still loads its model is deaf until it has done so, and has nothing to lose: it is killed at once.
        """
        self._stdin.close()
        try:
            async with asyncio.timeout(grace_s if self._is_serving else 0):
                await self._process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        self._pump.cancel()
        await asyncio.wait({self._pump})

    async def _keep_lines(self, stderr: asyncio.StreamReader) -> None:
        """Read lines of any length; one that is too long to be worth keeping is cut, not fatal."""
        rest = b""
        while data := await stderr.read(_READ_BYTES):
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                self._log.line(line.decode(errors="replace").rstrip("\r"), is_serving=self._is_serving)
            rest = rest[:_READ_BYTES]
        if rest:
            self._log.line(rest.decode(errors="replace"), is_serving=self._is_serving)
