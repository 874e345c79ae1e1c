"""Taking in: what a batch may hold, what another machine does meanwhile, and what is removed for good."""

import datetime
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
import sqlalchemy as sa
from tests.postgres import PostgresServer, lent_database

from triplepoint.ledger.framing import SegmentName
from triplepoint.ledger.intake import Intake, Progress, Taken
from triplepoint.ledger.model import AttemptRow, Closed, JournalRecord, Opened, Outcome
from triplepoint.ledger.partitions import DAY_US, drop_days, partition_name
from triplepoint.ledger.reader import Batch
from triplepoint.ledger.receipts import join
from triplepoint.ledger.rollups import By, total
from triplepoint.ledger.store import LedgerStore
from triplepoint.storage.engine import open_database, reading

MakeOpened = Callable[..., Opened]
MakeClosed = Callable[..., Closed]


def take(store: LedgerStore, boot: str, records: list[JournalRecord], intake: Intake | None = None) -> Taken:
    """Take records in as the whole of a segment of a boot."""
    return (intake or Intake(store.engine)).take(SegmentName(boot, 1), Progress(0, 0), Batch(records, 1, is_end=True))


@pytest.fixture
def shared(postgres: PostgresServer) -> Generator[sa.Engine]:
    """Give a PostgreSQL database of its own to a test."""
    with lent_database(postgres) as url:
        engine = open_database(url)
        yield engine
        engine.dispose()


def metered(row: AttemptRow) -> AttemptRow:
    """Say that an attempt took a thousandth of a watt-hour."""
    return msgspec.structs.replace(
        row, energy_wh="0.001", energy_low_wh="0.0005", energy_high_wh="0.002", energy_grade="tabled"
    )


def test_the_meter_fills_what_has_ended(store: LedgerStore, opened: MakeOpened, closed: MakeClosed) -> None:
    """An attempt gets its energy when it ends, at once, later or interrupted; a running one has none; the sums have it."""
    intake = Intake(store.engine, meter=metered)
    take(store, "boot_a", [opened(1), closed(1), opened(2), opened(3)], intake)
    assert [row.energy_wh for row in store.iterate()] == ["0.001", None, None]
    take(store, "boot_b", [closed(2)], intake)
    assert intake.interrupt("boot_a") == 1
    assert [row.energy_grade for row in store.iterate()] == ["tabled"] * 3
    (day,) = store.sum(by=By.DAY)
    assert (day.energy_wh, day.energy_low_wh, day.energy_high_wh, day.unmetered) == ("0.003", "0.0015", "0.006", 0)


def test_one_outcome_is_picked_out(store: LedgerStore, opened: MakeOpened, closed: MakeClosed) -> None:
    """Attempts are narrowed down to those that ended in one way."""
    ends = [Outcome.FINISHED, Outcome.FAILED, Outcome.CUT, Outcome.FAILED]
    take(store, "boot_a", [record for n, end in enumerate(ends) for record in (opened(n), closed(n, outcome=end))])
    assert [row.receipt_id for row in store.attempts(outcome=Outcome.FAILED)] == ["rcpt_000003", "rcpt_000001"]
    assert [row.receipt_id for row in store.attempts(outcome=Outcome.FINISHED)] == ["rcpt_000000"]
    assert store.attempts(outcome=Outcome.INTERRUPTED) == []


def test_no_text_of_a_caller_stops_the_drain(store: LedgerStore, opened: MakeOpened, closed: MakeClosed) -> None:
    """A NUL in a name, a tag or a tier of any length is kept as near as the database can, and the attempt with it."""
    odd = opened(1, asked_model="a\0b", conversation="\0", tags={"\0": "\0"})
    long = msgspec.structs.replace(closed(1).usage, service_tier="t" * 100)
    take(store, "boot_a", [odd, closed(1, usage=long, finish_reason="tab\tline\nback\\slash\\N")])
    (row,) = store.iterate()
    assert row.asked_model.replace("\ufffd", "\0") == "a\0b"
    assert (row.tags, row.finish_reason) == ({"\0": "\0"}, "tab\tline\nback\\slash\\N")
    assert row.usage.service_tier == "t" * 32


def test_amounts_are_written_one_way(store: LedgerStore, opened: MakeOpened, closed: MakeClosed) -> None:
    """However a decimal was written, row and sums show it without exponent and idle zeros."""
    costs = ["0.10", "1E-7", "100", "0", "00.5", "-0.0", "12.000"]
    take(store, "boot_a", [r for n, cost in enumerate(costs) for r in (opened(n), closed(n, cost_usd=cost))])
    assert [row.cost_usd for row in store.iterate()] == ["0.1", "0.0000001", "100", "0", "0.5", "0", "12"]
    (day,) = store.sum(by=By.DAY)
    assert day.cost_usd == "112.6000001"


