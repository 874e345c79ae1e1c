"""What ``triplepoint route evaluate --after-answer`` does: measures and prints; loaded when it is asked for."""

import json
from collections.abc import Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from triplepoint.cli.route_boards import Wanted, progress, published_data, taken
from triplepoint.routing.evaluation.after_answer import AfterAnswer, look_after
from triplepoint.routing.evaluation.datasets import read_data
from triplepoint.routing.evaluation.report.after import after_document, after_facts, after_lines


def show_after(files: Sequence[Path], wanted: Wanted, *, as_json: bool) -> None:
    """Measure what looking at answers is worth, and print what came of it.

    Args:
        files: None: those of the repository.
    """
    sets = [taken(read_data(path), wanted) for path in files or published_data()]
    with progress(wanted.folds * len(sets)) as advance:
        looks = [look_after(one, folds=wanted.folds, seed=wanted.seed, draws=wanted.draws, progress=advance) for one in sets]
    if as_json:
        print(json.dumps([after_document(one) for one in looks], indent=2, allow_nan=False))
        return
    console = Console(highlight=False)
    for one in looks:
        _print(one, console)


def _print(look: AfterAnswer, console: Console) -> None:
    console.print(f"[bold]{escape(look.contest.data.name)}[/bold]")
    table = Table(box=SIMPLE_HEAD)
    for head in ("the cheap answer is looked at by", "escalated", "quality", "cost"):
        table.add_column(head, justify="left" if head.startswith("the") else "right")
    for line in after_lines(look):
        table.add_row(*map(escape, line))
    console.print(table)
    for fact in after_facts(look):
        console.print(escape(fact), soft_wrap=True)
    console.print()
