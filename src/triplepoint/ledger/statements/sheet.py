"""A statement laid out for people: the same words and tables for terminal, page and paper."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from triplepoint.ledger.statements.amounts import cents_text, total_cents
from triplepoint.ledger.statements.model import EntryLine, FeeLine, Statement, Totals, UsageLine
from triplepoint.plans.periods import zone
from triplepoint.settings import BillingSettings

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUS = "−"
_DASH = "–"
_UNKNOWN = "unknown"
_KINDS = {"credit": "Credit", "refund": "Refund", "adjustment": "Adjustment"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    title: str
    is_number: bool = False
    weight: int = 1
    """Share of the width, beside those of the others."""


@dataclass(frozen=True, slots=True)
class Section:
    """A table with a heading."""

    title: str
    columns: tuple[Column, ...]
    rows: list[list[str]]
    sum: str | None = None
    """Sum of the last column; None: it has none."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that is written, in its order."""

    issuer: str
    address: list[str]
    title: str
    customer: str
    facts: list[tuple[str, str]]
    """Names and values beside the title."""
    banner: str | None
    """What must not be overlooked."""
    sections: list[Section]
    totals: list[tuple[str, str]]
    """Names and amounts; the last is what is due."""
    notes: list[str]
    small: list[tuple[str, str]]
    """What the figures rest on."""
    footer: list[str] = field(default_factory=list[str])


def lay_out(statement: Statement, billing: BillingSettings) -> Sheet:
    """Lay a statement out.

    Args:
        statement: What it says.
        billing: Letterhead.
    """
    return Sheet(
        issuer=billing.issuer,
        address=[*_lines(billing.address), *_lines(billing.tax)],
        title="Statement" if not statement.is_provisional else "Provisional statement",
        customer=statement.customer_name,
        facts=_facts(statement),
        banner=_banner(statement),
        sections=[section for section in _sections(statement) if section.rows],
        totals=_totals(statement.totals),
        notes=[note.text for note in statement.notes],
        small=_small(statement),
        footer=[*_lines(billing.footer), billing.currency_note],
    )


def money(amount: str | None) -> str:
    """Write a rounded amount with groups of three and a true minus; an unknown one as such."""
    if amount is None:
        return _UNKNOWN
    whole, _, part = amount.removeprefix("-").partition(".")
    return f"{_MINUS if amount.startswith('-') else ''}{int(whole):,}.{part}"


def exact(amount: str | None) -> str:
    """Write an exact amount as it is."""
    return _UNKNOWN if amount is None else amount.replace("-", _MINUS)


def moment(at_us: int, time_zone: str) -> str:
    """Write a moment in a zone: its day, and the time of day where that says something."""
    there = (_EPOCH + timedelta(microseconds=at_us)).astimezone(zone(time_zone))
    day = f"{there.day} {there:%b %Y}"
    is_midnight = there.hour == there.minute == there.second == there.microsecond == 0
    return day if is_midnight else f"{day} {there:%H:%M}"


def stretch(start_us: int, end_us: int, time_zone: str) -> str:
    """Write from when to when; of whole days the last one, which is in it."""
    end = (_EPOCH + timedelta(microseconds=end_us)).astimezone(zone(time_zone))
    if (end.hour, end.minute, end.second, end.microsecond) == (0, 0, 0, 0):
        return f"{moment(start_us, time_zone)} {_DASH} {moment(end_us - 1, time_zone)[:11].strip()}"
    return f"{moment(start_us, time_zone)} {_DASH} {moment(end_us, time_zone)}"


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _facts(statement: Statement) -> list[tuple[str, str]]:
    return [
        ("Customer", statement.customer_id),
        ("Period", stretch(statement.start_us, statement.end_us, statement.time_zone)),
        ("Time zone", statement.time_zone),
        ("Statement", statement.id),
        ("Currency", statement.currency),
    ]


def _banner(statement: Statement) -> str | None:
    totals = statement.totals
    if totals.unknown_charges or totals.unknown_fees:
        return "Not complete: some amounts are unknown and in no sum. See the notes."
    return "Provisional: more may be added. See the notes." if statement.is_provisional else None


