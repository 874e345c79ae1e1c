"""One request to a model's endpoint, as it arrived: the context that it keeps to its last byte."""

from collections.abc import Mapping, MutableMapping
from typing import Any

from triplepoint.gateway.connection import SCOPE_KEY, Connection
from triplepoint.gateway.endpoints import Endpoint
from triplepoint.gateway.snapshot import KeyGrant, Snapshot
from triplepoint.gateway.wire import HeaderList, Send
from triplepoint.telemetry.tracing import RequestTrace, Tracing
from triplepoint.upstreams.dialects.model import Dialect

Scope = MutableMapping[str, Any]


class Arrival:
    """A request that nothing is known of yet but its head.

    Args:
        scope: ASGI's.
        send: ASGI's.
        endpoint: Where it was sent.
        snapshot: What it is decided by, whatever is published meanwhile.
        receipt_id: New.
        tracing: Where its span goes.
    """

    __slots__ = (
        "connection",
        "endpoint",
        "grant",
        "headers",
        "incoming",
        "receipt_id",
        "request_id",
        "send",
        "snapshot",
        "trace",
    )

    def __init__(
        self, scope: Scope, send: Send, *, endpoint: Endpoint, snapshot: Snapshot, receipt_id: str, tracing: Tracing
    ) -> None:
        self.endpoint = endpoint
        self.snapshot = snapshot
        self.send = send
        self.receipt_id = receipt_id
        self.request_id = "req" + receipt_id[4:]
        self.incoming: Mapping[bytes, bytes] = dict(scope["headers"])
        """Its headers; of one that was sent twice, the last."""
        self.connection: Connection | None = scope.get(SCOPE_KEY)
        """The caller's; None under a server that is not ours."""
        self.headers: HeaderList = identity_headers(endpoint.dialect, self.request_id)
        """Of the answer, whatever it will be."""
        self.headers.append((b"x-triplepoint-receipt", receipt_id.encode()))
        self.grant: KeyGrant | None = None
        """Whose request it is, once that is known."""
        self.trace: RequestTrace = tracing.request(endpoint.path, self.incoming, receipt_id=receipt_id)
        """Its span."""


def identity_headers(dialect: Dialect, request_id: str) -> HeaderList:
    """Return the headers by which an answer can be found again, under the names that either vendor's clients show."""
    identity = request_id.encode()
    headers: HeaderList = [(b"x-request-id", identity)]
    if dialect is Dialect.MESSAGES:
        headers.append((b"request-id", identity))
    return headers
