"""``triplepoint doctor`` prints each finding with its fix, and its exit code says whether there is a problem."""

import json
from pathlib import Path

import pytest
import typer
from tests.doctor.patient import NOW_US, Facts, furnish
from typer.testing import CliRunner, Result

from triplepoint.cli import doctor as command


class FixedClock:
    """A clock that stands."""

    def now_us(self) -> int:
        return NOW_US + 86_400_000_000 * 3650

    def steady_s(self) -> float:
        return 0.0


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Put the command onto a sound machine."""
    monkeypatch.setattr(command, "ThisMachine", Facts)
    monkeypatch.setattr(command, "SystemClock", FixedClock)
    monkeypatch.setenv("TRIPLEPOINT_MODELS", str(tmp_path / "models"))
    furnish(tmp_path)


def run(folder: Path, *arguments: str) -> Result:
    """Call the command."""
    app = typer.Typer()
    app.command()(command.doctor)
    return CliRunner().invoke(app, ["--dir", str(folder), *arguments], catch_exceptions=False)


def test_sound(tmp_path: Path) -> None:
    """A sound machine ends with 0; a warning stands with its fix and does not change that."""
    result = run(tmp_path)
    assert result.exit_code == 0, result.output
    assert "ok      python: Python 3.11.7" in result.stdout
    assert "warning models: here: smollm2-135m-instruct-q4_1.gguf is missing" in result.stdout
    assert "        fix: `triplepoint models pull nano`" in result.stdout


def test_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A problem ends with 1, after everything was examined."""
    monkeypatch.setattr(command, "ThisMachine", lambda: Facts(python=(3, 9, 1)))
    result = run(tmp_path)
    assert result.exit_code == 1
    assert "problem python: Python 3.9.1 is too old" in result.stdout
    assert "upstreams:" in result.stdout


def test_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As JSON the same findings stand in one object."""
    found = json.loads(run(tmp_path, "--json").stdout)
    assert found["ok"] is True
    assert {"check", "level", "what", "fix"} == set(found["findings"][0])
    assert {finding["level"] for finding in found["findings"]} == {"ok", "warning"}
    monkeypatch.setattr(command, "ThisMachine", lambda: Facts(flags=frozenset()))
    result = run(tmp_path, "--json")
    assert (result.exit_code, json.loads(result.stdout)["ok"]) == (1, False)
