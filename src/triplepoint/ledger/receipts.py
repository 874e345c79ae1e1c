"""Receipts as rules: records to rows, rows to a receipt, a receipt to what its customer and the terminal see. Pure.

What an interrupted attempt costs is stated here once: the process died under it, so nobody counted. It is charged the input
that was estimated before it was sent, at the price in force, and no output: what we cannot show, we do not charge.
"""

import datetime
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from triplepoint.foundation.errors import StoreFault
from triplepoint.foundation.money import EXACT, ZERO, money_text, per_mtok
from triplepoint.foundation.usage import Usage, UsageSource, in_full
from triplepoint.ledger.energies import energies_json
from triplepoint.ledger.model import AttemptRow, Closed, Opened, Outcome, Receipt
from triplepoint.ledger.routed import kept, routed_json

NOT_CHARGED = Usage()
"""The usage of a running attempt: nothing known."""

_MARKS = {
    Outcome.FINISHED: " ",
    Outcome.CUT: "cut",
    Outcome.CANCELLED: "cancelled",
    Outcome.FAILED: "failed",
    Outcome.INTERRUPTED: "interrupted",
}


def join(opened: Opened, closed: Closed | None) -> AttemptRow:
    """Make the row of an attempt; without a closed record it is running."""
    return AttemptRow(
        receipt_id=opened.receipt_id,
        attempt=opened.attempt,
        opened_us=opened.at_us,
        closed_us=closed.at_us if closed else None,
        customer_id=opened.customer_id,
        key_id=opened.key_id,
        request_id=opened.request_id,
        endpoint=opened.endpoint,
        asked_model=opened.asked_model,
        served_model=opened.served_model,
        upstream=opened.upstream,
        upstream_model=opened.upstream_model,
        lineup=opened.lineup,
        decision=opened.decision,
        stream=opened.stream,
        outcome=closed.outcome if closed else None,
        status=closed.status if closed else 0,
        error=closed.error if closed else None,
        usage=closed.usage if closed else NOT_CHARGED,
        price_id=opened.price_id,
        cost_usd=closed.cost_usd if closed else None,
        first_byte_us=closed.first_byte_us if closed else None,
        total_us=closed.total_us if closed else None,
        finish_reason=closed.finish_reason if closed else None,
        conversation=opened.conversation,
        tags=opened.tags,
        notices=closed.notices if closed else [],
        plan=opened.plan,
        plans=opened.plans,
        downgraded_from=opened.downgraded_from,
        unreserved=opened.unreserved,
        charge_usd=closed.charge_usd if closed else None,
        burnt=closed.burnt if closed else {},
        routed=kept(opened.routed),
        audit_of=opened.audit_of,
        escalated_from=opened.escalated_from,
    )


def interrupt(
    row: AttemptRow,
    *,
    input_estimate: int,
    input_usd_per_mtok: str,
    charge_input_usd_per_mtok: str = "",
    burns_from: str = "",
) -> AttemptRow:
    """Settle an attempt whose process is gone, by the rule above.

    Args:
        row: A running attempt.
        input_estimate: Tokens, as estimated before it was sent.
        input_usd_per_mtok: Decimal text; empty where the model has no price, which leaves the cost unknown.
        charge_input_usd_per_mtok: The same of what the customer is charged.
        burns_from: Grant of credit that pays for it; empty where it goes onto the statement.
    """
    charge = _input_usd(input_estimate, charge_input_usd_per_mtok)
    return msgspec.structs.replace(
        row,
        outcome=Outcome.INTERRUPTED,
        usage=Usage(input_tokens=input_estimate, source=UsageSource.INTERRUPTED),
        cost_usd=_input_usd(input_estimate, input_usd_per_mtok),
        charge_usd=charge,
        burnt={burns_from: charge} if burns_from and charge is not None else {},
    )


def _input_usd(tokens: int, usd_per_mtok: str) -> str | None:
    return money_text(per_mtok(tokens, Decimal(usd_per_mtok))) if usd_per_mtok else None


def total_usd(costs: Sequence[str | None]) -> str | None:
    """Add costs up exactly; None where one of them is unknown."""
    total = ZERO
    for cost in costs:
        if cost is None:
            return None
        total = EXACT.add(total, Decimal(cost))
    return money_text(total)


def to_receipt(rows: Sequence[AttemptRow]) -> Receipt:
    """Make the receipt of one request.

    Args:
        rows: All its attempts, at least one, in any order.
    """
    attempts = sorted(rows, key=lambda row: row.attempt)
    if not attempts:
        raise StoreFault("a receipt has at least one attempt")
    first, answering = attempts[0], _answering(attempts)
    return Receipt(
        id=first.receipt_id,
        created_us=first.opened_us,
        customer_id=first.customer_id,
        key_id=first.key_id,
        request_id=first.request_id,
        endpoint=first.endpoint,
        asked_model=first.asked_model,
        served_model=answering.served_model,
        lineup=answering.lineup,
        decision=answering.decision,
        outcome=answering.outcome,
        cost_usd=total_usd([row.cost_usd for row in attempts]),
        charge_usd=total_usd([row.charge_usd for row in attempts]),
        attempts=attempts,
    )


