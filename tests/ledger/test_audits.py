"""Audits and ratings in the journal and the ledger: each once, never among what customers used, gone with their requests."""

import datetime
from collections.abc import Callable
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.foundation.errors import StoreFault
from triplepoint.foundation.usage import Usage
from triplepoint.ledger.audits.model import ACCOUNT, Audited, Feedback, Rated
from triplepoint.ledger.audits.spending import spent_usd
from triplepoint.ledger.audits.store import AuditStore
from triplepoint.ledger.drain import drain
from triplepoint.ledger.events.write import lines_writer
from triplepoint.ledger.framing import frame_into, parse_frames, record_of
from triplepoint.ledger.journal import Journal
from triplepoint.ledger.model import Closed, JournalRecord, Opened, Outcome
from triplepoint.ledger.partitions import drop_days
from triplepoint.ledger.rollups import By
from triplepoint.ledger.store import LedgerStore
from triplepoint.ledger.tail import Tail
from triplepoint.settings import JournalSettings, WhenFull

Settings = Callable[..., JournalSettings]
MakeOpened = Callable[..., Opened]
MakeClosed = Callable[..., Closed]
NOON_US = 1_767_960_000_000_000  # 2026-01-09 12:00 UTC
DAY_US = 86_400_000_000


def audited(number: int, **changed: object) -> Audited:
    """Make what came of the audit of a numbered request."""
    fields: dict[str, object] = {
        "receipt_id": f"rcpt_{number:06d}",
        "asked_us": NOON_US + number * 1_000_000,
        "at_us": NOON_US + number * 1_000_000 + 5_000_000,
        "lineup": "f" * 64,
        "plan": ("pro", "plus")[number % 2],
        "chosen": "nano",
        "other": "regular",
        "reference": "regular",
        "policy": "learned",
        "group": "maths",
        "scorer": "0123456789ab",
        "is_certified": True,
        "known_as": "large",
        "has_signal": True,
        "share": 0.01,
        "scored_by": "final",
        "outcome": ("fine", "under_route", "fine")[number % 3],
        "chosen_score": 1.0,
        "other_score": 1.0,
        "judge": "",
        "cost_usd": "0.00012",
    }
    return Audited(**(fields | changed))  # pyright: ignore[reportArgumentType] - the values come by name


def rated(number: int, rating: int = 1, **changed: object) -> Rated:
    """Make a rating of a numbered request."""
    fields: dict[str, object] = {
        "rating_id": f"rate_{number:04d}_{rating}",
        "receipt_id": f"rcpt_{number:06d}",
        "asked_us": NOON_US + number * 1_000_000,
        "at_us": NOON_US + number * 1_000_000 + rating,
        "customer_id": f"cust_{number % 3}",
        "key_id": "key_1",
        "plan": "pro",
        "model": "nano",
        "lineup": "f" * 64,
        "score": 1.0,
        "label": "",
    }
    return Rated(**(fields | changed))  # pyright: ignore[reportArgumentType] - the values come by name


def _write(data: Path, settings: Settings, *records: JournalRecord, boot: str = "boot_a") -> None:
    with Journal(data, boot=boot, settings=settings()) as journal:
        for record in records:
            journal.write(record)


def _plain(record: Audited | Rated) -> dict[str, object]:
    return msgspec.structs.asdict(record)


def test_they_come_from_the_journal_into_the_ledger_once(data: Path, store: LedgerStore, settings: Settings) -> None:
    """Whatever is drained again, in whatever order it lies."""
    found = AuditStore(store.engine)
    _write(data, settings, audited(2), rated(2), audited(1))
    drain(data, store)
    _write(data, settings, audited(1, outcome="over_route"), rated(2), rated(3), boot="boot_b")
    drain(data, store)
    assert [msgspec.structs.asdict(one) for one in found.iterate()] == [_plain(audited(1)), _plain(audited(2))]
    assert [msgspec.structs.asdict(one) for one in found.ratings()] == [_plain(rated(2)), _plain(rated(3))]


