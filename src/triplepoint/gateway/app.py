"""The data plane as an application under our own `connection`: requests to models directly, all others by ASGI.

A request binds to the runtime (snapshot and live upstreams) that is active when it arrives and keeps it to its last byte;
swapping is one assignment.
"""

from collections.abc import Callable, Coroutine, MutableMapping
from typing import Any

from triplepoint.foundation.clock import Clock
from triplepoint.foundation.ids import NewId
from triplepoint.gateway.admission import Admissions
from triplepoint.gateway.audits.auditor import Auditor
from triplepoint.gateway.body import Receive
from triplepoint.gateway.conversations import Conversations
from triplepoint.gateway.cycle import Cycle
from triplepoint.gateway.endpoints import MODEL_ENDPOINTS
from triplepoint.gateway.feedback import FEEDBACK_PATH, FeedbackCalls
from triplepoint.gateway.lookups import Lookups, Receipts
from triplepoint.gateway.model_calls import CountTokens, ModelCalls
from triplepoint.gateway.record import Recents
from triplepoint.gateway.runtime import Runtime
from triplepoint.gateway.wire import Send
from triplepoint.ledger.audits.model import Rated
from triplepoint.telemetry.metrics import GatewayMetrics
from triplepoint.telemetry.tracing import NO_TRACING, Tracing


class Gateway:
    """The application.

    Args:
        runtime: What to begin with; `runtime` is assigned to swap it.
        digest: What keys are looked up by.
        clock, new_id: Time and ids.
        metrics: Counts.
        recents: The latest receipts.
        receipts: Older ones.
        count_tokens: For ``count_tokens`` on a model whose upstream has no such endpoint.
        admissions: Lets requests in on their plans.
        conversations: Remembers who gave a conversation's last answer.
        auditor: Has some requests answered twice.
        draw: Uniform random numbers in [0, 1), for the router.
        readiness: Says what is wrong, or None; for ``/readyz``.
        keep_rating: Writes what a customer says of an answer to the journal.
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
        admissions: Admissions,
        conversations: Conversations,
        auditor: Auditor,
        draw: Callable[[], float],
        readiness: Callable[[], str | None],
        keep_rating: Callable[[Rated], object],
        tracing: Tracing = NO_TRACING,
    ) -> None:
        self._new_id = new_id
        self._calls = ModelCalls(
            runtime,
            digest=digest,
            clock=clock,
            new_id=new_id,
            metrics=metrics,
            recents=recents,
            count_tokens=count_tokens,
            admissions=admissions,
            conversations=conversations,
            auditor=auditor,
            draw=draw,
            tracing=tracing,
        )
        self._feedback = FeedbackCalls(
            digest=digest,
            clock=clock,
            new_id=new_id,
            recents=recents,
            receipts=receipts,
            keep=keep_rating,
            metrics=metrics,
        )
        self._lookups = Lookups(digest=digest, clock=clock, recents=recents, receipts=receipts, readiness=readiness)

    @property
    def runtime(self) -> Runtime:
        """What requests run on from now on; those under way keep what they began with."""
        return self._calls.runtime

    @runtime.setter
    def runtime(self, runtime: Runtime) -> None:
        self._calls.runtime = runtime

    @property
    def in_flight(self) -> int:
        """Requests to models that are under way."""
        return self._calls.in_flight

    @property
    def requests(self) -> int:
        """Requests to models since the start."""
        return self._calls.served

    def serve(self, cycle: Cycle) -> Coroutine[Any, Any, None] | None:
        """Return what answers a request to a model; None for any other."""
        endpoint = MODEL_ENDPOINTS.get(cycle.path)
        if endpoint is None or cycle.method != b"POST":
            return None
        return self._calls.serve(cycle, endpoint)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer a request that is none to a model."""
        if scope["type"] != "http":
            return
        incoming, request_id = dict(scope["headers"]), self._new_id("req")
        snapshot = self.runtime.snapshot
        if scope["path"] == FEEDBACK_PATH:
            await self._feedback.answer(
                incoming, receive, send, method=scope["method"], snapshot=snapshot, request_id=request_id
            )
            return
        await self._lookups.answer(
            incoming,
            send,
            method=scope["method"],
            path=scope["path"],
            snapshot=snapshot,
            request_id=request_id,
        )
