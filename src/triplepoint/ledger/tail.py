"""Follow a journal while it is written: each attempt as it ends, a moment after it did, without asking the database.

For the terminal's line a request and the console's live list. Looking is cheap and repeated; it holds up nobody, and takes
nothing from the drain: a segment that the drain removes stays readable here, for it is open.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from triplepoint.ledger.framing import SegmentName, list_segments
from triplepoint.ledger.model import AttemptRow, Closed, JournalRecord, Opened
from triplepoint.ledger.reader import SegmentReader
from triplepoint.ledger.receipts import join

_Running = dict[tuple[str, int], Opened]


@dataclass(slots=True)
class _Followed:
    """A segment that is followed."""

    reader: SegmentReader
    offset: int = 0


@dataclass(slots=True)
class _Life:
    """What is followed of one boot."""

    segments: dict[SegmentName, _Followed] = field(default_factory=dict[SegmentName, _Followed])
    running: _Running = field(default_factory=_Running)
    newest: int = 0
    """Number of the newest segment seen; older ones are not opened again."""


class Tail:
    """The end of a journal. Not thread-safe; close it, or use it in a ``with`` block."""

    def __init__(self, folder: Path) -> None:
        """Begin behind what stands there now: only attempts that end later are told.

        Args:
            folder: The journal's folder; it may come to be later.
        """
        self._folder = folder
        self._lives: dict[str, _Life] = {}
        self.poll()

    def poll(self) -> list[AttemptRow]:
        """Return the attempts that have ended since the last look, in the order of their end.

        Raises: StoreFault: a segment cannot be read.
        """
        present = list_segments(self._folder)
        for name in present:
            self._open(name)
        ended: list[AttemptRow] = []
        for boot, life in list(self._lives.items()):
            for name in sorted(life.segments):
                ended += self._read(life, name, is_gone=name not in present)
            if not life.segments and not any(name.boot == boot for name in present):
                del self._lives[boot]
        return ended

    def close(self) -> None:
        """Be done with it; idempotent."""
        for life in self._lives.values():
            for followed in life.segments.values():
                followed.reader.close()
        self._lives.clear()

    def __enter__(self) -> "Tail":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self, name: SegmentName) -> None:
        life = self._lives.setdefault(name.boot, _Life())
        if name.number <= life.newest:
            return
        try:
            life.segments[name] = _Followed(SegmentReader(self._folder, name))
        except FileNotFoundError:  # drained and removed since it was listed
            return
        life.newest = name.number

    def _read(self, life: _Life, name: SegmentName, *, is_gone: bool) -> Iterator[AttemptRow]:
        followed = life.segments[name]
        is_final = is_gone or name.number < life.newest
        is_end = False
        while not is_end:
            batch = followed.reader.read(followed.offset, is_final=is_final)
            followed.offset, is_end = batch.next_offset, batch.is_end
            yield from _joined(life.running, batch.records)
        if is_final:
            followed.reader.close()
            del life.segments[name]


def _joined(running: _Running, records: list[JournalRecord]) -> Iterator[AttemptRow]:
    for record in records:
        if not isinstance(record, Opened | Closed):
            continue
        key = (record.receipt_id, record.attempt)
        if isinstance(record, Opened):
            running[key] = record
        elif (opened := running.pop(key, None)) is not None:
            yield join(opened, record)


async def follow(folder: Path, *, interval_s: float = 0.1) -> AsyncGenerator[AttemptRow]:
    """Yield attempts as they end, for ever.

    Args:
        folder: The journal's folder.
        interval_s: Pause between looks.
    """
    tail = await asyncio.to_thread(Tail, folder)
    try:
        while True:
            for row in await asyncio.to_thread(tail.poll):
                yield row
            await asyncio.sleep(interval_s)
    finally:
        tail.close()
