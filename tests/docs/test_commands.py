"""Commands on the pages exist, with the arguments and options that are shown."""

import re
import shlex
from collections.abc import Iterator
from itertools import dropwhile
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.docs.markdown import PAGES, ROOT, Block, blocks

from triplepoint.cli.main import app

_PROMPT = re.compile(r"^\$ ")
_OPERATORS = set("();<>|&")


def _lines(block: Block) -> Iterator[str]:
    """Yield what a reader would type: lines with a prompt in a console, all lines in a script; continued ones joined."""
    text = block.text.replace("\\\n", " ")
    for line in text.splitlines():
        if block.kind != "console":
            yield line
        elif _PROMPT.match(line):
            yield line.removeprefix("$ ")


def _typed() -> Iterator[tuple[str, list[str]]]:
    for page in PAGES:
        for block in blocks(page, "console", "bash", "sh"):
            for line in _lines(block):
                for words in _simple_commands(line):
                    if words[0].rpartition("/")[2] == "triplepoint" and len(words) > 1:
                        yield str(block), words[1:]


def _simple_commands(line: str) -> Iterator[list[str]]:
    """Split a line of shell at its operators; settings of variables before a command are dropped."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    words: list[str] = []
    for word in [*lexer, ";"]:
        if not _OPERATORS.issuperset(word):
            words.append(word)
        elif command := list(dropwhile(lambda one: re.match(r"[A-Z_]+=", one), words)):
            yield command
            words = []


TYPED = list(_typed())


def parse(words: list[str]) -> None:
    """Parse a command line as the program would, and run nothing."""
    command: Any = typer.main.get_command(app)
    name = "triplepoint"
    while (inner := getattr(command, "commands", None)) is not None:
        name, words = words[0], words[1:]
        command = inner[name]
    command.make_context(name, words)


@pytest.mark.parametrize(("place", "words"), TYPED, ids=[f"{place} {' '.join(words)}" for place, words in TYPED])
def test_a_command_on_a_page_parses(place: str, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command exists and takes what is written behind it."""
    assert place
    monkeypatch.chdir(tmp_path)
    parse(words)


@pytest.mark.parametrize("words", [["nonsense"], ["ledger", "sum", "--by", "colour"], ["up", "--fast"], ["key", "create"]])
def test_a_wrong_command_does_not_parse(words: list[str]) -> None:
    """What is not there, or lacks an argument, is found out."""
    with pytest.raises(Exception, match=r"nonsense|colour|--fast|CUSTOMER|customer"):
        parse(words)


def test_targets_of_make_on_the_pages_exist() -> None:
    """Each ``make`` on a page names a target that the Makefile has."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named: set[str] = set()
    for page in PAGES:
        for block in blocks(page, "console", "bash", "sh"):
            for line in _lines(block):
                named.update(re.findall(r"(?:^|&& )make ([a-z]+)", line))
        named.update(re.findall(r"`make ([a-z]+)[^`]*`", page.read_text("utf-8")))
    assert named
    assert named <= targets
