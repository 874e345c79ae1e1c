"""``triplepoint check``: is the configuration right, and, asked so, do the upstreams answer?

The composition root hands in who calls upstreams: ``app.command("check")(check_command(call_upstreams))``.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Never

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from triplepoint.app import load_today
from triplepoint.configuration.calls import Caller, CallResult
from triplepoint.configuration.model import Configuration
from triplepoint.foundation.errors import Problem, SettingsInvalid

_FAILED = 1
_WRONG_FILES = 2


def check_command(caller: Caller) -> Callable[..., None]:
    """Return the command, which calls upstreams by the given function."""

    def check(
        folder: Annotated[Path, typer.Option("--dir", "-C", help="Folder with triplepoint.yaml.")] = Path(),
        call: Annotated[bool, typer.Option("--call", help="Call each upstream once as well.")] = False,
        as_json: Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")] = False,
    ) -> None:
        """Validate all files at once; with --call, call each upstream once. Exits with 2 where a file is wrong."""
        configuration = _load(folder, as_json=as_json)
        results = asyncio.run(_call(caller, configuration)) if call else []
        if as_json:
            print(json.dumps(_document(configuration, results), indent=2))
        else:
            _tell(configuration, results)
        if not all(result.is_ok for result in results):
            raise typer.Exit(_FAILED)

    return check


async def _call(caller: Caller, configuration: Configuration) -> list[CallResult]:
    return await caller(configuration)


def _load(folder: Path, *, as_json: bool) -> Configuration:
    try:
        return load_today(folder)
    except SettingsInvalid as error:
        _refuse(error, as_json=as_json)


def _refuse(error: SettingsInvalid, *, as_json: bool) -> Never:
    if as_json:
        print(json.dumps({"ok": False, "problems": [_plain(problem) for problem in error.problems]}, indent=2))
    else:
        _print_problems(Console(stderr=True, highlight=False), error.problems, "[red]problem[/red]")
        count = len(error.problems)
        Console(stderr=True).print(f"{count} problem{'s' if count > 1 else ''}; nothing was changed")
    raise typer.Exit(_WRONG_FILES)


def _plain(problem: Problem) -> dict[str, object]:
    parts = {"file": problem.file, "line": problem.line, "key": problem.key}
    return {**parts, "message": problem.message, "fix": problem.fix}


def _print_problems(console: Console, problems: Sequence[Problem], label: str) -> None:
    for problem in problems:
        place = f"{problem.file}:{problem.line}" if problem.line else problem.file
        console.print(f"{label} [bold]{escape(place)}[/bold] {escape(problem.key)}", soft_wrap=True)
        console.print(f"    {escape(problem.message)}", soft_wrap=True)
        console.print(f"    [green]fix:[/green] {escape(problem.fix)}", soft_wrap=True)


def _document(configuration: Configuration, results: Sequence[CallResult]) -> dict[str, object]:
    return {
        "ok": all(result.is_ok for result in results),
        "lineup": {"name": configuration.lineup.lineup, "hash": configuration.active.hash},
        "lineups": {name: loaded.hash for name, loaded in configuration.lineups.items()},
        "names": list(configuration.names.plain),
        "prices": len(configuration.book),
        "price_book": configuration.book.digest,
        "warnings": [_plain(problem) for problem in configuration.warnings],
        "calls": [msgspec.to_builtins(result) for result in results],
    }


def _tell(configuration: Configuration, results: Sequence[CallResult]) -> None:
    console = Console(highlight=False)
    _print_problems(console, configuration.warnings, "[yellow]warning[/yellow]")
    lineup = configuration.lineup
    console.print(
        f"[green]right[/green] line-up {lineup.lineup} ({configuration.active.hash}): {', '.join(configuration.names.plain)}"
    )
    book = configuration.book
    console.print(f"      {len(configuration.settings.upstreams)} upstreams, {len(book)} price rows ({book.digest[:12]})")
    if results:
        console.print(_table(results))


def _table(results: Sequence[CallResult]) -> Table:
    table = Table("upstream", "model", "answer", "status", "seconds", "why")
    for result in results:
        seconds = "" if result.total_s is None else f"{result.total_s:.2f}"
        answer = "[green]yes[/green]" if result.is_ok else "[red]no[/red]"
        status = "" if result.status is None else str(result.status)
        table.add_row(escape(result.upstream), escape(result.model), answer, status, seconds, escape(result.error or ""))
    return table
