"""``triplepoint up``: everything on this machine with one command; and the two processes one by one.

Each imports what it runs only when it runs it: a gateway holds no console in its memory.
"""

from pathlib import Path
from typing import Annotated

import typer

from triplepoint.cli.options import Folder


def up(
    folder: Folder = Path(),
    pull: Annotated[bool, typer.Option(help="Fetch the embedded family's model files if they are missing.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Write what happens as lines of JSON.")] = False,
) -> None:
    """Start the gateway, the control plane and the embedded family; writes a configuration first where there is none.

    Shows a line for each request until Ctrl-C stops everything.
    """
    from triplepoint.processes.up import run_up

    raise typer.Exit(run_up(folder, pull=pull, as_json=as_json))


def gateway(folder: Folder = Path()) -> None:
    """Run the gateway alone, as a service would; SIGHUP loads the files again, SIGTERM stops it."""
    from triplepoint.processes.gateway import run_gateway

    run_gateway(folder)


def control(folder: Folder = Path()) -> None:
    """Run the control plane alone: admin API, console, ledger."""
    from triplepoint.processes.control import run_control

    run_control(folder)
