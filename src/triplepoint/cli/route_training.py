"""What ``triplepoint route train`` does: reads data, trains, writes the file, prints its card."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from triplepoint.cli.route_boards import progress
from triplepoint.foundation.errors import NotFound, RequestInvalid
from triplepoint.routing.evaluation.datasets import Labelled, read_data
from triplepoint.routing.scorer.card import Card
from triplepoint.routing.training.fit import steps_of
from triplepoint.routing.training.newcomer import Profile, add_model
from triplepoint.routing.training.service import Trained, train


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a scorer is to be trained."""

    models: Sequence[str] | None
    """Only these; None: all."""
    seed: int
    folds: int
    licence: str | None
    """For the card; None: as the data's publisher states it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """A model that is to be added to a scorer."""

    model: str
    scorer: Path
    labels: Path
    profile: Path | None
    licence: str | None


def train_anew(files: Sequence[Path], wanted: Wanted, *, out: Path, as_json: bool) -> None:
    """Train a scorer on files, write it, and print its card.

    Raises: ScorerInvalid: there is nothing to learn from.
    """
    sets = [_read(file, wanted.licence) for file in files]
    if wanted.models is not None:
        sets = [one.only(wanted.models) for one in sets]
    with progress(steps_of(wanted.folds)) as advance:
        trained = train(sets, made=_today(), seed=wanted.seed, folds=wanted.folds, progress=advance)
    _finish(trained, out, as_json)


def add_newcomer(newcomer: Newcomer, *, seed: int, out: Path, as_json: bool) -> None:
    """Add a model to a scorer, write it, and print its card.

    Raises: ScorerInvalid: the scorer's file is not sound, or the labels are too few.
    """
    profile = None if newcomer.profile is None else _read_profile(newcomer.profile)
    data = _bytes_of(newcomer.scorer)
    labels = _read(newcomer.labels, newcomer.licence)
    _finish(add_model(data, newcomer.model, profile=profile, labels=labels, seed=seed), out, as_json)


def _today() -> date:
    return datetime.now(UTC).date()


def _read(file: Path, licence: str | None) -> Labelled:
    return read_data(file, licence=licence or "")


def _read_profile(file: Path) -> Profile:
    try:
        return msgspec.json.decode(_bytes_of(file), type=Profile)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestInvalid(
            f'{file} is no profile: {error}; write {{"mean": 0.7, "groups": {{"law": 0.6}}, "output_tokens": 120}}',
            param="profile",
        ) from error


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise NotFound(f"{file} cannot be read: {error.strerror}") from error


def _finish(trained: Trained, out: Path, as_json: bool) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(trained.data)
    digest = hashlib.sha256(trained.data).hexdigest()
    if as_json:
        found = {"file": str(out), "bytes": len(trained.data), "sha256": digest, "card": trained.card}
        print(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        _print(trained.card, Console(highlight=False))
        print(f"{out}: {len(trained.data):,} bytes\n\nfor the router in the line-up file:\n")
        print(f"  scorer:\n    file: {out}\n    sha256: {digest}")


def _print(card: Card, console: Console) -> None:
    sources = Table("data", "licence", "rows", "sha256", box=SIMPLE_HEAD)
    for one in card.data:
        sources.add_row(escape(one.source), escape(one.licence), f"{one.rows:,}", one.digest[:12])
    console.print(sources)
    quality = Table(
        "model", "labels", "mean score", "ECE", "Brier", box=SIMPLE_HEAD, title="on prompts not seen", title_justify="left"
    )
    for one in card.measured:
        if not one.group:
            quality.add_row(escape(one.model), f"{one.rows:,}", f"{one.mean_score:.3f}", f"{one.ece:.3f}", f"{one.brier:.3f}")
    console.print(quality)
    pairs = Table("weak", "strong", "APGR", "from", "group unnamed", "group means alone", box=SIMPLE_HEAD)
    for one in card.pairs:
        figures = (one.apgr, one.apgr_low, one.apgr_untagged, one.apgr_groups)
        pairs.add_row(escape(one.weak), escape(one.strong), *(f"{figure:.3f}" for figure in figures))
    if card.pairs:
        console.print(pairs)
    for note in card.notes:
        console.print(f"note: {escape(note)}")
