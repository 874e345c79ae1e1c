"""``triplepoint statement``: what a customer owes for a period."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.markup import escape
from rich.table import Table

from triplepoint.app import Installation, open_installation
from triplepoint.cli.local import local_actor, print_table, say
from triplepoint.cli.options import AsJson, Folder
from triplepoint.foundation.errors import StoreFault
from triplepoint.ledger.drain import drain_if_free
from triplepoint.ledger.statements.model import Statement
from triplepoint.ledger.statements.render import Form
from triplepoint.ledger.statements.sheet import money

app = typer.Typer(help="Statements: what customers owe for a period, line by line.", no_args_is_help=True)

Period = Annotated[
    str | None,
    typer.Option(
        "--period",
        help="Month (2026-11), year (2026), week (2026-W48), day, or FIRST..LAST of two days; in the customer's time zone.",
        show_default="the month that runs",
    ),
]


@app.command()
def show(
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="Id or name.")],
    period: Period = None,
    form: Annotated[
        Form | None, typer.Option("--format", help="What to write.", show_default="as the file is named, or text")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write.", dir_okay=False, show_default="standard output")
    ] = None,
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """Make a statement of fees, usage, credits and refunds; each line is exact, and rounded once."""
    chosen = Form.JSON if as_json else form or _form_of(out)
    with open_installation(folder) as installation:
        _take_in(installation)
        made = installation.statements.make(local_actor(), customer, period)
        written = installation.render_statement(made, chosen)
    if out is None:
        sys.stdout.buffer.write(written)
        sys.stdout.flush()
        return
    try:
        out.write_bytes(written)
    except OSError as error:
        raise StoreFault(f"{out} cannot be written: {error.strerror or error}") from error
    say(f"{made.customer_name}, {made.period}: {money(made.totals.due_usd)} {made.currency}, written to {out}")


@app.command("list")
def list_command(
    customer: Annotated[
        str | None, typer.Argument(metavar="[CUSTOMER]", help="All months of this customer, by id or name.", show_default=False)
    ] = None,
    period: Period = None,
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """List what everybody owes for a period; or with a customer, what that one owes for each month."""
    if customer is not None and period is not None:
        raise typer.BadParameter("a customer's months are all listed; leave --period out, or take `statement show`")
    with open_installation(folder) as installation:
        _take_in(installation)
        statements = installation.statements
        if customer is None:
            made = list(statements.make_all(local_actor(), period))
        else:
            made = list(statements.make_months(local_actor(), customer))
    if as_json:
        print(msgspec.json.encode(made).decode())
    else:
        print_table(_table(made))


def _take_in(installation: Installation) -> None:
    drain_if_free(installation.data, installation.ledger, meter=installation.meter)


def _form_of(out: Path | None) -> Form:
    if out is None or not out.suffix or out.suffix == ".txt":
        return Form.TEXT
    try:
        return Form(out.suffix.removeprefix("."))
    except ValueError:
        raise typer.BadParameter(f"{out.name} does not say what to write; give --format, one of {', '.join(Form)}") from None


def _table(statements: Iterable[Statement]) -> Table:
    table = Table("customer", "name", "period")
    for name in ("fees", "usage", "from credit", "credits", "adjustments", "due", "unknown"):
        table.add_column(name, justify="right")
    table.add_column("")
    for made in statements:
        totals = made.totals
        amounts = (totals.fees_usd, totals.usage_usd, totals.credit_burnt_usd, totals.credits_usd, totals.adjustments_usd)
        unknown = totals.unknown_charges + totals.unknown_fees
        table.add_row(
            made.customer_id,
            escape(made.customer_name),
            made.period,
            *map(money, (*amounts, totals.due_usd)),
            f"{unknown:,}" if unknown else "",
            "provisional" if made.is_provisional else "",
        )
    return table
