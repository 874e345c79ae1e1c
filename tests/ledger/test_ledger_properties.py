"""What must always hold: each attempt has exactly one row, and rows, rollups and receipts add up, to the last digit."""

import errno
import os
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from triplepoint.foundation.errors import StoreFault
from triplepoint.foundation.money import EXACT, per_mtok
from triplepoint.ledger.drain import drain
from triplepoint.ledger.framing import list_segments
from triplepoint.ledger.journal import Journal
from triplepoint.ledger.model import Closed, Opened, Outcome
from triplepoint.ledger.rollups import By, roll_up
from triplepoint.ledger.store import LedgerStore
from triplepoint.settings import JournalSettings, WhenFull

MakeOpened = Callable[..., Opened]
MakeClosed = Callable[..., Closed]
Make = tuple[MakeOpened, MakeClosed]
KINDS = st.sampled_from(["open", "open", "open", "retry", "close", "close", "crash", "drain", "drain dies", "fill", "free"])


class Killed(Exception):
    """The drain's process is gone."""


class MortalJournal(Journal):
    """A journal that can be killed."""

    def kill(self) -> None:
        """End as SIGKILL does: no flush, no fsync, no farewell; only the kernel closes what was open."""
        self._stop.set()
        self._thread.join()
        for fd in (self._fd, *self._sealed):
            os.close(fd)
        self._owner.release()


class FlakyDisk:
    """A writer that takes whole frames, or parts of them once the disk is full."""

    def __init__(self, random: Random) -> None:
        self.is_full = False
        self._random = random

    def write(self, fd: int, data: bytes | bytearray) -> int:
        """Write all, or when full a part, or nothing."""
        if not self.is_full:
            return os.write(fd, data)
        if self._random.random() < 0.5:
            return os.write(fd, data[: self._random.randrange(1, len(data))])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@dataclass
class World:
    """A gateway that is started, killed and started again, its drain, and what they owe."""

    data: Path
    store: LedgerStore
    make: Make
    random: Random
    when_full: WhenFull
    boots: int = 0
    requests: int = 0
    running: dict[tuple[str, int], tuple[int, Opened]] = field(default_factory=dict[tuple[str, int], tuple[int, Opened]])
    unwritten: list[Opened | Closed] = field(default_factory=list[Opened | Closed])
    """Records that the journal has in memory only; `state` says so, and a crash loses them."""
    sent: dict[tuple[str, int], Opened] = field(default_factory=dict[tuple[str, int], Opened])
    ended: dict[tuple[str, int], Closed] = field(default_factory=dict[tuple[str, int], Closed])

    def __post_init__(self) -> None:
        self.disk = FlakyDisk(self.random)
        self.start()

    def start(self) -> None:
        """Begin a new life of the gateway; tiny segments make many of them."""
        self.boots += 1
        made = JournalSettings.model_validate({"fsync": "1h", "segment": "2kB", "when_full": self.when_full})
        self.journal = MortalJournal(self.data, boot=f"boot_{self.boots:04d}", settings=made, write=self.disk.write)

    def act(self, kind: str) -> None:
        """Do one thing."""
        match kind:
            case "open":
                self.requests += 1
                self.open(self.requests, 1)
            case "retry":
                if self.running:
                    number, opened = self.random.choice(list(self.running.values()))
                    self.close_one(number, opened.attempt, Outcome.FAILED)
                    self.open(number, opened.attempt + 1)
            case "close":
                if self.running:
                    number, opened = self.random.choice(list(self.running.values()))
                    self.close_one(number, opened.attempt, Outcome.FINISHED)
            case "crash":
                self.crash()
                self.start()
            case "drain":
                drain(self.data, self.store)
            case "drain dies":
                with pytest.MonkeyPatch.context() as patch, _killed_at(self.store, patch, self.random.randrange(1, 30)):
                    drain(self.data, self.store)
            case "fill":
                self.disk.is_full = True
            case _:
                self.disk.is_full = False
                self.journal.flush()
                assert self.journal.backlog == 0
                self.unwritten.clear()

    def open(self, number: int, attempt: int) -> None:
        """Open an attempt, unless the journal refuses, whereupon it is not sent."""
        opened = self.make[0](number, attempt, at_us=self.random.randrange(10**15, 10**15 + 10**10))
        key = opened.receipt_id, attempt
        if key in self.sent:
            return
        try:
            self.journal.write(opened)
        except StoreFault:
            return
        self.note_unwritten(opened)
        self.sent[key] = opened
        self.running[key] = number, opened

    def close_one(self, number: int, attempt: int, outcome: Outcome) -> None:
        """Close an attempt, at a price that no float holds."""
        cost = None if self.random.random() < 0.1 else f"0.{self.random.randrange(1, 10**15):015d}"
        closed = self.make[1](number, attempt, outcome=outcome, cost_usd=cost)
        key = closed.receipt_id, attempt
        self.journal.write(closed)
        self.note_unwritten(closed)
        self.ended[key] = closed
        del self.running[key]

    def note_unwritten(self, record: Opened | Closed) -> None:
        """Remember a record that only waits."""
        if self.journal.backlog:
            self.unwritten.append(record)

    def crash(self) -> None:
        """Kill the gateway: what was in memory is gone, what it held is free, its last write may be torn."""
        self.journal.kill()
        self.disk.is_full = False
        for record in self.unwritten:
            key = record.receipt_id, record.attempt
            self.ended.pop(key, None)
            if isinstance(record, Opened):
                del self.sent[key]
        self.unwritten.clear()
        self.running.clear()
        if self.random.random() < 0.5:
            segments = list_segments(self.data / "journal")
            if segments:
                with (self.data / "journal" / str(segments[-1])).open("ab") as file:
                    file.write(self.random.randbytes(self.random.randrange(1, 300)))


