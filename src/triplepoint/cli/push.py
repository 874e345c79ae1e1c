"""``triplepoint ledger push``: usage events to a billing system, over HTTP."""

import os
import random
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from triplepoint.app import Installation, open_installation
from triplepoint.cli.local import say, seconds
from triplepoint.cli.options import AsJson, Folder
from triplepoint.foundation.errors import RequestInvalid
from triplepoint.foundation.secret import Secret
from triplepoint.ledger.drain import drain_if_free
from triplepoint.ledger.events.push import HttpSink, Pushed, Pusher, PushOptions, cursor_name


def push(
    url: Annotated[str, typer.Argument(help="Where events are posted, such as https://openmeter.example/api/v1/events.")],
    bearer: Annotated[
        str | None,
        typer.Option("--bearer", metavar="VARIABLE", help="Environment variable with a token; sent as Authorization: Bearer."),
    ] = None,
    batch: Annotated[int, typer.Option(min=1, max=1000, help="Events in a request; 1: each alone, in structured mode.")] = 100,
    tries: Annotated[int, typer.Option(min=1, max=100, help="How often a request is tried; its place is kept.")] = 8,
    name: Annotated[
        str | None, typer.Option(help="Name of its place, for an address that changes.", show_default="the address")
    ] = None,
    from_now: Annotated[bool, typer.Option("--from-now", help="Leave out what has ended before; send nothing yet.")] = False,
    every: Annotated[
        float | None,
        typer.Option("--every", parser=seconds, metavar="DURATION", help="Go on at this pace.", show_default="once"),
    ] = None,
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """Send usage events (CloudEvents) of what ended since the last time; at least once, and resumable."""
    sink = HttpSink(url, bearer=_token(bearer))
    with open_installation(folder) as installation, suppress(KeyboardInterrupt):
        pusher = Pusher(
            installation.endings,
            sink,
            cursor=cursor_name(name or url),
            source=installation.event_source,
            clock=installation.clock,
            pause=time.sleep,
            draw=random.random,
            options=PushOptions(batch, tries),
        )
        if from_now:
            _tell(pusher.skip(), as_json=as_json)
            return
        while True:
            _take_in(installation)
            pushed = pusher.push()
            if pushed.events or every is None:
                _tell(pushed, as_json=as_json)
            if every is None:
                return
            time.sleep(every)


def _token(variable: str | None) -> Secret | None:
    if variable is None:
        return None
    value = os.environ.get(variable)
    if not value:
        raise RequestInvalid(f"the environment has no {variable}; export {variable}=… before the push", param="bearer")
    return Secret(value)


def _take_in(installation: Installation) -> None:
    drain_if_free(installation.data, installation.ledger, meter=installation.meter)


def _tell(pushed: Pushed, *, as_json: bool) -> None:
    if as_json:
        print(msgspec.json.encode({"events": pushed.events, "position": pushed.position}).decode(), flush=True)
    else:
        say(f"{pushed.events} events delivered, up to ending {pushed.position}")
