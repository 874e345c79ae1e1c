"""``triplepoint quota``: other limits than the plan's, for one customer or key, for a while."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.markup import escape
from rich.table import Table

from triplepoint.app import open_installation
from triplepoint.cli.local import (
    WRONG_USAGE,
    From,
    Lasts,
    Reason,
    Until,
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
from triplepoint.plans.rules import parse_amount
from triplepoint.plans.views import OverrideView, view_override

app = typer.Typer(help="Quotas: other limits than the plan's, for one customer or key, for a while.", no_args_is_help=True)


@app.command()
def override(
    customer: Annotated[str, typer.Argument(help="Id or name.")],
    quota: Annotated[str, typer.Argument(help="Name of a quota in plans.yaml.")],
    limit: Annotated[str, typer.Argument(help="In the unit of the quota, such as 5000 or 2.50.")],
    reason: Reason,
    key: Annotated[str | None, typer.Option("--key", metavar="KEY_ID", help="For this key alone.")] = None,
    since: From = None,
    until: Until = None,
    lasts: Lasts = None,
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """Set another limit. Of several that hold at once a key's own is stronger, then the one made last."""
    if until is not None and lasts is not None:
        say("Say when it ends once: --until MOMENT or --for DURATION.")
        raise typer.Exit(WRONG_USAGE)
    amount = parse_amount(limit, param="limit")
    with open_installation(folder) as installation:
        made = installation.plans.overrides.add(
            local_actor(),
            customer,
            quota,
            amount,
            reason=reason,
            key_id=key,
            since_us=utc_us(since),
            until_us=utc_us(until) if lasts is None else moment_in(installation.clock, lasts),
        )
        view = view_override(made, installation.clock.now_us())
    ends = "until it is ended" if made.until_us is None else f"until {moment_text(made.until_us)} UTC"
    _tell(view, f"{quota} of {customer} is {view.limit} from {moment_text(made.since_us)} UTC {ends}.", as_json=as_json)


@app.command()
def overrides(
    customer: Annotated[str | None, typer.Argument(help="Id or name.", show_default="everybody")] = None,
    with_ended: Annotated[bool, typer.Option("--all", help="Those that have ended too.")] = False,
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """List overrides, oldest first."""
    with open_installation(folder) as installation:
        now_us = installation.clock.now_us()
        found = installation.plans.overrides.all(local_actor(), customer, with_ended=with_ended)
        names = customer_names(installation.access)
    views = [view_override(one, now_us) for one in found]
    if as_json:
        print_json(msgspec.to_builtins(views))
        return
    table = Table("id", "customer", "quota", "limit", "key", "from (UTC)", "to (UTC)", "in force", "reason")
    for view in views:
        ends = [moment for moment in (view.until_us, view.ended_us) if moment is not None]
        spans = (moment_text(view.since_us), moment_text(min(ends, default=None)))
        in_force = "yes" if view.is_in_force else "no"
        customer_name = escape(names[view.customer_id])
        table.add_row(
            view.id, customer_name, view.quota, view.limit, view.key_id or "all", *spans, in_force, escape(view.reason)
        )
    print_table(table)


@app.command()
def end(
    override_id: Annotated[str, typer.Argument(metavar="OVERRIDE_ID", help="Id, such as ovrd_….")],
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """End an override now; the plan's limit holds again, or an older override that is still in force."""
    with open_installation(folder) as installation:
        ended = installation.plans.overrides.end(local_actor(), override_id)
        view = view_override(ended, installation.clock.now_us())
    _tell(view, f"The override of {ended.quota} has ended.", as_json=as_json)


def _tell(view: OverrideView, text: str, *, as_json: bool) -> None:
    if as_json:
        print_json(msgspec.to_builtins(view))
    else:
        say(text)
        print(view.id)
