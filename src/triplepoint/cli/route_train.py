"""``triplepoint route train``: a scorer's file from answers that were scored."""

from pathlib import Path
from typing import Annotated

import typer

from triplepoint.cli.options import AsJson
from triplepoint.foundation.errors import RequestInvalid
from triplepoint.routing.evaluation.tables import ENDINGS


def train(
    data: Annotated[
        list[Path] | None, typer.Argument(help=f"Files with prompts and scores ({', '.join(ENDINGS)}).", show_default=False)
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="File to write, routers/NAME.safetensors.", dir_okay=False, show_default=False)
    ] = None,
    models: Annotated[str | None, typer.Option(help="Only these models, weakest first: a,b,c.", show_default="all")] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same data and seed give the same numbers.")] = 0,
    folds: Annotated[int, typer.Option(min=2, max=50, help="Parts of the cross-validation.")] = 5,
    licence: Annotated[
        str | None, typer.Option(help="Of the data, for the card.", show_default="as their publisher states it")
    ] = None,
    add: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Add a model to --scorer instead of training one.", show_default=False)
    ] = None,
    scorer: Annotated[Path | None, typer.Option(help="The scorer to add it to.", dir_okay=False, show_default=False)] = None,
    labels: Annotated[
        Path | None, typer.Option(help="Scores of the added model, at least 20.", dir_okay=False, show_default=False)
    ] = None,
    profile: Annotated[
        Path | None,
        typer.Option(
            help="How the added model did in an eval: JSON with mean, groups, output_tokens.",
            dir_okay=False,
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train a scorer on prompts that models have answered, and print its card. Nothing is sent to any model.

    Contaminated rows of public sets are left out. Needs the package's extra named route.
    """
    if out is None:
        raise RequestInvalid("say where to write the scorer: --out routers/NAME.safetensors", param="out")
    from triplepoint.cli.route_training import Newcomer, Wanted, add_newcomer, train_anew  # loads numpy

    if add is None:
        if scorer or labels or profile:
            raise RequestInvalid("--scorer, --labels and --profile go with --add MODEL", param="add")
        names = None if models is None else [name.strip() for name in models.split(",")]
        train_anew(data or [], Wanted(names, seed, folds, licence), out=out, as_json=as_json)
        return
    if data or models or scorer is None or labels is None:
        raise RequestInvalid("--add MODEL needs --scorer FILE and --labels FILE, and no other data or models", param="add")
    newcomer = Newcomer(model=add, scorer=scorer, labels=labels, profile=profile, licence=licence)
    add_newcomer(newcomer, seed=seed, out=out, as_json=as_json)
