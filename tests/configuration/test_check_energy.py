from datetime import date
from pathlib import Path

import pytest
from tests.configuration.conftest import SETTINGS

from triplepoint.configuration.load import load_configuration
from triplepoint.foundation.errors import Problem, SettingsInvalid

ENVIRON = {"BIG_KEY": "planted", "UNUSED_KEY": "other"}


def said(folder: Path, energy: str) -> list[Problem]:
    """Let the first upstream say this of its energy and return the problems."""
    text = SETTINGS.replace("  unused:\n", f"    energy: {energy}\n  unused:\n")
    (folder / "triplepoint.yaml").write_text(text, encoding="utf-8")
    try:
        load_configuration(folder, ENVIRON, date(2026, 11, 21))
    except SettingsInvalid as error:
        return error.problems
    return []


def test_energy_may_be_said_of_an_upstream(folder: Path):
    """All of it together is right."""
    whole = (
        "{gpu: H100, gpus: 4, batch: 64, precision: fp8, zone: FRA, pue: 1.2, "
        "models: {l: {active_params_b: 22, total_params_b: 235, batch_least: 4, batch_most: 16}}}"
    )
    assert said(folder, whole.replace("batch: 64, ", "")) == []


@pytest.mark.parametrize(
    ("energy", "key", "message", "fix"),
    [
        ("{zone: europe-west44}", "energy.zone", "there is no grid europe-west44", "did you mean europe-west4?"),
        ("{zone: France}", "energy.zone", "there is no grid France", "write FRA"),
        ("{gpu: H10}", "energy.gpu", "not possible", "did you mean H100?"),
        ("{measured_as: Qwen/Qwen3-9B}", "energy.measured_as", "was not measured", "did you mean Qwen/Qwen3-8B?"),
        ("{batch: 8, batch_most: 16}", "energy.batch", "known and unknown at once", "leave out"),
        ("{batch_least: 300}", "energy.batch_least", "end at 256", "be more"),
        ("{batch_least: 9, batch_most: 9}", "energy.batch_most", "not above 9", "be more"),
        ("{active_params_b: 30, total_params_b: 3}", "energy.total_params_b", "less than the active", "at least 30"),
        ("{pue: 0.9}", "energy.pue", "out of range", "at least 1"),
        ("{models: {l: {gpus: 0}}}", "energy.models.l.gpus", "out of range", "at least 1"),
        ("{models: {l: {zone: FRA}}}", "energy.models.l.zone", "not a known key", "keys here"),
    ],
)
def test_what_is_wrong_is_said_with_line_and_fix(folder: Path, energy: str, key: str, message: str, fix: str):
    """Each mistake is found at its line, with what to write instead."""
    (problem,) = said(folder, energy)
    assert problem.line == 7
    assert problem.key == f"upstreams.big.{key}"
    assert message in problem.message
    assert fix in problem.fix


def test_energy_does_not_change_the_line_up(folder: Path):
    """The hash says what answers; an estimate on the receipt is no part of it."""
    before = load_configuration(folder, ENVIRON, date(2026, 11, 21)).active.digest
    assert said(folder, "{gpu: H100}") == []
    assert load_configuration(folder, ENVIRON, date(2026, 11, 21)).active.digest == before
