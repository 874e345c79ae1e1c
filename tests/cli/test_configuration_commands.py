import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from triplepoint.cli.check import check_command
from triplepoint.cli.init import init
from triplepoint.cli.price import app as price_app
from triplepoint.configuration import discover
from triplepoint.configuration.calls import CallResult
from triplepoint.configuration.model import Configuration
from triplepoint.configuration.vendors import VENDORS
from triplepoint.files.seed import seed_folder

RUNNER = CliRunner()
RESULTS = [
    CallResult(upstream="nano", model="smollm2", is_ok=True, status=200, total_s=0.5),
    CallResult(upstream="mini", model="qwen", is_ok=False, error="connection refused; is it running?"),
]


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take keys out of the environment and servers off loopback."""
    for variable in ("AZURE_OPENAI_API_KEY", *(name for vendor in VENDORS for name in vendor.variables)):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(discover, "PROBES", ())


def app(results: list[CallResult]) -> typer.Typer:
    """Put init and check into an app, as the composition root does, with a caller that gives these results."""

    async def caller(configuration: Configuration) -> list[CallResult]:
        assert configuration.lineup.lineup == "embedded"
        return results

    made = typer.Typer()
    made.command("init")(init)
    made.command("check")(check_command(caller))
    return made


def run(*arguments: str | Path, results: list[CallResult] | None = None) -> Result:
    """Run a command."""
    return RUNNER.invoke(app(results or []), [str(argument) for argument in arguments])


def test_init_then_check_is_right(tmp_path: Path):
    """What init writes in an empty folder, check finds right; both say so for people and as JSON."""
    written = run("init", "-C", tmp_path, "--json")
    assert written.exit_code == 0
    document = json.loads(written.stdout)
    assert str(tmp_path / "triplepoint.yaml") in document["written"]
    assert document["found"][0]["upstream"] == "nano, mini, regular"
    checked = run("check", "-C", tmp_path, "--json")
    assert checked.exit_code == 0
    document = json.loads(checked.stdout)
    assert document["ok"] is True
    assert document["lineup"]["name"] == "embedded"
    assert document["calls"] == []
    plain = run("check", "-C", tmp_path)
    assert plain.exit_code == 0
    assert "nano, mini, regular" in plain.stdout


def test_init_tells_what_it_found_without_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A key in the environment is named by its variable; its value is not printed."""
    monkeypatch.setenv("OPENAI_API_KEY", "planted-key")
    result = run("init", "-C", tmp_path)
    assert result.exit_code == 0
    assert "openai: OPENAI_API_KEY is set" in result.stdout
    assert "planted" not in result.output


def test_init_refuses_to_overwrite(tmp_path: Path):
    """A second init changes nothing, exits with 1 and names the file; --force goes on."""
    assert run("init", "-C", tmp_path).exit_code == 0
    refused = run("init", "-C", tmp_path)
    assert refused.exit_code == 1
    assert "triplepoint.yaml" in refused.stderr
    refused = run("init", "-C", tmp_path, "--json")
    assert refused.exit_code == 1
    assert json.loads(refused.stdout)["error"]["code"] == "conflict"
    assert run("init", "-C", tmp_path, "--force").exit_code == 0


@pytest.mark.parametrize("price", ["5", "a/b", "1/-2", "1e3/1", "/"])
def test_init_refuses_a_price_that_is_none(tmp_path: Path, price: str):
    """A price that is not two exact amounts is a wrong use of the command, and nothing is written."""
    result = run("init", "-C", tmp_path, "--own-price", price)
    assert result.exit_code == 2
    assert "0.05/0.20" in result.stderr
    assert not list(tmp_path.iterdir())


