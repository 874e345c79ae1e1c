"""A statement as CSV: one row a line, then the total; amounts exact and rounded, moments as RFC 3339 in UTC."""

import csv
import io
from collections.abc import Iterator

import msgspec

from triplepoint.ledger.receipts import moment_text
from triplepoint.ledger.statements.model import Statement, UsageLine

_COUNTS = tuple(name for name in UsageLine.__struct_fields__ if name not in {"plan", "served_model", "exact_usd", "amount_usd"})
COLUMNS = (
    *("statement_id", "customer_id", "period", "kind", "plan", "served_model", "since", "until", "entry_id", "receipt_id"),
    *("reason", "fee_usd", "fee_per", *_COUNTS, "exact_usd", "amount_usd"),
)
"""Names of the columns, in their order."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def to_csv(statement: Statement) -> str:
    """Write a statement as CSV, with a row of names; what is unknown is empty."""
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    head = {"statement_id": statement.id, "customer_id": statement.customer_id, "period": statement.period}
    for row in _rows(statement):
        writer.writerow(head | {name: "" if value is None else value for name, value in row.items()})
    return file.getvalue()


def _rows(statement: Statement) -> Iterator[dict[str, object]]:
    for fee in statement.fees:
        held = {"since": moment_text(fee.since_us), "until": moment_text(fee.until_us)}
        terms = {"fee_usd": fee.fee_usd, "fee_per": fee.fee_per}
        yield {"kind": "fee", "plan": _harmless(fee.plan), **held, **terms, **_amounts(fee.exact_usd, fee.amount_usd)}
    for usage in statement.usage:
        yield {"kind": "usage", **msgspec.structs.asdict(usage)}
    for credit in statement.credit:
        yield {"kind": "credit_burnt", **msgspec.structs.asdict(credit)}
    for entry in statement.entries:
        what = {"entry_id": entry.id, "receipt_id": entry.receipt_id, "reason": _harmless(entry.reason)}
        at = {"since": moment_text(entry.at_us)}
        yield {"kind": str(entry.kind), **at, **what, **_amounts(entry.exact_usd, entry.amount_usd)}
    totals = statement.totals
    yield {"kind": "total", "uncharged": totals.unknown_charges, **_amounts(totals.exact_due_usd, totals.due_usd)}


def _amounts(exact_usd: str | None, amount_usd: str | None) -> dict[str, object]:
    return {"exact_usd": exact_usd, "amount_usd": amount_usd}


def _harmless(text: str) -> str:
    """Keep a spreadsheet from taking somebody's words for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
