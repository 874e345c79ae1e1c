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
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """Make a customer."""
    with open_installation(folder) as installation:
        customer = installation.access.customers.create(local_actor(), name)
    if as_json:
        print_json(plain(customer))
        return
    print(customer.id)
    say(f"Now give {customer.name} a key: triplepoint key create {customer.id}")


@app.command("list")
def list_command(folder: Folder = Path(), as_json: AsJson = False) -> None:
    """List customers, oldest first, with how many live keys they have."""
    with open_installation(folder) as installation:
        customers = installation.access.customers.all(local_actor())
        live = [customer.id for _, customer in installation.access.live_keys()]
    if as_json:
        print_json([{**plain(customer), "live_keys": live.count(customer.id)} for customer in customers])
        return
    table = Table("id", "name", "created (UTC)", "live keys")
    for customer in customers:
        table.add_row(customer.id, escape(customer.name), moment_text(customer.created_us), str(live.count(customer.id)))
    print_table(table)


@app.command()
def show(
    customer: Annotated[str, typer.Argument(help="Id or name.")], folder: Folder = Path(), as_json: AsJson = False
) -> None:
    """Show a customer and its keys."""
    with open_installation(folder) as installation:
        found = installation.access.customers.find(local_actor(), customer)
        keys = installation.access.keys.all(local_actor(), found.id)
        clock = installation.clock
    if as_json:
        print_json({**plain(found), "keys": [{**plain(key), "state": key_state(key, clock)} for key in keys]})
        return
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
