"""``triplepoint init``: a commented configuration from what this machine has."""

import json
import os
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Never

import typer
from rich.console import Console
from rich.markup import escape

from triplepoint.configuration.discover import Discovery, discover
from triplepoint.configuration.render import OwnPrice, render
from triplepoint.configuration.write import write_files
from triplepoint.files.seed import seed_folder
from triplepoint.foundation.errors import Conflict
from triplepoint.pricing.model import is_amount

_REFUSED = 1

_Items = list[dict[str, str | list[str]]]


def _own_price(text: str) -> OwnPrice:
    first, _, second = text.partition("/")
    if not (is_amount(first) and is_amount(second)):
        raise typer.BadParameter(f"{text!r} is not INPUT/OUTPUT in US dollars for a million tokens, such as 0.05/0.20")
    return OwnPrice(Decimal(first), Decimal(second))


def init(
    folder: Annotated[Path, typer.Option("--dir", "-C", help="Folder to write into.")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")] = False,
    own_price: Annotated[
        OwnPrice | None,
        typer.Option(
            parser=_own_price,
            metavar="INPUT/OUTPUT",
            help="Price of models found on loopback, US dollars for a million tokens.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")] = False,
) -> None:
    """Write a commented configuration from what is found: keys in the environment, servers on loopback, the embedded family."""
    found = discover(os.environ)
    files = render(seed_folder(), found, own_price=own_price, today=datetime.now(UTC).date())
    try:
        names = [str(path) for path in write_files(folder, files, force=force)]
    except Conflict as error:
        _refuse(error, as_json=as_json)
    if as_json:
        print(json.dumps({"found": _found(found), "written": names}, indent=2))
    else:
        _tell(found, names)


def _refuse(error: Conflict, *, as_json: bool) -> Never:
    if as_json:
        print(json.dumps({"error": {"code": error.code, "message": error.message}}, indent=2))
    else:
        Console(stderr=True).print(f"[red]refused[/red] {escape(error.message)}", highlight=False)
    raise typer.Exit(_REFUSED)


def _found(found: Discovery) -> _Items:
    """List what was found, by name; never a key."""
    vendors: _Items = [{"upstream": vendor.vendor.name, "because": f"{vendor.variable} is set"} for vendor in found.vendors]
    azure: _Items = [{"upstream": "azure", "because": f"{found.azure[0]} is set"}] if found.azure else []
    servers: _Items = [
        {"upstream": server.name, "because": f"{server.base_url} answers", "models": [model.name for model in server.models]}
        for server in found.servers
    ]
    family: _Items = [{"upstream": "nano, mini, regular", "because": "the embedded family is always there"}]
    return [*family, *vendors, *azure, *servers]


def _tell(found: Discovery, names: list[str]) -> None:
    console = Console(highlight=False)
    for item in _found(found):
        console.print(f"[green]found[/green]  {item['upstream']}: {escape(str(item['because']))}")
    for name in names:
        console.print(f"[dim]wrote[/dim]  {escape(name)}")
    console.print("Next: [bold]triplepoint check[/bold], then [bold]triplepoint up[/bold]")
