"""``triplepoint price``: prices of the past, costs, reviews and comparisons, as text and as JSON."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from triplepoint.cli.price import app

RUNNER = CliRunner()


def run(*arguments: str | Path) -> Result:
    """Run the command outside any installation, so that it answers from the book that ships."""
    return RUNNER.invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "200"})


def document(*arguments: str | Path, exit_code: int = 0) -> dict[str, Any]:
    """Run a command with --json and read what it writes."""
    result = run(*arguments, "--json")
    assert result.exit_code == exit_code, result.output
    return json.loads(result.stdout)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in an empty folder."""
    monkeypatch.chdir(tmp_path)


def book(folder: Path, name: str, collected: str, *rows: str) -> Path:
    """Write a price file into a folder's prices/."""
    path = folder / "prices" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    listed = "\n".join(f"  - {{{row}}}" for row in rows)
    path.write_text(f"source: test\ncollected: {collected}\nprices:\n{listed}\n", encoding="utf-8")
    return path


def test_a_price_of_the_past_is_told_by_a_bare_name():
    """The seed book answers what gpt-4o cost in June 2024, says what it took the name for, and why it believes it."""
    result = run("show", "gpt-4o", "--at", "2024-06-01")
    assert result.exit_code == 0
    assert "gpt-4o is openai/gpt-4o here" in result.stdout
    assert "openai/gpt-4o@2024-05-13" in result.stdout
    assert "evidence: launch; tokencost" in result.stdout
    told = document("show", "gpt-4o", "--at", "2024-06-01")
    assert (told["model"], told["price"]["rates"][0]["input"], told["price"]["rates"][0]["output"]) == (
        "openai/gpt-4o",
        "5",
        "15",
    )
    assert document("show", "openai/gpt-4o", "--at", "2024-11-01")["price"]["rates"][0]["input"] == "2.5"
    assert document("show", "openai/gpt-4o", "--at", "2024-05-12")["price"] is None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gpt-4o-2024-12-12", "name one of them: openai/gpt-4o"),
        ("gpt-4ooo", "no provider has a model"),
        ("openai/nope", "openai"),
    ],
)
def test_a_name_that_means_nothing_certain_is_an_error(name: str, words: str):
    """An ambiguous name tells its candidates, an unknown one what comes near; neither has a price."""
    result = run("show", name)
    assert result.exit_code == 1
    assert words in result.stderr
    assert result.stdout == ""


def test_a_cost_is_reckoned_line_by_line():
    """A use of gpt-4o in a batch costs the batch's rates; an unpriced tier is unknown, with its reason and exit code 1."""
    arguments = ("cost", "gpt-4o", "--input-tokens", "1000", "--output-tokens", "500", "--cached", "200", "--at", "2026-11-20")
    assert document(*arguments)["cost_usd"] == "0.00725"
    batch = document(*arguments, "--tier", "batch")
    assert (batch["cost_usd"], len(batch["lines"]), batch["worst_usd"]) == ("0.00375", 3, "0.01275")
    unknown = document(*arguments, "--tier", "flex", exit_code=1)
    assert unknown["cost_usd"] is None
    assert "service tier flex" in unknown["unknown_because"]
    assert "$0.00725" in run(*arguments).stdout
    contradiction = run("cost", "gpt-4o", "--input-tokens", "1", "--output-tokens", "1", "--cached", "2")
    assert (contradiction.exit_code, "contradict" in contradiction.stdout) == (1, True)


def test_a_cost_depends_on_the_moment():
    """DeepSeek is dearer on a weekday's morning than at the same hour of a Sunday."""
    arguments = ("cost", "deepseek/deepseek-v4-pro", "--input-tokens", "1000000", "--output-tokens", "0", "--at")
    assert document(*arguments, "2026-11-20T02:00")["cost_usd"] == "1.32"
    assert document(*arguments, "2026-11-22T02:00")["cost_usd"] == "0.66"
    too_early = run(*arguments, "2024-01-01")
    assert (too_early.exit_code, "has no price on 2024-01-01" in too_early.stderr) == (1, True)


