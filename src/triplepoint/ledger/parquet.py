"""The ledger as Parquet, by pyarrow, which is an extra: it is large, and most installations never export."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, BinaryIO

import msgspec

from triplepoint.foundation.extras import load_extra
from triplepoint.ledger.flat import COLUMNS, flat, portions
from triplepoint.ledger.model import ENERGIES, AttemptRow

_MOMENTS = frozenset({"opened_us", "closed_us"})
_EXACT = frozenset({"cost_usd", "charge_usd", *ENERGIES})
_COUNTS = frozenset({"images", "web_searches"})


def parquet_writer(rows_at_once: int) -> Callable[[Iterable[AttemptRow], BinaryIO], int]:
    """Return what writes attempts as Parquet.

    Args:
        rows_at_once: Rows of a row group, held in memory together.
    Raises: RequestInvalid: pyarrow is not installed.
    """
    arrow, parquet = (
        load_extra(module, "Parquet needs pyarrow", extra="parquet", otherwise=", or export as csv or jsonl", param="format")
        for module in ("pyarrow", "pyarrow.parquet")
    )
    schema = arrow.schema([(name, _type(arrow, name)) for name in COLUMNS])

    def write(rows: Iterable[AttemptRow], file: BinaryIO) -> int:
        count = 0
        with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
            for portion in portions(rows, rows_at_once):
                writer.write_table(arrow.Table.from_pylist([_values(row) for row in portion], schema=schema))
                count += len(portion)
        return count

    return write


def _type(arrow: Any, name: str) -> Any:
    if name in _MOMENTS:
        return arrow.timestamp("us", tz="UTC")
    if name.endswith(("_tokens", "_us")) or name in _COUNTS:
        return arrow.int64()
    if name in _EXACT:
        return arrow.decimal128(38, 18)  # prices have at most 9 decimals a million tokens, charges three more: never rounded
    match name:
        case "attempt" | "status":
            return arrow.int32()
        case "stream" | "unreserved":
            return arrow.bool_()
        case "notices":
            return arrow.list_(arrow.string())
        case _:
            return arrow.string()


def _values(row: AttemptRow) -> dict[str, Any]:
    values = flat(row)
    values |= {name: Decimal(values[name]) for name in _EXACT if values[name] is not None}
    values["tags"] = msgspec.json.encode(row.tags).decode()
    values["burnt"] = msgspec.json.encode(row.burnt).decode()
    if row.routed is not None:
        values["routed"] = msgspec.json.encode(row.routed).decode()
    return values
