"""The page of the command line: every command with its arguments and options, as Typer knows them."""

from collections.abc import Iterator
from typing import Any

import typer
from tools.pages.markdown import code, prose, table

from triplepoint.cli.main import app

# Typer brings a Click of its own, without types for what is read here.
Command = Any
Parameter = Any

_INTRODUCTION = """\
# Command line

Every command takes `--help`. Commands about an installation take `--dir`, the folder of its `triplepoint.yaml`; those that
have a result take `--json`. Exit codes: 0 done, 1 refused or failed, 2 wrong files or wrong usage.

| variable | meaning |
| --- | --- |
| `TRIPLEPOINT_KEY` | key that `chat` and `demo` show to the gateway |
| `TRIPLEPOINT_SECRET` | secret of the installation; needed beyond loopback, a file in the data folder otherwise |
| `TRIPLEPOINT_MODELS` | folder of the embedded family's files |
"""


def render() -> str:
    """Return the page."""
    return "\n".join([_INTRODUCTION, *(_section(name, command) for name, command in commands())])


def commands() -> Iterator[tuple[str, Command]]:
    """Yield every command that does something, by its words after ``triplepoint``."""
    yield from _walk("", typer.main.get_command(app))


def _walk(name: str, command: Command) -> Iterator[tuple[str, Command]]:
    inner: dict[str, Command] | None = getattr(command, "commands", None)
    if inner is None:
        yield name, command
        return
    for word, one in inner.items():
        yield from _walk(f"{name} {word}".strip(), one)


def _section(name: str, command: Command) -> str:
    context = typer.Context(command, info_name=name)
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option" and not one.hidden]
    words = ["triplepoint", name, *map(_argument, arguments), *(_as_help(one, context) for one in options if one.required)]
    usage = " ".join([*words, "[OPTIONS]"] if options else words)
    parts = [f"## `triplepoint {name}`\n", f"```text\n{usage}\n```\n", prose(command.help) + "\n"]
    rows = [[code(_argument(one)), prose(one.help), ""] for one in arguments]
    rows += [[code(_as_help(one, context)), prose(one.help), _default(one)] for one in options]
    return "\n".join([*parts, table(["", "meaning", "default"], rows)] if rows else parts)


def _argument(argument: Parameter) -> str:
    name = argument.metavar or argument.name.upper()
    return name if argument.required or name.startswith("[") else f"[{name}]"


def _as_help(option: Parameter, context: typer.Context) -> str:
    """Return names and kind of value as ``--help`` shows them, the long name first."""
    shown: str = option.get_help_record(context)[0]
    long, value = option.opts[0], shown.rpartition("--")[2].partition(" ")[2]
    return ", ".join([long, *option.opts[1:]]) + ("" if option.is_flag or not value else f" {value}") + _opposite(option)


def _opposite(option: Parameter) -> str:
    return "".join(f" / {name}" for name in option.secondary_opts)


def _default(option: Parameter) -> str:
    if isinstance(option.show_default, str):
        return option.show_default
    if option.required:
        return "**required**"
    if option.is_flag:
        return code(option.opts[0] if option.default else option.secondary_opts[0]) if option.secondary_opts else ""
    return "" if option.default in (None, "") else code(str(getattr(option.default, "value", option.default)))
