"""One request to a model on its way through the gateway: what it is, and how its answer reaches the caller."""

import asyncio

from triplepoint.foundation.errors import TriplepointError
from triplepoint.gateway.arrival import Arrival
from triplepoint.gateway.choice import Choice
from triplepoint.gateway.crossing import forwarded
from triplepoint.gateway.request import Request
from triplepoint.gateway.snapshot import KeyGrant
from triplepoint.gateway.wire import EVENT_STREAM, JSON, HeaderList, error_event, send_whole
from triplepoint.upstreams.dialects.sse import KEEP_ALIVE


class CallerStalled(Exception):
    """The caller stopped reading; it was cut off."""


class Job:
    """A request under way.

    Args:
        arrival: As it came.
        request: As read.
        choice: The model.
        grant: Whose key it came with.
        hop: Header that every upstream gets, against loops.
        deadline_s: Steady-clock moment until which the caller waits for an answer, or for a stream to begin; None if unsaid.
    """

    def __init__(
        self,
        arrival: Arrival,
        request: Request,
        choice: Choice,
        grant: KeyGrant,
        *,
        hop: tuple[bytes, bytes],
        deadline_s: float | None,
    ) -> None:
        settings = arrival.snapshot.settings.gateway
        self.request = request
        self.choice = choice
        self.grant = grant
        self.receipt_id = arrival.receipt_id
        self.request_id = arrival.request_id
        self.trace = arrival.trace
        self.hop = hop
        self.deadline_s = deadline_s
        self.beside: HeaderList = []
        """Headers that the attempt under way adds to its answer."""
        self.has_begun = False
        """The caller has got a first byte: from here on nothing is retried."""
        self._incoming = arrival.incoming
        self._headers = arrival.headers
        self._send = arrival.send
        self._connection = arrival.connection
        self._send_timeout_s = settings.send_timeout
        self._silence_s = settings.keep_alive_comment
        self._loop = asyncio.get_running_loop()
        self._last_sent_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._comment: asyncio.Task[None] | None = None

    @property
    def forwarded(self) -> HeaderList:
        """Headers of the request that an upstream of the same dialect gets to see."""
        return forwarded(self._incoming)

    async def answer_whole(self, body: bytes) -> None:
        """Send an answer that is no stream."""
        self.has_begun = True
        await send_whole(self._send, 200, [JSON, *self._headers, *self.beside], body)

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
        if self._connection is not None and self._connection.is_write_paused:
            await self.see_off()
        await self._send(message)

    async def see_off(self) -> None:
        """Wait while the caller reads what was sent, however slowly, as long as it reads.

        Raises: CallerStalled: it does not; its connection was cut.
        """
        connection = self._connection
        while connection is not None and connection.is_write_paused:
            unsent = connection.unsent_bytes
            try:
                async with asyncio.timeout(self._send_timeout_s):
                    await connection.flow.drain()
            except TimeoutError as error:
                if connection.unsent_bytes >= unsent:
                    connection.abort()
                    raise CallerStalled from error

    async def break_off(self, error: TriplepointError) -> None:
        """End a stream that had begun with an error event and without its terminal event."""
        await self.send_events(error_event(error, self.request.dialect), last=True)

    async def _begin(self) -> None:
        self.has_begun = True
        await self._send(
            {"type": "http.response.start", "status": 200, "headers": [*EVENT_STREAM, *self._headers, *self.beside]}
        )

    def _break_silence(self) -> None:
        left = self._last_sent_s + self._silence_s - self._loop.time()
        if left <= 0:
            self._comment = self._loop.create_task(self.send_events(KEEP_ALIVE))
            left = self._silence_s
        self._timer = self._loop.call_later(left, self._break_silence)
