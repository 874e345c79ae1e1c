"""``triplepoint credit``: prepaid credit, and what is taken off a statement or added to it; entries, never edits."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.markup import escape
from rich.table import Table

from triplepoint.app import open_installation
from triplepoint.cli.local import (
    MOMENTS,
    WRONG_USAGE,
    ExpiresIn,
    From,
    Reason,
    customer_names,
    local_actor,
    moment_in,
    moment_text,
    print_json,
    print_table,
    say,
    utc_us,
)
from triplepoint.cli.options import AsJson, Folder
from triplepoint.ledger.drain import drain_if_free
from triplepoint.plans.entries import Entry, EntryKind
from triplepoint.plans.rules import parse_amount
from triplepoint.plans.views import view_entry

app = typer.Typer(help="Credit: granted, given, refunded; each an entry, never an edit.", no_args_is_help=True)

Customer = Annotated[str, typer.Argument(help="Id or name.")]
Amount = Annotated[str, typer.Argument(help="US dollars above 0, such as 2.50.")]
ExpiresAt = Annotated[datetime | None, typer.Option("--expires-at", formats=MOMENTS, help="Ends at this moment, UTC.")]
Once = Annotated[
    str | None,
    typer.Option(
        "--idempotency-key", metavar="KEY", help="The same again under this key is the same entry, and not a second one."
    ),
]

_SIGNS = {EntryKind.GRANT: "+", EntryKind.CREDIT: "-", EntryKind.REFUND: "-", EntryKind.ADJUSTMENT: "+"}


@app.command()
def grant(
    customer: Customer,
    amount: Amount,
    reason: Reason,
    since: From = None,
    expires_in: ExpiresIn = None,
    expires_at: ExpiresAt = None,
    priority: Annotated[int, typer.Option(help="The smaller is burnt first; then the sooner end, then the older.")] = 0,
    once: Once = None,
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """Give prepaid credit: plans that are prepaid, and quotas that turn to credit, burn their charges from it.

    With --idempotency-key say the end as a moment: a duration counts from now, so it is another one the second time.
    """
    if expires_in is not None and expires_at is not None:
        say("Say when it ends once: --expires-in DURATION or --expires-at MOMENT.")
        raise typer.Exit(WRONG_USAGE)
    with open_installation(folder) as installation:
        made = installation.plans.credits.grant(
            local_actor(),
            customer,
            _usd(amount),
            reason=reason,
            from_us=utc_us(since),
            expires_us=utc_us(expires_at) if expires_in is None else moment_in(installation.clock, expires_in),
            priority=priority,
            idempotency_key=once,
        )
    ends = "does not expire" if made.expires_us is None else f"expires at {moment_text(made.expires_us)} UTC"
    _tell(made, f"{customer} has ${amount} of credit, which {ends}.", as_json=as_json)


@app.command()
def give(
    customer: Customer, amount: Amount, reason: Reason, once: Once = None, folder: Folder = Path(), as_json: AsJson = False
) -> None:
    """Take an amount off a customer's statement."""
    with open_installation(folder) as installation:
        made = installation.plans.credits.credit(local_actor(), customer, _usd(amount), reason=reason, idempotency_key=once)
    _tell(made, f"${amount} is taken off the statement of {customer}.", as_json=as_json)


@app.command()
def refund(
    receipt_id: Annotated[str, typer.Argument(metavar="RECEIPT_ID", help="As in the header x-triplepoint-receipt: rcpt_…")],
    reason: Reason,
    amount: Annotated[str | None, typer.Argument(help="US dollars.", show_default="all that is left of its charge")] = None,
    once: Once = None,
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """Take what a receipt charged, or a part of it, off its customer's statement; never more than it charged."""
    asked = None if amount is None else _usd(amount)
    with open_installation(folder) as installation:
        drain_if_free(installation.data, installation.ledger, meter=installation.meter)
        made = installation.plans.credits.refund(local_actor(), receipt_id, asked, reason=reason, idempotency_key=once)
    _tell(made, f"${view_entry(made).amount_usd} of {receipt_id} is refunded.", as_json=as_json)


@app.command()
def adjust(
    customer: Customer, amount: Amount, reason: Reason, once: Once = None, folder: Folder = Path(), as_json: AsJson = False
) -> None:
    """Add an amount to a customer's statement, such as a setup fee."""
    with open_installation(folder) as installation:
        made = installation.plans.credits.adjust(local_actor(), customer, _usd(amount), reason=reason, idempotency_key=once)
    _tell(made, f"${amount} is added to the statement of {customer}.", as_json=as_json)


@app.command("list")
def list_command(
    customer: Annotated[str | None, typer.Argument(help="Id or name.", show_default="everybody")] = None,
    since: Annotated[datetime | None, typer.Option(formats=MOMENTS, help="Only what counts at or after it, UTC.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=MOMENTS, help="Only what counts before it, UTC.")] = None,
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """List entries, oldest first; of grants, how much is left by the ledger."""
    with open_installation(folder) as installation:
        drain_if_free(installation.data, installation.ledger, meter=installation.meter)
        made = installation.plans.credits
        entries = made.entries(local_actor(), customer, since_us=utc_us(since), until_us=utc_us(until))
        standings = made.standings(entries)
        names = customer_names(installation.access)
    views = [view_entry(one, standings.get(one.id)) for one in entries]
    if as_json:
        print_json(msgspec.to_builtins(views))
        return
    table = Table("id", "customer", "kind", "amount", "left", "state", "at (UTC)", "ends (UTC)", "receipt", "reason")
    for entry, view in zip(entries, views, strict=True):
        left = "" if view.left_usd is None else f"${view.left_usd}"
        money = (f"{_SIGNS[entry.kind]}${view.amount_usd}", left, view.state or "")
        moments = (moment_text(view.at_us), "" if view.expires_us is None else moment_text(view.expires_us))
        customer_name = escape(names[view.customer_id])
        table.add_row(view.id, customer_name, view.kind, *money, *moments, view.receipt_id or "", escape(view.reason))
    print_table(table)


def _usd(text: str) -> Decimal:
    return parse_amount(text.removeprefix("$"), param="amount")


def _tell(made: Entry, text: str, *, as_json: bool) -> None:
    if as_json:
        print_json(msgspec.to_builtins(view_entry(made)))
    else:
        say(text)
        print(made.id)
