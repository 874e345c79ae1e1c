"""``triplepoint lineup``: what is on offer, what would change, and the order to serve it."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.cli.installation import Commands
from tests.gateway.harness import ADMIN, model, openai_upstream, start_gateway, write_configuration

from triplepoint.cli import lineup
from triplepoint.foundation.errors import NotFound, SettingsInvalid


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    """Return the commands on two line-ups, of which ``test`` is active."""
    write_configuration(
        tmp_path,
        upstreams={"a": openai_upstream(1), "b": openai_upstream(2)},
        models={"small": model("a")},
        lineup={"aliases": {"tiny": "small"}, "router": {"kind": "fixed", "default": "small"}},
    )
    _write(
        tmp_path,
        "autumn",
        {
            "lineup": "autumn",
            "models": {"small": model("a", price="test/dear"), "large": model("b", "a")},
            "router": {"kind": "fixed", "default": "large"},
        },
    )
    return Commands(lineup.app, tmp_path)


def _write(folder: Path, name: str, content: dict[str, Any]) -> None:
    (folder / "lineups" / f"{name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")


def test_the_active_one_is_marked(commands: Commands) -> None:
    """All line-ups are listed with hash, models, aliases and router."""
    listed = {entry["name"]: entry for entry in commands.json("list")}
    assert (listed["test"]["active"], listed["autumn"]["active"]) == (True, False)
    assert listed["test"]["aliases"] == ["tiny"]
    assert listed["autumn"]["models"] == ["small", "large"]
    assert listed["test"]["hash"] != listed["autumn"]["hash"]
    text = commands.text("list")
    assert "●" in next(line for line in text.splitlines() if " test " in line)
    assert "●" not in next(line for line in text.splitlines() if "autumn" in line)


def test_one_is_shown_with_where_it_runs_and_what_it_costs(commands: Commands) -> None:
    """Without a name the active one; each target has a line, and its price in force."""
    assert commands.json("show")["name"] == "test"
    shown = commands.json("show", "autumn")
    assert shown["lineup"]["models"]["large"]["upstreams"][0]["upstream"] == "b"
    text = commands.text("show", "autumn")
    assert "b: b-model" in text
    assert "a: a-model" in text
    assert "15" in text


def test_an_unknown_one_is_said_with_those_that_are_there(commands: Commands) -> None:
    """The error lists what could have been meant."""
    with pytest.raises(NotFound, match="there is no line-up 'winter'; there are autumn, test"):
        commands.run("show", "winter")


def test_a_difference_is_every_change(commands: Commands) -> None:
    """Models, aliases, router and prices; old and new value of each, and nothing for the same line-up twice."""
    found = {change["key"]: (change["old"], change["new"]) for change in commands.json("diff", "test", "autumn")}
    assert "aliases.tiny" in found
    assert found["aliases.tiny"][1] is None
    assert any(key.startswith("models.large") for key in found)
    assert [target["price"] for target in found["models.small.upstreams"][1]] == ["test/dear"]
    assert found["router.default"] == ("small", "large")
    assert commands.json("diff", "test", "test") == []
    assert ": no change" in commands.text("diff", "test", "test")


def test_apply_without_a_gateway_says_so(commands: Commands) -> None:
    """The files are checked all the same, and will be loaded when one starts."""
    assert "No gateway runs here" in commands.text("apply")
    assert commands.json("apply") == {"ok": False, "running": False}


def test_apply_with_wrong_files_asks_nobody(commands: Commands) -> None:
    """The problems are told with their place, before a gateway hears of anything."""
    _write(commands.folder, "test", {"lineup": "test", "models": {"small": model("nobody")}})
    with pytest.raises(SettingsInvalid) as refused:
        commands.run("apply")
    assert any(problem.file == "lineups/test.yaml" and problem.line > 0 for problem in refused.value.problems)


def test_apply_reaches_the_gateway_and_the_audit_log(commands: Commands) -> None:
    """The gateway serves what the files say when the command returns, and who gave the order is written down."""
    settings = yaml.safe_load((commands.folder / "triplepoint.yaml").read_text("utf-8"))
    port = int(settings["gateway"]["listen"].rpartition(":")[2])
    with start_gateway(commands.folder, port):
        (commands.folder / "triplepoint.yaml").write_text(yaml.safe_dump({**settings, "lineup": "autumn"}), "utf-8")
        said = commands.text("apply")
        with commands.opened() as installation:
            status = installation.gateway.status()
            (entry, *_) = installation.access.audit(ADMIN, limit=1)
    assert status is not None
    assert (status.lineup, said.strip()) == ("autumn", f"autumn ({status.lineup_hash}) is active.")
    assert (entry.action, entry.subject) == ("lineup.apply", "autumn")
