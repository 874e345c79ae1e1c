"""``triplepoint route``: why a request would go where it goes, and how good routers are."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from triplepoint.app import load_today
from triplepoint.cli.options import AsJson, Folder
from triplepoint.cli.route_calibrate import calibrate
from triplepoint.cli.route_evaluate import evaluate
from triplepoint.foundation.errors import NotFound, RequestInvalid
from triplepoint.gateway.snapshot import compile_snapshot
from triplepoint.routing.candidates import needs_of, why_unable
from triplepoint.routing.explanation import explain as explain_decision
from triplepoint.routing.model import Explanation, Question, Trial
from triplepoint.routing.signals.read import read_request
from triplepoint.upstreams.dialects.model import Dialect

app = typer.Typer(help="The router: why a request would go where it goes, and how good routers are.", no_args_is_help=True)

_FIELD = {Dialect.CHAT: "messages", Dialect.RESPONSES: "input", Dialect.MESSAGES: "messages"}
_REQUEST = msgspec.json.Decoder(dict[str, msgspec.Raw])


app.command()(calibrate)
app.command()(evaluate)


@app.command()
def explain(
    prompt: Annotated[str | None, typer.Argument(help="What a user would ask.", show_default=False)] = None,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="A whole request body as JSON instead.", exists=True, dir_okay=False)
    ] = None,
    dialect: Annotated[Dialect, typer.Option(help="Dialect of the request body.")] = Dialect.CHAT,
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """Show the signals of a request, the rules that were tried, and the model that `auto` would choose. Nothing is sent.

    Candidates are the models that can do what is asked; which of them a key may call and which are up, only the gateway knows.
    """
    configuration = load_today(folder)
    lineup, setup = configuration.lineup, compile_snapshot(configuration, (), made_us=0).active.setup
    if setup is None:
        raise NotFound(f"line-up {lineup.lineup} has no router, so there is no auto; add one, or ask for a model by name")
    read = read_request(_read_request(prompt, file, dialect), dialect, wants_text=True)
    needs, tokens = needs_of(read.signals), read.signals.input_tokens
    unable = {name: why for name, model in lineup.models.items() if (why := why_unable(model, needs, tokens))}
    explanation = explain_decision(
        setup,
        question=Question(signals=read.signals, text=read.text),
        candidates=lineup.models.keys() - unable,
        left_out=unable,
    )
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(explanation), indent=2).decode())
    else:
        _print(explanation)


def _read_request(prompt: str | None, file: Path | None, dialect: Dialect) -> dict[str, msgspec.Raw]:
    if (prompt is None) == (file is None):
        raise typer.BadParameter("give a prompt, or a request body with --file")
    if file is None:
        message = msgspec.json.encode([{"role": "user", "content": prompt}])
        return {_FIELD[dialect]: msgspec.Raw(message)}
    try:
        return _REQUEST.decode(file.read_bytes())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestInvalid(f"{file} is not a JSON object: {error}") from error


def _print(explanation: Explanation) -> None:
    console = Console(highlight=False)
    signals = Table("signal", "found", title="signals", title_justify="left")
    for name, value in msgspec.structs.asdict(explanation.signals).items():
        signals.add_row(name, _found(value))
    console.print(signals)
    if explanation.trials:
        trials = Table("rule", "use", "why", "result", title="rules, in order", title_justify="left")
        for trial in explanation.trials:
            trials.add_row(str(trial.number), escape(trial.use), escape(trial.why), escape("\n".join(_result(trial))))
        console.print(trials)
    decision = explanation.decision
    console.print(f"[bold]{escape(decision.model)}[/bold]  {escape(decision.reason)}")
    console.print(f"candidates: {escape(', '.join(decision.candidates))}")
    for one in explanation.left_out:
        console.print(f"left out: {escape(one.model)}, {escape(one.why)}")
    for change in explanation.changes:
        console.print(f"{escape(change.model)} would be chosen {escape(change.how)}")


def _found(value: bool | int | str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else escape(value)


def _result(trial: Trial) -> Iterator[str]:
    failed = [str(condition) for condition in trial.conditions if not condition.holds]
    if failed:
        yield from failed
    elif not trial.is_candidate:
        yield f"holds, but {trial.use} is no candidate"
    else:
        yield "holds: chosen"
