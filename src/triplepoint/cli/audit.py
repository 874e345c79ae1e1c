"""``triplepoint audit``: who changed what."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from triplepoint.access.model import AuditEntry
from triplepoint.app import open_installation
from triplepoint.cli.local import local_actor, moment_text, print_json, print_table
from triplepoint.cli.options import AsJson, Folder

app = typer.Typer(help="The audit log: every write, by whom, to what.", no_args_is_help=True)


@app.callback()
def audit() -> None:
    """Keep `list` a word of its own, though it is the only one."""


@app.command("list")
def list_command(
    subject: Annotated[str | None, typer.Option("--subject", help="Only about this id.")] = None,
    before: Annotated[int | None, typer.Option("--before", metavar="LINE", help="Only lines older than this one.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="At most so many.")] = 50,
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """List writes, newest first."""
    with open_installation(folder) as installation:
        entries = installation.access.audit(local_actor(), before_id=before, subject=subject, limit=limit)
    if as_json:
        print_json([_plain(entry) for entry in entries])
        return
    table = Table("line", "at (UTC)", "by", "what", "to", "detail")
    for entry in entries:
        row = (moment_text(entry.at_us), entry.actor, entry.action, entry.subject, entry.detail)
        table.add_row(str(entry.id), *(escape(text) for text in row))
    print_table(table)


def _plain(entry: AuditEntry) -> dict[str, object]:
    return {
        "id": entry.id,
        "at_us": entry.at_us,
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "detail": json.loads(entry.detail),
    }
