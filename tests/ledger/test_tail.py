"""Following a journal while it is written."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

from triplepoint.ledger.drain import drain
from triplepoint.ledger.journal import Journal
from triplepoint.ledger.model import Closed, Opened
from triplepoint.ledger.receipts import join
from triplepoint.ledger.store import LedgerStore
from triplepoint.ledger.tail import Tail, follow
from triplepoint.settings import JournalSettings

Settings = Callable[..., JournalSettings]
MakeOpened = Callable[..., Opened]
MakeClosed = Callable[..., Closed]


def test_only_what_ends_from_now_on_is_told(data: Path, settings: Settings, opened: MakeOpened, closed: MakeClosed) -> None:
    """Attempts that ended before are not told, those that were opened before and end now are, each once."""
    with Journal(data, boot="boot_a", settings=settings()) as journal:
        for record in (opened(1), closed(1), opened(2)):
            journal.write(record)
        with Tail(journal.folder) as tail:
            assert tail.poll() == []
            journal.write(closed(2))
            journal.write(opened(3))
            assert tail.poll() == [join(opened(2), closed(2))]
            assert tail.poll() == []
            journal.write(closed(3))
            assert tail.poll() == [join(opened(3), closed(3))]


def test_new_segments_and_new_lives_are_followed(
    data: Path, store: LedgerStore, settings: Settings, opened: MakeOpened, closed: MakeClosed
) -> None:
    """Neither a new segment, nor a drain that removes the old ones, nor a new gateway makes it miss an end."""
    tail = Tail(data / "journal")
    told: list[str] = []
    for boot in ("boot_a", "boot_b"):
        with Journal(data, boot=boot, settings=settings(segment="1kB")) as journal:
            for number in range(30):
                journal.write(opened(number))
                journal.write(closed(number))
                told += [row.receipt_id for row in tail.poll()]
                if number % 10 == 9:
                    drain(data, store)
        journal_end = tail.poll()
        assert journal_end == []
        drain(data, store)
    assert told == [f"rcpt_{number:06d}" for number in range(30)] * 2
    assert tail.poll() == []
    assert list((data / "journal").iterdir()) == []
    tail.close()


def test_what_the_drain_removed_between_two_looks_is_still_told(
    data: Path, store: LedgerStore, settings: Settings, opened: MakeOpened, closed: MakeClosed
) -> None:
    """A segment that was being followed is read to its end, though its file is gone by the next look."""
    with Journal(data, boot="boot_a", settings=settings()) as journal, Tail(journal.folder) as tail:
        journal.write(opened(1))
        assert tail.poll() == []
        journal.write(closed(1))
        journal.close()
        drain(data, store)
        assert list(journal.folder.iterdir()) == []
        assert tail.poll() == [join(opened(1), closed(1))]


async def test_following_does_not_end(data: Path, settings: Settings, opened: MakeOpened, closed: MakeClosed) -> None:
    """In an event loop attempts arrive as they end, without a call for each look."""
    with Journal(data, boot="boot_a", settings=settings()) as journal:
        async with aclosing(follow(journal.folder, interval_s=0.005)) as rows:
            upcoming = asyncio.ensure_future(anext(rows))
            await asyncio.sleep(0.05)
            journal.write(opened(1))
            journal.write(closed(1))
            assert await asyncio.wait_for(upcoming, 5) == join(opened(1), closed(1))
