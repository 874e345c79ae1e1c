"""The ledger as a file for other tools: CSV, JSON lines, Parquet, and usage events (`ledger.events`) for billing systems.
Streamed row by row, and there whole or not at all.

Columns are named as in `AttemptRow`, with the usage spread out. Money stays exact: decimal text in CSV and JSON,
decimal128(38, 18) in Parquet. Unknown is empty, null, null; never zero. Moments are microseconds since 1970, UTC, which
Parquet knows as a type.
"""

import csv
import io
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from triplepoint.files.replacing import replacing
from triplepoint.foundation.errors import StoreFault
from triplepoint.ledger.events.write import batch_writer, lines_writer
from triplepoint.ledger.flat import COLUMNS, flat, portions
from triplepoint.ledger.model import AttemptRow
from triplepoint.ledger.parquet import parquet_writer

_ROWS_AT_ONCE = 1000


class Format(StrEnum):
    """What to write."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"
    CLOUDEVENTS = "cloudevents"
    """A usage event a line, of what has ended."""
    CLOUDEVENTS_BATCH = "cloudevents-batch"
    """The same as one JSON array."""


def export(
    rows: Iterable[AttemptRow],
    path: Path,
    format: Format,  # noqa: A002 - it is the option's name
    *,
    source: str = "",
) -> int:
    """Write attempts to a file, in place of what stood there; until it is whole, that stays.

    Args:
        rows: Attempts; read once, never all held.
        path: The file.
        format: What kind.
        source: Of usage events: URI of the installation.
    Returns: How many rows were written.
    Raises:
        RequestInvalid: Parquet without pyarrow.
        StoreFault: the file cannot be written.
    """
    match format:
        case Format.CSV:
            write = _write_csv
        case Format.JSONL:
            write = _write_jsonl
        case Format.PARQUET:
            write = parquet_writer(_ROWS_AT_ONCE * 10)
        case Format.CLOUDEVENTS:
            write = lines_writer(source)
        case Format.CLOUDEVENTS_BATCH:
            write = batch_writer(source)
    try:
        with replacing(path) as file:
            return write(rows, file)
    except OSError as error:
        raise StoreFault(f"{path} cannot be written: {error.strerror or error}") from error


def _write_jsonl(rows: Iterable[AttemptRow], file: BinaryIO) -> int:
    encode = msgspec.json.Encoder().encode_lines
    count = 0
    for portion in portions(rows, _ROWS_AT_ONCE):
        file.write(encode([flat(row) for row in portion]))
        count += len(portion)
    return count


def _write_csv(rows: Iterable[AttemptRow], file: BinaryIO) -> int:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    count = 0
    for row in rows:
        values = flat(row)
        writer.writerow([_csv_text(values[name]) for name in COLUMNS])
        count += 1
    text.detach()
    return count


def _csv_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()
