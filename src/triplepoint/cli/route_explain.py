"""``triplepoint route explain``: what would become of a request, who could answer it, and what would lead elsewhere."""

import asyncio
import re
import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from triplepoint.app import Installation, load_today, open_installation
from triplepoint.cli.local import local_actor
from triplepoint.cli.options import AsJson, Folder
from triplepoint.cli.route_views import print_explanation
from triplepoint.foundation.errors import NotFound, RequestInvalid
from triplepoint.foundation.ids import CustomerId, KeyId
from triplepoint.gateway.as_if import AsIf, admit_as_if, decide_as_if, stand_ins
from triplepoint.gateway.request import Request, parse_request
from triplepoint.gateway.snapshot import KeyGrant, Snapshot, compile_snapshot
from triplepoint.lineups.resolve import AUTO
from triplepoint.plans.terms import UNBOUND, Terms
from triplepoint.upstreams.dialects.model import Dialect

_FIELD = {Dialect.CHAT: "messages", Dialect.RESPONSES: "input", Dialect.MESSAGES: "messages"}
_ENDPOINT = {Dialect.CHAT: "/v1/chat/completions", Dialect.RESPONSES: "/v1/responses", Dialect.MESSAGES: "/v1/messages"}
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_OURS = "triplepoint"
_PERCENT = re.compile(r"(\d{1,3})\s*%?")
_NOBODY = CustomerId("")


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
    request = _request(prompt, file, dialect, _controls(thrift, tags or []))
    with open_installation(folder) as installation:
        case = _case(installation, request, customer, before)
        choice, explanation = decide_as_if(case, installation.clock)
        on_plan = (
            asyncio.run(admit_as_if(case, choice, used_percent=budget_used, clock=installation.clock))
            if budget_used is not None
            else None
        )
    if as_json:
        shown = msgspec.to_builtins(explanation) | ({"on_plan": msgspec.to_builtins(on_plan)} if on_plan is not None else {})
        print(msgspec.json.format(msgspec.json.encode(shown), indent=2).decode())
    else:
        print_explanation(explanation, on_plan)


def _case(installation: Installation, request: Request, customer: str | None, before: str | None) -> AsIf:
    """Put together what the request would meet.

    Raises: NotFound: there is no such customer, or no router; NotEntitled: the customer is on no plan.
    """
    configuration, now_us = load_today(installation.folder), installation.clock.now_us()
    holder = installation.plans.find_holder(local_actor(), customer) if customer is not None else None
    snapshot = compile_snapshot(configuration, (), made_us=now_us, holders=[] if holder is None else [holder])
    if snapshot.active.router is None:
        name = snapshot.active.name
        raise NotFound(f"line-up {name} has no router, so there is no auto; add one, or ask for a model by name")
    whose = holder.customer_id if holder is not None else _NOBODY
    terms = _terms(snapshot, whose, now_us) if holder is not None else UNBOUND
    live = stand_ins(snapshot, installation.gateway.status(), time.monotonic())
    return AsIf(request, snapshot, KeyGrant(KeyId(""), whose, None, None), terms, live, before)


def _terms(snapshot: Snapshot, customer_id: CustomerId, now_us: int) -> Terms:
    return snapshot.terms.of(customer_id, "", now_us)


def _controls(thrift: int | None, tags: list[str]) -> dict[str, object]:
    controls: dict[str, object] = {} if thrift is None else {"thrift": thrift}
    return controls | ({"tags": dict(tag.split("=", 1) for tag in tags)} if tags else {})


def _request(prompt: str | None, file: Path | None, dialect: Dialect, controls: dict[str, object]) -> Request:
    """Read the request as the gateway would, with the options in it; a model other than ``auto`` is left aside.

    Raises: RequestInvalid: it is none.
    """
    if (prompt is None) == (file is None):
        raise typer.BadParameter("give a prompt, or a request body with --file")
    fields = _fields(file.read_bytes(), str(file)) if file is not None else {}
    if prompt is not None:
        fields[_FIELD[dialect]] = msgspec.Raw(msgspec.json.encode([{"role": "user", "content": prompt}]))
    asked = bytes(fields.get("model", b""))
    if not (asked == b'"auto"' or asked.startswith(b'"auto@')):
        fields["model"] = msgspec.Raw(msgspec.json.encode(AUTO))
    if controls:
        given = _fields(bytes(fields[_OURS]), "its member triplepoint") if _OURS in fields else {}
        fields[_OURS] = msgspec.Raw(msgspec.json.encode({**given, **controls}))
    return parse_request(msgspec.json.encode(fields), dialect, _ENDPOINT[dialect])


def _fields(data: bytes, what: str) -> dict[str, msgspec.Raw]:
    try:
        return _FIELDS.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestInvalid(f"{what} is not a JSON object: {error}") from error
