"""One request to a model on its way through the gateway: what it is, and how its answer reaches the caller."""

import asyncio

from triplepoint.foundation.errors import TriplepointError
from triplepoint.gateway.choice import Choice
from triplepoint.gateway.connection import Connection
from triplepoint.gateway.request import Request
from triplepoint.gateway.snapshot import KeyGrant
from triplepoint.gateway.wire import EVENT_STREAM, JSON, HeaderList, Send, error_event, send_whole
from triplepoint.upstreams.dialects.sse import KEEP_ALIVE


class CallerStalled(Exception):
    """The caller stopped reading; it was cut off."""


class Job:
    """A request under way.

    Args:
        request: As read.
        choice: The model.
        grant: Whose key it came with.
        receipt_id, request_id: Its ids.
        headers: Of the answer, whatever it will be.
        forwarded: Headers of the request that an upstream of the same dialect gets to see.
        deadline_s: Steady-clock moment until which the caller waits; None if unsaid.
        send: ASGI's.
        connection: The caller's; None under a server that is not ours.
        send_timeout_s: Longest time that the caller may not read.
        silence_s: Silence in a stream after which a comment is sent.
    """

    def __init__(
        self,
        *,
        request: Request,
        choice: Choice,
        grant: KeyGrant,
        receipt_id: str,
        request_id: str,
        headers: HeaderList,
        forwarded: HeaderList,
        deadline_s: float | None,
        send: Send,
        connection: Connection | None,
        send_timeout_s: float,
        silence_s: float,
    ) -> None:
        self.request = request
        self.choice = choice
        self.grant = grant
        self.receipt_id = receipt_id
        self.request_id = request_id
        self.forwarded = forwarded
        self.deadline_s = deadline_s
        self.has_begun = False
        """The caller has got a first byte: from here on nothing is retried."""
        self._headers = headers
        self._send = send
        self._connection = connection
        self._send_timeout_s = send_timeout_s
        self._silence_s = silence_s
        self._loop = asyncio.get_running_loop()
        self._last_sent_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._comment: asyncio.Task[None] | None = None

    async def answer_whole(self, body: bytes) -> None:
        """Send an answer that is no stream."""
        self.has_begun = True
        await send_whole(self._send, 200, [JSON, *self._headers], body)

    def watch_silence(self) -> None:
        """From now on, send a comment whenever the stream has been silent for long."""
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
        if not self.has_begun:
            await self._begin()
        self._last_sent_s = self._loop.time()
        message = {"type": "http.response.body", "body": data, "more_body": not last}
        if self._connection is None or not self._connection.is_write_paused:
            await self._send(message)
            return
        try:
            async with asyncio.timeout(self._send_timeout_s):
                await self._send(message)
        except TimeoutError as error:
            self._connection.abort()
            raise CallerStalled from error

    async def break_off(self, error: TriplepointError) -> None:
        """End a stream that had begun with an error event and without its terminal event."""
        await self.send_events(error_event(error, self.request.dialect), last=True)

    async def _begin(self) -> None:
        self.has_begun = True
        await self._send({"type": "http.response.start", "status": 200, "headers": [*EVENT_STREAM, *self._headers]})

    def _break_silence(self) -> None:
        left = self._last_sent_s + self._silence_s - self._loop.time()
        if left <= 0:
            self._comment = self._loop.create_task(self.send_events(KEEP_ALIVE))
            left = self._silence_s
        self._timer = self._loop.call_later(left, self._break_silence)
