"""What each model scored on each prompt, in memory, whatever file it came from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from triplepoint.files.nearest import suggest
from triplepoint.foundation.errors import Problem, RequestInvalid, SettingsInvalid
from triplepoint.routing.evaluation.layouts import Layout, layout_of
from triplepoint.routing.evaluation.tables import Table, read_table, refuse

Matrix = NDArray[np.float64]
"""Floats, a row for each prompt and a column for each model."""

KINDS: Final = ("score", "cost", "output_tokens", "answer")
"""What our own columns may say of a model: ``KIND:MODEL``."""


@dataclass(frozen=True)
class Labelled:
    """Prompts, and what each model made of them."""

    name: str
    """Of the file, without its ending."""
    prompts: list[str]
    """Texts to route on; all empty where the publisher gives none."""
    groups: list[str]
    """Task, subject or tenant of each prompt; empty: none."""
    models: tuple[str, ...]
    """The cheapest first by mean cost, without costs the weakest first by mean score; a published pair as published."""
    scores: Matrix
    """Prompts × models, 0…1; NaN: not known."""
    costs: Matrix | None
    """Prompts × models, USD of the whole call; NaN: not known. None: of no model."""
    output_tokens: Matrix | None
    """Prompts × models; NaN: not known. None: of no model."""
    digest: str
    """SHA-256 of the file, 64 hexadecimal characters."""
    licence: str
    """Terms as the publisher states them; empty: not stated."""
    source: str
    """Who published it; empty: the file does not say."""
    answers: Mapping[str, list[str]] | None = None
    """By model, where the texts are there."""

    def __len__(self) -> int:
        return len(self.prompts)

    def rows(self, kept: Sequence[int] | NDArray[np.intp]) -> "Labelled":
        """Return some of the prompts, in the order given."""
        index = np.asarray(kept, dtype=np.intp)
        return replace(
            self,
            prompts=[self.prompts[row] for row in index],
            groups=[self.groups[row] for row in index],
            scores=self.scores[index],
            costs=None if self.costs is None else self.costs[index],
            output_tokens=None if self.output_tokens is None else self.output_tokens[index],
            answers=None
            if self.answers is None
            else {name: [texts[row] for row in index] for name, texts in self.answers.items()},
        )

    def only(self, models: Sequence[str]) -> "Labelled":
        """Return some of the models, in the order given: the cheapest or weakest first.

        Raises: RequestInvalid: a model is not there.
        """
        for model in models:
            if model not in self.models:
                raise RequestInvalid(
                    f"{self.name} has no model {model}; {suggest(model, self.models, 'models')}", param="models"
                )
        places = [self.models.index(model) for model in models]
        return replace(
            self,
            models=tuple(models),
            scores=self.scores[:, places],
            costs=None if self.costs is None else self.costs[:, places],
            output_tokens=None if self.output_tokens is None else self.output_tokens[:, places],
            answers=None if self.answers is None else {name: self.answers[name] for name in models if name in self.answers},
        )

    def complete(self) -> "Labelled":
        """Return the prompts on which every model has a score."""
        return self.rows(np.flatnonzero(~np.isnan(self.scores).any(axis=1)))


def read_data(path: Path, *, licence: str = "", source: str = "") -> Labelled:
    """Read a file of any layout that `layouts` knows.

    Args:
        licence, source: What to state for it; without, what is known of a published layout.
    Raises:
        SettingsInvalid: The file is wrong; says row, column and fix.
        RequestInvalid: Parquet without pyarrow.
    """
    table = read_table(path)
    layout = layout_of(table)
    return _labelled(path.stem, layout.turn(table), layout, licence or layout.licence, source or layout.source)


def _labelled(name: str, table: Table, layout: Layout, licence: str, source: str) -> Labelled:
    models = _models(table)
    if not table.lines:
        refuse([Problem(table.name, 0, "contaminated", "every row is left out", "mark only what must not count")])
    answers = {model: table.texts(f"answer:{model}") for model in models if f"answer:{model}" in table.columns}
    scores = _matrix(table, "score", models, most=1.0)
    if scores is None:
        raise SettingsInvalid([table.problem(-1, "score:…", "no cell holds a score", "give scores from 0 to 1")])
    data = Labelled(
        name=name,
        prompts=table.texts("prompt") if "prompt" in table.columns or not layout.may_lack_text else [""] * len(table.lines),
        groups=table.texts("group") if "group" in table.columns else [""] * len(table.lines),
        models=models,
        scores=scores,
        costs=_matrix(table, "cost", models),
        output_tokens=_matrix(table, "output_tokens", models),
        digest=table.digest,
        licence=licence,
        source=source,
        answers=answers or None,
    )
    return data if layout.is_ordered else data.only(_order(data))


def _models(table: Table) -> tuple[str, ...]:
    problems: list[Problem] = []
    models: list[str] = []
    for name in table.columns:
        kind, colon, model = name.partition(":")
        if colon and (kind not in KINDS or not model):
            problems.append(table.problem(-1, name, f"no such kind of column: {kind}", suggest(kind, KINDS, "kinds")))
        elif kind == "score":
            models.append(model)
    for name in table.columns:
        kind, colon, model = name.partition(":")
        if colon and kind in KINDS and model not in models:
            problems.append(table.problem(-1, name, "its model has no scores", f"add score:{model}, or leave it out"))
    if len(models) < 2 and not problems:
        problems.append(table.problem(-1, "score:…", "there are not two models to choose from", "add a column score:MODEL"))
    refuse(problems)
    return tuple(models)


def _matrix(table: Table, kind: str, models: Sequence[str], most: float = np.inf) -> Matrix | None:
    """Return what is said of the models, NaN for a model of which it is not; None where it is of none."""
    named = [f"{kind}:{model}" for model in models]
    if not any(name in table.columns for name in named):
        return None
    unknown = [np.nan] * len(table.lines)
    columns = [table.numbers(name, least=0, most=most) if name in table.columns else unknown for name in named]
    matrix = np.array(columns, dtype=np.float64).T
    return None if np.isnan(matrix).all() else matrix


def _order(data: Labelled) -> list[str]:
    measured = data.scores if data.costs is None or np.isnan(data.costs).all(axis=0).any() else data.costs
    known = ~np.isnan(measured)
    means = np.where(known, measured, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return [data.models[place] for place in np.argsort(means, kind="stable")]
