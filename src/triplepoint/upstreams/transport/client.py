"""The client of one origin: what the gateway holds for each upstream; `upstreams.ports.UpstreamClient`."""

import asyncio
import ssl

from triplepoint.foundation.errors import UpstreamFault
from triplepoint.settings import LimitSettings, PoolSettings
from triplepoint.upstreams.ports import Headers
from triplepoint.upstreams.transport import faults
from triplepoint.upstreams.transport.answer import Answer
from triplepoint.upstreams.transport.connection import Connection
from triplepoint.upstreams.transport.origin import Origin, parse_base_url
from triplepoint.upstreams.transport.pool import Pool, PoolStats
from triplepoint.upstreams.transport.wire.request import encode_head


class HttpClient:
    """HTTP/1.1 to one origin, for one event loop.

    Args:
        base: The origin, or a base URL such as ``https://api.openai.com/v1`` of which only the origin counts: a path belongs to
            the target of each request.
        pool: Bound on connections and how long idle ones are kept.
        ssl_context: For https; by default the system's authorities decide whom to trust. ALPN is set to ``http/1.1`` on it.
    Raises: ValueError: ``base`` is no such URL.
    """

    def __init__(self, base: Origin | str, pool: PoolSettings, ssl_context: ssl.SSLContext | None = None) -> None:
        self.origin = parse_base_url(base).origin if isinstance(base, str) else base
        """Scheme, host and port."""
        self._host = self.origin.host_header
        self._name = str(self.origin)
        self._ssl = _prepared(ssl_context) if self.origin.is_tls else None
        self._pool = Pool(self._connect, pool)

    async def send(
        self,
        method: bytes,
        target: bytes,
        headers: Headers,
        body: bytes,
        *,
        limits: LimitSettings,
        deadline_s: float | None = None,
    ) -> Answer:
        """Send a request once and wait for the head of its answer; see `upstreams.ports.UpstreamClient.send`.

        Args:
            deadline_s: On the steady clock, which is also the event loop's.
        Raises:
            UpstreamTimeout, UpstreamFault: as the port says. ``connect_timeout`` also where no connection of the pool came
            free. RequestInvalid: the request cannot be written as HTTP.
        """
        head = encode_head(method, target, headers, host=self._host, body_length=len(body))
        now = asyncio.get_running_loop().time()
        total_at = now + limits.total
        if deadline_s is not None and deadline_s < total_at:
            total_at = deadline_s
        if total_at <= now:
            raise faults.total_timeout(f"{self._name}: the caller's time was up before the request was sent")
        connection = self._pool.take_idle(now)
        if connection is None:
            connection = await self._connected(now + limits.connect, total_at)
        answer = connection.start(method, head, body, limits=limits, total_at=total_at)
        try:
            await answer.headed()
        except BaseException:
            answer.close()
            raise
        return answer

    async def aclose(self) -> None:
        """Close every connection; requests under way fail with ``connection_lost``."""
        await self._pool.aclose()

    def stats(self) -> PoolStats:
        """Count connections and waiting requests."""
        return self._pool.stats()

    async def _connected(self, connect_at: float, total_at: float) -> Connection:
        """Get a connection from the pool within its limits."""
        try:
            async with asyncio.timeout_at(min(connect_at, total_at)):
                return await self._pool.acquire()
        except TimeoutError as error:
            fault = faults.connect_timeout if connect_at <= total_at else faults.total_timeout
            raise fault(f"{self._name}: {self._delay()}") from error
        except OSError as error:
            raise self._refused(error) from error

    async def _connect(self) -> Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(
            lambda: Connection(loop, self._pool, self._name),
            self.origin.host,
            self.origin.port,
            ssl=self._ssl,
            server_hostname=self.origin.host if self._ssl is not None else None,
        )
        return connection

    def _delay(self) -> str:
        stats = self._pool.stats()
        if not self._pool.has_room:
            return f"all {stats.open} connections of the pool stayed busy; raise pool.connections or send less"
        return "no connection within the time for it; is it up, and does a firewall drop what we send?"

    def _refused(self, error: OSError) -> UpstreamFault:
        if isinstance(error, ssl.SSLCertVerificationError):
            return faults.connect_failed(f"{self._name}: its certificate does not hold: {error.verify_message}")
        if isinstance(error, ssl.SSLError):
            return faults.connect_failed(f"{self._name}: TLS failed: {error.reason}")
        return faults.connect_failed(f"{self._name}: cannot connect: {error.strerror or error}")


def _prepared(context: ssl.SSLContext | None) -> ssl.SSLContext:
    if context is None:
        context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