@pytest.mark.parametrize("hours", [(None, None), (5, None), (None, 50), (5, 60), (24, 72), (30, 40), (47, 49), (0, 96)])
def test_sums_over_days_and_hours_are_those_of_the_hours(
    store: LedgerStore, opened: MakeOpened, closed: MakeClosed, hours: tuple[int | None, int | None]
) -> None:
    """Whatever span is asked for, days and hours together give what the hours alone would."""
    midnight = opened(0).at_us // DAY_US * DAY_US
    begin = [opened(n, at_us=midnight + n * 3_600_000_000 * 7 // 4, plan=("plus", "pro")[n % 2]) for n in range(56)]
    take(store, "boot_a", [record for n, one in enumerate(begin) for record in (one, closed(n))])
    since, until = (None if hour is None else midnight + hour * 3_600_000_000 for hour in hours)
    for by in By:
        assert store.sum(by=by, since_us=since, until_us=until) == total(store.rollups(since_us=since, until_us=until), by)


def test_forgotten_days_are_not_counted_again(store: LedgerStore, opened: MakeOpened, closed: MakeClosed) -> None:
    """Attempts of old days can go, their sums stay; when their journal turns up again, it changes nothing."""
    day = datetime.datetime.fromtimestamp(opened(1).at_us / 1e6, tz=datetime.UTC).date()
    records: list[JournalRecord] = [opened(1), closed(1), opened(2, at_us=opened(1).at_us + DAY_US), closed(2)]
    take(store, "boot_a", records)
    before = store.sum(by=By.MODEL)
    assert drop_days(store.engine, before=day + datetime.timedelta(days=1)) >= 1
    assert [row.receipt_id for row in store.iterate()] == ["rcpt_000002"]
    take(store, "boot_b", records)
    assert store.sum(by=By.MODEL) == before
    assert [row.receipt_id for row in store.iterate()] == ["rcpt_000002"]


def test_an_end_that_crossed_its_beginning_is_matched(store: LedgerStore, opened: MakeOpened, closed: MakeClosed) -> None:
    """An end that was set aside while another machine wrote its beginning is found by the next drain."""
    take(store, "boot_b", [closed(1)])
    with store.engine.begin() as connection:
        kept = connection.exec_driver_sql("SELECT record FROM unmatched_closes").scalar_one()
        connection.exec_driver_sql("DELETE FROM unmatched_closes")
    take(store, "boot_a", [opened(1)])
    with store.engine.begin() as connection:
        connection.execute(
            sa.text("INSERT INTO unmatched_closes VALUES (:receipt, 1, :record)"), {"receipt": "rcpt_000001", "record": kept}
        )
    intake = Intake(store.engine)
    assert (intake.match(), intake.match(), store.unmatched()) == (1, 0, 0)
    assert list(store.iterate()) == [join(opened(1), closed(1))]
    (day,) = store.sum(by=By.DAY)
    assert day.attempts == 1


def test_each_day_has_a_partition_made_ahead(shared: sa.Engine, opened: MakeOpened) -> None:
    """On PostgreSQL the days of a batch and the days after have a partition each, with its indexes."""
    moments = [0, opened(1).at_us, opened(1).at_us + 40 * DAY_US, -1]
    take(LedgerStore(shared), "boot_a", [opened(n, at_us=at_us) for n, at_us in enumerate(moments)])
    days = {at_us // DAY_US + later for at_us in moments for later in (0, 1)}
    with reading(shared) as connection:
        found = connection.exec_driver_sql(
            "SELECT relname, (SELECT count(*) FROM pg_index WHERE indrelid = c.oid) indexes FROM pg_class c "
            "WHERE relispartition AND relkind = 'r'"
        )
        assert {one.relname: one.indexes for one in found} == {partition_name(day): 7 for day in days}
        key = connection.exec_driver_sql("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'pk_attempts'")
        assert key.scalar_one() == "PRIMARY KEY (receipt_id, attempt, opened_us)"
    assert len(list(LedgerStore(shared).iterate())) == 4


def test_hosts_that_take_in_the_same_at_once_count_it_once(shared: sa.Engine, opened: MakeOpened, closed: MakeClosed) -> None:
    """Four hosts take the same attempts in at the same moment, in different orders: each is one row, counted once."""
    numbers = list(range(400))
    orders = [numbers, numbers[::-1], numbers[200:] + numbers[:200], numbers[::2] + numbers[1::2]]
    ready = threading.Barrier(len(orders))

    def host(place: int) -> None:
        intake = Intake(shared)
        for part in range(4):
            mine = orders[place][part * 100 : part * 100 + 100]
            records: list[JournalRecord] = [record for n in mine for record in (opened(n), closed(n))]
            ready.wait()
            intake.take(SegmentName(f"boot_{place}", part + 1), Progress(0, 0), Batch(records, 1, is_end=True))
        intake.match()

    with ThreadPoolExecutor(len(orders)) as pool:
        list(pool.map(host, range(len(orders))))
    store = LedgerStore(shared)
    assert [row.receipt_id for row in store.iterate()] == [f"rcpt_{n:06d}" for n in numbers]
    assert (sum(one.attempts for one in store.sum(by=By.MODEL)), store.unmatched()) == (400, 0)
