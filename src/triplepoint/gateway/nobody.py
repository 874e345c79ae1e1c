"""A connection with nobody at its end, for requests of our own."""

import asyncio

from uvicorn.protocols.http.flow_control import FlowControl


class Nobody:
    """`cycle.Line` to nobody: nothing is ever sent, so nothing of it is used."""

    transport: asyncio.Transport
    flow: FlowControl
    has_left = False

    def __init__(self) -> None:
        self.tasks: set[asyncio.Task[None]] = set()

    def answered(self) -> None:
        """Do nothing: no further request comes."""

    def abort(self) -> None:
        """Do nothing: there is nothing to cut."""
