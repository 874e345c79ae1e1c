"""The help of every command says all that its author wrote."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from triplepoint.cli.main import app


def _commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from _commands(inner, (*path, name))


COMMANDS = list(_commands(typer.main.get_command(app)))


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[" ".join(path) or "triplepoint" for path, _ in COMMANDS])
def test_no_word_is_swallowed(path: tuple[str, ...], command: Any) -> None:
    """Words in brackets are no mark-up to be left out: each word of the text and of the options' texts is shown."""
    result = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert result.exit_code == 0
    written = [command.help, *(getattr(one, "help", None) for one in command.params if not getattr(one, "hidden", False))]
    shown = "".join(re.findall(r"[\w\[\]']+", result.stdout))
    for text in filter(None, written):
        for word in re.findall(r"[\w\[\]']+", text):
            assert word in shown, f"{word} of {text!r}"
