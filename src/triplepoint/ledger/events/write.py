"""Events as a file: a line each, or all of them as one batch."""

from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

import msgspec

from triplepoint.ledger.events.make import to_event
from triplepoint.ledger.flat import portions
from triplepoint.ledger.model import AttemptRow

_ROWS_AT_ONCE = 1000

Write = Callable[[Iterable[AttemptRow], BinaryIO], int]


def lines_writer(source: str) -> Write:
    """Return what writes the events of attempts as JSON lines, and says how many; those that still run are left out."""

    def write(rows: Iterable[AttemptRow], file: BinaryIO) -> int:
        encode = msgspec.json.Encoder().encode_lines
        count = 0
        for portion in portions(_ended(rows), _ROWS_AT_ONCE):
            file.write(encode([to_event(row, source) for row in portion]))
            count += len(portion)
        return count

    return write


def batch_writer(source: str) -> Write:
    """Return what writes them as one JSON array, the batch format of CloudEvents."""

    def write(rows: Iterable[AttemptRow], file: BinaryIO) -> int:
        encode = msgspec.json.Encoder().encode
        count = 0
        file.write(b"[")
        for row in _ended(rows):
            file.write(b",\n" if count else b"\n")
            file.write(encode(to_event(row, source)))
            count += 1
        file.write(b"\n]\n" if count else b"]\n")
        return count

    return write


def _ended(rows: Iterable[AttemptRow]) -> Iterator[AttemptRow]:
    return (row for row in rows if row.outcome is not None and not row.audit_of)  # nobody is billed for an audit
