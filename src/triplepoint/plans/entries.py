"""Money that people decide on: prepaid credit, and what is taken off a statement or added to it.

Entries are only ever added. What was wrong is put right by another entry, so any statement of the past can be written again.
They stand here and not in the ledger, though statements read both: an entry is a decision of an operator, made in one
transaction with its line in the audit log, while the ledger holds what attempts did, which nobody decides. The ledger is above
this room, so a receipt's charge and what is burnt of a grant are asked for through a port (`ports.Spending`).
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from triplepoint.foundation.ids import CustomerId
from triplepoint.plans.model import Grant


class EntryKind(StrEnum):
    """What an entry does."""

    GRANT = "grant"
    """Prepaid credit: charges are burnt from it."""
    CREDIT = "credit"
    """Taken off the statement."""
    REFUND = "refund"
    """Taken off the statement, for one receipt; never more than its charge in all."""
    ADJUSTMENT = "adjustment"
    """Added to the statement."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One decision about a customer's money."""

    id: str
    customer_id: CustomerId
    kind: EntryKind
    amount_usd: Decimal
    """Above zero; the kind says which way it goes."""
    at_us: int
    """When it counts: on the statement of that moment; of a grant, from when on it is burnt."""
    expires_us: int | None
    """Of a grant; None: never."""
    priority: int
    """Of a grant: the smaller is burnt first."""
    receipt_id: str | None
    """Of a refund."""
    reason: str
    idempotency_key: str | None
    """Given by whoever asked for it: the same again is this entry, and not a second one."""
    made_us: int

    def grant(self) -> Grant:
        """Return a grant as the gateway knows it."""
        return Grant(self.id, self.amount_usd, self.at_us, self.expires_us, self.priority)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks to be entered, checked, before it has an id."""

    customer_id: CustomerId
    kind: EntryKind
    amount_usd: Decimal
    reason: str
    idempotency_key: str | None = None
    at_us: int | None = None
    """None: now."""
    expires_us: int | None = None
    priority: int = 0
    receipt_id: str | None = None

    def differs_from(self, entry: Entry) -> str | None:
        """Return the first thing in which an entry under the same idempotency key is another; None: it is this one."""
        pairs = {
            "kind": (self.kind, entry.kind),
            "amount": (self.amount_usd, entry.amount_usd),
            "receipt": (self.receipt_id, entry.receipt_id),
            "expiry": (self.expires_us, entry.expires_us),
            "priority": (self.priority, entry.priority),
            "reason": (self.reason, entry.reason),
            "beginning": (entry.at_us if self.at_us is None else self.at_us, entry.at_us),
        }
        return next((name for name, (wished, made) in pairs.items() if wished != made), None)


@dataclass(frozen=True, slots=True)
class ReceiptCharge:
    """What a receipt says of money."""

    customer_id: CustomerId
    charge_usd: Decimal | None
    """None: unknown, or not yet."""


class GrantState(StrEnum):
    """Whether a grant can be burnt."""

    LIVE = "live"
    COMING = "coming"
    EXPIRED = "expired"
    BURNT = "burnt"
    """All of it."""


@dataclass(frozen=True, slots=True)
class GrantStanding:
    """A grant, and what is left of it."""

    entry: Entry
    burnt_usd: Decimal
    """By the ledger; what running attempts hold is not in it."""
    state: GrantState

    @property
    def left_usd(self) -> Decimal:
        """Return what is not burnt; below zero where attempts came dearer than what was held for them."""
        return self.entry.amount_usd - self.burnt_usd


def standing_of(entry: Entry, burnt_usd: Decimal, now_us: int) -> GrantStanding:
    """Say how a grant stands."""
    if burnt_usd >= entry.amount_usd:
        state = GrantState.BURNT
    elif entry.expires_us is not None and entry.expires_us <= now_us:
        state = GrantState.EXPIRED
    else:
        state = GrantState.COMING if now_us < entry.at_us else GrantState.LIVE
    return GrantStanding(entry, burnt_usd, state)
