"""An ended attempt as an event. Pure: the same attempt is the same event, byte for byte."""

import hashlib
import hmac
from decimal import Decimal
from typing import Any

from triplepoint.foundation.errors import StoreFault
from triplepoint.foundation.money import EXACT, ZERO, money_text
from triplepoint.ledger.events.model import UsageData, UsageEvent
from triplepoint.ledger.flat import flat
from triplepoint.ledger.model import AttemptRow, Outcome
from triplepoint.ledger.receipts import moment_text

_OWN = {"outcome", "is_first_attempt", "is_answered", "opened_at", "closed_at", "burnt_usd"}
_PLAIN = tuple(name for name in UsageData.__struct_fields__ if name not in _OWN)


def event_id(row: AttemptRow) -> str:
    """Return the id of an attempt's event."""
    return f"{row.receipt_id}-{row.attempt}"


def to_event(row: AttemptRow, source: str) -> UsageEvent:
    """Make the event of an attempt.

    Args:
        row: An attempt that has ended.
        source: URI of the installation.
    Raises: StoreFault: it still runs.
    """
    if row.outcome is None:
        raise StoreFault(f"{row.receipt_id} still runs; only what has ended is an event")
    values: dict[str, Any] = flat(row)
    data = UsageData(
        **{name: values[name] for name in _PLAIN},
        outcome=row.outcome,
        is_first_attempt=row.attempt == 1,
        is_answered=row.outcome is not Outcome.FAILED,
        opened_at=moment_text(row.opened_us),
        closed_at=None if row.closed_us is None else moment_text(row.closed_us),
        burnt_usd=_burnt(row),
    )
    return UsageEvent(id=event_id(row), source=source, subject=row.customer_id, time=moment_text(row.opened_us), data=data)


def source_of(secret: bytes) -> str:
    """Return the source of an installation that names none: the same as long as its secret is, on every machine that has it."""
    named = hmac.new(secret, b"triplepoint usage events", hashlib.sha256).hexdigest()[:32]
    return f"urn:triplepoint:installation:{named}"


def _burnt(row: AttemptRow) -> str:
    total = ZERO
    for amount in row.burnt.values():
        total = EXACT.add(total, Decimal(amount))
    return money_text(total)
