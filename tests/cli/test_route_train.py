"""``triplepoint route train`` writes a scorer that loads, prints its card and the lines for the line-up, and adds models."""

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from tests.routing.training.planted import planted
from typer.testing import CliRunner

from triplepoint.cli.route import app
from triplepoint.foundation.errors import NotFound, RequestInvalid
from triplepoint.routing.scorer.table import load_scorer


def run(*words: str) -> str:
    """Run the command; what it raises is raised."""
    result = CliRunner().invoke(app, ["train", *words], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Write 120 prompts with scores of two models."""
    return _write(tmp_path / "asked.csv", ("small", "large"), 120)


def _write(path: Path, models: tuple[str, str], rows: int) -> Path:
    labelled = planted(rows, seed=1)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["prompt", "group", *(f"score:{model}" for model in models)])
        for prompt, group, scores in zip(labelled.prompts, labelled.groups, labelled.scores.tolist(), strict=True):
            writer.writerow([prompt, group, *scores])
    return path


def test_a_scorer_is_trained_and_a_model_added(data: Path, tmp_path: Path) -> None:
    """The file loads, its hash is told, and a third model enters it with a profile and few labels."""
    out = tmp_path / "routers" / "family.safetensors"
    said = run(str(data), "--out", str(out), "--folds", "3", "--licence", "own traffic")
    digest = hashlib.sha256(out.read_bytes()).hexdigest()
    assert f"file: {out}" in said
    assert f"sha256: {digest}" in said
    assert "own traffic" in said
    assert load_scorer(out.read_bytes()).models == ("small", "large")
    labels = _write(tmp_path / "fresh.csv", ("fresh", "large"), 40)
    profile = tmp_path / "profile.json"
    profile.write_text('{"mean": 0.6, "groups": {"law": 0.5}}')
    words = ["--add", "fresh", "--scorer", str(out), "--labels", str(labels), "--profile", str(profile)]
    found: dict[str, Any] = json.loads(run(*words, "--out", str(out), "--json"))
    assert found["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert found["card"]["models"] == ["small", "large", "fresh"]
    profile.write_text('{"average": 0.6}')
    with pytest.raises(RequestInvalid, match="no profile"):
        run(*words, "--out", str(out))


def test_what_does_not_fit_together_is_refused(data: Path, tmp_path: Path) -> None:
    """No place to write to, half of what a newcomer needs, files that are not there."""
    out = ["--out", str(tmp_path / "f.safetensors")]
    with pytest.raises(RequestInvalid, match="--out routers/NAME"):
        run(str(data))
    with pytest.raises(RequestInvalid, match="go with --add"):
        run(str(data), *out, "--labels", str(data))
    with pytest.raises(RequestInvalid, match="needs --scorer FILE and --labels FILE"):
        run(*out, "--add", "fresh")
    with pytest.raises(NotFound, match="cannot be read"):
        run(*out, "--add", "fresh", "--scorer", str(tmp_path / "no.safetensors"), "--labels", str(data))
    assert not (tmp_path / "f.safetensors").exists()
