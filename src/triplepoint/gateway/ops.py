"""The gateway's own socket, for the control plane on this machine: how it is, its metrics, and "load the files again".

A Unix socket that only the owner of the data folder can open. The data plane's port takes no such order from anyone.
"""

import os
import stat
import tempfile
from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from triplepoint.foundation.errors import Conflict
from triplepoint.telemetry.status import GatewayStatus, Published

_MAX_SOCKET_PATH = 100


def socket_path(data: Path, worker: int = 1) -> Path:
    """Return where a gateway listens: in its data folder, or elsewhere where that path is too long for a socket."""
    name = "gateway.sock" if worker == 1 else f"gateway-{worker}.sock"
    path = data.absolute() / "gateway.sock"
    if len(str(path)) <= _MAX_SOCKET_PATH:
        return path.with_name(name)
    digest = sha256(str(path).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"triplepoint-{os.getuid()}-{digest}" / name


def prepare_socket(data: Path, worker: int = 1) -> Path:
    """Make the socket's folder, for its owner alone, and remove what a dead gateway left there.

    Raises: Conflict: somebody else has made that folder.
    """
    path = socket_path(data, worker)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.parent.stat()
    if found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise Conflict(f"{path.parent} must belong to you alone; remove it, or set its mode to 0700")
    path.unlink(missing_ok=True)
    return path


def make_ops(
    *,
    status: Callable[[], GatewayStatus],
    metrics: Callable[[], bytes],
    publish: Callable[[], Awaitable[Published]],
    publish_access: Callable[[], Awaitable[Published]],
) -> Starlette:
    """Make the application.

    Args:
        status: Describes the gateway.
        metrics: Prometheus text.
        publish: Loads files and keys again and swaps the snapshot, or says why not.
        publish_access: The same of what is in the database alone: it is quicker, and no file can be in its way.
    """

    async def get_status(_: Request) -> Response:
        return _json(status())

    async def get_metrics(_: Request) -> Response:
        return Response(metrics(), media_type="text/plain; version=0.0.4")

    async def post_publish(_: Request) -> Response:
        return _json(await publish())

    async def post_access(_: Request) -> Response:
        return _json(await publish_access())

    return Starlette(
        routes=[
            Route("/status", get_status),
            Route("/metrics", get_metrics),
            Route("/publish", post_publish, methods=["POST"]),
            Route("/publish/access", post_access, methods=["POST"]),
        ]
    )


def _json(value: msgspec.Struct) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")
