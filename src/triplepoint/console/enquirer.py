"""A browser on the page of the router: it sees what decides, and asks what would become of requests.

What somebody types is read, answered and forgotten: it is in no log, and the answer goes to that one browser.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Final

import msgspec
from nicegui.client import Client
from nicegui.events import GenericEventArguments

from triplepoint.console.elements import EnquiryForm, Panel
from triplepoint.console.explained import draw_refused, draw_reply, draw_unforeseen
from triplepoint.console.markup import Markup, join
from triplepoint.console.misroutes import draw_misroutes
from triplepoint.console.ports import Services
from triplepoint.console.reader import Frame
from triplepoint.console.router import draw_evidence, draw_head, draw_problems
from triplepoint.console.viewer import Viewer, Visit
from triplepoint.foundation.errors import RequestInvalid, SettingsInvalid, TriplepointError
from triplepoint.routing.enquiry import Enquiry
from triplepoint.telemetry.logs import get_logger
from triplepoint.telemetry.status import GatewayStatus
from triplepoint.upstreams.dialects.model import Dialect

_MOST_TAGS: Final = 16
_AUDITS_S: Final = 30.0
"""How often what audits found is looked at again."""
_log = get_logger("console")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the form holds."""

    text: str = ""
    kind: Dialect | None = None
    """Dialect of a request body; None: it is a prompt."""
    customer: str = ""
    used: int | None = None
    before: str = ""
    tags: str = ""
    thrift: int | None = None


def read_asked(value: object) -> Enquiry:
    """Read what the form holds.

    Raises: RequestInvalid: it cannot be meant so.
    """
    try:
        asked = msgspec.convert(value, Asked)
    except msgspec.ValidationError as error:
        raise RequestInvalid(f"this form cannot be read: {error}") from error
    if not asked.text.strip():
        raise RequestInvalid("say what a user would ask, or paste a request's body", param="prompt")
    return Enquiry(
        prompt=asked.text if asked.kind is None else None,
        body=None if asked.kind is None else asked.text.encode("utf-8", "replace"),
        dialect=asked.kind or Dialect.CHAT,
        customer=asked.customer or None,
        thrift=asked.thrift,
        tags=_read_tags(asked.tags),
        served_before=asked.before or None,
        used_percent=asked.used,
    )


def _read_tags(text: str) -> dict[str, str]:
    tags: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, sign, value = part.partition("=")
        if not (sign and name.strip()):
            raise RequestInvalid("write tags like task=maths, team=red", param="tags")
        tags[name.strip()] = value.strip()
    if len(tags) > _MOST_TAGS:
        raise RequestInvalid(f"a request has at most {_MOST_TAGS} tags here", param="tags")
    return tags


@dataclass(frozen=True, slots=True)
class RouterParts:
    """The pieces of the page, from top to bottom."""

    head: Panel
    form: EnquiryForm | None
    """Where it asks; None: there is no router to ask."""
    answer: Panel
    evidence: Panel


class RouterViewer(Viewer):
    """A browser on the page of the router."""

    def __init__(self, client: Client, services: Services, visit: Visit, parts: RouterParts) -> None:
        super().__init__(client, services, visit)
        self._parts = parts
        self._drawn_for: tuple[str | None, int] | None = None
        self._drawing: asyncio.Task[None] | None = None
        if parts.form is not None:
            parts.form.on("ask", self._ask)

    def see(self, frame: Frame) -> None:
        """Draw again where the gateway serves another line-up, has come or has gone, and now and then for new audits."""
        key = (frame.status.lineup_hash if frame.status else None, int(time.monotonic() / _AUDITS_S))
        if key != self._drawn_for and not self._is_out:
            self._drawn_for = key
            self._drawing = asyncio.create_task(self._draw(frame.status))

    async def _draw(self, status: GatewayStatus | None) -> None:
        head, evidence = await asyncio.to_thread(self._describe, status)
        self._parts.head.show(head)
        self._parts.evidence.show(evidence)

    def _describe(self, status: GatewayStatus | None) -> tuple[Markup, Markup]:
        try:
            described = self._services.routing.describe()
            report = self._services.misroutes.report()
        except SettingsInvalid as invalid:
            return draw_problems([str(problem) for problem in invalid.problems]), Markup()
        misroutes = draw_misroutes(report) if report is not None else None
        return draw_head(described, status), join(misroutes, draw_evidence(described))

    async def _ask(self, event: GenericEventArguments) -> None:
        form = self._parts.form
        if form is None or not await self.check_session():
            return
        markup, note = await asyncio.to_thread(self._explain, event.args)
        self._parts.answer.show(markup)
        form.done(note)

    def _explain(self, value: object) -> tuple[Markup, str]:
        try:
            reply = self._services.routing.explain(self._visit.operator.actor(), read_asked(value))
        except TriplepointError as error:
            return draw_refused(error), f"Nothing is chosen: {error.message}"
        except Exception:  # noqa: BLE001 - whatever it is, the page says so and the log has where, without its message
            _log.exception("an enquiry cannot be answered")
            return draw_unforeseen(), "This was not foreseen."
        return draw_reply(reply), f"auto would be {reply.decision.model}. Nothing was sent."
