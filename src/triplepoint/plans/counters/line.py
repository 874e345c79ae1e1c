"""One connection to Valkey that many requests share.

Commands are written as they come and answered in their order, so a request waits for one round trip and not for a free
connection. The client library opens the connection (TLS, password, database) and reads the protocol; going through its pool
would cost three times the processor time.
"""

import asyncio
import contextlib
import importlib
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from triplepoint.foundation.errors import Problem, SettingsInvalid
from triplepoint.foundation.secret import Secret
from triplepoint.plans.counters.ports import CountersAway

RETRY_S = 1.0
"""After which a caller may try again; Valkey is usually back by then, or for long away."""


_UNFIT = frozenset(
    {"READONLY", "OOM", "MISCONF", "LOADING", "CLUSTERDOWN", "MASTERDOWN", "NOREPLICAS", "MOVED", "UNKILLABLE", "BUSY"}
)
"""First words of refusals that are about the server and not about what it was asked."""


class Unreachable(CountersAway):
    """Valkey did not do what was asked."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the counters in Valkey cannot be reached: {why}; try again in a moment", retry_after_s=RETRY_S)
        self.why = why


class Unheard(Unreachable):
    """A command was sent, and whether it was carried out is not known."""


class Refused(Unreachable):
    """The server does not take this command; the connection is well."""

    is_script_missing = False


class Connection(Protocol):
    """What is asked of the client library's connection."""

    async def connect(self) -> None:
        """Connect, and present the password."""

    async def disconnect(self, nowait: bool = False) -> None:
        """Close."""

    def pack_command(self, *arguments: bytes | str | int) -> list[bytes]:
        """Write a command as the protocol has it."""
        ...

    async def send_packed_command(self, command: list[bytes], check_health: bool = True) -> None:
        """Send, and wait only while the kernel takes no more."""

    async def read_response(self) -> Any:
        """Read the next answer; one that is an error is raised."""


class Client:
    """The client library, found when it is first needed: an installation without Valkey has not got it.

    Raises: SettingsInvalid: it is not installed, or the address is none.
    """

    def __init__(self, url: Secret, *, connect_s: float) -> None:
        try:
            library: Any = importlib.import_module("redis.asyncio")
            errors: Any = importlib.import_module("redis.exceptions")
            retries: Any = importlib.import_module("redis.asyncio.retry")
            backoff: Any = importlib.import_module("redis.backoff")
        except ImportError as error:
            raise _invalid(
                "kind", "is 'valkey', but its client is not installed", "pip install 'triplepoint[valkey]'"
            ) from error
        self.refusals: tuple[type[Exception], ...] = (errors.ResponseError,)
        self.script_missing: type[Exception] = errors.NoScriptError
        self.unfit: tuple[type[Exception], ...] = (errors.ReadOnlyError, errors.OutOfMemoryError, errors.ClusterDownError)
        """Refusals of which the library has cut the first word off."""
        self.faults: tuple[type[Exception], ...] = (errors.RedisError, OSError, TimeoutError)
        try:
            self._pool: Any = library.ConnectionPool.from_url(
                _as_redis(url.reveal()),
                protocol=2,
                socket_connect_timeout=connect_s,
                socket_timeout=None,  # a line has a watchdog of its own
                retry=retries.Retry(backoff.NoBackoff(), 0),
                retry_on_error=[],
            )
        except ValueError as error:
            raise _invalid("url", "is no address of a server", "write redis://HOST:6379/0, rediss:// or unix://") from error

    def make_connection(self) -> Connection:
        """Make a connection that is not connected yet."""
        connection: Connection = self._pool.make_connection()
        return connection


class Line:
    """A connection that is connected.

    Args:
        command_s: A command that is not answered within this time takes the line down, and all that wait with it.
        on_loss: Called once, with why, when the line is down.
    """

    def __init__(
        self, connection: Connection, client: Client, *, command_s: float, on_loss: Callable[["Line", str], None]
    ) -> None:
        self._connection = connection
        self._client = client
        self._command_s = command_s
        self._on_loss = on_loss
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[asyncio.Future[Any], float]] = deque()
        """Commands that were sent, with the moment until which each is waited for."""
        self._watchdog: asyncio.TimerHandle | None = None
        self._why_down = ""
        self._reader = self._loop.create_task(self._read(), name="counters in valkey")

    async def call(self, *command: bytes | str | int) -> Any:
        """Send a command and return its answer.

        Raises:
            Unheard: no answer came.
            Refused: the answer is an error.
        """
        if self._why_down:
            raise Unheard(self._why_down)
        answer: asyncio.Future[Any] = self._loop.create_future()
        self._waiting.append((answer, self._loop.time() + self._command_s))
        if self._watchdog is None:
            self._watchdog = self._loop.call_later(self._command_s, self._watch)
        try:
            await self._connection.send_packed_command(self._connection.pack_command(*command), check_health=False)
        except self._client.faults as error:
            self._go_down(str(error))
        return await answer

    async def close(self) -> None:
        """Hang up; who still waits is unheard."""
        self._go_down("closed")
        with contextlib.suppress(asyncio.CancelledError):
            await self._reader

    async def _read(self) -> None:
        try:
            while not self._why_down:
                try:
                    reply = await self._connection.read_response()
                except self._client.refusals as refusal:
                    self._refuse(refusal)
                else:
                    answer, _ = self._waiting.popleft()
                    if not answer.done():  # its caller may have left
                        answer.set_result(reply)
        except self._client.faults as error:
            self._go_down(str(error))
        finally:
            await self._connection.disconnect(nowait=True)

    def _refuse(self, refusal: Exception) -> None:
        why = str(refusal)
        if why.partition(" ")[0] in _UNFIT or isinstance(refusal, self._client.unfit):
            self._go_down(f"it refuses: {why}")
            return
        answer, _ = self._waiting.popleft()
        if not answer.done():
            refused = Refused(why)
            refused.is_script_missing = isinstance(refusal, self._client.script_missing)
            answer.set_exception(refused)

    def _watch(self) -> None:
        self._watchdog = None
        if not self._waiting:
            return
        until = self._waiting[0][1]
        if self._loop.time() >= until:
            self._go_down(f"no answer within {self._command_s:g} s")
        else:
            self._watchdog = self._loop.call_at(until, self._watch)

    def _go_down(self, why: str) -> None:
        if self._why_down:
            return
        self._why_down = why or "the connection is gone"
        if asyncio.current_task() is not self._reader:
            self._reader.cancel()
        if self._watchdog is not None:
            self._watchdog.cancel()
        for answer, _ in self._waiting:
            if not answer.done():
                answer.set_exception(Unheard(self._why_down))
        self._waiting.clear()
        self._on_loss(self, self._why_down)


def _as_redis(url: str) -> str:
    """Write an address in the scheme that the client library knows."""
    scheme, colon, rest = url.partition(":")
    return {"valkey": "redis", "valkeys": "rediss"}.get(scheme, scheme) + colon + rest


def _invalid(key: str, what: str, fix: str) -> SettingsInvalid:
    return SettingsInvalid([Problem("triplepoint.yaml", 0, f"counters.{key}", what, fix)])
