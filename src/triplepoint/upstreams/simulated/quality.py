"""Known quality: how probable a right answer is for each model and prompt, and the draw that decides.

A judge, a router or a release gate can be checked only where the truth is known. Here it is: the probability stands in a table,
and whether this model gets this prompt right is one draw for the pair. Asking again gives the same answer, and two models of
equal quality are right on different prompts.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from triplepoint.foundation.errors import Problem, SettingsInvalid
from triplepoint.upstreams.simulated.draws import draw
from triplepoint.upstreams.simulated.model import Quality


class KnownPrompt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of a table."""

    prompt: str
    quality: dict[str, float]
    """Probability of a right answer, by model."""
    correct: str | None = None
    wrong: str | None = None


@dataclass(frozen=True, slots=True)
class QualityTable:
    """A `Quality` with its table read."""

    quality: Quality
    prompts: Mapping[str, KnownPrompt] = field(default_factory=dict[str, KnownPrompt])
    """By the text of the prompt, without blanks around it."""

    def probability(self, model: str, prompt: str) -> float | None:
        """Return how probable a right answer is; None where nobody said."""
        known = self.prompts.get(prompt.strip())
        from_table = known.quality.get(model) if known else None
        return self.quality.models.get(model) if from_table is None else from_table

    def is_right(self, model: str, prompt: str, *, seed: int) -> bool:
        """Draw whether the model gets the prompt right; without a known probability it does not."""
        return draw(seed, "quality", model, prompt.strip()) < (self.probability(model, prompt) or 0.0)

    def text(self, model: str, prompt: str, *, seed: int) -> str:
        """Return the answer that the draw leads to."""
        known = self.prompts.get(prompt.strip())
        if self.is_right(model, prompt, seed=seed):
            return known.correct if known and known.correct is not None else self.quality.correct
        return known.wrong if known and known.wrong is not None else self.quality.wrong


def load_quality(quality: Quality, folder: Path) -> QualityTable:
    """Read the table of a quality.

    Args:
        folder: Where the table's path starts.
    Raises: SettingsInvalid: the table cannot be read, or rows of it are wrong; each with its line.
    """
    if quality.table is None:
        return QualityTable(quality)
    path = folder / quality.table
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        fix = "name a CSV or JSON Lines file in UTF-8, relative to the script's folder"
        raise SettingsInvalid([Problem(str(path), 0, "", f"the table of prompts cannot be read: {error}", fix)]) from error
    rows, problems = _read_csv(path, text) if path.suffix.lower() == ".csv" else _read_json_lines(path, text)
    if problems:
        raise SettingsInvalid(problems)
    return QualityTable(quality, {row.prompt.strip(): row for row in rows})


def _read_json_lines(path: Path, text: str) -> tuple[list[KnownPrompt], list[Problem]]:
    rows: list[KnownPrompt] = []
    problems: list[Problem] = []
    for line, content in enumerate(text.split("\n"), start=1):
        if not content.strip():
            continue
        try:
            rows.append(_checked(msgspec.json.decode(content, type=KnownPrompt)))
        except (msgspec.DecodeError, ValueError) as error:
            fix = 'write {"prompt": "…", "quality": {"MODEL": 0.8}}, with "correct" and "wrong" if you like'
            problems.append(Problem(str(path), line, "", str(error), fix))
    return rows, problems


def _read_csv(path: Path, text: str) -> tuple[list[KnownPrompt], list[Problem]]:
    lines = text.splitlines(keepends=True)
    reader = csv.DictReader(lines, strict=True)
    rows: list[KnownPrompt] = []
    problems: list[Problem] = []
    try:
        for cells in reader:
            try:
                rows.append(_checked(_row(cells)))
            except ValueError as error:
                fix = "give each row a prompt, and for each model a probability between 0 and 1 or nothing"
                problems.append(Problem(str(path), reader.line_num, "", str(error), fix))
    except csv.Error as error:
        line = min(reader.line_num + 1, len(lines))  # the reader has not counted the line that it failed on
        problems.append(
            Problem(str(path), line, "", str(error), "quote fields that hold commas, quotes (doubled) or line ends")
        )
    return rows, problems


def _row(cells: dict[str | None, str | None]) -> KnownPrompt:
    if None in cells or None in cells.values():
        raise ValueError("the row has not as many fields as the first line")
    row = {str(name): value or "" for name, value in cells.items()}
    if "prompt" not in row:
        raise ValueError("there is no column named prompt")
    quality = {name: _probability(name, value) for name, value in row.items() if name not in _TEXT_COLUMNS and value}
    return KnownPrompt(row["prompt"], quality, row.get("correct") or None, row.get("wrong") or None)


def _probability(model: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is no probability of {model}") from None


_TEXT_COLUMNS = frozenset({"prompt", "correct", "wrong"})


def _checked(row: KnownPrompt) -> KnownPrompt:
    if not row.prompt.strip():
        raise ValueError("the prompt is empty")
    for model, probability in row.quality.items():
        if not 0 <= probability <= 1:
            raise ValueError(f"the probability of {model} is {probability:g}, not between 0 and 1")
    return row
