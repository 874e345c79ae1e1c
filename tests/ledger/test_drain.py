"""The drain: every attempt once, whatever state the journal is in."""

import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from triplepoint.foundation.errors import Conflict, StoreFault
from triplepoint.foundation.usage import Usage, UsageSource
from triplepoint.ledger.drain import DRAIN_LOCK, Drained, Drainer, drain, drain_if_free
from triplepoint.ledger.folder_lock import FolderLock
from triplepoint.ledger.framing import SegmentName, list_segments
from triplepoint.ledger.intake import Intake, Progress
from triplepoint.ledger.journal import Journal
from triplepoint.ledger.model import Closed, Opened, Outcome
from triplepoint.ledger.reader import Batch
from triplepoint.ledger.receipts import join
from triplepoint.ledger.rollups import By
from triplepoint.ledger.store import LedgerStore
from triplepoint.ledger.tables import DRAIN_OFFSETS
from triplepoint.settings import JournalSettings
from triplepoint.storage.engine import writing

Settings = Callable[..., JournalSettings]
MakeOpened = Callable[..., Opened]
MakeClosed = Callable[..., Closed]


def _segments(data: Path) -> list[SegmentName]:
    return list_segments(data / "journal")


def test_a_running_attempt_is_a_row_that_its_end_completes(
    data: Path, store: LedgerStore, settings: Settings, opened: MakeOpened, closed: MakeClosed
) -> None:
    """While the gateway lives, an attempt is running until its closed record is drained; nothing is lost on the way."""
    with Journal(data, boot="boot_a", settings=settings()) as journal:
        journal.write(opened(1))
        assert drain(data, store) == Drained(opened=1)
        assert store.attempts() == [join(opened(1), None)]
        assert store.rollups() == []
        journal.write(closed(1))
        assert drain(data, store) == Drained(closed=1)
        assert store.attempts() == [join(opened(1), closed(1))]
        assert drain(data, store) == Drained()
        assert len(_segments(data)) == 1


def test_an_attempt_whose_gateway_is_gone_is_interrupted(
    data: Path, store: LedgerStore, settings: Settings, opened: MakeOpened, closed: MakeClosed
) -> None:
    """It is charged its estimated input at the price in force, its output is unknown, and its rollup says so."""
    with Journal(data, boot="boot_a", settings=settings()) as journal:
        journal.write(opened(1))
        journal.write(opened(2))
        journal.write(closed(2))
        drain(data, store)
    assert drain(data, store) == Drained(interrupted=1, segments=1)
    receipt = store.receipt("rcpt_000001")
    assert receipt is not None
    assert receipt.cost_usd == "0.00001515"  # 101 tokens at 0.15 a million
    (row,) = receipt.attempts
    assert (row.outcome, row.closed_us, row.total_us) == (Outcome.INTERRUPTED, None, None)
    assert row.usage == Usage(input_tokens=101, output_tokens=None, source=UsageSource.INTERRUPTED)
    (sums,) = [total for total in store.sum(by=By.CUSTOMER) if total.group == "cust_1"]
    assert (sums.attempts, sums.failed, sums.unknown_usage, sums.unpriced, sums.cost_usd) == (1, 1, 1, 0, "0.00001515")
    assert _segments(data) == []


def test_an_unpriced_interruption_is_unpriced(data: Path, store: LedgerStore, settings: Settings, opened: MakeOpened) -> None:
    """Where the opened record has no price, the cost is unknown and not zero."""
    with Journal(data, boot="boot_a", settings=settings()) as journal:
        journal.write(opened(1, input_usd_per_mtok=""))
    drain(data, store)
    (row,) = store.attempts()
    assert (row.outcome, row.cost_usd) == (Outcome.INTERRUPTED, None)
    assert [total.unpriced for total in store.sum(by=By.MODEL)] == [1]


def test_another_gateways_life_is_left_alone(data: Path, store: LedgerStore, settings: Settings, opened: MakeOpened) -> None:
    """After a crash and a new start, the old life is settled and removed, the new one goes on."""
    with Journal(data, boot="boot_a", settings=settings()) as journal:
        journal.write(opened(1))
    with Journal(data, boot="boot_b", settings=settings()) as journal:
        journal.write(opened(2))
        assert drain(data, store) == Drained(opened=2, interrupted=1, segments=1)
        assert [name.boot for name in _segments(data)] == ["boot_b"]
        outcomes = {row.receipt_id: row.outcome for row in store.attempts()}
        assert outcomes == {"rcpt_000001": Outcome.INTERRUPTED, "rcpt_000002": None}


