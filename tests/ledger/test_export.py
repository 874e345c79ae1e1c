"""Exports: exact, streamed, whole or not at all."""

import csv
import json
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from triplepoint.foundation.errors import RequestInvalid, StoreFault
from triplepoint.foundation.usage import Usage
from triplepoint.ledger.export import Format, export
from triplepoint.ledger.flat import COLUMNS
from triplepoint.ledger.model import AttemptRow, Closed, Opened
from triplepoint.ledger.receipts import join

EXACT = "0.000000000000000001"


@pytest.fixture
def rows(opened: Callable[..., Opened], closed: Callable[..., Closed]) -> list[AttemptRow]:
    """Give three attempts: ordinary, awkward, running."""
    awkward = opened(2, tags={"quote": 'a "b", c\nd'}, conversation="ü;\r\n", stream=False)
    return [
        join(opened(1), closed(1, cost_usd=EXACT)),
        join(awkward, closed(2, usage=Usage(input_tokens=0), cost_usd=None, notices=[])),
        join(opened(3), None),
    ]


def test_csv_keeps_every_value(rows: list[AttemptRow], tmp_path: Path) -> None:
    """A CSV reader gets the columns by name, money as exact text, nothing for the unknown and 0 for zero."""
    path = tmp_path / "ledger.csv"
    assert export(rows, path, Format.CSV) == 3
    with path.open(newline="", encoding="utf-8") as file:
        first, second, third = csv.DictReader(file)
    assert tuple(first) == COLUMNS
    assert (first["cost_usd"], first["stream"], first["opened_us"]) == (EXACT, "true", str(rows[0].opened_us))
    assert (second["cost_usd"], second["input_tokens"], second["output_tokens"]) == ("", "0", "")
    assert json.loads(second["tags"]) == {"quote": 'a "b", c\nd'}
    assert (second["conversation"], third["outcome"]) == ("ü;\r\n", "")


def test_jsonl_keeps_every_value(rows: list[AttemptRow], tmp_path: Path) -> None:
    """Each line is one attempt; money is text, so that no reader makes a float of it."""
    path = tmp_path / "ledger.jsonl"
    export(rows, path, Format.JSONL)
    first, second, third = (json.loads(line) for line in path.read_text().splitlines())
    assert set(first) == set(COLUMNS)
    assert (first["cost_usd"], second["cost_usd"], second["input_tokens"], third["closed_us"]) == (EXACT, None, 0, None)
    assert first["notices"] == ["dropped: logit_bias"]


def test_parquet_keeps_every_value(rows: list[AttemptRow], tmp_path: Path) -> None:
    """Money is a decimal of 18 places, moments have a zone, the unknown is null."""
    parquet: Any = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "ledger.parquet"
    assert export(rows, path, Format.PARQUET) == 3
    table = parquet.read_table(path)
    assert tuple(table.column_names) == COLUMNS
    assert str(table.schema.field("cost_usd").type) == "decimal128(38, 18)"
    assert str(table.schema.field("opened_us").type) == "timestamp[us, tz=UTC]"
    first, second, third = table.to_pylist()
    assert first["cost_usd"] == Decimal(EXACT)
    assert (second["cost_usd"], second["input_tokens"], second["output_tokens"]) == (None, 0, None)
    assert (first["opened_us"].isoformat(), third["total_us"]) == ("2026-01-09T12:00:01+00:00", None)


def test_parquet_without_pyarrow_says_what_to_install(
    rows: list[AttemptRow], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the extra the error names it, and no file appears."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(RequestInvalid, match=r"pip install 'triplepoint\[parquet\]'"):
        export(rows, tmp_path / "ledger.parquet", Format.PARQUET)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("format", list(Format))
def test_an_export_that_breaks_off_leaves_the_former_file(rows: list[AttemptRow], tmp_path: Path, format: Format) -> None:  # noqa: A002
    """Until a new file is whole, the old one stands; nothing half-written stays beside it."""

    def breaking() -> Iterator[AttemptRow]:
        yield rows[0]
        raise StoreFault("gone")

    path = tmp_path / "ledger"
    path.write_text("former")
    with pytest.raises(StoreFault, match="gone"):
        export(breaking(), path, format)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("ledger", "former")]


def test_an_empty_ledger_is_an_empty_file(tmp_path: Path) -> None:
    """No attempts make a file with no rows, which a reader still understands."""
    for kind in (Format.CSV, Format.JSONL):
        assert export([], tmp_path / kind, kind) == 0
    assert (tmp_path / "csv").read_text() == ",".join(COLUMNS) + "\n"
    assert (tmp_path / "jsonl").read_text() == ""


def test_a_place_that_cannot_be_written_is_named(rows: list[AttemptRow], tmp_path: Path) -> None:
    """A missing folder is an error that says which."""
    with pytest.raises(StoreFault, match=r"missing/ledger\.csv cannot be written: No such file"):
        export(rows, tmp_path / "missing" / "ledger.csv", Format.CSV)
