"""What the plans room needs of others: transactions that see customers and plans together, and what the ledger knows."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Protocol

from triplepoint.access.ports import AccessTransaction, Transactions
from triplepoint.foundation.ids import CustomerId
from triplepoint.plans.entries import Entry, ReceiptCharge
from triplepoint.plans.model import Assignment, Holder, Override, Unit


class PlanRecords(Protocol):
    """Who is on which plan, and what else holds for whom."""

    def add_assignment(self, assignment: Assignment) -> None:
        """Keep a new one."""
        ...

    def assignments(self, customer_id: CustomerId | None) -> list[Assignment]:
        """Return all of a customer, or of everybody, in the order in which they take hold."""
        ...

    def add_override(self, override: Override) -> None:
        """Keep a new one."""
        ...

    def override(self, override_id: str) -> Override | None:
        """Return one by its id."""
        ...

    def overrides(self, customer_id: CustomerId | None) -> list[Override]:
        """Return all of a customer, or of everybody, oldest first; ended ones too."""
        ...

    def set_override_ended(self, override_id: str, ended_us: int) -> None:
        """End one; nothing else of it ever changes."""
        ...

    def holders(self, customer_id: CustomerId | None, *, now_us: int) -> list[Holder]:
        """Return what a gateway must know of a customer, or of everybody.

        Overrides and grants that have ended by now are left out; what is burnt of a grant is not subtracted.
        """
        ...


class EntryRecords(Protocol):
    """Money entries; there is no way to change one."""

    def add_entry(self, entry: Entry) -> None:
        """Keep a new one."""
        ...

    def entry_keyed(self, customer_id: CustomerId, idempotency_key: str) -> Entry | None:
        """Return a customer's entry under an idempotency key, which only one has."""
        ...

    def entries(
        self, customer_id: CustomerId | None, *, since_us: int | None = None, until_us: int | None = None
    ) -> list[Entry]:
        """Return those of a customer, or of everybody, that count in a span, oldest first."""
        ...

    def refunds(self, customer_id: CustomerId, receipt_id: str) -> list[Entry]:
        """Return what has been refunded for a receipt."""
        ...


class PlanTransaction(AccessTransaction, PlanRecords, EntryRecords, Protocol):
    """Customers, the audit log, plans and money, seen and changed in one piece."""


PlansStore = Transactions[PlanTransaction]
"""Where it is kept."""


class Spending(Protocol):
    """What the ledger knows; `ledger.spending.LedgerSpending` is one."""

    def charge_of(self, receipt_id: str) -> ReceiptCharge | None:
        """Return what a receipt charges; None: there is none of this id (yet)."""
        ...

    def burnt(self, grants: Sequence[str]) -> Mapping[str, Decimal]:
        """Say how many dollars of grants are burnt; one that nobody has touched is 0."""
        ...

    def used(
        self, customer_id: CustomerId, unit: Unit, *, since_us: int, key_id: str | None, models: frozenset[str] | None
    ) -> Decimal:
        """Say how much was used from a moment on, by attempts that have ended.

        Args:
            customer_id: Whose.
            unit: What is counted.
            since_us: First moment.
            key_id: By this key; None: by all.
            models: Of these; None: of all.
        """
        ...
