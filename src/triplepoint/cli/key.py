"""``triplepoint key``: what customers show to the gateway."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from triplepoint.access.model import IssuedKey, Key
from triplepoint.app import open_installation
from triplepoint.cli.customer import key_table
from triplepoint.cli.local import (
    MOMENTS,
    WRONG_USAGE,
    ExpiresIn,
    Overlap,
    key_state,
    local_actor,
    moment_in,
    moment_text,
    plain,
    print_json,
    print_table,
    say,
    show_once,
    utc_us,
)
from triplepoint.cli.options import AsJson, Folder

app = typer.Typer(help="Keys: made, listed, rotated, given an end, revoked; shown once.", no_args_is_help=True)

KeyId = Annotated[str, typer.Argument(metavar="KEY_ID", help="Id, such as key_…; not the key itself.")]
At = Annotated[
    datetime | None,
    typer.Option("--at", formats=MOMENTS, help="Moment of the end, UTC."),
]


@app.command()
def create(
    customer: Annotated[str, typer.Argument(help="Id or name of who pays.")],
    label: Annotated[str, typer.Option(help="What it is for.")] = "",
    model: Annotated[
        list[str] | None, typer.Option("--model", "-m", help="A model that it may call; may be repeated.", show_default="all")
    ] = None,
    expires_in: ExpiresIn = None,
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """Make a key."""
    with open_installation(folder) as installation:
        issued = installation.access.keys.create(
            local_actor(),
            customer,
            label=label,
            models=tuple(model) if model else None,
            expires_us=moment_in(installation.clock, expires_in),
        )
    _show(issued, as_json=as_json, about=f"The key {issued.key.id} of {customer}.")


@app.command("list")
def list_command(
    customer: Annotated[str | None, typer.Option("--customer", help="Only of this customer, by id or name.")] = None,
    live: Annotated[bool, typer.Option("--live", help="Only those that open something.")] = False,
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """List keys, oldest first."""
    with open_installation(folder) as installation:
        clock = installation.clock
        found = installation.access.keys.all(local_actor(), customer)
    keys = [key for key in found if not live or key.is_live(clock.now_us())]
    if as_json:
        print_json([{**plain(key), "state": key_state(key, clock)} for key in keys])
        return
    print_table(key_table(keys, clock))


@app.command()
def revoke(key_id: KeyId, folder: Folder = Path(), as_json: AsJson = False) -> None:
    """End a key now and for good."""
    with open_installation(folder) as installation:
        key = installation.access.keys.revoke(local_actor(), key_id)
    _tell(key, f"{key.id} ({key.display}…) is revoked.", as_json=as_json)


@app.command()
def rotate(key_id: KeyId, overlap: Overlap = None, folder: Folder = Path(), as_json: AsJson = False) -> None:
    """Make a key that takes another's place; the old one ends at once, or after the overlap."""
    with open_installation(folder) as installation:
        issued = installation.access.keys.rotate(local_actor(), key_id, overlap_s=overlap or 0.0)
        old = installation.access.keys.find(local_actor(), key_id)
    ends = f"{old.id} ends at {moment_text(old.expires_us)} UTC."
    _show(issued, as_json=as_json, about=f"{ends} The key {issued.key.id} takes its place.")


@app.command()
def expire(
    key_id: KeyId,
    expires_in: ExpiresIn = None,
    at: At = None,
    never: Annotated[bool, typer.Option("--never", help="Take the end away.")] = False,
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """Say when a key ends: one of --expires-in, --at and --never."""
    if [expires_in is not None, at is not None, never].count(True) != 1:
        say("Say when the key ends: one of --expires-in DURATION, --at MOMENT and --never.")
        raise typer.Exit(WRONG_USAGE)
    with open_installation(folder) as installation:
        moment_us = moment_in(installation.clock, expires_in) if at is None else utc_us(at)
        key = installation.access.keys.expire(local_actor(), key_id, expires_us=moment_us)
    ends = "does not end any more" if key.expires_us is None else f"ends at {moment_text(key.expires_us)} UTC"
    _tell(key, f"{key.id} ({key.display}…) {ends}.", as_json=as_json)


def _show(issued: IssuedKey, *, as_json: bool, about: str) -> None:
    if as_json:
        print_json({**plain(issued.key), "key": issued.text.reveal()})
    else:
        show_once(issued.text, about)


def _tell(key: Key, text: str, *, as_json: bool) -> None:
    if as_json:
        print_json(plain(key))
    else:
        print(text)
