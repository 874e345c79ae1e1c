"""What ``triplepoint route calibrate`` does: reads scorer and labels, certifies, writes, prints."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from triplepoint.app import load_today
from triplepoint.files.nearest import suggest
from triplepoint.foundation.errors import NotFound, RequestInvalid, ScorerInvalid
from triplepoint.lineups.model import LearnedRouter, Lineup, ThresholdRouter
from triplepoint.plans.model import Plan
from triplepoint.routing.evaluation.datasets import Labelled, read_data
from triplepoint.routing.guarantee.calibrate import Judged, Stamp, calibrate
from triplepoint.routing.guarantee.labels import judged_by
from triplepoint.routing.guarantee.model import POOLED, Certificate, Certificates, decode_certificates, encode_certificates
from triplepoint.routing.scorer.file import with_certificates
from triplepoint.routing.scorer.seen import seen_share
from triplepoint.routing.scorer.table import TableScorer, load_scorer
from triplepoint.routing.training.service import join

_MOST_SEEN = 0.01
"""Share of prompts that may have been in the training: what people ask again and again is the same in any two samples."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be certified."""

    misroute: float
    confidence: float
    models: Sequence[str] | None
    """By the scorer's names, weakest first; None: all."""
    plan: str | None
    """Plan of the folder whose models are meant."""
    folder: Path
    are_tagged: bool
    folds: int | None
    """Parts of the training data; None: the labels were kept apart."""
    least_labels: int
    good_from: float


def certify(files: Sequence[Path], scorer_file: Path, wanted: Wanted, *, out: Path, as_json: bool) -> None:
    """Certify a scorer on files of judged answers, write it with its certificates, and print them.

    Raises: RequestInvalid: the scorer was trained on these labels, or does not know the models.
    """
    written = read_scorer_file(scorer_file)
    scorer, data = load_scorer(written), join([read_data(file) for file in files])
    models, references = _models(scorer, wanted)
    judged = _judged(data, scorer, models, wanted)
    fresh = calibrate(
        judged,
        misroute=wanted.misroute,
        confidence=wanted.confidence,
        stamp=Stamp(data.digest, scorer.bare_digest, datetime.now(UTC).date(), _note(wanted)),
        references=references,
        least_labels=wanted.least_labels,
    )
    earlier = decode_certificates(scorer.certificates) if scorer.certificates else Certificates()
    certified = with_certificates(written, encode_certificates(earlier.replacing(fresh)))
    out.write_bytes(certified)
    digest = hashlib.sha256(certified).hexdigest()
    if as_json:
        found = {"file": str(out), "sha256": digest, "scorer": scorer.bare_digest, "certificates": fresh}
        print(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        _print(fresh, out, digest)


def read_scorer_file(path: Path) -> bytes:
    """Return the bytes of a scorer's file.

    Raises: NotFound: it is not there, or cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotFound(f"{path} cannot be read: {error.strerror}; 'triplepoint route train' writes a scorer") from error


def refuse_seen(data: Labelled, scorer: TableScorer) -> None:
    """Refuse labels that the scorer was trained on: it knows them by heart, and would be certified for what it cannot do.

    Raises:
        RequestInvalid: More than one prompt in a hundred is one that it has seen, by the sketch in its card.
        ScorerInvalid: The sketch is damaged.
    """
    try:
        share = seen_share(scorer.card.prompts, data.prompts)
    except ValueError as error:
        raise ScorerInvalid("the scorer's card does not tell what it was trained on; train it anew") from error
    if share > _MOST_SEEN:
        raise RequestInvalid(
            f"the scorer was trained on {share:.0%} of the prompts of {data.name}, and its estimates are too good there; "
            "give labels that it has not seen, or its training data with --folds",
            param="data",
            code="labels_seen",
        )


def _judged(data: Labelled, scorer: TableScorer, models: Sequence[str], wanted: Wanted) -> Judged:
    if wanted.folds is None:
        refuse_seen(data, scorer)
        return judged_by(data, scorer, models, are_tagged=wanted.are_tagged, good_from=wanted.good_from)
    from triplepoint.routing.guarantee.out_of_fold import judged_out_of_fold  # training needs scipy

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("training without each part", total=wanted.folds)
        return judged_out_of_fold(
            data,
            scorer.card,
            models,
            folds=wanted.folds,
            are_tagged=wanted.are_tagged,
            good_from=wanted.good_from,
            progress=lambda number: progress.update(task, completed=number - 1),
        )


def _note(wanted: Wanted) -> str:
    if wanted.folds is None:
        return ""
    return f"worked out by {wanted.folds} scorers made like this one, each without the labels that it judged"


def _models(scorer: TableScorer, wanted: Wanted) -> tuple[list[str], list[str] | None]:
    """Return the models, weakest first, and the references to certify; None: every one that has a weaker one."""
    if wanted.plan is None:
        return list(wanted.models or scorer.card.models), None
    configuration = load_today(wanted.folder)
    plans = configuration.plans.file.plans if configuration.plans is not None else {}
    if wanted.plan not in plans:
        raise NotFound(f"there is no plan {wanted.plan}; {suggest(wanted.plan, plans, 'plans')}")
    models = _models_of(configuration.lineup, plans[wanted.plan], scorer)
    return models, models[-1:]


def _models_of(lineup: Lineup, plan: Plan, scorer: TableScorer) -> list[str]:
    router = lineup.router
    names = router.scorer.models if isinstance(router, LearnedRouter | ThresholdRouter) else {}
    entitled = [name for name in lineup.models if plan.models is None or name in plan.models]
    return [names.get(name, name) for name in entitled if names.get(name, name) in scorer.card.models]


def _print(certificates: Sequence[Certificate], out: Path, digest: str) -> None:
    console = Console(highlight=False, soft_wrap=True)
    first = certificates[0]
    promise = f"at most {100 * first.misroute:g} % of requests are misrouted"
    console.print(f"Promise: {promise}, with {100 * first.confidence:g} % confidence for each line by itself.")
    for reference in dict.fromkeys(one.reference for one in certificates):
        console.print(_table([one for one in certificates if one.reference == reference]))
    for note in dict.fromkeys(one.note for one in certificates if one.note):
        console.print(escape(f"note: {note}"))
    if all(one.threshold is None for one in certificates):
        console.print("No threshold keeps the promise: under it, auto is the strongest model for every request.")
    console.print(f"wrote {escape(str(out))}\nsha256: {digest}")


def _table(certificates: Sequence[Certificate]) -> Table:
    first = certificates[0]
    title = f"reference {escape(first.reference)}, below it {escape(', '.join(first.models))}"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    table.add_column("group")
    for name in ("labels", "unjudged", "threshold", "downgraded", "misroutes", "bound"):
        table.add_column(name, justify="right")
    for one in certificates:
        group = one.group if one.group != POOLED else "all" if len(one.groups) < 2 else f"{len(one.groups)} small ones, pooled"
        if one.threshold is None:
            table.add_row(escape(group), f"{one.labels:,}", f"{one.unjudged:,}", "none", "0.0%", "-", "-")
        else:
            numbers = (f"{one.threshold:.4f}", f"{one.downgraded:.1%}", str(one.misroutes), f"{one.bound:.2%}")
            table.add_row(escape(group), f"{one.labels:,}", f"{one.unjudged:,}", *numbers)
    return table
