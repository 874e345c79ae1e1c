"""Frames: what is written is read, what is damaged is never believed."""

import struct
import zlib
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.foundation.errors import StoreFault
from triplepoint.ledger.framing import MAX_RECORD_BYTES, SegmentName, frame_into, list_segments, parse_frames
from triplepoint.ledger.model import Closed, JournalRecord, Opened

SEED = SegmentName("boot_a", 1).seed


def _frame(record: JournalRecord, seed: int = SEED) -> bytes:
    buffer = bytearray(b"what stood here before")
    frame_into(buffer, record, seed)
    return bytes(buffer)


def test_frames_come_back_in_order(opened: Callable[..., Opened], closed: Callable[..., Closed]) -> None:
    """What was framed is parsed, equal and in order, and all of it is consumed."""
    records = [opened(1), opened(2, conversation="c", tags={}), closed(2), closed(1, cost_usd=None)]
    data = b"".join(map(_frame, records))
    parsed = parse_frames(data, seed=SEED)
    assert parsed.records == records
    assert (parsed.consumed, parsed.damaged) == (len(data), [])


@given(cut=st.integers(min_value=0, max_value=10_000))
def test_a_torn_end_is_left(opened: Callable[..., Opened], closed: Callable[..., Closed], cut: int) -> None:
    """However much of the last frame is missing, those before it are read and it is left unconsumed."""
    first, last = _frame(opened(1)), _frame(closed(1))
    parsed = parse_frames(first + last[: cut % len(last)], seed=SEED)
    assert parsed.records == [opened(1)]
    assert (parsed.consumed, parsed.damaged) == (len(first), [])


@given(where=st.integers(min_value=0, max_value=10_000), flip=st.integers(min_value=1, max_value=255))
def test_one_damaged_byte_costs_one_record(
    opened: Callable[..., Opened], closed: Callable[..., Closed], where: int, flip: int
) -> None:
    """Whichever byte of a frame is damaged, it is not believed, and the frames after it are."""
    records = [opened(1), closed(1), opened(2)]
    frames = [bytearray(_frame(record)) for record in records]
    frames[1][where % len(frames[1])] ^= flip
    parsed = parse_frames(b"".join(frames), seed=SEED)
    assert parsed.records == [records[0], records[2]]
    assert parsed.damaged == [len(frames[0])]


@given(noise=st.binary(max_size=400))
def test_noise_holds_no_records(noise: bytes) -> None:
    """Arbitrary bytes are never taken for a record."""
    assert parse_frames(noise, seed=SEED).records == []


def test_zeros_are_no_frames(opened: Callable[..., Opened]) -> None:
    """A block of zeros, as a power cut may leave, holds no frame and hides none."""
    parsed = parse_frames(bytes(4096) + _frame(opened(1)), seed=SEED)
    assert parsed.records == [opened(1)]
    assert parsed.damaged == [0]


def test_another_segments_frames_are_not_believed(opened: Callable[..., Opened]) -> None:
    """A block of a former file in this one's place is damage, however whole it looks."""
    stale = _frame(opened(1), SegmentName("boot_a", 2).seed)
    parsed = parse_frames(stale + _frame(opened(2)), seed=SEED)
    assert parsed.records == [opened(2)]


def test_an_unknown_record_stops_the_reader(opened: Callable[..., Opened]) -> None:
    """A whole frame of a kind that this version does not know is an error, not something to skip."""
    payload = msgspec.msgpack.encode(["settled", 1])
    head = struct.pack("<II", len(payload), 0)
    checksum = zlib.crc32(head + payload, SEED)
    frame = struct.pack("<II", len(payload), checksum) + payload
    with pytest.raises(StoreFault, match="newer Triplepoint") as caught:
        parse_frames(_frame(opened(1)) + frame, seed=SEED)
    assert caught.value.code == "record_unknown"


def test_a_record_over_the_limit_is_refused(opened: Callable[..., Opened]) -> None:
    """No frame is written that the reader would not take."""
    with pytest.raises(StoreFault) as caught:
        _frame(opened(1, tags={"long": "x" * MAX_RECORD_BYTES}))
    assert caught.value.code == "record_too_large"


def test_segments_are_listed_by_boot_and_number(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Segments sort in the order of writing, also past a million; other files are left alone."""
    folder = tmp_path_factory.mktemp("journal")
    names = [
        SegmentName("boot_a", 1),
        SegmentName("boot_a", 999_999),
        SegmentName("boot_a", 1_000_000),
        SegmentName("boot_b", 1),
    ]
    for name in [*map(str, names), "notes.txt", "boot_a.000001.journal.damaged", ".hidden"]:
        (folder / name).touch()
    assert list_segments(folder) == names
    assert list_segments(folder / "missing") == []


@pytest.mark.parametrize("boot", ["", "boot.1", "../boot", "boot a"])
def test_a_name_that_would_not_be_found_again_is_refused(boot: str) -> None:
    """A segment is only ever written under a name that the drain will list."""
    with pytest.raises(ValueError, match="cannot name a segment"):
        SegmentName(boot, 1)
