"""The data plane as a raw ASGI application.

A request binds to the runtime (snapshot and live upstreams) that is active when it arrives and keeps it to its last byte;
swapping is one assignment.
"""

from collections.abc import Callable

from triplepoint.foundation.clock import Clock
from triplepoint.foundation.ids import NewId
from triplepoint.gateway.arrival import Arrival, Scope
from triplepoint.gateway.body import Receive
from triplepoint.gateway.endpoints import MODEL_ENDPOINTS
from triplepoint.gateway.lookups import Lookups, Receipts
from triplepoint.gateway.model_calls import CountTokens, ModelCalls
from triplepoint.gateway.record import Recents
from triplepoint.gateway.runtime import Runtime
from triplepoint.gateway.wire import Send
from triplepoint.telemetry.metrics import GatewayMetrics
from triplepoint.telemetry.tracing import NO_TRACING, Tracing


class Gateway:
    """The ASGI application.

    Args:
        runtime: What to begin with; `runtime` is assigned to swap it.
        digest: What keys are looked up by.
        clock, new_id: Time and ids.
        metrics: Counts.
        recents: The latest receipts.
        receipts: Older ones.
        count_tokens: For ``count_tokens`` on a model whose upstream has no such endpoint.
        readiness: Says what is wrong, or None; for ``/readyz``.
        tracing: Where spans go.
    """

    def __init__(
        self,
        runtime: Runtime,
        *,
        digest: Callable[[bytes], bytes],
        clock: Clock,
        new_id: NewId,
        metrics: GatewayMetrics,
        recents: Recents,
        receipts: Receipts,
        count_tokens: CountTokens,
        readiness: Callable[[], str | None],
        tracing: Tracing = NO_TRACING,
    ) -> None:
        self.runtime = runtime
        self._new_id = new_id
        self._tracing = tracing
        self._calls = ModelCalls(digest=digest, clock=clock, metrics=metrics, recents=recents, count_tokens=count_tokens)
        self._lookups = Lookups(digest=digest, clock=clock, recents=recents, receipts=receipts, readiness=readiness)

    @property
    def in_flight(self) -> int:
        """Requests to models that are under way."""
        return self._calls.in_flight

    @property
    def requests(self) -> int:
        """Requests to models since the start."""
        return self._calls.served

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        path: str = scope["path"]
        method: str = scope["method"]
        runtime = self.runtime
        endpoint = MODEL_ENDPOINTS.get(path)
        if endpoint is not None and method == "POST":
            receipt_id = self._new_id("rcpt")
            arrival = Arrival(
                scope, send, endpoint=endpoint, snapshot=runtime.snapshot, receipt_id=receipt_id, tracing=self._tracing
            )
            await self._calls.serve(arrival, receive, runtime)
        else:
            request_id, snapshot = self._new_id("req"), runtime.snapshot
            await self._lookups.answer(
                dict(scope["headers"]), send, method=method, path=path, snapshot=snapshot, request_id=request_id
            )
