"""``triplepoint route explain`` shows signals, rules and choice, for a prompt or a whole request, and sends nothing."""

import json
from pathlib import Path

import pytest
from tests.cli.installation import Commands
from tests.doctor.patient import furnish

from triplepoint.cli.route import app
from triplepoint.foundation.errors import NotFound, RequestInvalid

LINEUP = """\
lineup: spring
models:
  small:
    context_tokens: 2048
    upstreams: [{upstream: here, model: s, price: ours/small}]
  large:
    context_tokens: 8192
    capabilities: [chat, tools]
    upstreams: [{upstream: far, model: l, price: ours/small}]
router:
  kind: rules
  rules:
    - {when: {maths: true}, use: small, why: sums}
    - {when: {min_input_tokens: 500}, use: large, why: long}
    - {when: {code: true}, use: large, why: holds code}
  default: small
"""


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    """Return the commands in a folder with two models and three rules."""
    furnish(tmp_path)
    (tmp_path / "lineups" / "spring.yaml").write_text(LINEUP)
    return Commands(app, tmp_path)


def test_prompt(commands: Commands) -> None:
    """A prompt's signals, the conditions that failed, and the choice with its reason are shown."""
    text = commands.text("explain", "Write a Python script")
    for words in ("code", "yes", "maths: yes (found no)", "min_input_tokens: 500 (found", "holds: chosen"):
        assert words in text
    assert "large  rule: holds code" in text
    assert "candidates: small, large" in text


def test_json(commands: Commands) -> None:
    """As JSON the whole explanation stands in one object."""
    found = commands.json("explain", "Tell me a tale")
    decision = {"model": "small", "reason": "default", "policy": "rules", "candidates": ["small", "large"], "propensity": 1.0}
    assert found["decision"].items() >= decision.items()
    assert [trial["number"] for trial in found["trials"]] == [1, 2, 3]
    assert found["signals"]["turns"] == 1


@pytest.mark.parametrize("dialect", ["chat", "messages"])
def test_file(commands: Commands, tmp_path: Path, dialect: str) -> None:
    """A whole request is read from a file; a rule whose model cannot do what is asked is passed over."""
    body = tmp_path / "request.json"
    body.write_text(json.dumps({"tools": [{"name": "f"}], "messages": [{"role": "user", "content": "2 + 2"}]}))
    found = commands.json("explain", "--file", str(body), "--dialect", dialect)
    assert found["decision"]["model"] == "large"
    assert found["decision"]["reason"] == "small is no candidate, first in line-up order"
    assert "small is no candidate" in commands.text("explain", "--file", str(body))


def test_wrong_use(commands: Commands, tmp_path: Path) -> None:
    """Neither or both of prompt and file are refused, and a file that is no JSON object says so."""
    body = tmp_path / "request.json"
    body.write_text("[1]")
    assert commands.run("explain").exit_code == 2
    assert commands.run("explain", "hello", "--file", str(body)).exit_code == 2
    with pytest.raises(RequestInvalid, match="not a JSON object"):
        commands.run("explain", "--file", str(body))


def test_without_router(commands: Commands, tmp_path: Path) -> None:
    """A line-up without a router has no auto, and the command says what to do."""
    (tmp_path / "lineups" / "spring.yaml").write_text(LINEUP[: LINEUP.index("router:")])
    with pytest.raises(NotFound, match="has no router"):
        commands.run("explain", "hello")
