"""Brings an upstream's answer to the caller: read once, forwarded as it comes, never made to look more whole than it is."""

import asyncio
from collections.abc import Callable

from triplepoint.foundation.errors import UpstreamFault, UpstreamTimeout
from triplepoint.foundation.usage import Usage
from triplepoint.gateway.job import Job
from triplepoint.gateway.outgoing import Outgoing
from triplepoint.gateway.record import OpenAttempt
from triplepoint.gateway.refusal import in_our_words
from triplepoint.gateway.request import Request
from triplepoint.ledger.model import Outcome
from triplepoint.upstreams.dialects.model import EventTranslator
from triplepoint.upstreams.dialects.reader import AnswerReader
from triplepoint.upstreams.dialects.sse import SseFramer, parse, write
from triplepoint.upstreams.ports import UpstreamAnswer

Estimate = Callable[[Request, str, str], Usage]
"""Counts a usage that was not reported: request, text of the answer, name of the model at the upstream."""

_TAIL_S = 0.25
"""How long to wait for the end of an answer whose last event is there, so that its connection can be used again."""


def close_whole(body: bytes, job: Job, outgoing: Outgoing, opened: OpenAttempt, *, estimate: Estimate) -> bytes:
    """Read a whole answer, look at it where it is to be looked at, and close its attempt; returns what the caller gets.

    Raises: UpstreamFault: it is no answer; the attempt is still open.
    """
    opened.first_byte()
    reader = outgoing.reader
    body = reader.whole(body)
    if outgoing.translate_whole is not None:
        body = outgoing.translate_whole(body)
    usage = reader.usage
    if usage is None:
        usage = estimate(job.request, reader.output_text(), opened.opened.upstream_model)
    notices = outgoing.notices if job.look is None else [*outgoing.notices, *job.look.whole(body)]
    opened.finished(usage, finish_reason=reader.finish_reason, notices=notices)
    return body


class StreamForwarder:
    """Forwards one streamed answer."""

    def __init__(
        self, job: Job, answer: UpstreamAnswer, outgoing: Outgoing, opened: OpenAttempt, *, estimate: Estimate
    ) -> None:
        self._job = job
        self._answer = answer
        self._outgoing = outgoing
        self._opened = opened
        self._estimate = estimate
        self._framer = SseFramer()
        self._reader: AnswerReader = outgoing.reader
        self._translator: EventTranslator | None = outgoing.make_translator() if outgoing.make_translator else None

    async def run(self, *, first_event_s: float) -> None:
        """Forward to the end.

        Args:
            first_event_s: Longest wait for the first event; a head alone says nothing.
        Raises: UpstreamFault: nothing has reached the caller; the attempt is still open.
        """
        self._job.watch_silence()
        try:
            await self._forward(await self._first(first_event_s))
        except UpstreamFault as error:
            if not self._job.has_begun:
                raise
            self._opened.broken(Outcome.CUT, self._usage(), error=error.code)
            await self._job.break_off(in_our_words(error, has_begun=True))
        except BaseException:  # the caller left, or does not read: what was produced is charged
            self._opened.broken(Outcome.CANCELLED, self._usage(), error=None)
            raise
        finally:
            self._job.stop_watching()

    async def _first(self, limit_s: float) -> bytes:
        """Wait for the first bytes that bring an event, which a comment is none; returns what the caller gets for them."""
        held = b""
        try:
            async with asyncio.timeout(limit_s):
                while chunk := await self._answer.chunk():
                    self._opened.first_byte()
                    held += self._read(chunk)
                    if held and (not held.startswith(b":") or _has_event(held)):
                        return held
        except TimeoutError as error:
            raise UpstreamTimeout("The model did not answer in time.", code="first_byte_timeout") from error
        raise UpstreamFault("The model's answer was empty.", code="stream_cut")

    async def _forward(self, data: bytes) -> None:
        while not self._reader.is_complete:
            if data:
                await self._job.send_events(data)
            chunk = await self._answer.chunk()
            data = self._read(chunk) if chunk else self._end()
        await self._finish(data)

    def _end(self) -> bytes:
        """Take the end of the stream for the end of the answer, if everything but the last event is there."""
        last = self._reader.end() if not self._framer.rest else b""
        if not self._reader.is_complete:
            raise UpstreamFault("The model's answer broke off.", code="stream_cut")
        return last if self._translator is None else self._translate(last)

    def _read(self, chunk: bytes) -> bytes:
        """Read the events that a chunk completes; returns what the caller gets for them."""
        reader = self._reader
        blocks = [reader.block(block) for block in self._framer.blocks(chunk)]
        if self._translator is None:
            return blocks[0] if len(blocks) == 1 else b"".join(blocks)
        return b"".join(self._translate(block) for block in blocks if block)

    def _translate(self, block: bytes) -> bytes:
        event = parse(block)
        if event is None or self._translator is None:
            return block
        return b"".join(write(out) for out in self._translator.feed(event))

    async def _finish(self, data: bytes) -> None:
        look, notices = self._job.look, self._outgoing.notices
        if look is not None:
            notices = [*notices, *look.stream(data)]
        self._opened.finished(self._usage(), finish_reason=self._reader.finish_reason, notices=notices)
        self._job.stop_watching()
        await self._job.send_events(data, last=True)
        try:
            async with asyncio.timeout(_TAIL_S):
                while await self._answer.chunk():
                    pass
        except (TimeoutError, UpstreamFault):  # the caller has everything; only the connection is lost
            return

    def _usage(self) -> Usage:
        reported = self._reader.usage
        if reported is not None:
            return reported
        return self._estimate(self._job.request, self._reader.output_text(), self._opened.opened.upstream_model)


def _has_event(data: bytes) -> bool:
    """Tell whether there is more than comments."""
    return any(block and not block.startswith(b":") for block in data.split(b"\n\n"))
