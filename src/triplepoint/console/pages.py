"""The pages, put together: a bar, then what the page shows, which a viewer keeps up to date."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from nicegui import ui
from nicegui.client import Client
from starlette.requests import Request

from triplepoint.access.model import Operator
from triplepoint.console.elements import AttemptTable, EnquiryForm, Panel, ReceiptDialog
from triplepoint.console.enquirer import RouterParts, RouterViewer
from triplepoint.console.markup import Markup, join, tag
from triplepoint.console.plain import MARK, STATIC
from triplepoint.console.ports import Services
from triplepoint.console.viewer import LineupViewer, NowParts, NowViewer, Viewer, Visit
from triplepoint.foundation.errors import SettingsInvalid
from triplepoint.routing.description import RouterDescription
from triplepoint.routing.enquiry import LONGEST_PROMPT

_MOST_CUSTOMERS = 500
"""Names that are offered to choose from; others are typed."""
_NOTHING = Markup()
_WAITING = tag("p", "Reading…", class_="hint")
_STYLE = "".join((STATIC / name).read_text("utf-8") for name in ("tokens.css", "console.css"))
_THEME_SCRIPT = (STATIC / "theme.js").read_text("utf-8")
_BAR_SCRIPT = (STATIC / "bar.js").read_text("utf-8")
_NAVIGATION = (("/", "Now"), ("/lineup", "Line-up"), ("/router", "Router"), ("/api/docs", "API"))


class Audience(Protocol):
    """Where viewers are told of what happens."""

    def join(self, watcher: Viewer) -> None:
        """Tell it from now on."""
        ...

    def leave(self, watcher: Viewer) -> None:
        """Tell it no more."""
        ...


class Pages:
    """Makes the pages.

    Args:
        services: What they show.
        audience: Where their viewers go.
    """

    def __init__(self, services: Services, audience: Audience) -> None:
        self._services = services
        self._audience = audience

    def register(self, page: Callable[..., ui.page]) -> None:
        """Put the pages at their addresses.

        Args:
            page: NiceGUI's decorator.
        """

        @page("/", title="Now · Triplepoint")
        async def _(request: Request, client: Client) -> None:
            self._now(request, client)

        @page("/receipts/{receipt_id}", title="Receipt · Triplepoint")
        async def _(request: Request, client: Client, receipt_id: str) -> None:
            viewer = self._now(request, client)
            if not await viewer.open_receipt(receipt_id):
                client.status_code = 404

        @page("/lineup", title="Line-up · Triplepoint")
        async def _(request: Request, client: Client) -> None:
            self._lineup(request, client)

        @page("/router", title="Router · Triplepoint")
        async def _(request: Request, client: Client) -> None:
            await self._router(request, client)

    def _now(self, request: Request, client: Client) -> NowViewer:
        visit = _visit(request)
        with _frame(client, visit, "/"):
            with ui.element("div").classes("top"):
                Panel(tag("h1", "Now"), classes="title")
                strip = Panel(_NOTHING, classes="strips")
            alarm = Panel(_NOTHING, classes="alarms").props("role=alert")
            tiles = Panel(_NOTHING, classes="tile-row")
            with ui.element("div").classes("columns"):
                table = AttemptTable().classes("card wide")
                with ui.element("div").classes("rail"):
                    share = Panel(_WAITING, classes="card", name="section").props("aria-label='Share by model'")
                    upstreams = Panel(_WAITING, classes="card", name="section").props("aria-label=Upstreams")
            twins = join(
                "As JSON: ",
                tag("a", "attempts", href="/api/ledger/attempts?limit=200"),
                ", ",
                tag("a", "status", href="/api/status"),
                ", ",
                tag("a", "rollups", href="/api/ledger/rollups"),
            )
            Panel(tag("p", twins, class_="twin"), classes="foot")
            with ReceiptDialog() as dialog:
                receipt = Panel(_NOTHING, classes="paper")
        parts = NowParts(alarm, strip, tiles, share, upstreams, table, dialog, receipt)
        viewer = NowViewer(client, self._services, visit, parts)
        self._admit(client, viewer)
        return viewer

    def _lineup(self, request: Request, client: Client) -> None:
        visit = _visit(request)
        with _frame(client, visit, "/lineup"):
            panel = Panel(join(tag("h1", "Line-up"), _WAITING), classes="lineup")
        self._admit(client, LineupViewer(client, self._services, visit, panel))

    async def _router(self, request: Request, client: Client) -> None:
        visit = _visit(request)
        described, customers = await asyncio.to_thread(self._askable, visit.operator)
        with _frame(client, visit, "/router"):
            head = Panel(join(tag("h1", "Router"), _WAITING), classes="lineup")
            form = None
            with ui.element("section").classes("card ask"):
                Panel(tag("h2", "Explain a request", id="enquiry-title"), classes="head")
                if described is not None:
                    form = EnquiryForm(
                        models=described.models,
                        customers=customers,
                        usual_thrift=described.router["thrift"] if described.takes_thrift and described.router else None,
                        longest=LONGEST_PROMPT,
                    )
                else:
                    Panel(tag("p", "There is no router to ask: see above.", class_="hint"), classes="head")
                answer = Panel(_NOTHING, classes="answer")
            evidence = Panel(_WAITING, classes="lineup evidence")
        self._admit(client, RouterViewer(client, self._services, visit, RouterParts(head, form, answer, evidence)))

    def _askable(self, operator: Operator) -> tuple[RouterDescription | None, list[str]]:
        """Return the router that can be asked (None: there is none, or the files are wrong), and as whom."""
        customers = self._services.access.customers.all(operator.actor())[:_MOST_CUSTOMERS]
        try:
            described = self._services.routing.describe()
        except SettingsInvalid:
            return None, []
        return (described if described.router is not None else None), [customer.name for customer in customers]

    def _admit(self, client: Client, viewer: Viewer) -> None:
        client.on_connect(lambda: self._audience.join(viewer))  # pyright: ignore[reportUnknownMemberType] - lacks a type
        client.on_delete(lambda: self._audience.leave(viewer))  # pyright: ignore[reportUnknownMemberType]


def _visit(request: Request) -> Visit:
    operator: Operator = request.state.operator
    return Visit(operator, request.state.session_id)


def _frame(client: Client, visit: Visit, path: str) -> ui.element:
    """Write what every page has, and return the element that its content goes into."""
    content = ui.element("div").classes("page").props("tabindex=-1")
    ui.add_head_html(f"<style>{_STYLE}</style><script>{_THEME_SCRIPT}</script>")
    ui.add_body_html(join(_bar(visit, path, f"#{content.html_id}"), tag("script", Markup(_BAR_SCRIPT), type="module")))
    return content


def _bar(visit: Visit, path: str, target: str) -> Markup:
    links = (tag("a", name, href=place, aria_current="page" if place == path else None) for place, name in _NAVIGATION)
    themes = (tag("option", text, value=value) for value, text in (("", "system"), ("light", "light"), ("dark", "dark")))
    return tag(
        "header",
        tag("a", "To the content", href=target, class_="skip"),
        tag("a", MARK, "Triplepoint", href="/", class_="brand"),
        tag("nav", *links, aria_label="Pages"),
        tag(
            "div",
            tag("label", tag("span", "Theme"), tag("select", *themes, id="theme"), class_="theme"),
            tag("span", visit.operator.name, " ", tag("span", visit.operator.role.value, class_="kind"), class_="who"),
            tag("button", "Log out", type="button", id="logout"),
            class_="account",
        ),
        class_="bar",
    )
