"""A script from its file, with the tables that it names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from triplepoint.files.checked import read_file
from triplepoint.foundation.errors import Problem, SettingsInvalid
from triplepoint.upstreams.simulated.model import Script
from triplepoint.upstreams.simulated.quality import QualityTable, load_quality


@dataclass(frozen=True, slots=True)
class LoadedScript:
    """A script, ready to be played."""

    script: Script
    tables: Mapping[int, QualityTable] = field(default_factory=dict[int, QualityTable])
    """Read tables by number of the case, -1 for the script's own answer."""


OWN_ANSWER = -1
"""Number that stands for the script's own answer where cases are numbered."""


def load_script(path: Path) -> LoadedScript:
    """Read a script file and its tables.

    Raises: SettingsInvalid: with every problem found, each with file, line, key and fix.
    """
    reading = read_file(path, Script, name=str(path))
    if reading.value is None:
        raise SettingsInvalid(list(reading.problems))
    return prepare(reading.value, path.parent)


def prepare(script: Script, folder: Path = Path()) -> LoadedScript:
    """Read the tables that a script names, from a folder.

    Raises: SettingsInvalid: a table is wrong.
    """
    answers = {OWN_ANSWER: script.answer} | {number: case.answer for number, case in enumerate(script.cases) if case.answer}
    tables: dict[int, QualityTable] = {}
    problems: list[Problem] = []
    for number, answer in answers.items():
        if answer.quality is None:
            continue
        try:
            tables[number] = load_quality(answer.quality, folder)
        except SettingsInvalid as error:
            problems += error.problems
    if problems:
        raise SettingsInvalid(problems)
    return LoadedScript(script, tables)