def test_a_clock_that_steps_back_confuses_nobody(
    data: Path, store: LedgerStore, settings: Settings, opened: MakeOpened, closed: MakeClosed
) -> None:
    """Who lives is known by the lock, not by any time: a later life with an earlier name and clock goes on."""
    with Journal(data, boot="boot_z", settings=settings()) as journal:
        journal.write(opened(5))
        journal.write(closed(5, at_us=opened(5).at_us - 7_200_000_000))
        journal.write(opened(6))
    with Journal(data, boot="boot_a", settings=settings()) as journal:
        journal.write(opened(1, at_us=1))
        assert drain(data, store) == Drained(opened=3, closed=1, interrupted=1, segments=1)
        journal.write(closed(1, at_us=0))
        assert drain(data, store) == Drained(closed=1)
    outcomes = [(row.receipt_id, row.outcome) for row in store.iterate()]
    assert outcomes == [
        ("rcpt_000001", Outcome.FINISHED),
        ("rcpt_000005", Outcome.FINISHED),
        ("rcpt_000006", Outcome.INTERRUPTED),
    ]
    assert [total.group for total in store.sum(by=By.DAY)] == ["1970-01-01", "2026-01-09"]


def test_sealed_segments_are_removed_while_the_gateway_lives(
    data: Path, store: LedgerStore, settings: Settings, opened: MakeOpened, closed: MakeClosed
) -> None:
    """Only the segment that is being written stays, and ends that stand in another segment than their beginnings are found."""
    with Journal(data, boot="boot_a", settings=settings(segment="1kB")) as journal:
        for number in range(20):
            journal.write(opened(number))
        for number in range(20):
            journal.write(closed(number))
        written = len(_segments(data))
        done = drain(data, store)
        assert (done.opened, done.closed, done.segments) == (20, 20, written - 1)
        assert len(_segments(data)) == 1
    assert sum((Decimal(t.cost_usd) for t in store.sum(by=By.DAY)), Decimal(0)) == sum(
        (Decimal(str(closed(number).cost_usd)) for number in range(20)), Decimal(0)
    )


def test_records_met_again_change_nothing(
    data: Path, store: LedgerStore, settings: Settings, opened: MakeOpened, closed: MakeClosed
) -> None:
    """Where offsets are lost, as with a restored backup, the same segment drains to the same rows and sums."""
    with Journal(data, boot="boot_a", settings=settings()) as journal:
        for number in range(5):
            journal.write(opened(number))
            journal.write(closed(number))
        drain(data, store)
        before = (store.attempts(), store.rollups())
        with writing(store.engine) as connection:
            connection.execute(DRAIN_OFFSETS.delete())
        assert drain(data, store) == Drained()
        assert (store.attempts(), store.rollups()) == before


def test_an_end_without_its_beginning_is_set_aside_until_it_comes(
    data: Path, store: LedgerStore, opened: MakeOpened, closed: MakeClosed
) -> None:
    """A closed record that is drained first waits, is counted as unmatched, and completes its attempt when that is opened."""
    intake = Intake(store.engine)
    segments = SegmentName("boot_a", 1), SegmentName("boot_a", 2)
    early = Batch([closed(1), closed(2)], next_offset=10, is_end=True)
    assert intake.take(segments[1], Progress(0, 0), early).unmatched == 2
    assert (store.unmatched(), store.attempts()) == (2, [])
    late = Batch([opened(1)], next_offset=10, is_end=True)
    taken = intake.take(segments[0], Progress(0, 0), late)
    assert (taken.opened, taken.closed, taken.unmatched) == (1, 1, 0)
    assert store.attempts() == [join(opened(1), closed(1))]
    assert [total.cost_usd for total in store.sum(by=By.MODEL)] == [str(closed(1).cost_usd)]
    assert store.unmatched() == 1


