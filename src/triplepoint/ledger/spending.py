"""What the plans room asks of the ledger: a receipt's charge, what is burnt of credit, what of a quota is used."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from triplepoint.foundation.ids import CustomerId
from triplepoint.ledger.store import LedgerStore
from triplepoint.ledger.use import LedgerUse, Whose
from triplepoint.plans.entries import ReceiptCharge
from triplepoint.plans.model import Unit


class LedgerSpending:
    """`plans.ports.Spending` on the ledger.

    Args:
        store: Receipts.
        use: Sums.
    """

    def __init__(self, store: LedgerStore, use: LedgerUse) -> None:
        self._store = store
        self._use = use

    def charge_of(self, receipt_id: str) -> ReceiptCharge | None:
        """Return what a receipt charges; None: there is none of this id (yet)."""
        receipt = self._store.receipt(receipt_id)
        if receipt is None:
            return None
        charge = None if receipt.charge_usd is None else Decimal(receipt.charge_usd)
        return ReceiptCharge(CustomerId(receipt.customer_id), charge)

    def burnt(self, grants: Sequence[str]) -> Mapping[str, Decimal]:
        """Say how many dollars of grants are burnt."""
        return self._use.burnt(grants)

    def used(
        self, customer_id: CustomerId, unit: Unit, *, since_us: int, key_id: str | None, models: frozenset[str] | None
    ) -> Decimal:
        """Say how much was used from a moment on, by attempts that have ended."""
        return self._use.total(Whose(customer_id, key_id, models), unit, since_us=since_us)
