"""One browser that watches: what it looks at, what it has, and what is sent to it.

A frame that was sent is answered once it is on screen, and nothing is sent before; then comes the newest. So a slow link or a
tab in the background never piles frames up, here or there.

A session can end under an open page. It is looked up again every few seconds and with each receipt; when it has ended, the
browser is told to go to the login and is told nothing else.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from nicegui.client import Client
from nicegui.events import GenericEventArguments

from triplepoint.access.model import Operator
from triplepoint.console.elements import AttemptTable, Panel, ReceiptDialog
from triplepoint.console.lineup import draw_lineup, draw_problems, read_described
from triplepoint.console.markup import Markup
from triplepoint.console.ports import Services
from triplepoint.console.reader import Frame
from triplepoint.console.receipt import draw_missing, draw_receipt, draw_unreadable, find_parties
from triplepoint.console.rows import EVERYTHING, LENS_DEPTH, TABLE_ROWS, Ending, Lens, Line
from triplepoint.foundation.errors import SettingsInvalid
from triplepoint.telemetry.logs import get_logger
from triplepoint.telemetry.status import GatewayStatus

_PATIENCE_FRAMES = 40
"""After so many frames without an answer the next is sent all the same: the answer may have been lost with a connection."""
_MAX_NAME = 128

_log = get_logger("console")


@dataclass(frozen=True, slots=True)
class Visit:
    """Who watches, in which session."""

    operator: Operator
    session_id: str


class Viewer(ABC):
    """What every page has: a session that may end.

    Args:
        client: The browser.
        services: What is shown.
        visit: Who watches.
    """

    lens = EVERYTHING

    def __init__(self, client: Client, services: Services, visit: Visit) -> None:
        self._client = client
        self._services = services
        self._visit = visit
        self._is_out = False

    @abstractmethod
    def see(self, frame: Frame) -> None:
        """Take a frame in."""

    async def check_session(self) -> bool:
        """Look the session up again; where it has ended, send the browser to the login.

        Returns: Whether it goes on.
        """
        if not self._is_out:
            operator = await asyncio.to_thread(self._services.access.sessions.resolve, self._visit.session_id)
            if operator is None:
                self._is_out = True
                self._client.run_javascript("window.onSessionEnd()")
        return not self._is_out


@dataclass(frozen=True, slots=True)
class NowParts:
    """The pieces of the first page."""

    alarm: Panel
    strip: Panel
    tiles: Panel
    share: Panel
    upstreams: Panel
    table: AttemptTable
    dialog: ReceiptDialog
    receipt: Panel


@dataclass(frozen=True, slots=True)
class _Shown:
    markup: Markup
    is_found: bool = True
    is_running: bool = False
    """Whether it will change."""


class NowViewer(Viewer):
    """A browser on the first page."""

    def __init__(self, client: Client, services: Services, visit: Visit, parts: NowParts) -> None:
        super().__init__(client, services, visit)
        self._parts = parts
        self._is_paused = False
        self._latest: Frame | None = None
        self._shown: Frame | None = None
        self._has: Mapping[str, Line] = {}
        self._models: Sequence[str] = ()
        self._number = 0
        self._unanswered = 0
        self._running: str | None = None
        self._renewing: asyncio.Task[None] | None = None
        parts.table.on("drawn", self._drawn)
        parts.table.on("turn", self._turn)
        parts.table.on("pause", self._pause)
        parts.table.on("open", self._open)
        parts.dialog.on("open", self._open)
        parts.dialog.on("shut", self._shut)

    def see(self, frame: Frame) -> None:
        """Take a frame in, and send it on if the browser is ready."""
        self._latest = frame
        if 0 < self._unanswered < _PATIENCE_FRAMES:
            self._unanswered += 1
        else:
            self._send()

    def _send(self) -> None:
        frame = self._latest
        if frame is None or frame is self._shown or self._is_out:
            return
        self._shown = frame
        self._number += 1
        self._unanswered = 1
        if self._running is not None and (self._renewing is None or self._renewing.done()):
            self._renewing = asyncio.create_task(self._renew(self._running))
        panels = frame.panels
        self._parts.alarm.show(panels.alarm)
        self._parts.strip.show(panels.strip)
        self._parts.tiles.show(panels.tiles)
        self._parts.share.show(panels.share)
        self._parts.upstreams.show(panels.upstreams)
        self._send_lines(frame)

    def _send_lines(self, frame: Frame) -> None:
        lines = None if self._is_paused else frame.lines.get(self.lens)
        order: list[str] | None = None
        new: list[Line] = []
        if lines is not None:
            new = [line for line in lines if self._has.get(line.key) != line]
            keys = [line.key for line in lines]
            order = keys if new or keys != list(self._has) else None
            self._has = {line.key: line for line in lines}
        models = None if frame.models == self._models else frame.models
        self._models = frame.models
        self._parts.table.show(
            self._number,
            order=order,
            lines=msgspec.to_builtins(new),
            models=models,
            state=self._state(frame),
            scope=self._scope(len(self._has)),
            is_stale=frame.is_stale,
        )

    def _state(self, frame: Frame) -> str:
        if self._has:
            return "rows"
        if frame.is_empty:
            return "fault" if frame.is_stale else "empty"
        return "none" if self.lens in frame.lines else "loading"

    def _scope(self, count: int) -> str:
        if self.lens.ending is not Ending.ANY:
            return f"{count} among the latest {LENS_DEPTH:,}"
        return f"the latest {count}" if count == TABLE_ROWS else f"{count}, newest first"

    def _drawn(self, event: GenericEventArguments) -> None:
        if event.args == self._number:
            self._unanswered = 0

    def _turn(self, event: GenericEventArguments) -> None:
        model, ending = _pair(event.args)
        self.lens = Lens(model[:_MAX_NAME] or None, Ending(ending) if ending in set(Ending) else Ending.ANY)
        self._unanswered = 0

    def _pause(self, event: GenericEventArguments) -> None:
        self._is_paused = event.args is True

    async def _open(self, event: GenericEventArguments) -> None:
        await self.open_receipt(str(event.args))

    def _shut(self, _: GenericEventArguments) -> None:
        self._running = None

    async def open_receipt(self, receipt_id: str) -> bool:
        """Show a receipt over the page.

        Returns: Whether there is one.
        """
        if not await self.check_session():
            return False
        shown = await asyncio.to_thread(self._draw_receipt, receipt_id[:_MAX_NAME])
        self._running = receipt_id if shown.is_running else None
        self._parts.receipt.show(shown.markup)
        self._parts.dialog.show(receipt_id)
        return shown.is_found

    async def _renew(self, receipt_id: str) -> None:
        shown = await asyncio.to_thread(self._draw_receipt, receipt_id)
        if self._running == receipt_id:  # not closed meanwhile
            self._running = receipt_id if shown.is_running else None
            self._parts.receipt.show(shown.markup)

    def _draw_receipt(self, receipt_id: str) -> _Shown:
        try:
            receipt = self._services.ledger.receipt(receipt_id)
            if receipt is None:
                return _Shown(draw_missing(receipt_id), is_found=False)
            parties = find_parties(self._services.access, self._visit.operator.actor(), receipt)
        except Exception:  # noqa: BLE001 - whatever it is, the page says so and the log has it
            _log.exception("a receipt cannot be read")
            return _Shown(draw_unreadable())
        return _Shown(draw_receipt(receipt, parties), is_running=receipt.outcome is None)


class LineupViewer(Viewer):
    """A browser on the page of the line-up; drawn again when the gateway swaps."""

    def __init__(self, client: Client, services: Services, visit: Visit, panel: Panel) -> None:
        super().__init__(client, services, visit)
        self._panel = panel
        self._drawn_for: tuple[str | None] | None = None
        self._drawing: asyncio.Task[None] | None = None

    def see(self, frame: Frame) -> None:
        """Draw again where the gateway serves another line-up, has come or has gone."""
        key = (frame.status.lineup_hash if frame.status else None,)
        if key != self._drawn_for and not self._is_out:
            self._drawn_for = key
            self._drawing = asyncio.create_task(self._draw(frame.status))

    async def _draw(self, status: GatewayStatus | None) -> None:
        self._panel.show(await asyncio.to_thread(describe, self._services, status))


def describe(services: Services, status: GatewayStatus | None) -> Markup:
    """Draw the line-up in the files, or what is wrong with them."""
    try:
        return draw_lineup(read_described(services.lineup()), status)
    except SettingsInvalid as invalid:
        return draw_problems([str(problem) for problem in invalid.problems])


def _pair(args: object) -> tuple[str, str]:
    match args:
        case [str(first), str(second)]:
            return first, second
        case _:
            return "", ""
