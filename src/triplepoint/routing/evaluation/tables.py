"""Files as columns: CSV, JSON lines and Parquet, read alike, with the line that each row stands on.

A cell is None where nothing is written. Every fault carries the file, the row, the column and what to do.
"""

import csv
import hashlib
import io
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn, cast

from triplepoint.foundation.errors import Problem, SettingsInvalid
from triplepoint.foundation.extras import load_extra

_SHOWN_PROBLEMS: Final = 20
_TRUE, _FALSE = frozenset({"true", "yes", "1"}), frozenset({"false", "no", "0"})
_NOTHING: Final = frozenset({"", "nan", "null", "none"})


@dataclass(frozen=True, slots=True)
class Table:
    """One file, in columns of equal length."""

    name: str
    """As faults call it."""
    digest: str
    """SHA-256 of the file, 64 hexadecimal characters."""
    columns: Mapping[str, Sequence[object]]
    lines: Sequence[int]
    """Where each row stands: line of the text, or number of the row in Parquet, from 1."""

    def problem(self, row: int, column: str, message: str, fix: str) -> Problem:
        """Word a fault in a cell; row -1 means the whole column."""
        return Problem(self.name, self.lines[row] if row >= 0 else 0, column, message, fix)

    def texts(self, column: str) -> list[str]:
        """Return a column as texts; what is not there is empty.

        Raises: SettingsInvalid: the column is missing.
        """
        return ["" if cell is None else str(cell) for cell in self._cells(column)]

    def numbers(self, column: str, *, least: float = -math.inf, most: float = math.inf) -> list[float]:
        """Return a column as numbers; true is 1, false 0, and nothing is NaN.

        Raises: SettingsInvalid: the column is missing, or a cell is no number or outside the bounds; up to twenty at once.
        """
        found: list[float] = []
        problems: list[Problem] = []
        for row, cell in enumerate(self._cells(column)):
            number = _number(cell)
            if number is None:
                problems.append(self.problem(row, column, f"not a number: {cell!r:.60}", "write a number, or nothing"))
            elif math.isinf(number) or number < least or number > most:
                fix = f"write a number from {least:g} to {most:g}" if math.isfinite(most) else f"write at least {least:g}"
                problems.append(self.problem(row, column, f"out of bounds: {number:g}", fix))
            found.append(math.nan if number is None else number)
        refuse(problems)
        return found

    def flags(self, column: str) -> list[bool]:
        """Return a column as yes or no; nothing is no.

        Raises: SettingsInvalid: the column is missing, or a cell is neither.
        """
        cells = self._cells(column)
        flags = [_flag(cell) for cell in cells]
        refuse(
            [
                self.problem(row, column, f"neither true nor false: {cells[row]!r:.60}", "write true or false")
                for row, flag in enumerate(flags)
                if flag is None
            ]
        )
        return [bool(flag) for flag in flags]

    def rows(self, kept: Sequence[int]) -> "Table":
        """Return some of the rows."""
        columns = {name: [cells[row] for row in kept] for name, cells in self.columns.items()}
        return Table(self.name, self.digest, columns, [self.lines[row] for row in kept])

    def with_columns(self, columns: Mapping[str, Sequence[object]]) -> "Table":
        """Return the same rows under other columns."""
        return Table(self.name, self.digest, columns, self.lines)

    def _cells(self, column: str) -> Sequence[object]:
        if column not in self.columns:
            refuse([self.problem(-1, column, "the column is missing", f"add it; there are {', '.join(self.columns)}")])
        return self.columns[column]


def refuse(problems: Sequence[Problem]) -> None:
    """Raise what was found, if anything was; the first twenty.

    Raises: SettingsInvalid: there is a problem.
    """
    if problems:
        raise SettingsInvalid(list(problems[:_SHOWN_PROBLEMS]))


