"""``triplepoint route calibrate``: certificates for a scorer, from answers that were judged."""

from pathlib import Path
from typing import Annotated

import typer

from triplepoint.cli.options import AsJson, Folder
from triplepoint.foundation.errors import RequestInvalid


def calibrate(
    data: Annotated[
        list[Path],
        typer.Argument(help="Judged answers that the scorer was not trained on, or see --folds.", show_default=False),
    ],
    scorer: Annotated[Path, typer.Option(help="File of the scorer (.safetensors).", show_default=False)],
    misroute: Annotated[float, typer.Option(help="Misroutes among all requests, at most.")] = 0.05,
    confidence: Annotated[float, typer.Option(help="Of each certificate by itself.")] = 0.95,
    out: Annotated[Path | None, typer.Option(help="Where to write.", show_default="the scorer's file")] = None,
    models: Annotated[
        str | None, typer.Option(help="Only these, weakest first: a,b,c.", show_default="all, in the scorer's order")
    ] = None,
    plan: Annotated[
        str | None, typer.Option(help="Only what this plan of the folder may use, in the line-up's order.", show_default=False)
    ] = None,
    tagged: Annotated[
        bool, typer.Option("--tagged/--untagged", help="Live requests carry their group as the tag task.")
    ] = False,
    folds: Annotated[
        int | None,
        typer.Option(min=2, max=50, help="Certify on the training data itself, by scorers trained without each part of it."),
    ] = None,
    least_labels: Annotated[int, typer.Option(min=1, help="Labels from which on a group is certified by itself.")] = 200,
    good_from: Annotated[float, typer.Option(min=0.0, max=1.0, help="Score from which on an answer is good.")] = 0.5,
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """Work out how far `auto` may go below the strongest model, and write it into the scorer's file as certificates.

    A certificate says: with this confidence, at most this share of all requests is sent to a model whose answer is bad where
    the strongest one's had been good. The file gets a new hash, which the line-up must name.
    """
    from triplepoint.cli.route_certificates import Wanted, certify  # loads numpy, which no other command should wait for

    if not (0.0 < misroute < 1.0 and 0.5 < confidence < 1.0):
        raise RequestInvalid(
            f"misroute {misroute:g} needs to be between 0 and 1, confidence {confidence:g} between 0.5 and 1", param="misroute"
        )
    if models is not None and plan is not None:
        raise RequestInvalid("give --models or --plan: a plan says which models there are", param="plan")
    wanted = Wanted(
        misroute=misroute,
        confidence=confidence,
        models=None if models is None else [name.strip() for name in models.split(",")],
        plan=plan,
        folder=folder,
        are_tagged=tagged,
        folds=folds,
        least_labels=least_labels,
        good_from=good_from,
    )
    certify(data, scorer, wanted, out=out or scorer, as_json=as_json)
