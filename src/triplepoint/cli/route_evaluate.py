"""``triplepoint route evaluate``: a leaderboard of routers on answers that are there already."""

import shlex
import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from triplepoint.cli.options import AsJson
from triplepoint.routing.evaluation.tables import ENDINGS


class Axis(StrEnum):
    """What calls cost."""

    MONEY = "money"
    ENERGY = "energy"


def evaluate(
    data: Annotated[
        list[Path] | None,
        typer.Argument(
            help=f"Files with scores ({', '.join(ENDINGS)}); without, data/routing of the repository.", show_default=False
        ),
    ] = None,
    models: Annotated[
        str | None, typer.Option(help="Only these models, cheapest or weakest first: a,b,c.", show_default="all")
    ] = None,
    scorer: Annotated[
        Path | None,
        typer.Option(help="A scorer's file that takes part as it is; nothing is trained.", dir_okay=False, show_default="none"),
    ] = None,
    folds: Annotated[int, typer.Option(min=2, max=50, help="Parts of the cross-validation.")] = 5,
    seed: Annotated[int, typer.Option(min=0, help="Of the folds and of the draws.")] = 1,
    draws: Annotated[int, typer.Option(min=20, max=10_000, help="Resamples for the intervals.")] = 500,
    groups: Annotated[bool, typer.Option("--groups/--no-groups", help="Let routers know each prompt's group.")] = True,
    after_answer: Annotated[
        bool, typer.Option("--after-answer", help="Look at the first model's answers before the second one is paid for.")
    ] = False,
    by: Annotated[Axis, typer.Option(help="What calls cost: money, or energy modelled from their tokens.")] = Axis.MONEY,
    size: Annotated[
        list[str] | None,
        typer.Option(
            help="Billions of parameters, active and in all, of a model whose name hides it: MODEL=12.9/46.7. May be repeated.",
            show_default="every size alike",
        ),
    ] = None,
    price: Annotated[
        list[str] | None,
        typer.Option(
            help="USD for a million tokens of output, of a model whose tokens the data do not tell: MODEL=10. May be repeated.",
            show_default="none",
        ),
    ] = None,
    ledger: Annotated[
        Path | None,
        typer.Option(
            help="Folder of an installation: say what other routers would have been worth on its traffic, by its audits.",
            file_okay=False,
            show_default="none",
        ),
    ] = None,
    lineup: Annotated[
        str | None, typer.Option(help="With --ledger: line-up whose router is tried.", show_default="the one that serves")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="With --ledger: only what came at or after it (UTC)."),
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with charts there.", dir_okay=False)] = None,
    as_json: AsJson = False,
) -> None:
    """Hold routers against each other on prompts whose answers were scored before. Nothing is sent to any model.

    Each prompt is routed by what was trained on other prompts. Needs the package's extra named route.
    """
    if ledger is not None:
        from triplepoint.cli.route_ledger import LedgerWanted, show_ledger

        if data or html is not None or after_answer:
            raise typer.BadParameter("--ledger reads no files and writes no page; leave them, --html and --after-answer out")
        show_ledger(LedgerWanted(ledger, lineup, since), as_json=as_json)
        return
    from triplepoint.cli.route_boards import Energy, Wanted, show  # loads numpy, which no other command should wait for

    names = None if models is None else [name.strip() for name in models.split(",")]
    energy = None if by is Axis.MONEY else Energy(sizes=size or (), prices=price or ())
    wanted = Wanted(models=names, folds=folds, seed=seed, draws=draws, knows_groups=groups, scorer=scorer, energy=energy)
    if after_answer:
        from triplepoint.cli.route_after import show_after

        if html is not None:
            raise typer.BadParameter("--after-answer has no page; leave --html out")
        show_after(data or (), wanted, as_json=as_json)
        return
    show(data or (), wanted, html=html, as_json=as_json, command=shlex.join(["triplepoint", *sys.argv[1:]]))