def test_audits_can_be_looked_for(data: Path, store: LedgerStore, settings: Settings) -> None:
    """By plan, model and outcome, the newest first, page by page; and in their order, by a span of requests."""
    _write(data, settings, *(audited(number) for number in range(12)))
    drain(data, store)
    found = AuditStore(store.engine)

    def numbers(**wanted: object) -> list[int]:
        return [int(one.receipt_id[-6:]) for one in found.latest(**wanted)]  # pyright: ignore[reportArgumentType]

    assert numbers(limit=3) == [11, 10, 9]
    assert numbers(before_us=audited(9).asked_us, limit=2) == [8, 7]
    assert numbers(plan="plus", outcome="under_route") == [7, 1]
    assert numbers(model="regular") == []
    since, until = audited(3).asked_us, audited(6).asked_us
    assert [int(one.receipt_id[-6:]) for one in found.iterate(since_us=since, until_us=until)] == [3, 4, 5]


def test_the_latest_rating_counts_and_the_others_are_history(data: Path, store: LedgerStore, settings: Settings) -> None:
    """Nothing is overwritten."""
    _write(data, settings, rated(1, 1, score=1.0), rated(2), rated(1, 2, score=0.0, label="wrong"))
    drain(data, store)
    found = AuditStore(store.engine)
    assert [(one.receipt_id, one.score, one.label) for one in found.ratings()] == [
        ("rcpt_000001", 0.0, "wrong"),
        ("rcpt_000002", 1.0, ""),
    ]
    assert [one.score for one in found.history("rcpt_000001")] == [1.0, 0.0]
    assert [one.receipt_id for one in found.ratings(customer_id="cust_2")] == ["rcpt_000002"]


def test_they_go_with_their_requests(data: Path, store: LedgerStore, settings: Settings, opened: MakeOpened) -> None:
    """Days that are forgotten leave no audit and no rating, and none of them comes back from a journal of old."""
    old = {"asked_us": NOON_US - DAY_US}
    _write(data, settings, audited(1, **old), rated(1, **old), audited(2), rated(2), opened(3))
    drain(data, store)
    drop_days(store.engine, before=datetime.date(2026, 1, 9))
    _write(data, settings, audited(4, **old), rated(4, **old), boot="boot_b")
    drain(data, store)
    found = AuditStore(store.engine)
    assert [one.receipt_id for one in found.iterate()] == ["rcpt_000002"]
    assert [one.receipt_id for one in found.ratings()] == ["rcpt_000002"]


def _own(opened: MakeOpened, number: int, **changed: object) -> Opened:
    fields: dict[str, object] = {
        "customer_id": ACCOUNT,
        "key_id": ACCOUNT,
        "endpoint": "audit",
        "audit_of": "rcpt_000001",
        "held_usd": "0.5",
        "charge_input_usd_per_mtok": "0",
    }
    return opened(number, **(fields | changed))


def test_no_customer_pays_for_an_audit(
    data: Path, store: LedgerStore, settings: Settings, opened: MakeOpened, closed: MakeClosed
) -> None:
    """Its attempts have their cost in the ledger, under an account of ours; customers' sums, events and margins lack them."""
    closing = closed(2, charge_usd="0")
    _write(data, settings, opened(1), closed(1, charge_usd="0.01"), _own(opened, 2), closing)
    drain(data, store)
    (row,) = [row for row in store.iterate() if row.customer_id == ACCOUNT]
    assert (row.audit_of, row.cost_usd, row.charge_usd) == ("rcpt_000001", closing.cost_usd, "0")
    assert {one.group: one.attempts for one in store.sum(by=By.CUSTOMER)} == {"cust_1": 1, ACCOUNT: 1}
    assert {one.group: one.attempts for one in store.sum(by=By.CUSTOMER, with_audits=False)} == {"cust_1": 1}
    assert [one.customer_id for one in store.earned(since_us=NOON_US - DAY_US, until_us=NOON_US + DAY_US)] == ["cust_1"]
    file = BytesIO()
    assert lines_writer("urn:x")(store.iterate(), file) == 1
    assert b"cust_1" in file.getvalue()


def test_what_was_spent_is_never_less_than_it_may_have_been(
    data: Path, store: LedgerStore, settings: Settings, opened: MakeOpened, closed: MakeClosed
) -> None:
    """Known costs count as they are; what broke off, runs, or died with its process counts what was held for it."""
    broke = closed(2, outcome=Outcome.CUT, cost_usd="0.1")
    _write(data, settings, _own(opened, 1), closed(1, cost_usd="0.25"), _own(opened, 2), broke, _own(opened, 3), opened(4))
    drain(data, store)
    with Journal(data, boot="boot_b", settings=settings()) as journal:
        journal.write(_own(opened, 5))
        journal.write(_own(opened, 6))
        journal.write(closed(6, outcome=Outcome.FAILED, cost_usd=None, usage=Usage()))
        drain(data, store)
        since_us = opened(1).at_us
        assert AuditStore(store.engine).spent_usd(since_us=since_us) == Decimal("0.25") + 4 * Decimal("0.5")
        assert AuditStore(store.engine).spent_usd(since_us=since_us + 5_000_000) == Decimal("0.5")