def test_the_list_names_the_book():
    """The digest of all numbers stands beside the prices in force."""
    told = document("list", "--provider", "x-ai", "--at", "2026-11-20")
    assert len(told["digest"]) == 64
    assert all(price["model"].startswith("x-ai/") for price in told["prices"])
    assert told["digest"][:12] in run("list", "--provider", "x-ai").stdout


def test_a_newer_book_is_reviewed(tmp_path: Path):
    """What it adds is told with old, new and percent; what it would change of the past is refused, with exit code 1."""
    ours = book(tmp_path / "ours", "1.yaml", "2026-06-01", 'model: a/x, since: 2026-01-01, input_usd_per_mtok: "2"').parents[1]
    good = book(tmp_path / "new", "2.yaml", "2026-07-01", 'model: a/x, since: 2026-06-20, input_usd_per_mtok: "3"')
    told = document("diff", good, "-C", ours)
    assert told["acceptable"]
    assert told["added"][0]["differences"] == [{"what": "input", "old": "2", "new": "3", "percent": "+50.0"}]
    assert "input 2 → 3 (+50.0%)" in run("diff", good, "-C", ours).stdout
    bad = book(tmp_path / "bad", "2.yaml", "2026-07-01", 'model: a/x, since: 2026-01-01, input_usd_per_mtok: "3"')
    refused = document("diff", bad.parents[1], "-C", ours, exit_code=1)
    assert (refused["acceptable"], len(refused["refused"])) == (False, 1)
    assert "1 refused" in run("diff", bad, "-C", ours).stdout


def test_a_newer_book_with_problems_of_its_own_is_no_book(tmp_path: Path):
    """A gap in its days, or a file that is not there, is told with its place, and exits with 2."""
    ours = book(tmp_path / "ours", "1.yaml", "2026-06-01", 'model: a/x, since: 2026-01-01, input_usd_per_mtok: "2"').parents[1]
    rows = ('model: a/y, since: 2026-01-01, until: 2026-01-05, input_usd_per_mtok: "3"',)
    gap = book(tmp_path / "gap", "2.yaml", "2026-07-01", *rows, 'model: a/y, since: 2026-02-01, input_usd_per_mtok: "3"')
    result = run("diff", gap, "-C", ours)
    assert result.exit_code == 2
    assert "2.yaml:4" in result.stderr
    assert run("diff", tmp_path / "none.yaml", "-C", ours).exit_code == 2


def test_two_books_are_compared(tmp_path: Path):
    """Differences on a day, or ever, are reported with exit code 1; what agrees exits with 0."""
    row = 'since: 2026-01-01, input_usd_per_mtok: "2"'
    one = book(tmp_path / "one", "p.yaml", "2026-06-01", f"model: a/x, {row}", f"model: a/y, {row}").parents[1]
    rows = [f"model: a/x, {row}", 'model: a/x, since: 2026-03-01, input_usd_per_mtok: "2.5"', "model: b/z, " + row]
    other = book(tmp_path / "two", "p.yaml", "2026-06-01", *rows)
    told = document("compare", one, other, "--at", "2026-06-01", exit_code=1)
    assert [(each["model"], each["differences"][0]["new"]) for each in told["disagreements"]] == [("a/x", "2.5")]
    assert (told["only_in_first"], told["only_in_second"], told["compared"]) == (["a/y"], ["b/z"], 1)
    assert document("compare", one, other, "--at", "2026-02-01")["disagreements"] == []
    ever = run("compare", one, other, "--ever")
    assert (ever.exit_code, "from 2026-03-01 to this day" in ever.stdout) == (1, True)


@pytest.mark.parametrize("command", ["show", "list", "cost", "diff", "compare"])
def test_every_command_explains_itself(command: str):
    """The help says what the command does and offers JSON."""
    result = run(command, "--help")
    assert result.exit_code == 0
    assert "--json" in result.stdout