def test_damage_is_counted_and_its_segment_kept(
    data: Path, store: LedgerStore, settings: Settings, opened: MakeOpened, closed: MakeClosed, caplog: pytest.LogCaptureFixture
) -> None:
    """A damaged opened record costs itself only; its end is set aside, and the segment is kept for a person to look at."""
    with Journal(data, boot="boot_a", settings=settings()) as journal:
        journal.write(opened(1))
        journal.write(closed(1))
        journal.write(opened(2))
        journal.write(closed(2))
    (path,) = (data / "journal").iterdir()
    content = bytearray(path.read_bytes())
    content[20] ^= 0xFF
    path.write_bytes(content + b"torn")
    assert drain(data, store) == Drained(opened=1, closed=1, unmatched=1, damaged=1, torn_bytes=4, segments=1)
    assert [row.receipt_id for row in store.attempts()] == ["rcpt_000002"]
    assert [kept.name for kept in (data / "journal").iterdir()] == [path.name + ".damaged"]
    assert "1 damaged places skipped" in caplog.text
    assert drain(data, store) == Drained()


def test_only_one_drains(data: Path, store: LedgerStore, settings: Settings, opened: MakeOpened) -> None:
    """While another process drains, this one is refused, or told so, and changes nothing."""
    with Journal(data, boot="boot_a", settings=settings()) as journal:
        journal.write(opened(1))
        with FolderLock.acquire(data / DRAIN_LOCK, boot="drain"):
            with pytest.raises(Conflict):
                drain(data, store)
            assert drain_if_free(data, store) is None
        assert store.attempts() == []
        assert drain_if_free(data, store) == Drained(opened=1)


def test_a_drain_overtaken_by_another_changes_nothing(store: LedgerStore, opened: MakeOpened) -> None:
    """Even without the lock, as on a folder shared over a network, a batch is taken once: the offset must be as it was."""
    intake, segment = Intake(store.engine), SegmentName("boot_a", 1)
    intake.take(segment, Progress(0, 0), Batch([opened(1)], next_offset=100, is_end=True))
    with pytest.raises(Conflict, match="another drain works"):
        intake.take(segment, Progress(0, 0), Batch([opened(1), opened(2)], next_offset=200, is_end=True))
    assert [row.receipt_id for row in store.attempts()] == ["rcpt_000001"]
    assert intake.progress(segment) == Progress(100, 0)


def test_nothing_to_drain_is_nothing(tmp_path: Path, store: LedgerStore) -> None:
    """A folder in which no gateway ever ran drains to nothing, and is not made."""
    assert drain(tmp_path / "none", store) == Drained()
    assert not (tmp_path / "none").exists()


def test_segments_stay_while_the_database_is_not_on_disk(
    data: Path, store: LedgerStore, settings: Settings, opened: MakeOpened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until what was committed is safe against a power cut, the segment that holds it too is kept."""
    with Journal(data, boot="boot_a", settings=settings()) as journal:
        journal.write(opened(1))
    with monkeypatch.context() as patch:
        patch.setattr(Intake, "make_durable", _not_yet)
        assert drain(data, store) == Drained(opened=1, interrupted=1)
    assert len(_segments(data)) == 1
    assert drain(data, store) == Drained(segments=1)
    assert _segments(data) == []


def _not_yet(_: Intake) -> bool:
    return False


def test_the_thread_drains_and_says_when_it_cannot(
    data: Path,
    store: LedgerStore,
    settings: Settings,
    opened: MakeOpened,
    closed: MakeClosed,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It drains by itself, names a fault and survives it, and drains once more when it is stopped."""

    def fail(*_: object) -> None:
        raise StoreFault("disk on fire")

    drainer = Drainer(data, store, interval_s=0.01)
    with Journal(data, boot="boot_a", settings=settings()) as journal:
        with monkeypatch.context() as patch:
            patch.setattr(Intake, "take", fail)
            journal.write(opened(1))
            drainer.start()
            _until(lambda: drainer.state() == "StoreFault: disk on fire")
        _until(lambda: drainer.state() == "ok")
        _until(lambda: drainer.done.opened == 1)
        journal.write(closed(1))
        drainer.stop()
        drainer.stop()
    assert (drainer.done.closed, drainer.state()) == (1, "ok")
    assert store.attempts() == [join(opened(1), closed(1))]


def _until(holds: Callable[[], bool]) -> None:
    give_up_s = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < give_up_s
        time.sleep(0.005)