def _answering(attempts: Sequence[AttemptRow]) -> AttemptRow:
    """Return the attempt whose answer the caller got: the last, but where an escalation failed the answer before it."""
    last = attempts[-1]
    if last.escalated_from is not None and last.outcome is Outcome.FAILED:
        return next((row for row in reversed(attempts) if row.outcome is not Outcome.FAILED), last)
    return last


def full_row(row: AttemptRow) -> dict[str, object]:
    """Return an attempt as an operator may see it, every member there."""
    routed = routed_json(row.routed, in_full=True)
    return {**msgspec.structs.asdict(row), "usage": in_full(row.usage), "routed": routed}


def public_receipt(receipt: Receipt) -> dict[str, object]:
    """Return what its customer may see, as JSON values: no name of the model at the upstream, times as text."""
    return {
        "id": receipt.id,
        "object": receipt.object,
        "created_at": moment_text(receipt.created_us),
        "request_id": receipt.request_id,
        "customer_id": receipt.customer_id,
        "key_id": receipt.key_id,
        "endpoint": receipt.endpoint,
        "model": receipt.asked_model,
        "served_model": receipt.served_model,
        "lineup": receipt.lineup,
        "decision": receipt.decision,
        "outcome": receipt.outcome or "running",
        "plan": receipt.attempts[0].plan or None,
        "cost_usd": receipt.cost_usd,
        "charge_usd": receipt.charge_usd,
        **energies_json(receipt.attempts),
        "conversation": receipt.attempts[0].conversation,
        "tags": receipt.attempts[0].tags,
        "routed": routed_json(receipt.attempts[0].routed),
        "attempts": [_public_attempt(row) for row in receipt.attempts],
    }


def _public_attempt(row: AttemptRow) -> dict[str, object]:
    return {
        "attempt": row.attempt,
        "opened_at": moment_text(row.opened_us),
        "closed_at": None if row.closed_us is None else moment_text(row.closed_us),
        "served_model": row.served_model,
        "upstream": row.upstream,
        "decision": row.decision,
        "stream": row.stream,
        "outcome": row.outcome or "running",
        "status": row.status or None,
        "error": row.error,
        "finish_reason": row.finish_reason,
        "usage": in_full(row.usage),
        "price": row.price_id,
        "cost_usd": row.cost_usd,
        "charge_usd": row.charge_usd,
        "burnt": row.burnt,
        "downgraded_from": row.downgraded_from,
        "escalated_from": row.escalated_from,
        "unreserved": row.unreserved,
        **energies_json([row]),
        "first_byte_ms": _milliseconds(row.first_byte_us),
        "total_ms": _milliseconds(row.total_us),
        "notices": row.notices,
    }


def one_line(row: AttemptRow, *, zone: datetime.tzinfo | None = None) -> str:
    """Write an attempt as one line for the terminal.

    ``12:03:04  auto → regular  rule: holds code  412+48 tok  $0.000123  0.84 s  rcpt_…``; what did not finish says so, an
    estimate has a ``~``, and what is unknown a ``?``.

    Args:
        row: The attempt.
        zone: Time zone; the machine's by default.
    """
    at = datetime.datetime.fromtimestamp(row.opened_us / 1e6, tz=datetime.UTC).astimezone(zone)
    asked, served = row.asked_model, row.served_model
    parts = [
        f"{at:%H:%M:%S}",
        f"{asked if asked == served else f'{asked} → {served}':<22}",
        f"{row.decision:<24}",
        f"{_tokens_text(row.usage):>14}",
        f"{'$?' if row.cost_usd is None else f'${row.cost_usd}':>12}",
        f"{'?' if row.total_us is None else f'{row.total_us / 1e6:.2f}':>6} s",
        row.receipt_id,
        _ending_text(row),
    ]
    return printable("  ".join(parts).rstrip())


def moment_text(at_us: int) -> str:
    """Write a moment as RFC 3339, UTC, to the microsecond."""
    seconds, microseconds = divmod(at_us, 1_000_000)
    return f"{datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC):%Y-%m-%dT%H:%M:%S}.{microseconds:06d}Z"


def printable(text: str) -> str:
    """Replace what a terminal would obey; some of the names come from callers."""
    return "".join(character if character.isprintable() else "�" for character in text)


def _tokens_text(usage: Usage) -> str:
    about = "~" if usage.source in {UsageSource.ESTIMATED, UsageSource.INTERRUPTED} else ""
    counts = "+".join("?" if count is None else str(count) for count in (usage.input_tokens, usage.output_tokens))
    return f"{about}{counts} tok"


def _ending_text(row: AttemptRow) -> str:
    if row.outcome is None:
        return "running"
    mark = _MARKS[row.outcome].strip()
    detail = row.error or (str(row.status) if mark and row.status else "")
    retried = f"attempt {row.attempt}" if row.attempt > 1 else ""
    return " ".join(part for part in ("✗" if mark else "", mark, detail, retried) if part)


def _milliseconds(duration_us: int | None) -> float | None:
    return None if duration_us is None else duration_us / 1000
