"""``triplepoint customer``: who pays."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from triplepoint.access.model import Key
from triplepoint.app import open_installation
from triplepoint.cli.local import key_state, local_actor, moment_text, plain, print_json, print_table, say
from triplepoint.cli.options import AsJson, Folder
from triplepoint.foundation.clock import Clock

app = typer.Typer(help="Customers: who pays, and whose keys open models.", no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Name, for people; only one customer has it.")],
    time_zone: Annotated[str, typer.Option(help="Where its days, weeks and months begin, such as Europe/Paris.")] = "UTC",
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """Make a customer."""
    with open_installation(folder) as installation:
        customer = installation.access.customers.create(local_actor(), name, time_zone=time_zone)
    if as_json:
        print_json(plain(customer))
        return
    print(customer.id)
    say(f"Now give {customer.name} a key: triplepoint key create {customer.id}")


@app.command("set-time-zone")
def set_time_zone(
    customer: Annotated[str, typer.Argument(help="Id or name.")],
    time_zone: Annotated[str, typer.Argument(help="Such as Europe/Paris.")],
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """Say where a customer's days, weeks and months begin, from now on; what is used in the running ones still counts."""
    with open_installation(folder) as installation:
        changed = installation.access.customers.set_time_zone(local_actor(), customer, time_zone)
    if as_json:
        print_json(plain(changed))
    else:
        print(f"Periods of {changed.name} begin in {changed.time_zone}.")


@app.command("list")
def list_command(folder: Folder = Path(), as_json: AsJson = False) -> None:
    """List customers, oldest first, with the plan of their own, and how many live keys they have."""
    with open_installation(folder) as installation:
        customers = installation.access.customers.all(local_actor())
        live = [customer.id for _, customer in installation.access.live_keys()]
        now_us = installation.clock.now_us()
        plans = {holder.customer_id: holder.plan_at(now_us) for holder in installation.plans.holders()}
    if as_json:
        rows = [{**plain(one), "plan": plans.get(one.id), "live_keys": live.count(one.id)} for one in customers]
        print_json(rows)
        return
    table = Table("id", "name", "created (UTC)", "plan", "time zone", "live keys")
    for one in customers:
        cells = (escape(one.name), moment_text(one.created_us), plans.get(one.id) or "default", one.time_zone)
        table.add_row(one.id, *cells, str(live.count(one.id)))
    print_table(table)


@app.command()
def show(
    customer: Annotated[str, typer.Argument(help="Id or name.")], folder: Folder = Path(), as_json: AsJson = False
) -> None:
    """Show a customer: the plan of its own, where its periods begin, and its keys."""
    with open_installation(folder) as installation:
        found = installation.access.customers.find(local_actor(), customer)
        keys = installation.access.keys.all(local_actor(), found.id)
        plan = installation.plans.find_holder(local_actor(), found.id).plan_at(installation.clock.now_us())
        clock = installation.clock
    if as_json:
        print_json({**plain(found), "plan": plan, "keys": [{**plain(key), "state": key_state(key, clock)} for key in keys]})
        return
    print(f"plan: {plan or 'default'}; periods begin in {found.time_zone}")
    title = f"{escape(found.name)} ({found.id}), since {moment_text(found.created_us)} UTC"
    print_table(key_table(keys, clock, title=title))


def key_table(keys: list[Key], clock: Clock, *, title: str | None = None) -> Table:
    """Write keys as a table."""
    table = Table("id", "key", "label", "state", "ends (UTC)", "models", title=title)
    for key in keys:
        ends_us = key.expires_us if key.revoked_us is None else key.revoked_us
        models = "all" if key.models is None else ", ".join(key.models)
        table.add_row(key.id, f"{key.display}…", escape(key.label), key_state(key, clock), moment_text(ends_us), models)
    return table
