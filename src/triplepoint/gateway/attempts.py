"""Has a model answer a request: tries its targets in turn until one answers or there is reason to give up.

Only before the first byte to the caller is anything tried again. Each attempt that is sent has its own record, opened
before and closed after it, so the ledger has a row for each request that an upstream saw.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from triplepoint.foundation.clock import Clock
from triplepoint.foundation.errors import Overloaded, TriplepointError, UpstreamFault, UpstreamOverloaded
from triplepoint.foundation.usage import Usage
from triplepoint.gateway.crossing import forwarded, passed_back, told
from triplepoint.gateway.forward import Estimate, StreamForwarder, close_whole
from triplepoint.gateway.job import Job
from triplepoint.gateway.outgoing import Outgoing, Task, make_outgoing
from triplepoint.gateway.record import Book, OpenAttempt
from triplepoint.gateway.refusal import failure_of, in_our_words, is_healthy
from triplepoint.gateway.request import is_bound
from triplepoint.gateway.retry import Failure, RetryPlan, Turn
from triplepoint.gateway.snapshot import TargetRoute
from triplepoint.gateway.upstream import Gate, LiveUpstream
from triplepoint.ledger.model import Outcome
from triplepoint.settings import GatewaySettings, LimitSettings
from triplepoint.upstreams.dialects.model import Dialect
from triplepoint.upstreams.ports import Headers, UpstreamAnswer

_MAX_REFUSAL = 64 * 1024
_NEVER_SENT = {"connect_failed", "connect_timeout"}
_AWAY = {*_NEVER_SENT, "first_byte_timeout", "idle_timeout"}
"""Failures after which another upstream is the better bet."""
_FIRST = Turn(0, 0.0)


class Attempts:
    """Makes the attempts of all requests under one snapshot.

    Args:
        upstreams: Live upstreams by name.
        book: Where attempts are recorded.
        settings: Of the gateway.
        clock: Time.
        draw: Uniform random numbers in [0, 1), for pauses.
        estimate: Counts a usage that was not reported.
    """

    def __init__(
        self,
        upstreams: dict[str, LiveUpstream],
        book: Book,
        settings: GatewaySettings,
        *,
        clock: Clock,
        draw: Callable[[], float],
        estimate: Estimate,
    ) -> None:
        self._upstreams = upstreams
        self._book = book
        self._settings = settings
        self._clock = clock
        self._draw = draw
        self._estimate = estimate

    async def answer(self, job: Job, task: Task) -> None:
        """Have the request answered.

        Raises: TriplepointError: nobody could; nothing has reached the caller.
        """
        targets = job.choice.route.targets
        target, plan, last = targets[0], None, None
        if self._upstreams[target.upstream].breaker.failures:
            plan = self._plan(job)
            turn = plan.first()
        else:  # the usual request: nothing has failed lately
            turn = _FIRST
        while turn is not None:
            if turn.pause_s:
                await self._pause(job, turn.pause_s, last)
            job.attempts += 1
            number = job.attempts
            target = targets[turn.target]
            live = self._upstreams[target.upstream]
            reason = job.choice.reason if last is None else _reason(target, *last)
            try:
                dialect = live.dialects[job.request.dialect]
                outgoing = make_outgoing(job.request, task, job.choice.route, target, dialect, longest=job.admitted.longest)
                if job.look is not None:
                    outgoing = job.look.prepare(outgoing)
                if live.gate is None:
                    failure = await self._send(job, live, target, outgoing, number, reason)
                else:
                    failure = await self._send_in_turn(live.gate, job, live, target, outgoing, number, reason)
            except (UpstreamOverloaded, Overloaded) as error:  # its server is not up, or has no room
                failure = _not_sent(live, error)
            except BaseException:
                live.breaker.abandoned()
                raise
            if failure is None:
                return
            last = (target, failure)
            plan = plan or self._plan(job, has_begun=True)
            turn = plan.after(turn.target, failure)
        raise last[1].error if last is not None else self._all_resting(targets)

    def _plan(self, job: Job, *, has_begun: bool = False) -> RetryPlan:
        targets = job.choice.route.targets
        if is_bound(job.request):
            targets = targets[:1]
        settings = self._upstreams[targets[0].upstream].definition.retry
        return RetryPlan(
            len(targets), settings, allows=lambda i: self._allows(targets[i]), draw=self._draw, has_begun=has_begun
        )

    def _allows(self, target: TargetRoute) -> bool:
        return self._upstreams[target.upstream].breaker.allows(self._clock.steady_s())

    def _all_resting(self, targets: tuple[TargetRoute, ...]) -> TriplepointError:
        now_s = self._clock.steady_s()
        rest_s = min(self._upstreams[target.upstream].breaker.rest_s(now_s) for target in targets)
        return UpstreamOverloaded(
            "The model is resting after failures; try again later.", code="breaker_open", retry_after_s=rest_s or 1.0
        )

    async def _pause(self, job: Job, pause_s: float, last: tuple[TargetRoute, Failure] | None) -> None:
        """Wait before trying again, unless the caller would be gone by then."""
        if last is not None and job.deadline_s is not None and self._clock.steady_s() + pause_s >= job.deadline_s:
            raise last[1].error
        await asyncio.sleep(pause_s)

    async def _send_in_turn(
        self, gate: Gate, job: Job, live: LiveUpstream, target: TargetRoute, outgoing: Outgoing, number: int, reason: str
    ) -> Failure | None:
        async with gate.turn(deadline_s=job.deadline_s):
            return await self._send(job, live, target, outgoing, number, reason)

    async def _send(
        self, job: Job, live: LiveUpstream, target: TargetRoute, outgoing: Outgoing, number: int, reason: str
    ) -> Failure | None:
        """Make one attempt.

        Returns: None when the caller has its answer (or was told that it broke off); a failure when it has got nothing.
        """
        client = live.client()
        opened = self._open(job, live, target, number, reason)
        address = live.address(outgoing.path, target.upstream_model)
        headers = [*address.headers, job.hop, *_forwarded(job, live, outgoing), *opened.trace.headers]
        limits, deadline_s = live.definition.limits, job.deadline_s
        if deadline_s is not None and job.request.stream:
            limits, deadline_s = _patience(deadline_s, limits, self._clock.steady_s())
        live.attempts += 1
        live.in_flight += 1
        answer: UpstreamAnswer | None = None
        try:
            answer = await client.send(b"POST", address.target, headers, outgoing.body, limits=limits, deadline_s=deadline_s)
            opened.status = answer.status
            failure = await self._forward(job, answer, outgoing, opened, limits)
        except UpstreamFault as error:
            failure = self._broke(live, opened, error)
        else:
            if failure is not None or live.breaker.failures or opened.outcome is not Outcome.FINISHED:
                self._judge(live, opened, failure)
        finally:
            live.in_flight -= 1
            if answer is not None:
                answer.close()
            if opened.outcome is None:  # the caller left before there was an answer
                opened.broken(Outcome.CANCELLED, self._cancelled_usage(job, target), error=None)
        return failure

    def _open(self, job: Job, live: LiveUpstream, target: TargetRoute, number: int, reason: str) -> OpenAttempt:
        opened = self._book.open(
            job.request,
            job.admitted,
            target,
            job.grant,
            receipt_id=job.receipt_id,
            request_id=job.request_id,
            attempt=number,
            reason=reason,
        )
        opened.trace = job.trace.attempt(opened.opened, kind=live.definition.kind)
        router = job.choice.lineup.router
        if router is not None and router.reads_waits:
            opened.waits = live.waits(target.upstream_model)
        return opened

    async def _forward(
        self, job: Job, answer: UpstreamAnswer, outgoing: Outgoing, opened: OpenAttempt, limits: LimitSettings
    ) -> Failure | None:
        if answer.status >= 300:
            return await self._refusal(answer, opened)
        job.beside = _beside(job, answer, outgoing)
        if job.request.stream:
            forwarder = StreamForwarder(job, answer, outgoing, opened, estimate=self._estimate)
            await forwarder.run(first_event_s=limits.first_byte)
            return None
        body = answer.take_whole(self._settings.max_answer)
        if body is None:
            body = await answer.read(self._settings.max_answer)
        await job.answer_whole(close_whole(body, job, outgoing, opened, estimate=self._estimate))
        return None

    async def _refusal(self, answer: UpstreamAnswer, opened: OpenAttempt) -> Failure:
        opened.first_byte()
        try:
            body = await answer.read(_MAX_REFUSAL)
        except UpstreamFault:  # the status alone says enough
            body = b""
        now = datetime.fromtimestamp(self._clock.now_us() / 1e6, tz=UTC)
        failure = failure_of(
            answer.status,
            body,
            retry_after=answer.header(b"retry-after"),
            retry_after_ms=answer.header(b"retry-after-ms"),
            now=now,
        )
        opened.refused(failure.error.code)
        return failure

    def _broke(self, live: LiveUpstream, opened: OpenAttempt, error: UpstreamFault) -> Failure:
        """Note an attempt that failed on the way or by an answer that is none."""
        if error.code in _NEVER_SENT:
            opened.refused(error.code)
        else:
            opened.failed(error.code)
        live.failures += 1
        live.last_error = error.code
        live.breaker.failed(self._clock.steady_s())
        is_away = error.code in _AWAY
        return Failure(in_our_words(error), may_retry=error.code != "total_timeout", may_fall_back=True, prefers_other=is_away)

    def _judge(self, live: LiveUpstream, opened: OpenAttempt, failure: Failure | None) -> None:
        """Tell the breaker how the upstream did."""
        if opened.outcome is Outcome.CUT or (failure is not None and not is_healthy(opened.status)):
            live.breaker.failed(self._clock.steady_s())
        else:
            live.breaker.succeeded()
        if opened.outcome is not Outcome.FINISHED:
            live.failures += 1
            live.last_error = opened.error

    def _cancelled_usage(self, job: Job, target: TargetRoute) -> Usage:
        """Count what a caller that left early has asked; what was produced for it nobody said."""
        counted = self._estimate(job.request, "", target.upstream_model)
        return Usage(input_tokens=counted.input_tokens, output_tokens=None, source=counted.source, tokenizer=counted.tokenizer)


def _reason(target: TargetRoute, last: TargetRoute, failure: Failure) -> str:
    verb = "retry" if last is target else "fallback"
    return f"{verb} after {failure.error.code} at {last.upstream}"


def _not_sent(live: LiveUpstream, error: UpstreamOverloaded | Overloaded) -> Failure:
    """Return the failure of an attempt that was not sent, and of which no upstream knows."""
    live.breaker.abandoned()
    may_help = not isinstance(error, Overloaded) or error.code != "journal_full"
    return Failure(error, may_retry=True, may_fall_back=may_help, prefers_other=True, retry_after_s=error.retry_after_s)


def _patience(deadline_s: float, limits: LimitSettings, now_s: float) -> tuple[LimitSettings, float | None]:
    """Return the limits of an attempt at a stream and the moment by which it must be over.

    What the official clients announce is how long they wait for the next byte. A plain answer comes in one piece, so that
    bounds all of it; of a stream it bounds the beginning alone, which may then go on for as long as the upstream's limits let.
    """
    left_s = deadline_s - now_s
    if left_s <= 0:
        return limits, deadline_s
    if left_s < limits.first_byte:
        limits = limits.model_copy(update={"first_byte": left_s, "connect": min(limits.connect, left_s)})
    return limits, None


def _beside(job: Job, answer: UpstreamAnswer, outgoing: Outgoing) -> Headers:
    """Return what the answer's head says of this attempt: its vendor's headers, or what could not be carried over."""
    if outgoing.dialect is job.request.dialect:
        return passed_back(answer.headers, outgoing.dialect)
    return [(b"x-triplepoint-notice", told("; ".join(outgoing.notices)))] if outgoing.notices else []


def _forwarded(job: Job, live: LiveUpstream, outgoing: Outgoing) -> Headers:
    """Return the caller's headers that this upstream understands, and what it needs beside them."""
    given = forwarded(job.incoming) if outgoing.dialect is job.request.dialect else []
    own = live.own_headers(outgoing.dialect) if outgoing.dialect is Dialect.MESSAGES else []
    if not own:
        return given
    names = {name for name, _ in given}
    return [*given, *(header for header in own if header[0] not in names)]
