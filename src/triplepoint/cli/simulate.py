"""``triplepoint simulate``: the simulated upstream alone, as a server for tests, rehearsals and load."""

import asyncio
import json
import signal
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from triplepoint.foundation.errors import SettingsInvalid
from triplepoint.upstreams.simulated.model import Script
from triplepoint.upstreams.simulated.script_file import LoadedScript, load_script, prepare
from triplepoint.upstreams.simulated.server import SimulatedServer


def simulate(
    script: Annotated[Path | None, typer.Argument(help="Script file in YAML or JSON; without, it echoes.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    seen_file: Annotated[
        Path | None, typer.Option(help="File that gets one line of JSON for each request, before it is answered.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only read the script and say what is wrong with it.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Say what happens in JSON.")] = False,
) -> None:
    """Serve scripted answers, delays and faults in the dialects of OpenAI and Anthropic, on loopback, until interrupted."""
    loaded = _load(script, as_json=as_json)
    if check:
        count = len(loaded.script.cases)
        typer.echo(json.dumps({"ok": True, "cases": count}) if as_json else f"The script is right; it has {count} cases.")
        return
    server = SimulatedServer(loaded, port=port, seen_file=seen_file)
    try:
        uvloop.run(_serve(server, as_json=as_json))
    except OSError as error:
        typer.echo(f"{error.strerror or error}; free the port, or name another one with --port", err=True)
        raise typer.Exit(1) from None


def _load(script: Path | None, *, as_json: bool) -> LoadedScript:
    if script is None:
        return prepare(Script())
    try:
        return load_script(script)
    except SettingsInvalid as error:
        problems = [str(problem) for problem in error.problems]
        typer.echo(json.dumps({"ok": False, "problems": problems}) if as_json else "\n".join(problems), err=not as_json)
        raise typer.Exit(2) from None


async def _serve(server: SimulatedServer, *, as_json: bool) -> None:
    """Serve until SIGINT or SIGTERM; then say how many requests there were."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    async with server:
        typer.echo(json.dumps({"base_url": server.base_url}) if as_json else f"Simulated upstream on {server.base_url}")
        await stopping.wait()
    typer.echo(json.dumps({"requests": server.seen.count}) if as_json else f"Stopped after {server.seen.count} requests.")
