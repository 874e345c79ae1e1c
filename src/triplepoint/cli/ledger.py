"""``triplepoint ledger``: the attempts, their sums, and all of it as a file.

Commands that read take in what the journal holds first, unless another process is about that; so they are right with and
without a control plane.
"""

import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from triplepoint.access.model import Role
from triplepoint.app import Installation, open_installation
from triplepoint.cli.local import local_actor
from triplepoint.cli.options import AsJson, Folder
from triplepoint.cli.push import push
from triplepoint.ledger import drain as draining
from triplepoint.ledger import export as exporting
from triplepoint.ledger.energies import short_text
from triplepoint.ledger.flat import flat
from triplepoint.ledger.journal import JOURNAL_FOLDER
from triplepoint.ledger.model import AttemptRow, Total
from triplepoint.ledger.partitions import drop_days
from triplepoint.ledger.receipts import one_line
from triplepoint.ledger.rollups import By
from triplepoint.ledger.tail import Tail

app = typer.Typer(help="The ledger: every attempt, its tokens and its exact cost.", no_args_is_help=True)
app.command()(push)

Since = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="Only what was opened at or after it (UTC).")
]

_POLL_S = 0.1
_DRAIN_WAIT_S = 5.0
_WIDEST = 10_000


@app.command()
def tail(
    count: Annotated[int, typer.Option("-n", min=0, help="How many of the latest attempts.")] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with each attempt as it ends, until Ctrl-C.")] = False,
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """Show the latest attempts, one a line, the newest last."""
    with open_installation(folder) as installation, Tail(installation.data / JOURNAL_FOLDER) as journal:
        _take_in(installation)
        latest = installation.ledger.attempts(limit=count)
        for row in reversed(latest):
            _print_row(row, as_json=as_json)
        if follow:
            _follow(journal, told={_key(row) for row in latest if row.outcome is not None}, as_json=as_json)


def _follow(journal: Tail, *, told: set[tuple[str, int]], as_json: bool) -> None:
    """Print attempts as they end, until Ctrl-C; those that ended while the ledger was read have been told."""
    with suppress(KeyboardInterrupt):
        while True:
            for row in journal.poll():
                if _key(row) not in told:
                    _print_row(row, as_json=as_json)
            time.sleep(_POLL_S)


def _key(row: AttemptRow) -> tuple[str, int]:
    return row.receipt_id, row.attempt


@app.command("sum")
def sum_(
    by: Annotated[By, typer.Option(help="What to add up by.")] = By.DAY,
    since: Since = None,
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """Add up what has ended: requests, tokens, exact cost, energy, and how much is unknown. Counts whole hours."""
    with _fresh(folder) as installation:
        totals = installation.ledger.sum(by=by, since_us=_moment_us(since))
        unmatched = installation.ledger.unmatched()
    if as_json:
        print(msgspec.json.encode({"by": by, "totals": totals, "unmatched": unmatched}).decode())
        return
    _print_table(_table(totals, by))
    if unmatched:
        _warn(f"{unmatched} attempts ended whose beginning was lost to a damaged journal; they are in no sum")


@app.command()
def export(
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write; replaced as a whole.", dir_okay=False)],
    format: Annotated[exporting.Format | None, typer.Option(help="Kind of file; by default that of its name.")] = None,  # noqa: A002
    since: Since = None,
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """Write attempts to a file, the oldest first: Parquet, CSV, JSON lines, or usage events (CloudEvents)."""
    kind = format or _format_of(out)
    with _fresh(folder) as installation:
        count = exporting.export(
            installation.ledger.iterate(since_us=_moment_us(since)), out, kind, source=installation.event_source
        )
    if as_json:
        print(msgspec.json.encode({"attempts": count, "file": str(out), "format": kind}).decode())
    else:
        print(f"{count} attempts written to {out}")


@app.command()
def drain(folder: Folder = Path(), as_json: AsJson = False) -> None:
    """Take the journal into the ledger by hand; a running control plane does so by itself."""
    with open_installation(folder) as installation:
        done = asdict(draining.drain(installation.data, installation.ledger, meter=installation.meter, wait_s=_DRAIN_WAIT_S))
    if as_json:
        print(msgspec.json.encode(done).decode())
    else:
        print(", ".join(f"{count} {name.replace('_', ' ')}" for name, count in done.items()))


@app.command()
def forget(
    before: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The first day (UTC) that stays.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """Remove the attempts of old days for good; sums by hours and days stay.

    Statements are made of attempts: write those of the days that go, and export what you want to keep, before.
    """
    if not yes:
        typer.confirm(f"Remove every attempt that was opened before {before:%Y-%m-%d}?", abort=True, err=True)
    with _fresh(folder) as installation:
        count = drop_days(installation.database, before=before.date())
        installation.access.note(local_actor(), "ledger.forget", f"{before:%Y-%m-%d}", needed=Role.ADMIN, removed=count)
    if as_json:
        print(msgspec.json.encode({"removed": count}).decode())
    else:
        print(f"{count} removed; their sums stay")


@contextmanager
def _fresh(folder: Path) -> Generator[Installation]:
    with open_installation(folder) as installation:
        _take_in(installation)
        yield installation


def _take_in(installation: Installation) -> None:
    draining.drain_if_free(installation.data, installation.ledger, meter=installation.meter)


def _print_row(row: AttemptRow, *, as_json: bool) -> None:
    print(msgspec.json.encode(flat(row)).decode() if as_json else one_line(row), flush=True)


def _moment_us(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.replace(tzinfo=UTC).timestamp()) * 1_000_000


def _format_of(path: Path) -> exporting.Format:
    try:
        return exporting.Format(path.suffix.removeprefix("."))
    except ValueError:
        names = ", ".join(exporting.Format)
        raise typer.BadParameter(f"{path.name} does not say what to write; give --format, one of {names}") from None


def _table(totals: list[Total], by: By) -> Table:
    counted = ("requests", "attempts", "failed", "input", "output", "reasoning", "unknown usage")
    columns = (*counted, "unpriced", "cost", "unmetered", "Wh", "gCO₂e")
    table = Table(by.value)
    for name in columns:
        table.add_column(name, justify="right")
    for total in totals:
        counts = (total.requests, total.attempts, total.failed, total.input_tokens, total.output_tokens)
        rest = (total.reasoning_tokens, total.unknown_usage, total.unpriced)
        table.add_row(escape(total.group), *map(str, counts + rest), f"${total.cost_usd}", *_energies(total))
    return table


def _energies(total: Total) -> tuple[str, str, str]:
    return str(total.unmetered), short_text(total.energy_wh), short_text(total.carbon_g)


def _print_table(table: Table) -> None:
    """Print a table as wide as it is: an amount that is cut to the terminal's width says nothing."""
    console = Console(highlight=False)
    console.width = max(console.width, Console(width=_WIDEST).measure(table).maximum)
    console.print(table)


def _warn(message: str) -> None:
    Console(stderr=True, highlight=False).print(escape(message), soft_wrap=True)
