from pathlib import Path

import pytest
from tests.configuration.test_load import edit, load, problems

MODEL = "  small:\n"


def retire(folder: Path, written: str) -> None:
    """Let the model ``small`` retire."""
    edit(folder, "lineups/spring.yaml", MODEL, f"{MODEL}    retires: {written}\n")


def test_a_retirement_is_read(folder: Path) -> None:
    """Days and successor stand in the model; an alias may succeed, and the hash tells the difference."""
    before = load(folder).active.digest
    retire(folder, "{notice: 2026-10-01, on: 2027-04-01, successor: large}")
    retires = load(folder).lineup.models["small"].retires
    assert retires is not None
    assert (f"{retires.notice} {retires.on}", retires.successor) == ("2026-10-01 2027-04-01", "large")
    assert load(folder).active.digest != before


@pytest.mark.parametrize(
    ("written", "key", "message"),
    [
        ("{notice: 2026-10-01, on: 2026-10-01}", "on", "ends before its notice has begun"),
        ("{notice: 2026-10-01, on: 2027-01-01, successor: larg}", "successor", "there is no model larg"),
        ("{notice: 2026-10-01, on: 2027-01-01, successor: quick}", "successor", "names the model that retires"),
        ("{notice: soon, on: 2027-01-01}", "notice", "date"),
        ("{on: 2027-01-01}", "notice", "missing"),
    ],
)
def test_a_wrong_retirement_is_refused(folder: Path, written: str, key: str, message: str) -> None:
    """Each mistake is named with file, line and key."""
    retire(folder, written)
    [problem] = problems(folder)
    assert problem.key == f"models.small.retires.{key}"
    assert message in problem.message
    assert problem.line == 4