def test_check_shows_every_problem_and_exits_with_2(tmp_path: Path):
    """Faults in two files come together, each with place and fix."""
    assert run("init", "-C", tmp_path).exit_code == 0
    places: list[str] = []
    for name, old, new, key in (
        ("triplepoint.yaml", "kind: local", "kind: lokal", "upstreams.nano"),
        ("lineups/embedded.yaml", "use: regular", "use: [x]", "router.rules[1].use"),
    ):
        before, after = (tmp_path / name).read_text(encoding="utf-8").split(old, 1)
        (tmp_path / name).write_text(before + new + after, encoding="utf-8")
        places.append(f"{name}:{before.count(chr(10)) + 1} {key}")
    plain = run("check", "-C", tmp_path)
    assert plain.exit_code == 2
    assert all(place in plain.stderr for place in places)
    assert "did you mean local?" in plain.stderr
    assert "2 problems" in plain.stderr
    machine = run("check", "-C", tmp_path, "--json")
    assert machine.exit_code == 2
    document = json.loads(machine.stdout)
    assert document["ok"] is False
    assert [problem["file"] for problem in document["problems"]] == ["lineups/embedded.yaml", "triplepoint.yaml"]
    assert all(problem["fix"] and problem["line"] for problem in document["problems"])


def test_check_calls_upstreams_only_when_asked(tmp_path: Path):
    """With --call every upstream's answer is shown, and one that does not answer makes the command fail."""
    assert run("init", "-C", tmp_path).exit_code == 0
    silent = run("check", "-C", tmp_path, results=RESULTS)
    assert silent.exit_code == 0
    assert "connection" not in silent.stdout
    called = run("check", "-C", tmp_path, "--call", results=RESULTS)
    assert called.exit_code == 1
    assert "connection" in called.stdout
    machine = run("check", "-C", tmp_path, "--call", "--json", results=RESULTS)
    assert machine.exit_code == 1
    assert [call["is_ok"] for call in json.loads(machine.stdout)["calls"]] == [True, False]
    assert run("check", "-C", tmp_path, "--call", results=RESULTS[:1]).exit_code == 0


def price(*arguments: str) -> Result:
    """Run a price command on the shipped book."""
    return RUNNER.invoke(price_app, [*arguments, "-C", str(seed_folder())])


def test_price_show_tells_the_price_of_a_day():
    """The price in force on a day is shown with its id, and the whole history beside it."""
    result = price("show", "openai/o3", "--at", "2025-06-09", "--json")
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document["price"]["rates"][0]["input"] == "10"
    assert [row["since"] for row in document["history"]][:2] == ["2025-04-16", "2025-06-10"]
    assert document["history"][0] == document["price"]
    plain = price("show", "openai/o3", "--at", "2025-06-10")
    assert "openai/o3@2025-06-10#" in plain.stdout
    assert "holds on 2025-06-10" in plain.stdout


def test_price_show_of_what_is_unknown():
    """An unknown model fails with the nearest names; a day before the first price says unknown, not zero."""
    result = price("show", "openai/gpt-4oo")
    assert result.exit_code == 1
    assert "did you mean openai/gpt-4o?" in result.stderr
    early = price("show", "openai/o3", "--at", "2019-01-01", "--json")
    assert json.loads(early.stdout)["price"] is None


def test_price_list_is_of_one_provider():
    """The list holds the prices in force of a provider, and an unknown provider fails with those that exist."""
    result = price("list", "--provider", "local", "--json")
    assert [item["model"] for item in json.loads(result.stdout)["prices"]] == [
        "local/qwen2.5-coder-0.5b-instruct",
        "local/qwen2.5-coder-1.5b-instruct",
        "local/smollm2-135m-instruct",
    ]
    assert "local/smollm2-135m-instruct" in price("list", "--provider", "local").stdout
    unknown = price("list", "--provider", "opnai")
    assert unknown.exit_code == 1
    assert "did you mean openai?" in unknown.stderr


def test_a_folder_without_prices_says_what_to_do(tmp_path: Path):
    """Without price files the command exits with 2 and names init."""
    result = RUNNER.invoke(price_app, ["list", "-C", str(tmp_path)])
    assert result.exit_code == 2
    assert "triplepoint init" in result.stderr