@pytest.mark.parametrize(
    ("outcome", "cost", "counts"),
    [
        (Outcome.FINISHED, "0.1", "0.1"),
        (Outcome.FINISHED, None, "0.5"),
        (Outcome.FAILED, "0", "0"),
        (Outcome.FAILED, None, "0.5"),
        (Outcome.CUT, "0.1", "0.5"),
        (Outcome.CANCELLED, "0.1", "0.5"),
        (Outcome.INTERRUPTED, "0.01", "0.5"),
        (None, None, "0.5"),
    ],
)
def test_what_each_end_counts(outcome: Outcome | None, cost: str | None, counts: str) -> None:
    """Only a whole answer, and a failure that says what it cost, count less than was held."""
    known = None if cost is None else Decimal(cost)
    assert spent_usd(outcome, known, Decimal("0.5")) == Decimal(counts)


@given(kinds=st.lists(st.sampled_from(["opened", "closed", "audited", "rated"]), max_size=12), hole=st.integers(0, 2000))
def test_a_damaged_place_hides_no_record_after_it(kinds: list[str], hole: int) -> None:
    """A frame of any kind is found again behind bytes that are none."""
    from tests.ledger.conftest import make_closed, make_opened

    make: dict[str, Callable[[int], JournalRecord]] = {
        "opened": make_opened,
        "closed": make_closed,
        "audited": audited,
        "rated": rated,
    }
    frames: list[bytes] = []
    for number, kind in enumerate(kinds):
        frame = bytearray()
        frame_into(frame, make[kind](number), 7)
        frames.append(bytes(frame))
    data = b"".join(frames)
    place = hole % (len(data) + 1)
    hurt = next((n for n in range(len(frames)) if place < sum(map(len, frames[: n + 1]))), len(frames))
    damaged = data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :] if place < len(data) else data
    records = parse_frames(damaged, seed=7).records
    expected = [make[kind](number) for number, kind in enumerate(kinds) if number != hurt]
    assert records == expected
    assert [record_of(frame) for frame in frames] == [make[kind](n) for n, kind in enumerate(kinds)]


def test_a_record_of_before_reads_as_it_did(opened: MakeOpened) -> None:
    """What was written before these records were is an opened record all the same; it is no audit's."""
    before = msgspec.msgpack.decode(msgspec.msgpack.encode(opened(1)))[:-2]
    record = msgspec.msgpack.decode(msgspec.msgpack.encode(before), type=Opened | Closed | Audited | Rated)
    assert record == opened(1)
    assert isinstance(record, Opened)
    assert (record.audit_of, record.held_usd) == ("", "")


def test_a_full_disk_refuses_a_rating_and_keeps_an_audit(data: Path, settings: Settings) -> None:
    """The customer can rate again; an audit that was paid for waits in memory."""

    def full(_fd: int, _data: bytes | bytearray) -> int:
        raise OSError(28, "No space left on device")

    journal = Journal(data, boot="boot_a", settings=settings(when_full=WhenFull.STOP), write=full)
    journal.write(audited(1))
    with pytest.raises(StoreFault) as refused:
        journal.write(rated(1))
    assert (refused.value.code, journal.backlog) == ("journal_full", 1)
    journal.close()


def test_who_follows_the_journal_sees_attempts_alone(
    data: Path, settings: Settings, opened: MakeOpened, closed: MakeClosed
) -> None:
    """The terminal's line an attempt is not broken by records of other kinds."""
    (data / "journal").mkdir()
    with Journal(data, boot="boot_a", settings=settings()) as journal, Tail(data / "journal") as tail:
        for record in (opened(1), audited(1), rated(1), closed(1)):
            journal.write(record)
        assert [row.receipt_id for row in tail.poll()] == ["rcpt_000001"]


def test_a_rating_says_nothing_in_words() -> None:
    """There is no place for free text in what is kept."""
    texts = {name for name, kind in Feedback.__annotations__.items() if kind is str}
    assert texts == {"rating_id", "receipt_id", "customer_id", "key_id", "plan", "model", "lineup", "label"}
