"""One request to a model on its way through the gateway: what it is, and how its answer reaches the caller."""

import asyncio
from typing import TYPE_CHECKING

from triplepoint.foundation.errors import TriplepointError
from triplepoint.gateway.admitted import Admitted
from triplepoint.gateway.arrival import Arrival
from triplepoint.gateway.audits.kept import Kept
from triplepoint.gateway.request import Request
from triplepoint.gateway.snapshot import KeyGrant
from triplepoint.gateway.wire import EVENT_STREAM, JSON, HeaderList, error_event
from triplepoint.upstreams.dialects.sse import KEEP_ALIVE

if TYPE_CHECKING:
    from triplepoint.gateway.escalation.look import Look


class CallerStalled(Exception):
    """The caller stopped reading; it was cut off."""


class Job:
    """A request under way.

    Args:
        arrival: As it came.
        request: As read.
        admitted: What it was let in on: the model, and what is held for it.
        grant: Whose key it came with.
    """

    __slots__ = (
        "_arrival", "_comment", "_cycle", "_last_sent_s", "_loop", "_timer", "admitted", "attempts", "beside", "choice",
        "deadline_s", "grant", "has_begun", "hop", "incoming", "kept", "look", "receipt_id", "request", "request_id", "trace",
    )  # fmt: skip

    def __init__(
        self,
        arrival: Arrival,
        request: Request,
        admitted: Admitted,
        grant: KeyGrant,
    ) -> None:
        self.request = request
        self.admitted = admitted
        self.choice = admitted.choice
        self.grant = grant
        self.receipt_id = arrival.receipt_id
        self.request_id = arrival.request_id
        self.trace = arrival.trace
        self.hop = arrival.hop
        self.deadline_s = arrival.deadline_s
        self.beside: HeaderList = []
        """Headers that the attempt under way adds to its answer."""
        self.has_begun = False
        """The caller has got a first byte: from here on nothing is retried."""
        self.kept: Kept | None = None
        """Where its answer is kept, if it was drawn for an audit."""
        self.attempts = 0
        """Attempts that were made."""
        self.look: Look | None = None
        """Who looks at the answer before it is given; None: nobody."""
        self.incoming = arrival.incoming
        """Headers of the request."""
        self._arrival = arrival
        self._cycle = arrival.cycle
        self._timer: asyncio.TimerHandle | None = None

    async def answer_whole(self, body: bytes) -> None:
        """Send an answer that is no stream."""
        cycle = self._cycle
        if cycle.line.flow.write_paused:
            await cycle.line.flow.drain()
        cycle.begin(200, [JSON, *self._arrival.headers, *self.beside], length=len(body))
        self.has_begun = True
        if self.kept is not None:
            self.kept.add(body)
        cycle.write(body, is_last=True)

    def watch_silence(self) -> None:
        """From now on, send a comment whenever the stream has been silent for long."""
        self._loop = asyncio.get_running_loop()
        self._comment: asyncio.Task[None] | None = None
        self._last_sent_s = self._loop.time()
        self._timer = self._loop.call_later(self._silence_s, self._break_silence)

    def stop_watching(self) -> None:
        """Send no more comments."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def send_events(self, data: bytes, *, last: bool = False) -> None:
        """Send whole events; the first brings the head, the last ends the answer.

        Raises: CallerStalled: it does not read; its connection was cut.
        """
        cycle = self._cycle
        if not self.has_begun:
            cycle.begin(200, [*EVENT_STREAM, *self._arrival.headers, *self.beside])
            self.has_begun = True
        if self._timer is not None:
            self._last_sent_s = self._loop.time()
        if cycle.line.flow.write_paused:
            await self.see_off()
        if self.kept is not None:
            self.kept.add(data)
        cycle.write(data, is_last=last)

    async def see_off(self) -> None:
        """Wait while the caller reads what was sent, however slowly, as long as it reads.

        Raises: CallerStalled: it does not; its connection was cut.
        """
        line = self._cycle.line
        while line.flow.write_paused:
            unsent = line.transport.get_write_buffer_size()
            try:
                async with asyncio.timeout(self._arrival.snapshot.settings.gateway.send_timeout):
                    await line.flow.drain()
            except TimeoutError as error:
                if line.transport.get_write_buffer_size() >= unsent:
                    line.abort()
                    raise CallerStalled from error

    async def break_off(self, error: TriplepointError) -> None:
        """End a stream that had begun with an error event and without its terminal event."""
        await self.send_events(error_event(error, self.request.dialect), last=True)

    @property
    def _silence_s(self) -> float:
        return self._arrival.snapshot.settings.gateway.keep_alive_comment

    def _break_silence(self) -> None:
        left = self._last_sent_s + self._silence_s - self._loop.time()
        if left <= 0:
            self._comment = self._loop.create_task(self.send_events(KEEP_ALIVE))
            left = self._silence_s
        self._timer = self._loop.call_later(left, self._break_silence)
