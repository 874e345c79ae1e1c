"""Read a segment, also while it is being written.

Where the bytes end without a whole frame, two things may be meant. In a segment that is still written, the rest is on its
way, so reading stops before it and goes on there later. In a *final* segment (its writer is dead, or has begun a next one)
nothing more comes: it is the torn end of a write that was never acknowledged, and is passed over.

Where a frame follows, what stood before it is damage: it is skipped and counted, so that one bad block does not hide a
whole segment.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from triplepoint.foundation.errors import StoreFault
from triplepoint.ledger.framing import MAX_FRAME_BYTES, Parsed, SegmentName, parse_frames
from triplepoint.ledger.model import JournalRecord

_CHUNK_BYTES = 2 * MAX_FRAME_BYTES
"""More than one frame, so that each read gets on."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of a part of a segment."""

    records: list[JournalRecord]
    next_offset: int
    """Where to read on."""
    is_end: bool
    """Nothing more is there now; in a final segment, ever."""
    damaged: int = 0
    """Places where something stood that is no record, though records follow."""
    torn_bytes: int = 0
    """Bytes passed over at the end of a final segment."""


class SegmentReader:
    """An open segment; keeps its bytes within reach when the drain removes the file."""

    def __init__(self, folder: Path, name: SegmentName) -> None:
        """Open it.

        Raises: FileNotFoundError: it is gone.
        """
        self.name = name
        self._path = folder / str(name)
        self._seed = name.seed
        self._fd = os.open(self._path, os.O_RDONLY)

    def read(self, offset: int, *, is_final: bool) -> Batch:
        """Read some records.

        Args:
            offset: 0, or a former batch's ``next_offset``.
            is_final: Nobody writes to the segment any more, and it was so before this call.
        Raises: StoreFault: the file cannot be read, or holds a record that this version does not know.
        """
        parsed, length = self._parse(offset)
        if parsed.damaged and not is_final:
            # A write that failed and was cut off under our read looks like damage; the second look is at what replaced it.
            parsed, length = self._parse(offset)
        rest = length - parsed.consumed
        if length == _CHUNK_BYTES:
            # More follows. With no frame in all these bytes, none begins before the last stretch that could hold one.
            skipped = 0 if parsed.consumed else length - MAX_FRAME_BYTES
            damaged = len(parsed.damaged) + bool(skipped)
            return Batch(parsed.records, offset + parsed.consumed + skipped, is_end=False, damaged=damaged)
        torn = rest if is_final else 0
        return Batch(parsed.records, offset + parsed.consumed + torn, True, len(parsed.damaged), torn)

    def close(self) -> None:
        """Be done with it; idempotent."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _parse(self, offset: int) -> tuple[Parsed, int]:
        try:
            data = os.pread(self._fd, _CHUNK_BYTES, offset)
            return parse_frames(data, seed=self._seed), len(data)
        except (OSError, StoreFault) as error:
            code = error.code if isinstance(error, StoreFault) else None
            raise StoreFault(f"{self._path} cannot be read from byte {offset} on: {error}", code=code) from error