@contextmanager
def _killed_at(store: LedgerStore, patch: pytest.MonkeyPatch, moment: int) -> Generator[None]:
    """Kill the drain at a moment: before or after any statement, commit, removal of a file."""
    left = [moment]

    def tick(*_: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    unlink = Path.unlink

    def unlink_then_tick(path: Path, missing_ok: bool = False) -> None:
        tick()
        unlink(path, missing_ok=missing_ok)
        tick()

    patch.setattr(Path, "unlink", unlink_then_tick)
    hooks = [("before_cursor_execute", tick), ("after_cursor_execute", tick), ("commit", tick)]
    for name, hook in hooks:
        event.listen(store.engine, name, hook)
    try:
        yield
    except Killed:
        pass
    finally:
        for name, hook in hooks:
            event.remove(store.engine, name, hook)


@settings(max_examples=120, deadline=None)
@given(kinds=st.lists(KINDS, max_size=40), seed=st.integers(0, 2**32), when_full=st.sampled_from(list(WhenFull)))
def test_every_attempt_has_one_row_and_the_sums_agree(
    empty: Callable[[], LedgerStore], opened: MakeOpened, closed: MakeClosed, kinds: list[str], seed: int, when_full: WhenFull
) -> None:
    """Whatever mixture of requests, retries, crashes, full disks and killed drains, the drained ledger is right."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        world = World(data, empty(), (opened, closed), Random(seed), when_full)
        for kind in kinds:
            world.act(kind)
        world.act("free")
        world.crash()
        drain(data, world.store)
        check(world)
        assert list_segments(data / "journal") == []


def check(world: World) -> None:
    """Hold the ledger against what was sent and ended."""
    rows = list(world.store.iterate())
    assert sorted((row.receipt_id, row.attempt) for row in rows) == sorted(world.sent)
    total = Decimal(0)
    for row in rows:
        key = row.receipt_id, row.attempt
        closed, opened = world.ended.get(key), world.sent[key]
        if closed is None:
            assert row.outcome is Outcome.INTERRUPTED
            owed = per_mtok(opened.input_estimate, Decimal(opened.input_usd_per_mtok))
        else:
            assert (row.outcome, row.usage) == (closed.outcome, closed.usage)
            assert (row.cost_usd is None) == (closed.cost_usd is None)
            owed = Decimal(closed.cost_usd or 0)
        assert Decimal(row.cost_usd or 0) == owed
        total = EXACT.add(total, owed)
    assert world.store.unmatched() == 0
    assert world.store.rollups() == sorted(roll_up(rows).values(), key=lambda r: (r.hour_us, r.customer_id, r.served_model))
    for by in By:
        assert sum((Decimal(group.cost_usd) for group in world.store.sum(by=by)), Decimal(0)) == total
    receipts = [world.store.receipt(receipt_id) for receipt_id in {row.receipt_id for row in rows}]
    assert sum(len(receipt.attempts) for receipt in receipts if receipt) == len(rows)
    for receipt in receipts:
        assert receipt is not None
        costs = [row.cost_usd for row in receipt.attempts]
        expected = None if None in costs else sum((Decimal(cost) for cost in costs if cost), Decimal(0))
        assert (receipt.cost_usd is None) == (expected is None)
        assert expected is None or Decimal(str(receipt.cost_usd)) == expected
