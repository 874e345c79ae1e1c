"""``triplepoint demo``: real prompts through ``auto``, and what they cost in all."""

import json
from collections.abc import Generator
from decimal import Decimal

import pytest
import typer
from tests.cli.serving import serve
from tests.gateway.harness import Running
from typer.testing import CliRunner, Result

from triplepoint.cli.demo import demo


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    """Run a gateway for the tests of this module."""
    with serve(tmp_path_factory.mktemp("demo")) as running:
        yield running


def play(served: Running, *arguments: str) -> Result:
    """Call the command."""
    app = typer.Typer()
    app.command()(demo)
    return CliRunner().invoke(app, [*arguments, "--dir", str(served.folder)], catch_exceptions=False)


def test_prompts_are_played_one_line_each(served: Running) -> None:
    """So many as asked for, in their order, each with what served it, why and at what cost; then the sums by model."""
    said = play(served, "-n", "3")
    assert said.exit_code == 0
    lines = said.stdout.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["1/3", "2/3", "3/3"]
    assert "→ large    rule: holds code" in lines[0]
    assert "→ small    default" in lines[2]
    assert all("$0.0" in line for line in lines[:3])
    assert "Served by" in said.stdout


def test_all_of_them_reach_the_ledger_with_their_category(served: Running) -> None:
    """As JSON each has its prompt, answer and receipt; the router has sent code to the larger model."""
    said = play(served, "-n", "34", "--json")
    assert said.exit_code == 0
    played = json.loads(said.stdout)
    assert len(played) == 34
    assert len({one["prompt"] for one in played}) == 34
    assert {one["answer"] for one in played} == {"forty [bold]two[/bold]"}
    assert {one["receipt"]["outcome"] for one in played} == {"finished"}
    assert {one["receipt"]["served_model"] for one in played} == {"small", "large"}
    assert all(Decimal(one["receipt"]["cost_usd"]) > 0 for one in played)
    assert all(one["receipt"]["tags"] == {"demo": one["category"]} for one in played)


def test_one_that_fails_is_told_and_counts(served: Running) -> None:
    """The others are played all the same, and the exit code says that not all went well."""
    said = play(served, "-n", "2", "--model", "nobody", "--json")
    assert said.exit_code == 1
    assert all(one["error"].startswith("model_not_found: ") for one in json.loads(said.stdout))