def read_table(path: Path) -> Table:
    """Read a file by its ending: ``.csv``, ``.jsonl`` or ``.parquet``.

    Raises:
        SettingsInvalid: It cannot be read, has another ending, or is not what its ending says.
        RequestInvalid: Parquet without pyarrow.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        _refuse_file(path, f"files ending in {path.suffix or 'nothing'} are not read", "use .csv, .jsonl or .parquet")
    try:
        data = path.read_bytes()
    except OSError as error:
        _refuse_file(path, f"cannot be read: {error.strerror}", "name a file that this user may read")
    columns, lines = reader(path, data)
    if not lines:
        _refuse_file(path, "it holds no row", "name a file with data")
    return Table(str(path), hashlib.sha256(data).hexdigest(), columns, lines)


_Read = tuple[dict[str, Sequence[object]], Sequence[int]]
_Reader = Callable[[Path, bytes], _Read]


def _read_csv(path: Path, data: bytes) -> _Read:
    reader = csv.reader(io.StringIO(_decode(path, data), newline=""), strict=True)
    try:
        header = next(reader, list[str]())
        rows = [(reader.line_num, row) for row in reader if row]
    except csv.Error as error:
        _refuse_file(path, f"not CSV: {error}", "quote cells that hold a comma, a quote or a line end", reader.line_num)
    if len(set(header)) < len(header):
        _refuse_file(path, "two columns have one name", "rename one of them", 1)
    for line, row in rows:
        if len(row) != len(header):
            _refuse_file(path, f"{len(row)} cells, the header has {len(header)}", "give each row a cell a column", line)
    columns = {name: [row[place] or None for _, row in rows] for place, name in enumerate(header)}
    return cast("dict[str, Sequence[object]]", columns), [line for line, _ in rows]


def _read_jsonl(path: Path, data: bytes) -> _Read:
    rows: list[dict[str, object]] = []
    lines: list[int] = []
    for number, line in enumerate(_decode(path, data).split("\n"), start=1):
        if line.strip():
            rows.append(_json_object(path, number, line))
            lines.append(number)
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}, lines


def _json_object(path: Path, number: int, line: str) -> dict[str, object]:
    try:
        value: object = json.loads(line)
    except (json.JSONDecodeError, RecursionError):
        value = None
    if not isinstance(value, dict):
        _refuse_file(path, "not a JSON object", "write one object a line", number)
    return cast("dict[str, object]", value)


def _read_parquet(path: Path, data: bytes) -> _Read:
    arrow, parquet = (
        load_extra(module, "Parquet needs pyarrow", extra="route", otherwise=", or give CSV or JSON lines")
        for module in ("pyarrow", "pyarrow.parquet")
    )
    try:
        table: Any = parquet.read_table(arrow.BufferReader(data))
    except (arrow.ArrowException, OSError) as error:
        _refuse_file(path, f"not Parquet: {str(error).splitlines()[0]:.120}", "get the file again; it may be cut off")
    columns = {str(name): cast("list[object]", table.column(name).to_pylist()) for name in table.column_names}
    return cast("dict[str, Sequence[object]]", columns), range(1, int(table.num_rows) + 1)


_READERS: Final[Mapping[str, _Reader]] = {".csv": _read_csv, ".jsonl": _read_jsonl, ".parquet": _read_parquet}
ENDINGS: Final = tuple(_READERS)
"""Endings of files that are read."""


def _decode(path: Path, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        _refuse_file(path, "not UTF-8", "save it as UTF-8", line)


def _refuse_file(path: Path, message: str, fix: str, line: int = 0) -> NoReturn:
    raise SettingsInvalid([Problem(str(path), line, "", message, fix)])


def _number(cell: object) -> float | None:
    if cell is None:
        return math.nan
    if isinstance(cell, bool | float):
        return float(cell)
    word = str(cell).strip().lower()
    if word in _NOTHING:
        return math.nan
    if word in {"true", "false"}:
        return float(word == "true")
    try:
        return float(word)
    except ValueError:
        return None


def _flag(cell: object) -> bool | None:
    if isinstance(cell, bool):
        return cell
    word = "" if cell is None else str(cell).strip().lower()
    if word in _TRUE:
        return True
    return False if word in _FALSE or word in _NOTHING else None
