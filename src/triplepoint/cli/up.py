"""``triplepoint up``: everything on this machine with one command; and the two processes one by one.

Each imports what it runs only when it runs it: a gateway holds no console in its memory.
"""

from pathlib import Path
from typing import Annotated

import typer

from triplepoint.cli.options import Folder

Workers = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=256,
        help="Gateway processes on the one port; by default what gateway.workers says. Several need shared counters.",
    ),
]


def up(
    folder: Folder = Path(),
    pull: Annotated[bool, typer.Option(help="Fetch the embedded family's model files if they are missing.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Write what happens as lines of JSON.")] = False,
    workers: Workers = None,
) -> None:
    """Start the gateway, the control plane and the embedded family; writes a configuration first where there is none.

    Shows a line for each request until Ctrl-C stops everything.
    """
    from triplepoint.processes.up import run_up

    raise typer.Exit(run_up(folder, pull=pull, as_json=as_json, workers=workers))


def gateway(
    folder: Folder = Path(),
    workers: Workers = None,
    worker: Annotated[
        int | None, typer.Option(min=1, hidden=True, help="Be this one of the workers, and nothing else.")
    ] = None,
) -> None:
    """Run the gateway alone, as a service would; SIGHUP loads the files again, SIGTERM stops it.

    With several workers, or with a database that machines share, this process looks after them and takes their journal into the
    database.
    """
    if worker is not None:
        from triplepoint.processes.gateway import run_gateway

        run_gateway(folder, worker=worker, is_alone=workers is None)
    else:
        from triplepoint.processes.workers import run_gateways

        run_gateways(folder, workers)


def control(folder: Folder = Path()) -> None:
    """Run the control plane alone: admin API, console, ledger."""
    from triplepoint.processes.control import run_control

    run_control(folder)
