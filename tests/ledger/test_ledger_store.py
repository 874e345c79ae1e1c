"""Reading the ledger."""

import sqlite3
from collections.abc import Callable
from itertools import islice

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from triplepoint.foundation.errors import StoreFault
from triplepoint.foundation.usage import Usage, UsageSource
from triplepoint.ledger.framing import SegmentName
from triplepoint.ledger.intake import Intake, Progress
from triplepoint.ledger.model import Closed, JournalRecord, Opened, Outcome
from triplepoint.ledger.reader import Batch
from triplepoint.ledger.receipts import join
from triplepoint.ledger.rollups import HOUR_US, By
from triplepoint.ledger.store import LedgerStore
from triplepoint.ledger.tables import ATTEMPTS, ExactText

MakeOpened = Callable[..., Opened]
MakeClosed = Callable[..., Closed]


def _fill(store: LedgerStore, records: list[JournalRecord]) -> None:
    batch = Batch(records, next_offset=1, is_end=True)
    Intake(store.engine).take(SegmentName("boot_a", 1), Progress(0, 0), batch)


def test_every_field_comes_back(store: LedgerStore, opened: MakeOpened, closed: MakeClosed) -> None:
    """What went in comes out, equal in every field, be it full or empty."""
    full = Usage(
        input_tokens=2**40,
        output_tokens=2,
        cache_read_tokens=3,
        cache_write_tokens=4,
        cache_write_1h_tokens=1,
        reasoning_tokens=5,
        source=UsageSource.ESTIMATED,
        tokenizer="cl100k",
    )
    pairs = [
        (opened(1, conversation="c", stream=False), closed(1, usage=full, cost_usd="123456789012.000000000000000001")),
        (opened(2, tags={}), closed(2, outcome=Outcome.FAILED, status=0, error="x", usage=Usage(), cost_usd=None, notices=[])),
    ]
    _fill(store, [record for pair in pairs for record in pair])
    assert list(store.iterate()) == [join(*pair) for pair in pairs]


def test_attempts_are_filtered_and_paged(store: LedgerStore, opened: MakeOpened, closed: MakeClosed) -> None:
    """The newest come first; customer, model and span narrow them down; the last one's moment pages back."""
    _fill(store, [record for number in range(12) for record in (opened(number), closed(number))])
    page = store.attempts(limit=5)
    assert [row.receipt_id for row in page] == [f"rcpt_{number:06d}" for number in (11, 10, 9, 8, 7)]
    following = store.attempts(before_us=page[-1].opened_us, limit=3)
    assert [row.receipt_id for row in following] == ["rcpt_000006", "rcpt_000005", "rcpt_000004"]
    assert {row.receipt_id for row in store.attempts(customer_id="cust_1", model="nano")} == {"rcpt_000004", "rcpt_000010"}
    assert [row.receipt_id for row in store.attempts(since_us=page[1].opened_us)] == ["rcpt_000011", "rcpt_000010"]
    assert store.attempts(customer_id="nobody") == []


def test_a_receipt_has_all_its_attempts(store: LedgerStore, opened: MakeOpened, closed: MakeClosed) -> None:
    """A receipt is found by its id, with each attempt, and an unknown one is None."""
    _fill(store, [opened(1), closed(1, outcome=Outcome.FAILED), opened(1, 2), closed(1, 2), opened(2)])
    receipt = store.receipt("rcpt_000001")
    assert receipt is not None
    assert [(row.attempt, row.outcome) for row in receipt.attempts] == [(1, Outcome.FAILED), (2, Outcome.FINISHED)]
    assert receipt.cost_usd == "0.000000004"
    assert store.receipt("rcpt_nobody") is None


def test_spans_are_half_open(store: LedgerStore, opened: MakeOpened, closed: MakeClosed) -> None:
    """A span has its first moment and not its last, so that spans that meet hold each attempt once."""
    for number in range(4):
        at_us = number * HOUR_US
        batch = Batch([opened(number, at_us=at_us), closed(number)], next_offset=1, is_end=True)
        Intake(store.engine).take(SegmentName(f"boot_{number}", 1), Progress(0, 0), batch)
    assert [row.opened_us // HOUR_US for row in store.iterate(since_us=HOUR_US, until_us=3 * HOUR_US)] == [1, 2]
    assert [rollup.hour_us // HOUR_US for rollup in store.rollups(since_us=HOUR_US, until_us=3 * HOUR_US)] == [1, 2]
    assert [total.attempts for total in store.sum(by=By.DAY, since_us=2 * HOUR_US)] == [2]


def test_an_export_sees_one_state(store: LedgerStore, opened: MakeOpened, closed: MakeClosed) -> None:
    """While rows are read, the drain goes on, and the reader keeps to what stood there at its beginning."""
    _fill(store, [record for number in range(3000) for record in (opened(number), closed(number))])
    rows = store.iterate()
    assert len(list(islice(rows, 10))) == 10
    late = Batch([opened(9000)], next_offset=2, is_end=True)
    Intake(store.engine).take(SegmentName("boot_b", 1), Progress(0, 0), late)
    assert len(list(rows)) == 2990
    assert len(list(store.iterate())) == 3001


def test_a_broken_database_is_a_store_fault(store: LedgerStore) -> None:
    """A database without its tables is named, and the statement's values are not in the message."""
    engine = sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(":memory:"))
    with pytest.raises(StoreFault, match="no such table") as caught:
        LedgerStore(engine).attempts(customer_id="cust_secret")
    assert "cust_secret" not in str(caught.value)
    engine.dispose()


def test_money_is_numeric_in_postgresql() -> None:
    """PostgreSQL keeps money as NUMERIC, handed over as a decimal; SQLite as text without idle zeros."""
    dialect = postgresql.dialect()
    assert str(ATTEMPTS.c.cost_usd.type.dialect_impl(dialect).compile(dialect)) == "NUMERIC"
    assert repr(ExactText().process_bind_param("0.10", dialect)) == "Decimal('0.10')"
    assert ExactText().process_result_value(ExactText().process_bind_param("0.10", dialect), dialect) == "0.1"


def test_plans_and_customers_are_added_up(store: LedgerStore, opened: MakeOpened, closed: MakeClosed) -> None:
    """By plan and customer over whole hours, exactly, days and hours together; beyond the span nothing counts."""
    day_us = 24 * HOUR_US
    begin_us = opened(0).at_us // day_us * day_us
    moments = [begin_us - HOUR_US, begin_us, begin_us + day_us - 1, begin_us + day_us, begin_us + day_us + HOUR_US]
    records: list[JournalRecord] = []
    for number, at_us in enumerate(moments):
        records.append(opened(number, at_us=at_us, customer_id="cust_1", plan="plus" if number % 2 else "pro"))
        records.append(closed(number, at_us=at_us + 1, cost_usd="0.000000000001", charge_usd="2" if number else None))
    _fill(store, records)
    found = store.earned(since_us=begin_us, until_us=begin_us + day_us + HOUR_US)
    sums = [(one.plan, one.customer_id, one.answered, one.cost_usd, one.charge_usd, one.uncharged) for one in found]
    assert sums == [("plus", "cust_1", 2, "0.000000000002", "4", 0), ("pro", "cust_1", 1, "0.000000000001", "2", 0)]
    wider = store.earned(since_us=begin_us - day_us, until_us=begin_us + 2 * day_us)
    assert [(one.plan, one.answered, one.uncharged) for one in wider] == [("plus", 2, 0), ("pro", 3, 1)]