_AMOUNT = Column("Amount", is_number=True, weight=2)
_EXACT = Column("Exact", is_number=True, weight=3)
_FEES = (Column("Plan", weight=3), Column("Fee", weight=3), Column("Held", weight=5), _AMOUNT)
_USAGE = (
    Column("Plan", weight=2),
    Column("Model", weight=3),
    *(Column(title, is_number=True, weight=2) for title in ("Requests", "Input", "Cached", "Output")),
    _EXACT,
    _AMOUNT,
)
_CREDIT = (Column("Plan", weight=3), Column("Model", weight=4), _EXACT, _AMOUNT)
_ENTRIES = (Column("Date", weight=3), Column("What", weight=7), _EXACT, _AMOUNT)
_GRANTS = (Column("Credit", weight=6), *(Column(title, is_number=True, weight=3) for title in ("Given", "Used")))


def _sections(statement: Statement) -> Iterable[Section]:
    totals, there = statement.totals, statement.time_zone
    yield Section("Plans", _FEES, [_fee(line, there) for line in statement.fees], money(totals.fees_usd))
    yield Section("Usage", _USAGE, [_usage(line) for line in statement.usage], money(totals.usage_usd))
    paid = [[line.plan or _DASH, line.served_model, exact(line.exact_usd), money(line.amount_usd)] for line in statement.credit]
    yield Section("Paid from prepaid credit", _CREDIT, paid, money(totals.credit_burnt_usd))
    entered = cents_text(total_cents([totals.credits_usd, totals.adjustments_usd]))
    rows = [_entry(line, there) for line in statement.entries]
    yield Section("Credits, refunds and adjustments", _ENTRIES, rows, money(entered))
    grants = [[line.id, exact(line.granted_usd), exact(line.burnt_usd)] for line in statement.grants]
    yield Section("Prepaid credit, for information", _GRANTS, grants)


def _usage(line: UsageLine) -> list[str]:
    counts = (line.requests, line.input_tokens, line.cache_read_tokens, line.output_tokens)
    mark = f"+ {line.uncharged:,} unknown" if line.uncharged else ""
    return [
        line.plan or _DASH,
        line.served_model,
        *(f"{count:,}" for count in counts),
        f"{exact(line.exact_usd)} {mark}".strip(),
        money(line.amount_usd),
    ]


def _fee(line: FeeLine, there: str) -> list[str]:
    fee = _UNKNOWN if line.fee_usd is None else f"{line.fee_usd} a {line.fee_per}"
    return [line.plan, fee, stretch(line.since_us, line.until_us, there), money(line.amount_usd)]


def _entry(line: EntryLine, there: str) -> list[str]:
    about = f"{_KINDS[line.kind]}: {line.reason}" if line.reason else _KINDS[line.kind]
    what = f"{about} ({line.receipt_id})" if line.receipt_id is not None else about
    return [moment(line.at_us, there), what, exact(line.exact_usd), money(line.amount_usd)]


def _totals(totals: Totals) -> list[tuple[str, str]]:
    parts = [
        ("Plans", totals.fees_usd),
        ("Usage", totals.usage_usd),
        ("Paid from prepaid credit", totals.credit_burnt_usd),
        ("Credits and refunds", totals.credits_usd),
        ("Adjustments", totals.adjustments_usd),
    ]
    shown = [(name, money(amount)) for name, amount in parts if amount != "0.00" or name in {"Plans", "Usage"}]
    is_known = not totals.unknown_charges and not totals.unknown_fees
    return [*shown, ("Total due" if is_known else "Total due, at least", money(totals.due_usd))]


def _small(statement: Statement) -> list[tuple[str, str]]:
    said = [
        ("Exact total", exact(statement.totals.exact_due_usd)),
        ("Plans in force", ", ".join(statement.plans)),
        ("Prices in force", ", ".join(statement.prices)),
        ("Digest", statement.digest),
    ]
    return [(name, value) for name, value in said if value]
