"""The command ``triplepoint``: puts the nouns together and turns errors into one clear message and an exit code."""

import sys
from typing import Annotated

import typer
from rich.console import Console

from triplepoint import __version__
from triplepoint.cli import (
    audit,
    credit,
    customer,
    key,
    ledger,
    lineup,
    models,
    operator,
    plan,
    price,
    quota,
    receipt,
    route,
    statement,
)
from triplepoint.cli.chat import chat
from triplepoint.cli.check import check_command
from triplepoint.cli.demo import demo
from triplepoint.cli.doctor import doctor
from triplepoint.cli.init import init
from triplepoint.cli.simulate import simulate
from triplepoint.cli.up import control, gateway, up
from triplepoint.configuration.calls import CallResult
from triplepoint.configuration.model import Configuration
from triplepoint.foundation.errors import SettingsInvalid, TriplepointError

FAILED = 1
WRONG_FILES = 2


async def _call_upstreams(configuration: Configuration) -> list[CallResult]:
    from triplepoint.processes.trial import call_upstreams  # what calls is heavy, and most commands call nobody

    return await call_upstreams(configuration)


app = typer.Typer(
    name="triplepoint",
    help="One endpoint for a family of language models, a safe way to change the line-up, a receipt for every answer.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # locals hold keys and prompts
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command()(up)
app.command()(demo)
app.command()(chat)
app.command()(init)
app.command("check")(check_command(_call_upstreams))
app.command()(doctor)
app.command()(gateway)
app.command()(control)
app.command()(simulate)
for noun, commands in {
    "lineup": lineup,
    "route": route,
    "customer": customer,
    "key": key,
    "operator": operator,
    "plan": plan,
    "quota": quota,
    "credit": credit,
    "price": price,
    "receipt": receipt,
    "ledger": ledger,
    "statement": statement,
    "models": models,
    "audit": audit,
}.items():
    app.add_typer(commands.app, name=noun)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Hold the options that stand before any command."""


def main() -> None:
    """Run the command line."""
    try:
        app()
    except SettingsInvalid as error:
        Console(stderr=True, highlight=False, markup=False, soft_wrap=True).print(str(error))
        sys.exit(WRONG_FILES)
    except TriplepointError as error:
        Console(stderr=True, highlight=False, markup=False, soft_wrap=True).print(f"{error.code}: {error.message}")
        sys.exit(FAILED)


if __name__ == "__main__":
    main()
