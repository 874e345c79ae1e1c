"""Opens and closes the record of each attempt: journal, metrics, and the latest receipts in memory.

The opened record is written before anything is sent to the upstream; if it cannot be written, nothing is sent.
"""

from collections import deque
from decimal import Decimal

import msgspec

from triplepoint.foundation.clock import Clock
from triplepoint.foundation.errors import Overloaded, StoreFault
from triplepoint.foundation.money import ZERO, money_text
from triplepoint.foundation.usage import Usage
from triplepoint.gateway.admitted import Admitted
from triplepoint.gateway.explain import routed_record
from triplepoint.gateway.request import Request
from triplepoint.gateway.snapshot import KeyGrant, TargetRoute
from triplepoint.gateway.waits import Waits
from triplepoint.ledger.framing import record_of
from triplepoint.ledger.journal import Journal
from triplepoint.ledger.model import Closed, Opened, Outcome
from triplepoint.telemetry.metrics import GatewayMetrics
from triplepoint.telemetry.tracing import NO_TRACE, AttemptTrace

RECENT_RECEIPTS = 4096
"""Receipts that a gateway answers for from memory; older ones come from the ledger."""

_NOTHING = Usage(input_tokens=0, output_tokens=0)


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """A request of a known key that was sent to no upstream."""

    receipt_id: str
    at_us: int
    customer_id: str
    key_id: str
    request_id: str
    endpoint: str
    status: int
    error: str
    """Code of our error."""


class Kept(msgspec.Struct, gc=False):
    """An attempt as it is remembered: its records as the journal wrote them."""

    opened: bytes
    closed: bytes | None = None


class Recents:
    """The latest receipts of this gateway, by id, and the latest refusals.

    Records are kept as the bytes of their frames, in flat tables: a fifth of the memory, so that it stays in the processor's
    caches, and nothing for the garbage collector to walk through. A request looks into them once; its attempt holds what is
    kept of it.
    """

    def __init__(self, limit: int = RECENT_RECEIPTS) -> None:
        self._limit = limit
        self._kept: dict[str, Kept] = {}
        """First attempts by receipt; further ones by their place after it, in the same table."""
        self._refused: dict[str, Refusal] = {}
        self._order: deque[str] = deque()
        """Places in the order of their opening: a dictionary that loses its oldest again and again is slow to find the next."""

    def refused(self, refusal: Refusal) -> None:
        """Keep a refusal, unless an attempt tells more; the oldest makes room for it."""
        if refusal.receipt_id in self._kept:
            return
        self._refused[refusal.receipt_id] = refusal
        if len(self._refused) > self._limit:
            del self._refused[next(iter(self._refused))]

    def refusal(self, receipt_id: str) -> Refusal | None:
        """Return a refusal; None where it is not kept."""
        return self._refused.get(receipt_id)

    def keep(self, receipt_id: str, attempt: int, opened: bytes) -> Kept:
        """Keep an attempt; the oldest makes room for it. Its closed record is to be added to what is returned."""
        kept = Kept(opened)
        place = receipt_id if attempt == 1 else f"{receipt_id}.{attempt}"
        self._kept[place] = kept
        self._order.append(place)
        if len(self._order) > self._limit:
            self._kept.pop(self._order.popleft(), None)
        return kept

    def get(self, receipt_id: str) -> list[tuple[Opened, Closed | None]] | None:
        """Return a receipt's attempts in order; None where it is not kept, or not whole."""
        found: list[tuple[Opened, Closed | None]] = []
        place = receipt_id
        while (kept := self._kept.get(place)) is not None:
            found.append(_records(kept))
            place = f"{receipt_id}.{len(found) + 1}"
        return found or None


def _records(kept: Kept) -> tuple[Opened, Closed | None]:
    opened, closed = record_of(kept.opened), record_of(kept.closed) if kept.closed is not None else None
    assert isinstance(opened, Opened)  # noqa: S101 - it was written as one
    assert closed is None or isinstance(closed, Closed)  # noqa: S101 - so was this
    return opened, closed


class Book:
    """Where attempts are recorded."""

    def __init__(self, journal: Journal, recents: Recents, metrics: GatewayMetrics, clock: Clock) -> None:
        self._journal = journal
        self._recents = recents
        self._metrics = metrics
        self.clock = clock
        """The clock that records are dated with."""

    def open(
        self,
        request: Request,
        admitted: Admitted,
        target: TargetRoute,
        grant: KeyGrant,
        *,
        receipt_id: str,
        request_id: str,
        attempt: int,
        reason: str,
    ) -> "OpenAttempt":
        """Record an attempt that is about to be sent.

        Args:
            admitted: What it was let in on.

        Raises: Overloaded: it cannot be recorded, so it must not be sent.
        """
        opened = Opened(
            receipt_id=receipt_id,
            attempt=attempt,
            at_us=self.clock.now_us(),
            customer_id=grant.customer_id,
            key_id=grant.key_id,
            request_id=request_id,
            endpoint=request.endpoint,
            asked_model=request.asked_model,
            served_model=admitted.choice.route.name,
            upstream=target.upstream,
            upstream_model=target.upstream_model,
            lineup=admitted.choice.lineup.hash,
            decision=reason,
            stream=request.stream,
            price_id=target.price.id,
            input_estimate=request.input_estimate,
            input_usd_per_mtok=target.input_usd_per_mtok,
            conversation=request.controls.conversation,
            tags=request.controls.tags,
            plan=admitted.terms.plan,
            plans=admitted.terms.hash,
            downgraded_from=admitted.downgraded_from,
            unreserved=admitted.unreserved,
            charge_input_usd_per_mtok=admitted.charge_rate(target),
            burns_from=admitted.burns_from,
            routed=routed_record(admitted.choice) if attempt == 1 and admitted.choice.decided is not None else None,
            audit_of=admitted.audit_of,
            held_usd=admitted.held_usd,
            escalated_from=admitted.escalated_from,
        )
        try:
            frame = self._journal.write(opened)
        except StoreFault as error:
            raise Overloaded("Requests cannot be recorded at the moment.", code=error.code, retry_after_s=1.0) from error
        return OpenAttempt(opened, self._recents.keep(receipt_id, attempt, frame), target, admitted, self)

    def close(self, opened: Opened, kept: Kept, closed: Closed) -> None:
        """Record how an attempt ended."""
        kept.closed = self._journal.write(closed)
        self._metrics.attempt(opened, closed)


