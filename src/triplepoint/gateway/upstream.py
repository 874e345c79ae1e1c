"""One upstream as the gateway uses it: its connections, its breaker, and how requests to it are addressed.

A live upstream outlives snapshots as long as its definition stays the same, so a new line-up costs no warm connection and
forgets no open breaker.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, assert_never
from urllib.parse import quote, urlsplit

from triplepoint.foundation.errors import UpstreamOverloaded
from triplepoint.foundation.secret import Secret
from triplepoint.gateway.breaker import Breaker
from triplepoint.gateway.waits import Waits
from triplepoint.settings import (
    AnthropicUpstream,
    AzureUpstream,
    LocalUpstream,
    OpenAIUpstream,
    SimulatedUpstream,
    Upstream,
)
from triplepoint.telemetry.status import UpstreamStatus
from triplepoint.upstreams.dialects.model import Dialect
from triplepoint.upstreams.ports import Headers, ManagedUpstream, UpstreamClient

ClientFactory = Callable[[str, Upstream], UpstreamClient]
"""Makes connections to an origin (scheme, host, port) with an upstream's pool settings."""
ManagedFactory = Callable[[str, LocalUpstream | SimulatedUpstream], ManagedUpstream]
"""Makes the server of an upstream that we run ourselves, by name and definition."""


class Gate(Protocol):
    """Lets only so many attempts through at once."""

    @property
    def is_spare(self) -> bool:
        """Tell whether a turn could be taken and another one would still be free."""
        ...

    def turn(self, *, deadline_s: float | None = None) -> AbstractAsyncContextManager[object]:
        """Wait for a turn. Raises: Overloaded: no room before the deadline."""
        ...


@dataclass(frozen=True, slots=True)
class Address:
    """Where one kind of request goes at one upstream."""

    target: bytes
    """Path and query."""
    headers: Headers
    """Credentials and content type; shared, so copied before anything is added."""


