"""A proxy of nothing but our two HTTP sides: what uvicorn's connection and our transport cost before any gateway is in between.

Run by ``bench.overhead`` as ``python -m bench.bare PORT ORIGIN``.
"""

import sys

import uvicorn
import uvloop

from triplepoint.gateway.connection import Connection
from triplepoint.gateway.cycle import Cycle
from triplepoint.processes.serving import serve_until_asked
from triplepoint.settings import LimitSettings, PoolSettings
from triplepoint.upstreams.transport.client import HttpClient

_HEADERS = [(b"content-type", b"application/json"), (b"accept-encoding", b"identity")]
_LIMIT = 1 << 20


class Bare:
    """The application: hands bodies on and back."""

    def __init__(self, origin: str) -> None:
        self._client = HttpClient(origin, PoolSettings())
        self._limits = LimitSettings()

    async def serve(self, cycle: Cycle) -> None:
        """Answer one request."""
        body = cycle.take_body()
        target = cycle.path.encode()
        answer = await self._client.send(b"POST", target, _HEADERS, body or b"", limits=self._limits)
        body = await answer.read(_LIMIT)
        answer.close()
        cycle.begin(answer.status, [(b"content-type", b"application/json")], length=len(body))
        cycle.write(body, is_last=True)

    async def __call__(self, scope: object, receive: object, send: object) -> None:
        """Be what uvicorn takes for an application; everything is served directly."""


async def _serve(port: int, origin: str) -> None:
    config = uvicorn.Config(
        Bare(origin),  # pyright: ignore[reportArgumentType] - uvicorn's types know TypedDicts only
        port=port,
        http=Connection,
        ws="none",
        loop="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
    )
    await serve_until_asked(config)


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), sys.argv[2]))
