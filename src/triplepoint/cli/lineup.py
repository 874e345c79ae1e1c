"""``triplepoint lineup``: what is on offer, what a file would change, and the order to serve it."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from triplepoint.app import load_today, open_installation
from triplepoint.cli.local import local_actor
from triplepoint.cli.options import AsJson, Folder
from triplepoint.configuration.model import Configuration, LoadedLineup
from triplepoint.foundation.errors import NotFound
from triplepoint.lineups.changes import Change, changes

app = typer.Typer(help="Line-ups: which models are on offer, under which names.", no_args_is_help=True)


@app.command("list")
def list_command(folder: Folder = Path(), as_json: AsJson = False) -> None:
    """List the line-ups of this folder; the active one is marked."""
    configuration = _load(folder)
    entries = [_entry(loaded, configuration) for loaded in configuration.lineups.values()]
    if as_json:
        print(json.dumps(entries))
        return
    table = Table("", "line-up", "hash", "models", "aliases", "router")
    for entry in entries:
        mark = "●" if entry["active"] else ""
        table.add_row(
            mark, entry["name"], entry["hash"], ", ".join(entry["models"]), ", ".join(entry["aliases"]), entry["router"]
        )
    Console().print(table)


@app.command()
def show(
    name: Annotated[str | None, typer.Argument(help="Line-up; the active one if left out.")] = None,
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """Show a line-up: its models, where they run, and what they cost."""
    configuration = _load(folder)
    loaded = _find(configuration, name)
    if as_json:
        print(json.dumps({**_entry(loaded, configuration), "lineup": loaded.lineup.model_dump(mode="json", exclude_none=True)}))
        return
    table = Table(
        "model", "runs at", "context", "input $/Mtok", "output $/Mtok", "can", title=f"{loaded.lineup.lineup} ({loaded.hash})"
    )
    for model_name, model in loaded.lineup.models.items():
        for number, target in enumerate(model.upstreams):
            rates = loaded.prices[target.price].rates[0]
            table.add_row(
                model_name if number == 0 else "",
                f"{target.upstream}: {target.model}",
                str(model.context_tokens),
                str(rates.input),
                str(rates.output),
                ", ".join(model.capabilities),
            )
    Console().print(table)


@app.command()
def diff(
    old: Annotated[str, typer.Argument(help="Line-up.")],
    new: Annotated[str, typer.Argument(help="Line-up to compare with it.")],
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """Say what changes from one line-up to another, prices included."""
    configuration = _load(folder)
    before, after = _find(configuration, old), _find(configuration, new)
    found = changes(before.lineup, after.lineup)
    found += _price_changes(before, after)
    if as_json:
        print(json.dumps([{"key": change.key, "old": change.old, "new": change.new} for change in found]))
        return
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{old} ({before.hash}) → {new} ({after.hash})" + ("" if found else ": no change"))
    for change in found:
        console.print(f"  {change.key}: {_said(change.old)} → {_said(change.new)}", markup=False)


@app.command()
def apply(folder: Folder = Path(), as_json: AsJson = False) -> None:
    """Have the running gateway load the files again, as one snapshot; a bad file leaves the old line-up running."""
    with open_installation(folder) as installation:
        _load(folder)  # problems are told here, before anything is asked of the gateway
        published = installation.gateway.publish()
        if published is not None:
            installation.access.note(
                local_actor(), "lineup.apply", published.lineup, hash=published.lineup_hash, ok=published.ok
            )
    console = Console(highlight=False, soft_wrap=True)
    if as_json:
        print(json.dumps({"ok": published is not None and published.ok, "running": published is not None}))
    elif published is None:
        console.print("The files are right. No gateway runs here; they are loaded when it starts.")
    elif published.ok:
        console.print(f"{published.lineup} ({published.lineup_hash}) is active.")
    else:
        console.print("\n".join(published.problems), markup=False)
    if published is not None and not published.ok:
        raise typer.Exit(2)


def _load(folder: Path) -> Configuration:
    return load_today(folder)


def _find(configuration: Configuration, name: str | None) -> LoadedLineup:
    if name is None:
        return configuration.active
    loaded = configuration.lineups.get(name)
    if loaded is None:
        raise NotFound(f"there is no line-up {name!r}; there are {', '.join(configuration.lineups)}", param="name")
    return loaded


def _entry(loaded: LoadedLineup, configuration: Configuration) -> dict[str, Any]:
    lineup = loaded.lineup
    return {
        "name": lineup.lineup,
        "hash": loaded.hash,
        "digest": loaded.digest,
        "active": lineup.lineup == configuration.lineup.lineup,
        "models": list(lineup.models),
        "aliases": list(lineup.aliases),
        "router": lineup.router.kind if lineup.router is not None else "none",
    }


def _price_changes(before: LoadedLineup, after: LoadedLineup) -> list[Change]:
    both = before.prices.keys() & after.prices.keys()
    return [
        Change(f"price {name}", before.prices[name].id, after.prices[name].id)
        for name in sorted(both)
        if before.prices[name].id != after.prices[name].id
    ]


def _said(value: object) -> str:
    return "(none)" if value is None else json.dumps(value, ensure_ascii=False)