class LiveUpstream:
    """An upstream with its connections.

    Args:
        name: As in ``triplepoint.yaml``.
        definition: From there.
        secret: Its key, if it has one.
        make_client: Makes connections.
        managed: Its server, where it is ours; started and stopped with this object.
        gate: Bound on generations at once, where it shares the machine's processors.
    """

    def __init__(
        self,
        name: str,
        definition: Upstream,
        secret: Secret | None,
        *,
        make_client: ClientFactory,
        managed: ManagedUpstream | None = None,
        gate: Gate | None = None,
    ) -> None:
        self.name = name
        self.definition = definition
        self.gate = gate
        """Where one's turn is waited for; None where generations are not bounded."""
        self.breaker = Breaker(definition.breaker)
        self.in_flight = 0
        self.attempts = 0
        self.failures = 0
        self.last_error: str | None = None
        self._secret = secret
        self._make_client = make_client
        self._managed = managed
        self._client: UpstreamClient | None = None
        self._base_url = ""
        self._prefix = ""
        self._closing: asyncio.Future[None] | None = None
        self._addresses: dict[tuple[str, str], Address] = {}
        self._waits: dict[str, Waits] = {}
        self.dialects = {caller: self._dialect_for(caller) for caller in Dialect}
        """The dialect to speak with it, by the caller's: as close to that as it can."""

    def waits(self, model: str) -> Waits:
        """Return how long a model lets one wait here, by its name here."""
        found = self._waits.get(model)
        return found if found is not None else self._waits.setdefault(model, Waits())

    def is_up(self, now_s: float) -> bool:
        """Tell whether a request that was sent now would be tried here: there is somebody, and the breaker lets it through."""
        return (not self.breaker.failures or self.breaker.would_allow(now_s)) and self.is_ready()

    async def start(self) -> None:
        """Bring up its server, where it is ours."""
        if self._managed is not None:
            await self._managed.start()

    async def stop(self) -> None:
        """Close its connections and stop its server."""
        if self._client is not None:
            await self._client.aclose()
        if self._managed is not None:
            await self._managed.stop()

    def is_ready(self) -> bool:
        """Tell whether there is anything to connect to."""
        return self._managed is None or self._managed.endpoint() is not None

    def client(self) -> UpstreamClient:
        """Return its connections.

        Raises: UpstreamOverloaded: its server is ours and not up.
        """
        if self._managed is not None:
            endpoint = self._managed.endpoint()
            if endpoint is None:
                raise UpstreamOverloaded(
                    f"The model's server is {self._managed.state()}.", code="upstream_starting", retry_after_s=2.0
                )
            if endpoint.base_url != self._base_url:  # it was restarted elsewhere
                self._secret = Secret(endpoint.api_key) if endpoint.api_key is not None else None
                old = self._client
                self._connect(endpoint.base_url)
                if old is not None:  # its server is gone, so nothing is under way on it
                    self._closing = asyncio.ensure_future(old.aclose())
        elif self._client is None:
            self._connect(_base_url(self.definition))
        assert self._client is not None  # noqa: S101 - just connected
        return self._client

    def address(self, path: str, model: str) -> Address:
        """Return where a request goes; call after `client`.

        Args:
            path: Below the base URL, such as ``/chat/completions``.
            model: Its name there; Azure has it in the path.
        """
        found = self._addresses.get((path, model))
        if found is None:
            found = self._addresses[path, model] = self._address(path, model)
        return found

    def own_headers(self, dialect: Dialect) -> Headers:
        """Return headers that a dialect demands, where the caller sent none of its own."""
        if dialect is Dialect.MESSAGES and isinstance(self.definition, AnthropicUpstream):
            return [(b"anthropic-version", self.definition.version.encode())]
        return []

    def status(self, now_s: float) -> UpstreamStatus:
        """Describe it for people."""
        return UpstreamStatus(
            name=self.name,
            kind=self.definition.kind,
            state="ready" if self._managed is None else self._managed.state(),
            breaker=self.breaker.state(now_s),
            in_flight=self.in_flight,
            attempts=self.attempts,
            failures=self.failures,
            last_error=self.last_error,
        )

    def _dialect_for(self, caller: Dialect) -> Dialect:
        match self.definition:
            case AnthropicUpstream():
                return Dialect.MESSAGES
            case OpenAIUpstream(responses=True) if caller is Dialect.RESPONSES:
                return Dialect.RESPONSES
            case _:
                return Dialect.CHAT

    def _connect(self, base_url: str) -> None:
        parts = urlsplit(base_url)
        self._base_url = base_url
        self._prefix = parts.path.rstrip("/")
        self._addresses.clear()
        self._client = self._make_client(f"{parts.scheme}://{parts.netloc}", self.definition)

    def _address(self, path: str, model: str) -> Address:
        headers: Headers = [(b"content-type", b"application/json"), (b"accept-encoding", b"identity")]
        key = self._secret.reveal().encode() if self._secret is not None else None
        target = self._prefix + path
        match self.definition:
            case OpenAIUpstream():
                headers += [(name.lower().encode(), value.encode()) for name, value in self.definition.headers.items()]
                headers += [(b"authorization", b"Bearer " + key)] if key else []
            case LocalUpstream() | SimulatedUpstream():
                headers += [(b"authorization", b"Bearer " + key)] if key else []
            case AzureUpstream():
                target = (
                    f"{self._prefix}/openai/deployments/{quote(model, safe='')}{path}?api-version={self.definition.api_version}"
                )
                headers += [(b"api-key", key)] if key else []
            case AnthropicUpstream():
                headers += [(b"x-api-key", key)] if key else []
            case _:
                assert_never(self.definition)
        return Address(target.encode(), headers)


def _base_url(definition: Upstream) -> str:
    if isinstance(definition, LocalUpstream | SimulatedUpstream):
        raise TypeError("an upstream of our own has its address from its server")
    return definition.base_url
