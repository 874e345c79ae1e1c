"""What can be asked of the gateway itself: whether it is well, which models there are, and receipts."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from triplepoint.economics.energy import Meter
from triplepoint.foundation.clock import Clock
from triplepoint.foundation.errors import NotFound, RequestInvalid, TriplepointError
from triplepoint.gateway.arrival import identity_headers
from triplepoint.gateway.caller import authenticate
from triplepoint.gateway.endpoints import MODEL_ENDPOINTS
from triplepoint.gateway.listing import Viewer, list_models, show_model
from triplepoint.gateway.record import Recents, Refusal
from triplepoint.gateway.snapshot import KeyGrant, Snapshot
from triplepoint.gateway.wire import JSON, Send, send_error, send_whole
from triplepoint.ledger.model import Receipt
from triplepoint.ledger.receipts import join, moment_text, public_receipt, to_receipt
from triplepoint.upstreams.dialects.model import Dialect

_encode = msgspec.json.Encoder().encode
_HEALTHY = b'{"status":"ok"}'


class Receipts(Protocol):
    """Where older receipts are."""

    def receipt(self, receipt_id: str) -> Receipt | None:
        """Return a receipt; called in a thread."""
        ...


class MethodNotAllowed(RequestInvalid):
    """The path exists, but not for this method."""

    status = 405
    code = "method_not_allowed"


class Lookups:
    """Answers everything that is no request to a model.

    Args:
        digest: What keys are looked up by.
        clock: Time.
        recents: The latest receipts.
        receipts: Older ones.
        readiness: Says what is wrong, or None; for ``/readyz``.
    """

    def __init__(
        self,
        *,
        digest: Callable[[bytes], bytes],
        clock: Clock,
        recents: Recents,
        receipts: Receipts,
        readiness: Callable[[], str | None],
    ) -> None:
        self._digest = digest
        self._clock = clock
        self._recents = recents
        self._receipts = receipts
        self._readiness = readiness

    async def answer(
        self, incoming: Mapping[bytes, bytes], send: Send, *, method: str, path: str, snapshot: Snapshot, request_id: str
    ) -> None:
        """Answer one request; a caller that names ``anthropic-version`` gets Anthropic's shapes."""
        dialect = Dialect.MESSAGES if b"anthropic-version" in incoming else Dialect.CHAT
        headers = [*identity_headers(dialect, request_id), *snapshot.active.headers]
        try:
            status, body = await self._find(incoming, method, path, snapshot, dialect)
            await send_whole(send, status, [JSON, *headers], body)
        except TriplepointError as error:
            await send_error(send, error, dialect, request_id, headers)

    async def _find(
        self, incoming: Mapping[bytes, bytes], method: str, path: str, snapshot: Snapshot, dialect: Dialect
    ) -> tuple[int, bytes]:
        if path in MODEL_ENDPOINTS:
            raise MethodNotAllowed("Send a POST here.")
        if method not in {"GET", "HEAD"}:
            raise _no_such_path()
        if path == "/healthz":
            return 200, _HEALTHY
        if path == "/readyz":
            trouble = self._readiness()
            state = {"status": "ready" if trouble is None else "not ready", "reason": trouble}
            return 200 if trouble is None else 503, _encode(state)
        grant = authenticate(incoming, snapshot.keys, self._digest, self._clock.now_us())
        return 200, await self._look_up(path, snapshot, grant, dialect)

    async def _look_up(self, path: str, snapshot: Snapshot, grant: KeyGrant, dialect: Dialect) -> bytes:
        now_us = self._clock.now_us()
        if path == "/v1/models":
            return list_models(snapshot, Viewer.of(snapshot, grant, now_us), dialect, now_us)
        if path.startswith("/v1/models/"):
            viewer = Viewer.of(snapshot, grant, now_us)
            return show_model(path.removeprefix("/v1/models/"), snapshot, viewer, dialect, now_us)
        if path.startswith("/v1/receipts/"):
            return await self._receipt(path.removeprefix("/v1/receipts/"), snapshot, grant)
        raise _no_such_path()

    async def _receipt(self, receipt_id: str, snapshot: Snapshot, grant: KeyGrant) -> bytes:
        refusal = self._recents.refusal(receipt_id)
        if refusal is not None and refusal.customer_id == grant.customer_id:
            return _encode(_public_refusal(refusal))
        receipt = await find_receipt(receipt_id, self._recents, self._receipts, snapshot.meter)
        if receipt is None or receipt.customer_id != grant.customer_id:
            raise NotFound("There is no such receipt of yours.", code="receipt_not_found")
        return _encode(public_receipt(receipt))


async def find_receipt(receipt_id: str, recents: Recents, receipts: Receipts, meter: Meter) -> Receipt | None:
    """Return a receipt, from memory where it is kept, else from the ledger; None: there is none (yet)."""
    recent = recents.get(receipt_id)
    if recent is not None:
        return to_receipt([meter(join(opened, closed)) for opened, closed in recent])
    return await asyncio.to_thread(receipts.receipt, receipt_id)


def _public_refusal(refusal: Refusal) -> dict[str, object]:
    """Show a refusal in the shape of a receipt; nothing was sent, so it cost nothing."""
    return {
        "id": refusal.receipt_id,
        "object": "receipt",
        "created_at": moment_text(refusal.at_us),
        "request_id": refusal.request_id,
        "customer_id": refusal.customer_id,
        "key_id": refusal.key_id,
        "endpoint": refusal.endpoint,
        "outcome": "refused",
        "status": refusal.status,
        "error": refusal.error,
        "cost_usd": "0",
        "attempts": [],
    }


def _no_such_path() -> NotFound:
    return NotFound("There is nothing at this path; see GET /v1/models for what can be called.", code="unknown_path")
