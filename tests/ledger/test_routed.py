"""Decisions in journal and ledger: kept whole, read by name, silent where nobody decided."""

import csv
import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from triplepoint.ledger.drain import drain
from triplepoint.ledger.export import Format, export
from triplepoint.ledger.framing import SegmentName, frame_into, parse_frames
from triplepoint.ledger.journal import Journal
from triplepoint.ledger.model import Closed, Opened
from triplepoint.ledger.receipts import full_row, join, public_receipt, to_receipt
from triplepoint.ledger.routed import Candidate, CandidateRecord, Routed, RoutedRecord, kept
from triplepoint.ledger.store import LedgerStore
from triplepoint.settings import JournalSettings

MakeOpened = Callable[..., Opened]
MakeClosed = Callable[..., Closed]

DECIDED = RoutedRecord(
    "learned",
    scorer="0123456789ab",
    group="maths",
    thrift=40,
    propensity=0.9850000001,
    is_certified=True,
    candidates=(
        CandidateRecord("tiny", why_not="not entitled by the plan", is_allowed=False),
        CandidateRecord("nano", 0.61, 48.0, 0.0000123456789, 0.02, 1.5, 0.0059, "dominated by mini", False),
        CandidateRecord("mini", 2 / 3, 52.0, 0.00002, 0.05, 1.9, 0.0081),
    ),
    signals={"input_tokens": 412, "maths": True, "language": "zh"},
)


def test_a_decision_goes_through_the_ledger_whole(
    data: Path, store: LedgerStore, settings: Callable[..., JournalSettings], opened: MakeOpened, closed: MakeClosed
) -> None:
    """What the journal has of a decision is in the attempt's row, floats to six digits; without one there is none."""
    with Journal(data, boot="boot_a", settings=settings()) as journal:
        for record in (opened(1, routed=DECIDED), closed(1), opened(2), closed(2)):
            journal.write(record)
        drain(data, store)
    decided, named = store.iterate()
    assert named.routed is None
    assert decided.routed == Routed(
        "learned",
        scorer="0123456789ab",
        group="maths",
        thrift=40,
        propensity=0.985,
        is_certified=True,
        candidates=(
            Candidate("tiny", why_not="not entitled by the plan", is_allowed=False),
            Candidate("nano", 0.61, 48.0, 0.0000123457, 0.02, 1.5, 0.0059, "dominated by mini", False),
            Candidate("mini", 0.666667, 52.0, 0.00002, 0.05, 1.9, 0.0081),
        ),
        signals={"input_tokens": 412, "maths": True, "language": "zh"},
    )


def test_a_frame_says_it_in_arrays(opened: MakeOpened) -> None:
    """A decision comes back from its frame as it was; a request by name takes one byte for having none."""
    seed = SegmentName("boot_a", 1).seed
    frames: list[bytearray] = [bytearray(), bytearray()]
    for frame, record in zip(frames, (opened(1, routed=DECIDED), opened(1)), strict=True):
        frame_into(frame, record, seed)
    assert [getattr(one, "routed", "?") for one in parse_frames(b"".join(frames), seed=seed).records] == [DECIDED, None]
    assert frames[1].endswith(b"\xc0\xa0\xa0\xc0")  # behind it: of no audit, nothing held, no escalation
    assert b"why_not" not in frames[0]


def test_records_from_before_decisions_are_read(opened: MakeOpened) -> None:
    """A journal that was written when records ended earlier is read as it was meant, with nothing decided."""
    seed = SegmentName("boot_a", 1).seed
    fields: list[Any] = msgspec.to_builtins(opened(1))
    payload = msgspec.msgpack.encode(fields[:-1])
    head = struct.pack("<II", len(payload), 0)
    frame = struct.pack("<II", len(payload), zlib.crc32(head + payload, seed)) + payload
    assert parse_frames(frame, seed=seed).records == [opened(1)]


def test_a_customer_does_not_see_what_it_may_not_call(opened: MakeOpened, closed: MakeClosed) -> None:
    """The customer's receipt leaves out models that key or plan do not entitle to; an operator's row has them all."""
    row = join(opened(1, routed=DECIDED), closed(1))
    shown: Any = public_receipt(to_receipt([row]))["routed"]
    assert [one["model"] for one in shown["candidates"]] == ["nano", "mini"]
    assert (shown["policy"], shown["thrift"], shown["candidates"][0]["why_not"]) == ("learned", 40, "dominated by mini")
    in_full: Any = full_row(row)["routed"]
    assert [one["model"] for one in in_full["candidates"]] == ["tiny", "nano", "mini"]
    assert public_receipt(to_receipt([join(opened(1), closed(1))]))["routed"] is None


def test_every_export_carries_it(opened: MakeOpened, closed: MakeClosed, tmp_path: Path) -> None:
    """CSV and Parquet have a decision as JSON text, JSON lines as an object; nothing where there was none."""
    parquet: Any = pytest.importorskip("pyarrow.parquet")
    rows = [join(opened(1, routed=DECIDED), closed(1)), join(opened(2), closed(2))]
    for kind in (Format.CSV, Format.JSONL, Format.PARQUET):
        export(rows, tmp_path / kind, kind)
    with (tmp_path / "csv").open(newline="", encoding="utf-8") as file:
        in_csv = [row["routed"] for row in csv.DictReader(file)]
    in_lines = [json.loads(line)["routed"] for line in (tmp_path / "jsonl").read_text().splitlines()]
    in_parquet = [row["routed"] for row in parquet.read_table(tmp_path / "parquet").to_pylist()]
    assert [in_csv[1], in_lines[1], in_parquet[1]] == ["", None, None]
    for decided in (json.loads(in_csv[0]), in_lines[0], json.loads(in_parquet[0])):
        assert msgspec.convert(decided, Routed) == kept(DECIDED)
