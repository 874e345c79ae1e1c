"""A statement as a value, and the facts that it is made of.

Exact amounts are decimal text, or a fraction such as ``620/31`` where the decimal has no end. Rounded ones have two decimals.
"""

import msgspec

from triplepoint.ledger.model import Counts
from triplepoint.plans.entries import Entry, EntryKind


class FeeLine(msgspec.Struct, frozen=True, kw_only=True):
    """A plan, held for a part of the period at one fee."""

    plan: str
    since_us: int
    until_us: int
    fee_usd: str | None
    """Fee of a whole period; None: ``plans.yaml`` had no such plan then."""
    fee_per: str | None
    exact_usd: str | None
    """None: unknown."""
    amount_usd: str | None


class UsageLine(msgspec.Struct, frozen=True, kw_only=True):
    """What one model answered on one plan."""

    plan: str
    served_model: str
    requests: int
    """Requests whose first attempt it served."""
    attempts: int
    answered: int
    failed: int
    downgraded: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    unknown_usage: int
    """Attempts whose tokens nobody counted; they are in none of the sums."""
    uncharged: int
    """Attempts whose charge is unknown; it is in no sum."""
    exact_usd: str
    """Sum of the known charges, as the receipts have them."""
    amount_usd: str


class CreditLine(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a usage line that prepaid credit has paid; not above zero."""

    plan: str
    served_model: str
    exact_usd: str
    amount_usd: str


class EntryLine(msgspec.Struct, frozen=True, kw_only=True):
    """A credit, refund or adjustment."""

    id: str
    kind: EntryKind
    at_us: int
    receipt_id: str | None
    reason: str
    exact_usd: str
    """Below zero where it is taken off."""
    amount_usd: str


class GrantLine(msgspec.Struct, frozen=True, kw_only=True):
    """Prepaid credit that was given or burnt in the period; for information, nothing is due for it."""

    id: str
    granted_usd: str
    """Given within the period; ``0``: it was given at another time."""
    burnt_usd: str
    """Burnt within the period, exact."""


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt that was opened in the period and still runs."""

    receipt_id: str
    attempt: int
    opened_us: int
    served_model: str


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the reader should know."""

    code: str
    """For programs, such as ``charges_unknown``."""
    text: str
    count: int = 0


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Sums of the rounded lines; beside the last, the sum of the exact ones."""

    fees_usd: str
    usage_usd: str
    credit_burnt_usd: str
    credits_usd: str
    """Credits and refunds; not above zero."""
    adjustments_usd: str
    due_usd: str
    """Below zero: in the customer's favour."""
    exact_due_usd: str
    unknown_charges: int
    """Attempts whose charge is unknown and in no sum: the true amount is higher."""
    unknown_fees: int
    """Fee lines whose fee is unknown and in no sum."""


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer owes for a period."""

    id: str
    """Of customer and period; the same whenever it is made."""
    digest: str
    """SHA-256 of all that follows; the same as long as nothing is added to the period."""
    object: str = "statement"
    customer_id: str
    customer_name: str
    time_zone: str
    period: str
    """As people write it: ``2026-11``."""
    start_us: int
    end_us: int
    """First moment that is not in it."""
    currency: str = "USD"
    is_provisional: bool
    """The period is not over, or something in it still runs."""
    fees: list[FeeLine]
    usage: list[UsageLine]
    credit: list[CreditLine]
    entries: list[EntryLine]
    grants: list[GrantLine]
    totals: Totals
    pending: list[Pending]
    """The oldest of what still runs; the note ``pending`` says how many there are."""
    notes: list[Note]
    plans: list[str]
    """Hashes of the plans in force, as receipts have them and as they were kept."""
    prices: list[str]
    """Rows of the price book that the receipts name, with their digests."""


class StatementSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A statement without its lines."""

    id: str
    digest: str
    customer_id: str
    customer_name: str
    period: str
    start_us: int
    end_us: int
    is_provisional: bool
    totals: Totals

    @classmethod
    def of(cls, statement: Statement) -> "StatementSummary":
        """Leave the lines out."""
        return cls(**{name: getattr(statement, name) for name in cls.__struct_fields__})


class UsageKey(msgspec.Struct, frozen=True, order=True):
    """What a usage line adds up."""

    plan: str
    served_model: str


class Burn(msgspec.Struct, frozen=True):
    """What the attempts of a usage line have burnt of one grant."""

    key: UsageKey
    grant_id: str
    usd: str


class RefundedReceipt(msgspec.Struct, frozen=True):
    """A receipt for which something was paid back."""

    receipt_id: str
    charge_usd: str | None
    """None: unknown, or no such receipt of this customer."""
    refunded_usd: str
    """All refunds ever."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger knows of a customer and a span, read in one state of the database."""

    usage: dict[UsageKey, Counts]
    burns: list[Burn]
    entries: list[Entry]
    """Dated within the span, oldest first."""
    refunded: list[RefundedReceipt]
    pending: list[Pending]
    pending_count: int
    interrupted: int
    unreserved: int
    plans: list[str]
    prices: list[str]
