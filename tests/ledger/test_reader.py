"""Reading a segment, whole, torn, damaged, and while it is written."""

from collections.abc import Callable
from pathlib import Path

import pytest

from triplepoint.foundation.errors import StoreFault
from triplepoint.ledger.framing import MAX_FRAME_BYTES, SegmentName, frame_into
from triplepoint.ledger.model import Closed, JournalRecord, Opened
from triplepoint.ledger.reader import SegmentReader

NAME = SegmentName("boot_a", 1)


def _frame(record: JournalRecord) -> bytes:
    buffer = bytearray()
    frame_into(buffer, record, NAME.seed)
    return bytes(buffer)


def _write(folder: Path, data: bytes) -> None:
    (folder / str(NAME)).write_bytes(data)


def test_a_live_end_is_waited_for(data: Path, opened: Callable[..., Opened], closed: Callable[..., Closed]) -> None:
    """While a segment is written, an unfinished frame is left, and read when it is whole."""
    first, second = _frame(opened(1)), _frame(closed(1))
    _write(data, first + second[:-1])
    with SegmentReader(data, NAME) as reader:
        batch = reader.read(0, is_final=False)
        assert (batch.records, batch.next_offset, batch.is_end, batch.torn_bytes) == ([opened(1)], len(first), True, 0)
        _write(data, first + second)
        batch = reader.read(batch.next_offset, is_final=False)
        assert (batch.records, batch.next_offset) == ([closed(1)], len(first + second))


def test_a_dead_end_is_passed_over(data: Path, opened: Callable[..., Opened]) -> None:
    """When nobody writes any more, an unfinished frame is torn, and counted as such."""
    first = _frame(opened(1))
    _write(data, first + first[:-1])
    with SegmentReader(data, NAME) as reader:
        batch = reader.read(0, is_final=True)
    assert (batch.records, batch.next_offset) == ([opened(1)], 2 * len(first) - 1)
    assert (batch.torn_bytes, batch.damaged, batch.is_end) == (len(first) - 1, 0, True)


def test_a_large_segment_comes_in_batches(data: Path, opened: Callable[..., Opened]) -> None:
    """However long a segment is, every record comes once and in order, and memory holds a part of it."""
    records = [opened(number, tags={"long": "x" * 1500}) for number in range(3000)]
    _write(data, b"".join(map(_frame, records)))
    read: list[JournalRecord] = []
    offset, batches, is_end = 0, 0, False
    with SegmentReader(data, NAME) as reader:
        while not is_end:
            batch = reader.read(offset, is_final=False)
            read += batch.records
            offset, is_end, batches = batch.next_offset, batch.is_end, batches + 1
    assert read == records
    assert batches > 2


@pytest.mark.parametrize("is_final", [False, True])
def test_damage_larger_than_a_batch_is_skipped(data: Path, opened: Callable[..., Opened], is_final: bool) -> None:
    """Megabytes of damage hide none of the records after them."""
    _write(data, _frame(opened(1)) + b"\xff" * (3 * MAX_FRAME_BYTES) + _frame(opened(2)))
    read: list[JournalRecord] = []
    offset, damaged, is_end = 0, 0, False
    with SegmentReader(data, NAME) as reader:
        while not is_end:
            batch = reader.read(offset, is_final=is_final)
            read += batch.records
            offset, is_end, damaged = batch.next_offset, batch.is_end, damaged + batch.damaged
    assert read == [opened(1), opened(2)]
    assert damaged >= 1


def test_a_removed_segment_stays_readable(data: Path, opened: Callable[..., Opened]) -> None:
    """One who has opened a segment reads it to its end, though it is removed meanwhile."""
    _write(data, _frame(opened(1)))
    with SegmentReader(data, NAME) as reader:
        (data / str(NAME)).unlink()
        assert reader.read(0, is_final=True).records == [opened(1)]
    reader.close()


def test_a_fault_names_the_file(data: Path) -> None:
    """A segment that cannot be read is named, with the place."""
    _write(data, b"")
    reader = SegmentReader(data, NAME)
    reader.close()
    with pytest.raises(StoreFault, match=rf"{NAME} cannot be read from byte 7"):
        reader.read(7, is_final=True)
