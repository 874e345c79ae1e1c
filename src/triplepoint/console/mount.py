"""Puts the console beside the admin API, in one process and behind one login."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from nicegui import app as nicegui_app
from nicegui import core, ui
from starlette.requests import Request
from starlette.responses import Response

from triplepoint.console.door import ConsoleMount, Door
from triplepoint.console.pages import Pages
from triplepoint.console.plain import ICON, fault_page, missing_page
from triplepoint.console.poller import Poller
from triplepoint.console.ports import Services
from triplepoint.console.reader import Reader
from triplepoint.console.viewer import Viewer
from triplepoint.foundation.clock import SystemClock

_SESSIONS_S = 2.0
"""How long a browser may go on watching after its session has ended."""
_HISTORY = 60
"""Messages kept for a browser whose connection breaks; after more it loads the page again."""


class Audience:
    """All browsers that watch."""

    def __init__(self, poller: Poller) -> None:
        self._poller = poller
        self._viewers: set[Viewer] = set()

    def join(self, watcher: Viewer) -> None:
        """Have a browser told of each look."""
        self._viewers.add(watcher)
        self._poller.join(watcher)

    def leave(self, watcher: Viewer) -> None:
        """Tell it no more."""
        self._viewers.discard(watcher)
        self._poller.leave(watcher)

    async def watch_sessions(self) -> None:
        """Show those out whose session has ended, until cancelled."""
        while True:
            await asyncio.sleep(_SESSIONS_S)
            for viewer in tuple(self._viewers):
                if not await viewer.check_session():
                    self.leave(viewer)


def mount_console(app: FastAPI) -> None:
    """Serve the console at ``/`` of the control plane, beside ``/api``.

    Args:
        app: Made by `admin.app.create_admin`; its ``state.services`` are what the console shows. NiceGUI is one for a process,
            so this is called once in a process.
    """
    services: Services = app.state.services
    poller = Poller(Reader(services, SystemClock()))
    audience = Audience(poller)
    Pages(services, audience).register(ui.page)
    ui.run_with(  # pyright: ignore[reportUnknownMemberType] - its `root` lacks a type
        app,
        title="Triplepoint",
        favicon=ICON,
        dark=None,
        language="en-GB",
        tailwind=False,
        binding_refresh_interval=None,  # nothing is bound; pages are told what changed
        message_history_length=_HISTORY,
        cache_control_directives="private, max-age=31536000, immutable",
        show_welcome_message=False,
    )
    nicegui_app.add_exception_handler(404, _tell_missing)
    nicegui_app.add_exception_handler(Exception, _tell_fault)
    app.router.routes[-1] = ConsoleMount("/", app=Door(core.app, services))
    _live_with(app, poller, audience)


def _live_with(app: FastAPI, poller: Poller, audience: Audience) -> None:
    """Read while the application runs."""
    outer = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(started: FastAPI) -> AsyncGenerator[Any]:
        async with outer(started) as state:
            tasks = [asyncio.create_task(poller.run()), asyncio.create_task(audience.watch_sessions())]
            try:
                yield state
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    app.router.lifespan_context = lifespan


async def _tell_missing(_: Request, __: Exception) -> Response:
    return missing_page()


async def _tell_fault(_: Request, __: Exception) -> Response:
    return fault_page()  # the server logs the fault
