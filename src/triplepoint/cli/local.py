"""What the commands about access share: who acts, and how moments, keys and records are written."""

import getpass
import json
import os
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from triplepoint.access.model import Actor, Customer, Key, Operator, OperatorKey, Role
from triplepoint.access.service import AccessService
from triplepoint.foundation.clock import Clock
from triplepoint.foundation.secret import Secret
from triplepoint.foundation.units import parse_duration

WRONG_USAGE = 2
_FILE_WIDTH = 240  # where no terminal says how wide it is


def seconds(text: str) -> float:
    """Read a duration of an option."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


ExpiresIn = Annotated[
    float | None,
    typer.Option(
        "--expires-in", parser=seconds, metavar="DURATION", help="Ends after this time, such as 90d.", show_default="never"
    ),
]
Overlap = Annotated[
    float | None,
    typer.Option(
        "--overlap",
        parser=seconds,
        metavar="DURATION",
        help="How long the old key goes on working, such as 1d.",
        show_default="not at all",
    ),
]

MOMENTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
"""How a moment is written."""
From = Annotated[datetime | None, typer.Option("--from", formats=MOMENTS, help="From this moment on, UTC.", show_default="now")]
Until = Annotated[
    datetime | None,
    typer.Option("--until", formats=MOMENTS, help="Ends at this moment, UTC.", show_default="when it is ended"),
]
Lasts = Annotated[
    float | None, typer.Option("--for", parser=seconds, metavar="DURATION", help="Ends after this time, such as 7d.")
]
Reason = Annotated[str, typer.Option("--reason", help="Why; for whoever reads statement or audit log later.")]


def local_actor() -> Actor:
    """Return the person at this machine's command line, whom the rights on the data folder make an admin."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may run as somebody whom no file knows
        user = f"uid-{os.getuid()}"
    return Actor(f"local:{user}", Role.ADMIN)


def customer_names(access: AccessService) -> dict[str, str]:
    """Return what customers are called, by their ids."""
    return {one.id: one.name for one in access.customers.all(local_actor())}


def moment_in(clock: Clock, seconds: float | None) -> int | None:
    """Return the moment after some seconds from now; None for never."""
    return None if seconds is None else clock.now_us() + round(seconds * 1_000_000)


def utc_us(moment: datetime | None) -> int | None:
    """Return a moment as written on the command line, which is UTC, in microseconds; None for none."""
    return None if moment is None else round(moment.replace(tzinfo=UTC).timestamp()) * 1_000_000


def moment_text(moment_us: int | None) -> str:
    """Write a moment for people, UTC; ``-`` for none."""
    if moment_us is None:
        return "-"
    return f"{datetime.fromtimestamp(moment_us // 1_000_000, tz=UTC):%Y-%m-%d %H:%M:%S}"


def key_state(key: Key | OperatorKey, clock: Clock) -> str:
    """Say in a word whether a key opens anything."""
    if key.revoked_us is not None:
        return "revoked"
    return "live" if key.is_live(clock.now_us()) else "expired"


def plain(record: Customer | Key | Operator | OperatorKey) -> dict[str, Any]:
    """Return a record as JSON values, without its digest."""
    return {name: value for name, value in asdict(record).items() if name != "digest"}


def print_json(value: object) -> None:
    """Write JSON to standard output."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(table: Table) -> None:
    """Write a table to standard output; nothing is cut off, and the first column, an id to copy, stays on one line."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_FILE_WIDTH)
    for column in table.columns:
        column.overflow = "fold"
    table.columns[0].no_wrap = True
    console.print(table)


def say(text: str) -> None:
    """Tell the person something that is not the command's result."""
    Console(stderr=True, highlight=False, markup=False, soft_wrap=True).print(text)


def show_once(text: Secret, about: str) -> None:
    """Write a new key or password to standard output, alone on its line, and beside it what it is."""
    say(f"{about} It is shown this once:")
    print(text.reveal())


def read_password(*, from_stdin: bool) -> Secret:
    """Ask for a new password twice, unseen; or take the first line of standard input."""
    if from_stdin:
        return Secret(sys.stdin.readline().rstrip("\r\n"))
    return Secret(typer.prompt("password", hide_input=True, confirmation_prompt=True, err=True))
