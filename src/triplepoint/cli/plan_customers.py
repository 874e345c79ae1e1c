"""Commands of ``triplepoint plan`` about customers: which plan they are on, and how much of it they have used."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.markup import escape
from rich.table import Table

from triplepoint.app import Installation, open_installation
from triplepoint.cli.local import From, customer_names, local_actor, moment_text, print_json, print_table, say, utc_us
from triplepoint.cli.options import AsJson, Folder
from triplepoint.ledger.drain import drain_if_free
from triplepoint.plans.model import Assignment
from triplepoint.plans.views import EntryView, QuotaView, UsageView, view_assignments, view_usage

Customer = Annotated[str, typer.Argument(help="Id or name.")]


def assign(
    customer: Customer,
    plan: Annotated[str, typer.Argument(help="Name in plans.yaml.")],
    since: From = None,
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """Put a customer on a plan, now or from a moment on.

    Quotas go on counting what was used in the running period; the fee of each plan is owed for the time it is held.
    A move to come is taken back by another one for the same moment.
    """
    with open_installation(folder) as installation:
        made = installation.plans.assignments.assign(local_actor(), customer, plan, since_us=utc_us(since))
    _tell(made, f"{customer} is on {made.plan} from {moment_text(made.since_us)} UTC.", as_json=as_json)


def end(customer: Customer, since: From = None, folder: Folder = Path(), as_json: AsJson = False) -> None:
    """Take a customer off its plan, so that the default of plans.yaml holds, or nothing where there is none."""
    with open_installation(folder) as installation:
        made = installation.plans.assignments.end(local_actor(), customer, since_us=utc_us(since))
    _tell(made, f"{customer} has no plan of its own from {moment_text(made.since_us)} UTC.", as_json=as_json)


def history(
    customer: Annotated[str | None, typer.Argument(help="Id or name.", show_default="everybody")] = None,
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """Show which plans a customer was given, from when to when."""
    with open_installation(folder) as installation:
        views = view_assignments(installation.plans.assignments.history(local_actor(), customer))
        names = customer_names(installation.access)
    if as_json:
        print_json(msgspec.to_builtins(views))
        return
    table = Table("id", "customer", "plan", "from (UTC)", "to (UTC)")
    for view in views:
        spans = (moment_text(view.since_us), moment_text(view.until_us))
        table.add_row(view.id, escape(names[view.customer_id]), view.plan or "none of its own", *spans)
    print_table(table)


def usage(customer: Customer, folder: Folder = Path(), as_json: AsJson = False) -> None:
    """Show how much of each quota a customer has used, what is left, and when it begins anew.

    By the ledger: what runs at this moment is not in it.
    """
    with open_installation(folder) as installation:
        _take_in(installation)
        view = view_usage(installation.plans.usage(local_actor(), customer))
    if as_json:
        print_json(msgspec.to_builtins(view))
        return
    print(_plan_line(customer, view))
    if view.quotas:
        print_table(_quotas(view.quotas))
    if view.grants:
        print_table(_grants(view.grants))


def _take_in(installation: Installation) -> None:
    drain_if_free(installation.data, installation.ledger, meter=installation.meter)


def _tell(made: Assignment, text: str, *, as_json: bool) -> None:
    if as_json:
        print_json({**msgspec.to_builtins(view_assignments([made])[0])})
    else:
        say(text)
        print(made.id)


def _plan_line(customer: str, view: UsageView) -> str:
    zone = f"; periods begin in {view.time_zone}"
    if view.plan is None:
        return f"{customer} has no plan{zone}"
    if not view.is_sold:
        return f"{customer} is on {view.plan}, which plans.yaml does not have: its requests are refused{zone}"
    return f"{customer} is on {view.plan}{' (the default)' if view.is_default else ''}{zone}"


def _quotas(quotas: list[QuotaView]) -> Table:
    table = Table("quota", "used", "limit", "left", "unit", "period", "begins anew (UTC)", "models", "key", "override")
    for one in quotas:
        amounts = (one.used, one.limit, one.remaining, one.unit, one.period, moment_text(one.resets_us))
        models = "all" if one.models is None else ", ".join(one.models)
        table.add_row(one.quota, *amounts, models, one.key_id or "", one.override_id or "")
    return table


def _grants(grants: list[EntryView]) -> Table:
    table = Table("credit, in the order it is burnt", "left", "of", "priority", "state", "ends (UTC)", "reason")
    for one in grants:
        amounts = (f"${one.left_usd}", f"${one.amount_usd}", str(one.priority))
        table.add_row(one.id, *amounts, one.state or "", moment_text(one.expires_us), escape(one.reason))
    return table
