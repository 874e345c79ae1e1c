"""How records lie in a segment: frames that prove themselves, in files that say whose they are.

A segment is a file named ``<boot>.<number>.journal``; a boot is one life of one gateway process. It holds frames and
nothing else: length and checksum, 4 bytes each, little-endian, then the record in msgpack. The checksum (CRC-32) covers the
length too, and starts from the segment's name: a block of zeros, of another segment or of a former file is never taken for
a record.

A frame whose bytes are damaged does not hide those after it: every record begins with its kind in words, so that the next
frame can be found by looking for one.
"""

import re
import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from triplepoint.foundation.errors import StoreFault
from triplepoint.ledger.model import JournalRecord

MAX_RECORD_BYTES = 1 << 20
"""Longest record; what a caller can put into one (tags, a conversation's name) is bounded far below it by the gateway."""
HEADER_BYTES = 8
MAX_FRAME_BYTES = HEADER_BYTES + MAX_RECORD_BYTES

_HEADER = struct.Struct("<II")
_KIND = re.compile(rb"\xa6(?:opened|closed)|\xa7audited|\xa5rated")
"""A record's first element in msgpack, after the 1 or 3 bytes that give the number of its fields."""
_NAME = re.compile(r"(?P<boot>[A-Za-z0-9_-]+)\.(?P<number>\d{6,})\.journal")

_encode_into = msgspec.msgpack.Encoder().encode_into
_decode = msgspec.msgpack.Decoder(JournalRecord).decode
_pack_into = _HEADER.pack_into
_crc32 = zlib.crc32


@dataclass(frozen=True, slots=True, order=True)
class SegmentName:
    """Whose segment, and the how-manieth; sorts in the order of writing within a boot."""

    boot: str
    number: int

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(str(self)):  # it would be written, and never found again
            raise ValueError(f"{str(self)!r} cannot name a segment; a boot has letters, digits, - and _ only")

    def __str__(self) -> str:
        return f"{self.boot}.{self.number:06d}.journal"

    @property
    def seed(self) -> int:
        """What the checksums of its frames start from."""
        return zlib.crc32(str(self).encode())


def list_segments(folder: Path) -> list[SegmentName]:
    """Return the segments in a journal's folder, each boot's in the order of writing; other files are left alone."""
    if not folder.is_dir():
        return []
    matches = (_NAME.fullmatch(path.name) for path in folder.iterdir())
    return sorted(SegmentName(match["boot"], int(match["number"])) for match in matches if match)


def frame_into(buffer: bytearray, record: JournalRecord, seed: int) -> None:
    """Make the buffer hold the record's frame and nothing else.

    Raises: StoreFault: the record is longer than a frame may be.
    """
    _encode_into(record, buffer, HEADER_BYTES)
    length = len(buffer) - HEADER_BYTES
    if length > MAX_RECORD_BYTES:
        raise StoreFault(f"a journal record of {length} bytes is over the limit of {MAX_RECORD_BYTES}", code="record_too_large")
    _pack_into(buffer, 0, length, 0)
    _pack_into(buffer, 0, length, _crc32(buffer, seed))


def record_of(frame: bytes) -> JournalRecord:
    """Return the record of a whole frame, as `frame_into` makes it."""
    return _decode(memoryview(frame)[HEADER_BYTES:])


@dataclass(slots=True)
class Parsed:
    """What was found in some bytes of a segment."""

    records: list[JournalRecord] = field(default_factory=list[JournalRecord])
    consumed: int = 0
    """Bytes that need not be read again."""
    damaged: list[int] = field(default_factory=list[int])
    """Where in the bytes something stood that is no frame, though frames follow."""


def parse_frames(data: bytes, *, seed: int) -> Parsed:
    """Read frames up to the last whole one.

    What is no frame is skipped where a frame follows, and left unconsumed at the end: it may be one that is being written.

    Raises: StoreFault: a frame is undamaged and yet no record that we know; nothing of it is skipped.
    """
    parsed = Parsed()
    position = 0
    while position < len(data):
        end = _frame_end(data, position, seed)
        if end is None:
            found = _next_frame(data, position + 1, seed)
            if found is None:
                break
            parsed.damaged.append(position)
            position = found
            continue
        try:
            parsed.records.append(_decode(memoryview(data)[position + HEADER_BYTES : end]))
        except msgspec.DecodeError as error:
            raise StoreFault(
                f"a record is whole but unknown ({error}); was it written by a newer Triplepoint? Read it with that version",
                code="record_unknown",
            ) from error
        position = parsed.consumed = end
    return parsed


def _frame_end(data: bytes, start: int, seed: int) -> int | None:
    """Return where the frame at a position ends; None: there is no whole, undamaged frame."""
    if start < 0 or start + HEADER_BYTES > len(data):
        return None
    length, checksum = _HEADER.unpack_from(data, start)
    end = start + HEADER_BYTES + length
    if not 0 < length <= MAX_RECORD_BYTES or end > len(data):
        return None
    expected = _crc32(memoryview(data)[start + HEADER_BYTES : end], _crc32(_HEADER.pack(length, 0), seed))
    return end if checksum == expected else None


def _next_frame(data: bytes, start: int, seed: int) -> int | None:
    """Return where the next whole frame begins at or after a position."""
    for kind in _KIND.finditer(data, start):
        for count_bytes in (1, 3):
            candidate = kind.start() - count_bytes - HEADER_BYTES
            if candidate >= start and _frame_end(data, candidate, seed) is not None:
                return candidate
    return None
