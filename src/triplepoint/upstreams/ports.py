"""What the gateway asks of an upstream's wire and of an upstream that we run ourselves."""

from dataclasses import dataclass, field
from typing import Protocol

from triplepoint.settings import LimitSettings

Headers = list[tuple[bytes, bytes]]
"""Names in lower case."""


class UpstreamAnswer(Protocol):
    """An answer whose head has arrived."""

    status: int
    headers: Headers

    def header(self, name: bytes) -> bytes | None:
        """Return the first header of that (lower-case) name."""
        ...

    async def chunk(self) -> bytes:
        """Return the next bytes of the body, as they came (decoded if compressed); empty at its end.

        Raises: UpstreamFault: the body broke off, ran over its length, or was silent too long.
        """
        ...

    def take_whole(self, limit: int) -> bytes | None:
        """Return the whole body if all of it has come already, at most ``limit`` bytes; None where `read` is called for."""
        ...

    async def read(self, limit: int) -> bytes:
        """Return the whole rest of the body.

        Raises: UpstreamFault: as `chunk`, or the body is longer than ``limit`` bytes.
        """
        ...

    def close(self) -> None:
        """Be done with it: a body not read to its end closes the connection, which stops the upstream. Idempotent."""
        ...


class UpstreamClient(Protocol):
    """Connections to one origin."""

    async def send(
        self,
        method: bytes,
        target: bytes,
        headers: Headers,
        body: bytes,
        *,
        limits: LimitSettings,
        deadline_s: float | None = None,
    ) -> UpstreamAnswer:
        """Send a request and wait for the head of its answer.

        Args:
            method, target: Request line; the target begins with ``/``.
            headers: Without host, content-length, connection and transfer-encoding, which are the transport's.
            limits: Time limits of this attempt.
            deadline_s: Steady-clock moment by which the caller wants its answer; shortens the limits.
        Raises:
            UpstreamTimeout, UpstreamFault: with ``code`` saying the phase (`connect_timeout`, `connect_failed`,
                `first_byte_timeout`, `idle_timeout`, `total_timeout`, `protocol_error`, `connection_lost`, `answer_too_large`).
        Cancelling the call closes the connection.
        """
        ...

    async def aclose(self) -> None:
        """Close every connection."""
        ...


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an upstream listens at this moment."""

    base_url: str
    """Up to and with ``/v1``."""
    api_key: str | None = field(repr=False)
    """Its key; never logged."""


class ManagedUpstream(Protocol):
    """An upstream whose server is ours: started with the gateway, watched, restarted, stopped."""

    async def start(self) -> None:
        """Begin to bring it up and return at once."""
        ...

    def endpoint(self) -> Endpoint | None:
        """Return where it listens, or None while it is not ready."""
        ...

    def state(self) -> str:
        """Say for people how it is: ``ready``, ``starting``, ``waiting for its model file``, ``restarting in 4 s (…)``."""
        ...

    async def stop(self) -> None:
        """Stop it and wait until it is gone."""
        ...
