"""What the plans room asks of the ledger."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from triplepoint.foundation.ids import CustomerId
from triplepoint.ledger.drain import drain
from triplepoint.ledger.journal import Journal
from triplepoint.ledger.model import Closed, Opened
from triplepoint.ledger.spending import LedgerSpending
from triplepoint.ledger.store import LedgerStore
from triplepoint.ledger.use import LedgerUse
from triplepoint.plans.entries import ReceiptCharge
from triplepoint.plans.model import Unit
from triplepoint.settings import JournalSettings


@pytest.fixture
def spending(
    tmp_path: Path,
    empty: Callable[[], LedgerStore],
    opened: Callable[..., Opened],
    closed: Callable[..., Closed],
    settings: Callable[..., JournalSettings],
) -> LedgerSpending:
    """Give a ledger of one customer: two attempts of a receipt, one whose charge is unknown, one that runs."""
    store = empty()
    with Journal(tmp_path, boot="boot_1", settings=settings()) as journal:
        for number, attempt, charge in ((1, 1, "0"), (1, 2, "0.25"), (2, 1, None), (3, 1, None)):
            journal.write(opened(number, attempt, customer_id="cust_1", served_model="regular", charge_input_usd_per_mtok=""))
            if number < 3:
                burnt = {"mony_1": charge} if charge is not None and attempt == 2 else {}
                journal.write(closed(number, attempt, charge_usd=charge, burnt=burnt))
        drain(tmp_path, store)
    return LedgerSpending(store, LedgerUse(store.engine))


def test_a_receipts_charge_is_that_of_its_attempts(spending: LedgerSpending) -> None:
    """The charges of all its attempts add up; one that is unknown or runs makes the sum unknown."""
    acme = CustomerId("cust_1")
    assert spending.charge_of("rcpt_000001") == ReceiptCharge(acme, Decimal("0.25"))
    assert spending.charge_of("rcpt_000002") == ReceiptCharge(acme, None)
    assert spending.charge_of("rcpt_000003") == ReceiptCharge(acme, None)
    assert spending.charge_of("rcpt_000009") is None


def test_what_is_burnt_and_used_comes_from_the_same_attempts(spending: LedgerSpending) -> None:
    """A grant that nobody touched is burnt by 0, and use is narrowed to key and models."""
    assert spending.burnt(["mony_1", "mony_2"]) == {"mony_1": Decimal("0.25"), "mony_2": Decimal(0)}

    def used(key_id: str | None, models: frozenset[str] | None) -> Decimal:
        return spending.used(CustomerId("cust_1"), Unit.MESSAGES, since_us=0, key_id=key_id, models=models)

    assert used(None, None) == used("key_1", frozenset({"regular"})) == 3
    assert used("key_2", None) == used(None, frozenset({"nano"})) == 0
