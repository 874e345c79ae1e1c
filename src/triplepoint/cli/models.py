"""``triplepoint models``: fetch the embedded family's files, say what they are and where they lie."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Table

from triplepoint.foundation.errors import TriplepointError
from triplepoint.upstreams.local.cache import CachedModel, FileState, inspect, models_folder
from triplepoint.upstreams.local.catalog import FAMILY, LocalFile, Source, WebFile, family_model
from triplepoint.upstreams.local.pull import OnProgress, ignore_progress, pull
from triplepoint.upstreams.local.pull import Progress as PullProgress

app = typer.Typer(help="The embedded family's model files.", no_args_is_help=True)

_FAILED = 1
_WRONG_USAGE = 2

AsJson = Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")]


class ModelFile(msgspec.Struct, frozen=True, kw_only=True):
    """One tier, as ``--json`` shows it."""

    tier: str
    name: str
    state: FileState
    path: str
    size_bytes: int
    present_bytes: int
    sha256: str
    licence: str
    provenance: str
    sources: list[str]


class Pulled(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one pull, as ``--json`` shows it."""

    tier: str
    path: str | None
    """None where it failed."""
    seconds: float
    error: str | None


@app.command("pull")
def pull_command(
    tiers: Annotated[
        list[str] | None, typer.Argument(metavar="[TIER]...", help="nano, mini, regular; all if left out.")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--from", metavar="PATH|URL", help="Take this one tier's file from here; its hash decides.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch model files into the cache; goes on where a former pull was broken off."""
    chosen = tiers or list(FAMILY)
    if source is not None and len(chosen) != 1:
        _complain("--from gives the file of one tier: name it, as in `triplepoint models pull mini --from PATH`")
        raise typer.Exit(_WRONG_USAGE)
    _check_tiers(chosen)
    origin = None if source is None else _source(source)
    with _progress(is_shown=not as_json) as on_progress:
        results = [_pull_one(tier, origin, on_progress) for tier in chosen]
    if as_json:
        _print_json(results)
    else:
        _tell(results)
    if any(result.error for result in results):
        raise typer.Exit(_FAILED)


@app.command("list")
def list_command(
    verify: Annotated[bool, typer.Option("--verify", help="Hash each file again; its size is looked at in any case.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the family: state, size, licence, provenance and path of each file."""
    found = [inspect(model, models_folder(), verify=verify) for model in FAMILY.values()]
    if as_json:
        _print_json([_as_data(cached) for cached in found])
        return
    table = Table("tier", "model", "state", "size", "licence")
    for cached in found:
        model = cached.model
        table.add_row(model.tier, model.name, _state_text(cached), f"{model.size_bytes / 1e6:.0f} MB", model.licence)
    console = Console(highlight=False)
    console.print(table)
    for cached in found:
        console.print(f"[bold]{cached.model.tier}[/bold] {cached.path}", soft_wrap=True)
        console.print(f"  {cached.model.provenance}")


@app.command("path")
def path_command(tier: Annotated[str, typer.Argument(help="nano, mini or regular.")]) -> None:
    """Print where a tier's file lies; fails if it is not there."""
    _check_tiers([tier])
    cached = inspect(family_model(tier), models_folder())
    if cached.state is not FileState.READY:
        _complain(f"{tier} is {cached.state.value}; run `triplepoint models pull {tier}`")
        raise typer.Exit(_FAILED)
    print(cached.path)


def _check_tiers(tiers: list[str]) -> None:
    for tier in tiers:
        try:
            family_model(tier)
        except TriplepointError as fault:
            _complain(fault.message)
            raise typer.Exit(_WRONG_USAGE) from None


def _source(text: str) -> Source:
    return WebFile(text) if "://" in text else LocalFile(Path(text))


def _pull_one(tier: str, source: Source | None, on_progress: OnProgress) -> Pulled:
    begun = time.monotonic()
    path, error = None, None
    try:
        path = str(pull(tier, cache=models_folder(), on_progress=on_progress, source=source))
    except TriplepointError as fault:
        error = fault.message
    return Pulled(tier=tier, path=path, seconds=round(time.monotonic() - begun, 3), error=error)


@contextmanager
def _progress(*, is_shown: bool) -> Generator[OnProgress]:
    """Show one bar for each tier on standard error."""
    if not is_shown:
        yield ignore_progress
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.fields[step]}"), console=Console(stderr=True)) as bars:
        tasks: dict[str, TaskID] = {}

        def show(progress: PullProgress) -> None:
            if progress.tier not in tasks:
                tasks[progress.tier] = bars.add_task(progress.tier, total=progress.total_bytes, step=progress.step)
            bars.update(tasks[progress.tier], completed=progress.done_bytes, step=progress.step)

        yield show


def _tell(results: list[Pulled]) -> None:
    for result in results:
        if result.error is None:
            print(f"{result.tier}: {result.path}")
        else:
            _complain(result.error)


def _as_data(cached: CachedModel) -> ModelFile:
    model = cached.model
    return ModelFile(
        tier=model.tier,
        name=model.name,
        state=cached.state,
        path=str(cached.path),
        size_bytes=model.size_bytes,
        present_bytes=cached.present_bytes,
        sha256=model.sha256,
        licence=model.licence,
        provenance=model.provenance,
        sources=[str(source) for source in model.sources],
    )


def _state_text(cached: CachedModel) -> str:
    if cached.state is FileState.PARTIAL:
        return f"{cached.state.value} ({cached.present_bytes / cached.model.size_bytes:.0%})"
    return cached.state.value


def _print_json(value: object) -> None:
    print(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def _complain(text: str) -> None:
    Console(stderr=True, soft_wrap=True, markup=False, highlight=False).print(text)