class OpenAttempt:
    """An attempt under way; closed exactly once."""

    __slots__ = (
        "_admitted", "_book", "_first_byte_us", "_kept", "_started_s", "_steady_s", "_target", "error", "opened", "outcome",
        "status", "trace", "waits",
    )  # fmt: skip

    def __init__(self, opened: Opened, kept: Kept, target: TargetRoute, admitted: Admitted, book: Book) -> None:
        self.opened = opened
        self._kept = kept
        self.outcome: Outcome | None = None
        """None while it is under way."""
        self.error: str | None = None
        self.status = 0
        """HTTP status of the upstream; 0 while there is none."""
        self.trace: AttemptTrace = NO_TRACE
        """Its span."""
        self.waits: Waits | None = None
        """Where it is noted how long it took; None where nobody asks."""
        self._target = target
        self._admitted = admitted
        self._book = book
        self._steady_s = book.clock.steady_s
        self._started_s = self._steady_s()
        self._first_byte_us: int | None = None

    def first_byte(self) -> None:
        """Note the first byte of the answer; later calls change nothing."""
        if self._first_byte_us is None:
            self._first_byte_us = int((self._steady_s() - self._started_s) * 1e6)

    def refused(self, error: str) -> None:
        """Close an attempt that the upstream answered with an error status, or never saw: nothing was used, nothing is due."""
        self._close(Outcome.FAILED, _NOTHING, ZERO, error=error)

    def failed(self, error: str) -> None:
        """Close an attempt that broke after it was sent and before an answer: what it cost is unknown."""
        self._close(Outcome.FAILED, Usage(), None, error=error)

    def finished(self, usage: Usage, *, finish_reason: str | None, notices: list[str]) -> None:
        """Close an attempt whose answer is whole."""
        self._close(Outcome.FINISHED, usage, self._cost_usd(usage), finish_reason=finish_reason, notices=notices)

    def broken(self, outcome: Outcome, usage: Usage, *, error: str | None, finish_reason: str | None = None) -> None:
        """Close an attempt that ended inside its answer: cut by the upstream, or cancelled by the caller."""
        self._close(outcome, usage, self._cost_usd(usage), error=error, finish_reason=finish_reason)

    def _cost_usd(self, usage: Usage) -> Decimal | None:
        return self._target.price.cost_usd(usage, self.opened.at_us)

    def _unpriced(self, usage: Usage, cost: Decimal | None) -> list[str]:
        """Say why what was counted has no cost; what nobody counted needs no saying."""
        if cost is not None or usage.input_tokens is None or usage.output_tokens is None:
            return []
        return [f"cost unknown: {self._target.price.why_unknown(usage, self.opened.at_us)}"]

    def _close(
        self,
        outcome: Outcome,
        usage: Usage,
        cost: Decimal | None,
        *,
        error: str | None = None,
        finish_reason: str | None = None,
        notices: list[str] | None = None,
    ) -> None:
        if self.outcome is not None:
            return
        self.outcome, self.error = outcome, error
        opened = self.opened
        charge, burnt = self._admitted.end(outcome, usage, cost, self._target, opened.at_us)
        cost_usd = None if cost is None else money_text(cost)
        closed = Closed(
            receipt_id=opened.receipt_id,
            attempt=opened.attempt,
            at_us=self._book.clock.now_us(),
            outcome=outcome,
            status=self.status,
            error=error,
            usage=usage,
            cost_usd=cost_usd,
            first_byte_us=self._first_byte_us,
            total_us=int((self._steady_s() - self._started_s) * 1e6),
            finish_reason=finish_reason,
            notices=[*self._admitted.notices, *(notices or ()), *self._unpriced(usage, cost)],
            charge_usd=cost_usd if charge is cost else None if charge is None else money_text(charge),
            burnt=burnt,
        )
        self._book.close(opened, self._kept, closed)
        if self.waits is not None and outcome is Outcome.FINISHED:
            first_byte_us = closed.first_byte_us if opened.stream else None
            now_s, tokens = self._started_s + closed.total_us / 1e6, usage.output_tokens
            self.waits.note(first_byte_us=first_byte_us, total_us=closed.total_us, output_tokens=tokens, now_s=now_s)
        self.trace.end(closed)
