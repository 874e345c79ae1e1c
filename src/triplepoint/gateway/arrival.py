"""One request to a model's endpoint, as it arrived: the context that it keeps to its last byte."""

from triplepoint.gateway.crossing import FIRST_HOP
from triplepoint.gateway.cycle import Cycle
from triplepoint.gateway.endpoints import Endpoint
from triplepoint.gateway.snapshot import KeyGrant, Snapshot
from triplepoint.gateway.wire import HeaderList
from triplepoint.telemetry.tracing import RequestTrace, Tracing
from triplepoint.upstreams.dialects.model import Dialect


class Arrival:
    """A request that nothing is known of yet but its head.

    Args:
        cycle: It, and the way of its answer.
        endpoint: Where it was sent.
        snapshot: What it is decided by, whatever is published meanwhile.
        receipt_id: New.
        tracing: Where its span goes.
    """

    __slots__ = (
        "cycle", "deadline_s", "endpoint", "grant", "headers", "hop", "incoming", "is_explained", "receipt_id", "request_id",
        "snapshot", "trace",
    )  # fmt: skip

    def __init__(self, cycle: Cycle, *, endpoint: Endpoint, snapshot: Snapshot, receipt_id: str, tracing: Tracing) -> None:
        self.cycle = cycle
        self.endpoint = endpoint
        self.snapshot = snapshot
        self.receipt_id = receipt_id
        self.request_id = "req" + receipt_id[4:]
        self.incoming = cycle.incoming
        """Its headers; of one that was sent twice, the last."""
        self.headers: HeaderList = [
            *identity_headers(endpoint.dialect, self.request_id),
            (b"x-triplepoint-receipt", receipt_id.encode()),
        ]
        """Of the answer, whatever it will be."""
        self.is_explained = False
        """The answer is to say why its model was chosen."""
        self.hop = FIRST_HOP
        """Header that every upstream gets, against loops."""
        self.deadline_s: float | None = None
        """Steady-clock moment until which the caller waits for an answer, or for a stream to begin; None if unsaid."""
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
