"""``triplepoint chat``: a question from the terminal, its answer, and what it cost."""

import json
from collections.abc import Generator
from pathlib import Path

import pytest
import typer
from tests.cli.serving import serve
from tests.gateway.harness import Running, free_port
from typer.testing import CliRunner, Result

from triplepoint.cli.chat import chat
from triplepoint.cli.client import KEY_VARIABLE
from triplepoint.foundation.errors import NotAuthenticated, TriplepointError, UpstreamFault


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    """Run a gateway for the tests of this module."""
    with serve(tmp_path_factory.mktemp("chat")) as running:
        yield running


def say(folder: Path, *arguments: str, typed: str | None = None) -> Result:
    """Call the command."""
    app = typer.Typer()
    app.command()(chat)
    return CliRunner().invoke(app, [*arguments, "--dir", str(folder)], input=typed, catch_exceptions=False)


def test_a_question_is_answered_with_its_receipt(served: Running) -> None:
    """The answer as it came, whatever marks it holds, and below it what served it, why, tokens, cost and receipt."""
    said = say(served.folder, "what is six times seven?")
    assert said.exit_code == 0
    text, about = said.stdout.strip().split("\n")
    assert text == "forty [bold]two[/bold]"
    parts = about.split(" · ")
    assert parts[:2] == ["small", "default"]
    assert parts[2].endswith("tokens")
    assert parts[3].startswith("$0.")
    assert parts[4].startswith("rcpt_")


def test_it_is_json_where_asked(served: Running) -> None:
    """Text and whole receipt, for programs; the model is the one that was asked for."""
    said = json.loads(say(served.folder, "hello", "--model", "best", "--json").stdout)
    assert said["text"] == "forty [bold]two[/bold]"
    assert said["receipt"]["served_model"] == "large"
    assert said["receipt"]["model"] == "best"


def test_a_conversation_goes_on_until_its_end(served: Running) -> None:
    """Without a question it asks again and again, and what was said before goes along."""
    said = say(served.folder, "--json", typed="one\ntwo\n")
    answers = [json.loads(line[line.index("{") :]) for line in said.stdout.splitlines() if "{" in line]
    assert len(answers) == 2
    first, second = (answer["receipt"]["attempts"][0]["usage"]["input_tokens"] for answer in answers)
    assert second > first


def test_a_refusal_is_told_as_the_gateway_tells_it(served: Running) -> None:
    """Message and code of the gateway's error, not a status alone."""
    with pytest.raises(TriplepointError) as refused:
        say(served.folder, "break")
    assert (refused.value.message, refused.value.status) == ("the prompt is odd", 400)
    with pytest.raises(TriplepointError) as unknown:
        say(served.folder, "hello", "--model", "nobody")
    assert unknown.value.code == "model_not_found"


def test_the_key_is_looked_for_in_three_places(served: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is given goes before the environment, which goes before the first key of this machine."""
    monkeypatch.setenv(KEY_VARIABLE, "tp-wrong")
    with pytest.raises(TriplepointError) as refused:
        say(served.folder, "hello")
    assert refused.value.code == "invalid_api_key"
    assert say(served.folder, "hello", "--key", served.key).exit_code == 0


def test_without_a_key_it_says_where_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation without a first key names the two ways to give one."""
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    (tmp_path / "triplepoint.yaml").write_text("lineup: none\nupstreams: {}\n", "utf-8")
    with pytest.raises(NotAuthenticated, match="triplepoint key create"):
        say(tmp_path, "hello")


def test_without_a_gateway_it_says_how_to_start_one(tmp_path: Path) -> None:
    """Nobody at the address is one sentence, with the command to run."""
    port = free_port()
    text = f"lineup: none\nupstreams: {{}}\ngateway: {{listen: '127.0.0.1:{port}'}}\n"
    (tmp_path / "triplepoint.yaml").write_text(text, "utf-8")
    with pytest.raises(UpstreamFault, match=f"no gateway answers at http://127.0.0.1:{port}/v1; start it with"):
        say(tmp_path, "hello", "--key", "tp-any")
