"""Endings are numbered in the order in which the ledger learns of them."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

import msgspec
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from triplepoint.ledger.events.store import EndingStore
from triplepoint.ledger.framing import SegmentName
from triplepoint.ledger.intake import Intake, Progress
from triplepoint.ledger.model import Closed, JournalRecord, Opened
from triplepoint.ledger.reader import Batch
from triplepoint.ledger.store import LedgerStore
from triplepoint.ledger.tables import CURSORS, ENDINGS
from triplepoint.storage.engine import open_database, reading, sqlite_url


def _numbered(store: LedgerStore) -> dict[int, list[tuple[str, int]]]:
    with reading(store.engine) as connection:
        rows = connection.execute(sa.select(ENDINGS).order_by(ENDINGS.c.no)).all()
    return {row.no: [(receipt, attempt) for receipt, attempt, _ in msgspec.msgpack.decode(row.keys)] for row in rows}


def test_an_attempt_is_numbered_once_when_it_ends(
    store: LedgerStore, opened: Callable[..., Opened], closed: Callable[..., Closed]
) -> None:
    """Running attempts have no number, one that ends later gets a later one, repetitions none, and an interruption counts."""
    intake, segment = Intake(store.engine), SegmentName("boot_a", 1)

    def take(since: int, *records: JournalRecord) -> None:
        intake.take(segment, Progress(since, 0), Batch(list(records), next_offset=since + 1, is_end=True))

    take(0, opened(1), opened(2), opened(3), closed(2))
    take(1, opened(2), closed(2))
    take(2, closed(1))
    intake.interrupt("boot_a")
    assert _numbered(store) == {1: [("rcpt_000002", 1)], 2: [("rcpt_000001", 1)], 3: [("rcpt_000003", 1)]}


def test_what_ended_before_there_were_numbers_gets_them(
    tmp_path: Path, opened: Callable[..., Opened], closed: Callable[..., Closed]
) -> None:
    """The migration numbers every attempt that has ended, oldest first, in portions, and the count goes on from there."""
    engine = open_database(sqlite_url(tmp_path / "old.db"))
    store, intake, segment = LedgerStore(engine), Intake(engine), SegmentName("boot_a", 1)
    records: list[JournalRecord] = [record for n in range(1500) for record in (opened(n), closed(n))]
    intake.take(segment, Progress(0, 0), Batch([*records, opened(2000)], next_offset=1, is_end=True))
    migration = import_module("triplepoint.storage.migrations.versions.0004_endings")
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        for table in ("endings", "cursors", "plan_revisions"):
            connection.execute(sa.text(f"DROP TABLE {table}"))
        migration.upgrade()
    numbered = _numbered(store)
    assert [key for no in sorted(numbered) for key in numbered[no]] == [(f"rcpt_{n:06d}", 1) for n in range(1500)]
    assert [len(keys) for keys in numbered.values()] == [1000, 500]
    intake.take(segment, Progress(1, 0), Batch([closed(2000)], next_offset=2, is_end=True))
    assert _numbered(store)[3] == [("rcpt_002000", 1)]
    with reading(engine) as connection:
        assert connection.execute(sa.select(CURSORS.c.position)).scalar_one() == 3
    engine.dispose()


def test_whoever_follows_misses_nothing_while_several_drain(
    store: LedgerStore, opened: Callable[..., Opened], closed: Callable[..., Closed]
) -> None:
    """Numbers become visible in their order: one who reads on from the last number that it saw gets every ending once."""
    drains, batches = 3, 12
    endings, seen = EndingStore(store.engine), list[str]()
    done = threading.Event()

    def drain(which: int) -> None:
        intake, segment = Intake(store.engine), SegmentName(f"boot_{which}", 1)
        for batch in range(batches):
            number = which * 1000 + batch
            records: list[JournalRecord] = [opened(number), closed(number)]
            intake.take(segment, Progress(batch, 0), Batch(records, next_offset=batch + 1, is_end=True))

    def follow() -> None:
        last = 0
        while True:
            is_last = done.is_set()
            while (ending := endings.after(last)) is not None:
                assert ending.no == last + 1
                last = ending.no
                seen.extend(row.receipt_id for row in ending.rows)
            if is_last:
                return

    with ThreadPoolExecutor(drains + 1) as pool:
        following = pool.submit(follow)
        for draining in [pool.submit(drain, which) for which in range(drains)]:
            draining.result()
        done.set()
        following.result()
    assert sorted(seen) == sorted(f"rcpt_{which * 1000 + batch:06d}" for which in range(drains) for batch in range(batches))
