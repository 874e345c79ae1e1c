"""A proxy of nothing but our two HTTP sides: what uvicorn's connection and our transport cost before any gateway is in between.

Run by ``bench.overhead`` as ``python -m bench.bare PORT ORIGIN``.
"""

import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn
import uvloop

from triplepoint.gateway.connection import Connection
from triplepoint.processes.serving import serve_until_asked
from triplepoint.settings import LimitSettings, PoolSettings
from triplepoint.upstreams.transport.client import HttpClient

Message = MutableMapping[str, Any]
_HEADERS = [(b"content-type", b"application/json"), (b"accept-encoding", b"identity")]
_LIMIT = 1 << 20


async def _serve(port: int, origin: str) -> None:
    client, limits = HttpClient(origin, PoolSettings()), LimitSettings()

    async def proxy(
        scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        asked = await receive()
        answer = await client.send(b"POST", scope["path"].encode(), _HEADERS, asked["body"], limits=limits)
        body = await answer.read(_LIMIT)
        answer.close()
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    config = uvicorn.Config(
        proxy,  # pyright: ignore[reportArgumentType] - uvicorn's types know TypedDicts only
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
