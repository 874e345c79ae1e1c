"""``triplepoint route explain``: what would become of a request, who could answer it, and what would lead elsewhere."""

import re
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from triplepoint.app import open_installation
from triplepoint.cli.local import local_actor
from triplepoint.cli.options import AsJson, Folder
from triplepoint.cli.route_views import print_explanation
from triplepoint.routing.enquiry import Enquiry
from triplepoint.upstreams.dialects.model import Dialect

_PERCENT = re.compile(r"(\d{1,3})\s*%?")


def _percent(text: str) -> int:
    match = _PERCENT.fullmatch(text)
    if match is None:
        raise typer.BadParameter(f"{text!r} is no share; write it like 85%")
    return int(match[1])


def _tag(text: str) -> str:
    if "=" not in text:
        raise typer.BadParameter(f"{text!r} is no tag; write it like task=maths")
    return text


def explain(
    prompt: Annotated[str | None, typer.Argument(help="What a user would ask.", show_default=False)] = None,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="A whole request body as JSON instead.", exists=True, dir_okay=False)
    ] = None,
    dialect: Annotated[Dialect, typer.Option(help="Dialect of the request body.")] = Dialect.CHAT,
    customer: Annotated[
        str | None, typer.Option("--as", help="As this customer (id or name): its plan's models, floor, regions and dials.")
    ] = None,
    thrift: Annotated[int | None, typer.Option(min=0, max=100, help="Dial of the request.", show_default="the plan's")] = None,
    tags: Annotated[list[str] | None, typer.Option("--tag", parser=_tag, metavar="K=V", help="Tag of the request.")] = None,
    budget_used: Annotated[
        int | None,
        typer.Option(parser=_percent, metavar="PERCENT", help="As if so much of each quota of the customer's plan were used."),
    ] = None,
    before: Annotated[
        str | None, typer.Option("--after", metavar="MODEL", help="As if this model had given the conversation's last answer.")
    ] = None,
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """Show what `auto` would choose for a request and why, and what would lead to another choice. Nothing is sent.

    Candidates are worked out as the gateway does it; where one runs here, what is down is left out. A key may allow less than
    its customer's plan. With --budget-used it is told what the plan's limits would make of it: notices, ladder, refusal.
    """
    if budget_used is not None and customer is None:
        raise typer.BadParameter("--budget-used asks for a customer's quotas; say whose with --as")
    if (prompt is None) == (file is None):
        raise typer.BadParameter("give a prompt, or a request body with --file")
    enquiry = Enquiry(
        prompt=prompt,
        body=file.read_bytes() if file is not None else None,
        dialect=dialect,
        customer=customer,
        thrift=thrift,
        tags=dict(tag.split("=", 1) for tag in tags or ()),
        served_before=before,
        used_percent=budget_used,
    )
    with open_installation(folder) as installation:
        reply = installation.routing.explain(local_actor(), enquiry)
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(reply), indent=2).decode())
    else:
        print_explanation(reply)
