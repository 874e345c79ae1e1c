"""What ``triplepoint route evaluate`` does: reads data, measures, prints; numpy and more are loaded here and not before."""

import json
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from triplepoint.app import load_today
from triplepoint.cli.route_certificates import read_scorer_file, refuse_seen
from triplepoint.cli.route_energy import in_energy, read_prices, read_sizes
from triplepoint.files.seed import seed_folder
from triplepoint.foundation.errors import NotFound, RequestInvalid
from triplepoint.gateway.snapshot import compile_snapshot
from triplepoint.routing.evaluation.baselines import Baseline, LabelTable, Ladder, Length, Mix, Neighbours, Oracle
from triplepoint.routing.evaluation.board import Board, make_board
from triplepoint.routing.evaluation.datasets import Labelled, read_data
from triplepoint.routing.evaluation.report.document import document_of
from triplepoint.routing.evaluation.report.page import page_of
from triplepoint.routing.evaluation.report.words import facts, notes, short_cells, short_heads
from triplepoint.routing.scorer.table import TableScorer, load_scorer
from triplepoint.routing.training.contestant import GivenTable, LearnedTable, Training

_PUBLISHED: Final = Path("data") / "routing"
_MANY: Final = 3000
"""Prompts, from which on other processes are worth their second of starting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Energy:
    """What is known of models beyond their names, so that the energy of calls can be modelled."""

    sizes: Sequence[str]
    """``MODEL=12.9/46.7``, billions of parameters."""
    prices: Sequence[str]
    """``MODEL=10``, USD for a million tokens of output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How routers are to be measured."""

    models: Sequence[str] | None
    """Only these, cheapest or weakest first; None: all."""
    folds: int
    seed: int
    draws: int
    knows_groups: bool
    scorer: Path | None
    """A scorer's file that takes part as it is; None: one is trained in each fold."""
    energy: Energy | None
    """Calls cost energy; None: money."""

    @property
    def unit(self) -> str:
        """What calls cost."""
        return "USD" if self.energy is None else "Wh"


def show(files: Sequence[Path], wanted: Wanted, *, html: Path | None, as_json: bool, command: str) -> None:
    """Measure routers on files and print what came of it.

    Args:
        files: None: those of the repository.
        html: Where to write a page.
        command: What was typed, for the page.
    """
    boards = _boards([taken(read_data(path), wanted) for path in files or published_data()], wanted)
    if html is not None:
        html.write_text(page_of(boards, command=command), "utf-8")
    if as_json:
        print(json.dumps([document_of(board) for board in boards], indent=2, allow_nan=False))
        return
    console = Console(highlight=False)
    for board in boards:
        _print(board, console)
    if html is not None:
        console.print(f"{escape(str(html))}: tables and charts")


def published_data() -> list[Path]:
    """Return the data that come with the repository.

    Raises: NotFound: this is no checkout; wheels do not carry them.
    """
    for folder in (Path() / _PUBLISHED, seed_folder() / _PUBLISHED):
        if found := sorted(folder.glob("*.parquet")):
            return found
    raise NotFound(
        "there is no data/routing here: the repository has it, the package does not; run this in a clone, or name files"
    )


def taken(data: Labelled, wanted: Wanted) -> Labelled:
    """Take of the data what is wanted."""
    kept = data if wanted.models is None else data.only(wanted.models)
    if not wanted.knows_groups:
        kept = replace(kept, groups=[""] * len(kept))
    if wanted.energy is None:
        return kept
    return in_energy(kept, sizes=read_sizes(wanted.energy.sizes), mtok_usd=read_prices(wanted.energy.prices))


def _boards(sets: Sequence[Labelled], wanted: Wanted) -> list[Board]:
    routers = [list(_routers(one, wanted)) for one in sets]
    make = partial(make_board, folds=wanted.folds, seed=wanted.seed, draws=wanted.draws, unit=wanted.unit)
    with progress(wanted.folds * sum(map(len, routers))) as advance, _workers(sum(map(len, sets))) as executor:
        return [make(one, those, executor=executor, progress=advance) for one, those in zip(sets, routers, strict=True)]


@contextmanager
def _workers(prompts: int) -> Generator[Executor | None, None, None]:
    """Give the machine's processors to work on; none where starting them takes longer than the work."""
    count = os.cpu_count() or 1
    if count < 2 or prompts < _MANY:
        yield None
        return
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as executor:
        yield executor


def _routers(data: Labelled, wanted: Wanted) -> Iterator[Baseline]:
    """Yield who takes part: what reads words only where there are words, a table of labels only where there are two."""
    has_text, has_labels = any(data.prompts), len(set(data.groups)) > 1
    yield Mix()
    if has_text:
        yield Length()
        yield _rules()
    if has_labels:
        yield LabelTable()
    if has_text:
        yield Neighbours()
        yield from _ours(data, wanted, has_labels=has_labels)
    yield Oracle()


def _ours(data: Labelled, wanted: Wanted, *, has_labels: bool) -> Iterator[Baseline]:
    if wanted.scorer is not None:
        yield GivenTable(_scorer_for(data, wanted.scorer), wanted.scorer.name)
        return
    training = Training(wanted.seed)
    yield LearnedTable(training, knows_group=True)
    if has_labels:
        yield LearnedTable(training, knows_group=False)


def _scorer_for(data: Labelled, file: Path) -> TableScorer:
    """Load a scorer that knows all models of the data, and has not seen the data."""
    scorer = load_scorer(read_scorer_file(file))
    refuse_seen(data, scorer)
    for model in data.models:
        if model not in scorer.models:
            raise RequestInvalid(
                f"{file.name} knows no {model}; name models that it knows with --models: {', '.join(scorer.models)}",
                param="models",
            )
    return scorer


def _rules() -> Ladder:
    """Return the rules of the line-up that ships with Triplepoint."""
    configuration = load_today(seed_folder())
    setup = compile_snapshot(configuration, (), made_us=0).active.setup
    if setup is None:
        raise NotFound("the line-up that ships with this installation has no router; install the package again")
    return Ladder(setup.compile(), tuple(configuration.lineup.models))


@contextmanager
def progress(steps: int) -> Generator[Callable[[str], None], None, None]:
    """Show on standard error what is done; nothing where that is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("reading", total=steps)

        def advance(what: str) -> None:
            bar.update(task, description=escape(what), advance=1)

        yield advance


def _print(board: Board, console: Console) -> None:
    console.print(f"[bold]{escape(board.contest.data.name)}[/bold]")
    for line in facts(board):
        console.print(escape(line), soft_wrap=True)
    first, *middle, last = short_heads(board)
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(first, min_width=16)
    for head in middle:
        table.add_column(head, no_wrap=True, justify="right")
    table.add_column(last, min_width=12)
    for line in short_cells(board):
        table.add_row(*map(escape, line.cells), style="dim" if line.quoted else None)
    console.print(table)
    for line in notes(board):
        console.print(escape(line), soft_wrap=True)
    console.print()
