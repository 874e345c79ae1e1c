"""Attempts as lines of the live table, and which of them a viewer looks at. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from triplepoint.console.formats import NOTHING, clock_text, exact_text, price_text, span_text, tokens_text
from triplepoint.foundation.usage import Usage, UsageSource
from triplepoint.ledger.model import AttemptRow, Outcome
from triplepoint.ledger.receipts import printable

TABLE_ROWS = 200
"""Lines of the table, whatever happens."""
LENS_DEPTH = 1000
"""Latest attempts among which those of an outcome are looked for; the ledger has no index of outcomes."""

_TROUBLE = {Outcome.FAILED, Outcome.CUT, Outcome.INTERRUPTED}
_SOURCES = {
    UsageSource.REPORTED: "reported by the upstream",
    UsageSource.ESTIMATED: "estimated, for the upstream reported none",
    UsageSource.INTERRUPTED: "estimated before it was sent; the process died under it",
    UsageSource.UNKNOWN: "nobody counted",
}


class Ending(StrEnum):
    """Which outcomes a viewer looks at."""

    ANY = ""
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    TROUBLE = "trouble"
    """Failed, cut or interrupted."""

    def covers(self, outcome: Outcome | None) -> bool:
        """Tell whether an outcome is among them."""
        match self:
            case Ending.ANY:
                return True
            case Ending.RUNNING:
                return outcome is None
            case Ending.FINISHED:
                return outcome is Outcome.FINISHED
            case Ending.CANCELLED:
                return outcome is Outcome.CANCELLED
            case Ending.TROUBLE:
                return outcome in _TROUBLE


@dataclass(frozen=True, slots=True)
class Lens:
    """What a viewer looks at; equal ones are read once for all viewers."""

    model: str | None = None
    """Only what this model served."""
    ending: Ending = Ending.ANY
    """Only what ended so."""

    @property
    def depth(self) -> int:
        """How many attempts are read for it."""
        return TABLE_ROWS if self.ending is Ending.ANY else LENS_DEPTH

    def pick(self, attempts: Iterable[AttemptRow]) -> list[AttemptRow]:
        """Keep what it shows, in order."""
        kept = [row for row in attempts if self.ending.covers(row.outcome) and self.model in {None, row.served_model}]
        return kept[:TABLE_ROWS]


EVERYTHING = Lens()


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table: texts, as the browser shows them."""

    key: str
    """Receipt and attempt."""
    receipt: str
    time: str
    asked: str
    served: str | None
    """None where it is what was asked for."""
    why: str
    tokens: str
    tokens_hint: str
    price: str
    price_hint: str
    first: str
    total: str
    ending: str
    """Outcome in a word."""
    detail: str
    """What went wrong, or that it was not the first attempt."""
    is_trouble: bool


def to_line(row: AttemptRow) -> Line:
    """Make the line of an attempt."""
    is_running = row.outcome is None
    return Line(
        key=f"{row.receipt_id}/{row.attempt}",
        receipt=row.receipt_id,
        time=clock_text(row.opened_us),
        asked=printable(row.asked_model),
        served=None if row.asked_model == row.served_model else printable(row.served_model),
        why=printable(row.decision),
        tokens="…" if is_running else tokens_text(row.usage),
        tokens_hint="" if is_running else source_text(row.usage),
        price="…" if is_running else price_text(row.cost_usd),
        price_hint="" if is_running else exact_text(row.cost_usd),
        first="…" if is_running else NOTHING if row.first_byte_us is None else span_text(row.first_byte_us),
        total="…" if is_running else span_text(row.total_us),
        ending=ending_text(row.outcome),
        detail=_detail(row),
        is_trouble=row.outcome in _TROUBLE,
    )


def ending_text(outcome: Outcome | None) -> str:
    """Write an outcome in a word."""
    return "running" if outcome is None else outcome.value


def source_text(usage: Usage) -> str:
    """Say where the counts of a usage come from."""
    if usage.source is UsageSource.UNKNOWN and usage.input_tokens == usage.output_tokens == 0:
        return "none: refused before the model read any"
    return _SOURCES[usage.source] + (f" with {usage.tokenizer}" if usage.tokenizer else "")


def _detail(row: AttemptRow) -> str:
    wrong = row.error or (f"status {row.status}" if row.outcome in _TROUBLE and row.status else "")
    repeated = f"attempt {row.attempt}" if row.attempt > 1 else ""
    return printable(", ".join(part for part in (wrong, repeated) if part))
