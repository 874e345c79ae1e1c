"""``POST /v1/feedback``: what a customer says of an answer that it got.

Only of its own receipts, as a number and a label of a closed set; words are not kept. Each rating is a record of the journal,
so it outlives the process; of several for one receipt the latest counts. It changes nothing at once: routers learn from many
customers' ratings together (`routing.feedback`).
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Final, Literal

import msgspec

from triplepoint.foundation.clock import Clock
from triplepoint.foundation.errors import NotFound, Overloaded, RequestInvalid, StoreFault, TriplepointError
from triplepoint.foundation.ids import NewId
from triplepoint.gateway.arrival import identity_headers
from triplepoint.gateway.body import CallerLeft, Receive, read_body
from triplepoint.gateway.caller import authenticate
from triplepoint.gateway.lookups import MethodNotAllowed, Receipts, find_receipt
from triplepoint.gateway.pace import Pace
from triplepoint.gateway.record import Recents
from triplepoint.gateway.snapshot import KeyGrant, Snapshot
from triplepoint.gateway.wire import JSON, HeaderList, Send, send_error, send_whole
from triplepoint.ledger.audits.model import Rated
from triplepoint.ledger.model import Outcome, Receipt
from triplepoint.telemetry.metrics import GatewayMetrics
from triplepoint.upstreams.dialects.model import Dialect

FEEDBACK_PATH: Final = "/v1/feedback"
MOST_BYTES: Final = 16 * 1024
"""Of a body; a comment that somebody sends along is a part of it."""
_UNKEPT: Final = "comment: words are not kept, only the rating and the label are"
_SCORES: Final = {"good": 1.0, "bad": 0.0}
_encode = msgspec.json.Encoder().encode


class FeedbackBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is posted."""

    receipt_id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    """From ``x-triplepoint-receipt`` of the answer."""
    rating: Literal["good", "bad"] | None = None
    """This or ``score``."""
    score: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    """0 bad … 1 good."""
    label: Literal["wrong", "refused", "too_slow", "too_dear"] | None = None
    """What was amiss."""
    comment: msgspec.Raw = msgspec.Raw(b"")
    """Taken, and dropped with a notice."""


_decode_body = msgspec.json.Decoder(FeedbackBody).decode


class FeedbackCalls:
    """Takes ratings.

    Args:
        digest: What keys are looked up by.
        clock, new_id: Time and ids.
        recents: The latest receipts.
        receipts: Older ones.
        keep: Writes a rating to the journal; raises StoreFault where it cannot be kept.
        metrics: Counts.
    """

    def __init__(
        self,
        *,
        digest: Callable[[bytes], bytes],
        clock: Clock,
        new_id: NewId,
        recents: Recents,
        receipts: Receipts,
        keep: Callable[[Rated], object],
        metrics: GatewayMetrics,
    ) -> None:
        self._digest = digest
        self._clock = clock
        self._new_id = new_id
        self._recents = recents
        self._receipts = receipts
        self._keep = keep
        self._metrics = metrics
        self._pace = Pace()

    async def answer(
        self, incoming: Mapping[bytes, bytes], receive: Receive, send: Send, *, method: str, snapshot: Snapshot, request_id: str
    ) -> None:
        """Answer one request; a caller that names ``anthropic-version`` gets Anthropic's shapes."""
        dialect = Dialect.MESSAGES if b"anthropic-version" in incoming else Dialect.CHAT
        headers = [*identity_headers(dialect, request_id), *snapshot.active.headers]
        try:
            answer = await self._take(incoming, receive, headers, method=method, snapshot=snapshot)
            await send_whole(send, 200, [JSON, *headers], _encode(answer))
        except TriplepointError as error:
            self._metrics.refused(error.code)
            await send_error(send, error, dialect, request_id, headers)
        except CallerLeft:
            return

    async def _take(
        self, incoming: Mapping[bytes, bytes], receive: Receive, headers: HeaderList, *, method: str, snapshot: Snapshot
    ) -> dict[str, object]:
        if method != "POST":
            raise MethodNotAllowed("Send a POST here.")
        grant = authenticate(incoming, snapshot.keys, self._digest, self._clock.now_us())
        self._keep_pace(grant, snapshot, headers)
        body = await read_body(
            receive,
            declared=incoming.get(b"content-length"),
            encoding=incoming.get(b"content-encoding"),
            limit=MOST_BYTES,
            patience_s=snapshot.settings.gateway.body_timeout,
        )
        posted = _read(body)
        receipt = await find_receipt(posted.receipt_id, self._recents, self._receipts, snapshot.meter)
        if receipt is None or receipt.customer_id != grant.customer_id:
            raise NotFound("There is no such receipt of yours.", param="receipt_id", code="receipt_not_found")
        if receipt.outcome is Outcome.FAILED:
            raise RequestInvalid("Nothing was answered there, so there is nothing to rate.", param="receipt_id")
        return self._write(posted, receipt, grant)

    def _keep_pace(self, grant: KeyGrant, snapshot: Snapshot, headers: HeaderList) -> None:
        limit = snapshot.settings.gateway.requests_per_minute_per_key
        if limit is not None:
            standing = self._pace.admit(grant.key_id, limit, self._clock.steady_s())
            headers += standing.headers()
            if standing.wait_s:
                raise standing.refusal()

    def _write(self, posted: FeedbackBody, receipt: Receipt, grant: KeyGrant) -> dict[str, object]:
        score = _SCORES[posted.rating] if posted.rating is not None else posted.score
        assert score is not None  # noqa: S101 - one of the two is there
        rated = Rated(
            rating_id=self._new_id("rate"),
            receipt_id=receipt.id,
            asked_us=receipt.created_us,
            at_us=self._clock.now_us(),
            customer_id=grant.customer_id,
            key_id=grant.key_id,
            plan=receipt.attempts[0].plan,
            model=receipt.served_model,
            lineup=receipt.lineup,
            score=score,
            label=posted.label or "",
        )
        try:
            self._keep(rated)
        except StoreFault as error:
            raise Overloaded("Feedback cannot be kept at the moment.", code=error.code, retry_after_s=1.0) from error
        self._metrics.rated(rated.model, rated.label)
        notices = [_UNKEPT] if bytes(posted.comment) else []
        return {
            "object": "feedback",
            "id": rated.rating_id,
            "receipt_id": rated.receipt_id,
            "score": rated.score,
            "label": posted.label,
            "notices": notices,
        }


def _read(body: bytes) -> FeedbackBody:
    """Read what is posted.

    Raises: RequestInvalid: it is not that; without a value of the caller's.
    """
    try:
        posted = _decode_body(body)
    except msgspec.ValidationError as error:
        raise RequestInvalid(f"This is no feedback: {_words(error)}.", code="invalid_feedback") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise RequestInvalid("The body is not a JSON object.", code="invalid_json") from None
    if (posted.rating is None) == (posted.score is None):
        raise RequestInvalid("Give rating or score, one of them.", param="rating", code="invalid_feedback")
    return posted


def _words(error: msgspec.ValidationError) -> str:
    """Return where and what, but for a value that the caller wrote: it may be the words that are not kept."""
    what, _, place = str(error).partition(" - at `$.")
    return f"{place.rstrip('`')}: {what.partition(' ')[0].lower()} value" if what.startswith("Invalid") else str(error)
