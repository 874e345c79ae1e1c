"""The way of a request to a model through the room: key, pace, body, choice, attempts, answer or refusal."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from triplepoint.foundation.clock import Clock
from triplepoint.foundation.errors import RequestInvalid, TriplepointError
from triplepoint.foundation.ids import NewId
from triplepoint.gateway.admission import Admissions
from triplepoint.gateway.admitted import Admitted
from triplepoint.gateway.arrival import Arrival
from triplepoint.gateway.audits.auditor import Auditor
from triplepoint.gateway.auto import Beside, choose_auto, read_auto, wants_to_know
from triplepoint.gateway.body import CallerLeft, read_body
from triplepoint.gateway.caller import authenticate
from triplepoint.gateway.choice import Asked, Choice, choose_named, find_model
from triplepoint.gateway.conversations import Conversations
from triplepoint.gateway.crossing import HOPS, next_hop
from triplepoint.gateway.cycle import Cycle
from triplepoint.gateway.dials import refuse_vain_thrift
from triplepoint.gateway.endpoints import Endpoint
from triplepoint.gateway.escalation.held import HeldJob
from triplepoint.gateway.escalation.stage import Escalations
from triplepoint.gateway.job import CallerStalled, Job
from triplepoint.gateway.outgoing import Task
from triplepoint.gateway.pace import Pace
from triplepoint.gateway.record import Recents, Refusal
from triplepoint.gateway.request import DEADLINES, SESSION, Request, caller_deadline_s, in_session, parse_request
from triplepoint.gateway.runtime import Runtime
from triplepoint.gateway.served import add_served_headers
from triplepoint.gateway.wire import send_error
from triplepoint.plans.terms import Terms
from triplepoint.telemetry.logs import get_logger
from triplepoint.telemetry.metrics import GatewayMetrics
from triplepoint.telemetry.tracing import Tracing
from triplepoint.upstreams.dialects.model import Dialect

_log = get_logger("gateway")
EXPLAIN = b"x-triplepoint-explain"
_encode = msgspec.json.Encoder().encode
_RETRIES = b"x-stainless-retry-count"
_TELLING = frozenset({EXPLAIN, HOPS, SESSION, _RETRIES, *DEADLINES})
"""Headers of a caller that `ModelCalls` acts on, beside its key."""


class CountTokens(Protocol):
    """Counts a request's input where its upstream cannot."""

    def __call__(self, request: Request, upstream_model: str) -> int:
        """Return tokens; called in a thread."""
        ...


class ModelCalls:
    """Serves requests to models.

    Args:
        runtime: What to begin with; `runtime` is assigned to swap it.
        digest: What keys are looked up by (`access.keys.Digester`).
        clock, new_id: Time and ids.
        metrics: Counts.
        recents: Where refusals are kept for a while.
        count_tokens: For ``count_tokens`` on a model whose upstream has no such endpoint.
        admissions: Lets requests in on their plans.
        conversations: Remembers who gave a conversation's last answer.
        auditor: Has some requests answered twice.
        draw: Uniform random numbers in [0, 1), for the router.
        tracing: Where spans go.
    """

    def __init__(
        self,
        runtime: Runtime,
        *,
        digest: Callable[[bytes], bytes],
        clock: Clock,
        new_id: NewId,
        metrics: GatewayMetrics,
        recents: Recents,
        count_tokens: CountTokens,
        admissions: Admissions,
        conversations: Conversations,
        auditor: Auditor,
        draw: Callable[[], float],
        tracing: Tracing,
    ) -> None:
        self.runtime = runtime
        self.in_flight = 0
        self.served = 0
        self._digest = digest
        self._clock = clock
        self._metrics = metrics
        self._recents = recents
        self._count_tokens = count_tokens
        self._new_id = new_id
        self._admissions = admissions
        self._escalations = Escalations(admissions, clock, metrics)
        self._conversations = conversations
        self._auditor = auditor
        self._draw = draw
        self._tracing = tracing
        self._pace = Pace()

    async def serve(self, cycle: Cycle, endpoint: Endpoint) -> None:
        """Serve one request, from its head to its last byte; whatever goes wrong, the caller is told in its dialect."""
        runtime = self.runtime  # what it runs on, whatever is swapped in meanwhile
        arrival = Arrival(
            cycle,
            endpoint=endpoint,
            snapshot=runtime.snapshot,
            receipt_id=self._new_id("rcpt"),
            tracing=self._tracing,
        )
        self.in_flight += 1
        self.served += 1
        runtime.in_flight += 1
        job, sample, status, code = None, None, 0, None
        try:
            now_us = self._clock.now_us()
            terms = self._recognise(arrival, now_us)
            body = self._body_at_hand(arrival)
            if body is None:
                body, now_us = await self._read(arrival), self._clock.now_us()
            job = await self._take_up(arrival, runtime, body, terms, now_us)
            if job.choice.lineup.audit is not None and endpoint.task is Task.GENERATE:
                sample = self._auditor.drawn(job, runtime, now_us)
            if endpoint.task is Task.COUNT and not _can_count_upstream(job, runtime):
                await self._count(job)
            elif isinstance(job, HeldJob):
                await self._escalations.answer(job, arrival, runtime)
            else:
                await runtime.attempts.answer(job, endpoint.task)
            if cycle.line.flow.write_paused:
                await job.see_off()
            status = 200
            if sample is not None:
                self._auditor.offer(sample, job)
            if job.choice.decided is not None or job.admitted.downgraded_from is not None:
                await self._remember(job, endpoint, now_us)
        except TriplepointError as error:
            status, code = await self._refuse(error, arrival, job)
        except (CallerLeft, CallerStalled):
            status = 200
        except asyncio.CancelledError:
            if not cycle.line.has_left:
                raise  # the server is stopping, not the caller leaving
        except Exception as error:  # noqa: BLE001 - the last net: whatever it is, the caller gets an answer and the log has it
            _log.error("a request failed for a reason of ours", exc_info=error, receipt=arrival.receipt_id)
            status, code = await self._refuse(_unforeseen(), arrival, job)
        finally:  # however it ended, it is over, and this is reached once
            self.in_flight -= 1
            runtime.in_flight -= 1
            arrival.trace.end(status=status, error=code)
            if job is not None and job.admitted.holds:
                await self._admissions.settle(job.admitted, job.grant, job.receipt_id)

    def _recognise(self, arrival: Arrival, now_us: int) -> Terms:
        """Find out whose request it is, on which plan, and whether it comes too soon.

        A plan's own rate of requests is kept with its other limits; where it has none, the gateway's holds.

        Raises: NotAuthenticated, NotEntitled, RateLimited.
        """
        snapshot = arrival.snapshot
        grant = authenticate(arrival.incoming, snapshot.keys, self._digest, now_us)
        arrival.grant = grant
        terms = snapshot.terms.of(grant.customer_id, grant.key_id, now_us)
        limit = snapshot.settings.gateway.requests_per_minute_per_key
        if limit is not None and not terms.has_pace:
            standing = self._pace.admit(grant.key_id, limit, self._clock.steady_s())
            arrival.headers += standing.headers()
            if standing.wait_s:
                raise standing.refusal()
        return terms

    def _body_at_hand(self, arrival: Arrival) -> bytes | None:
        """Return the body, if it needs neither waiting nor decoding; None where `_read` is called for."""
        incoming = arrival.incoming
        declared = incoming.get(b"content-length")
        if b"content-encoding" in incoming or declared is None or not declared.isdigit():
            return None
        return arrival.cycle.take_body() if int(declared) <= arrival.snapshot.settings.gateway.max_body else None

    async def _read(self, arrival: Arrival) -> bytes:
        settings = arrival.snapshot.settings.gateway
        incoming, cycle = arrival.incoming, arrival.cycle
        return await read_body(
            cycle.receive,
            declared=incoming.get(b"content-length"),
            encoding=incoming.get(b"content-encoding"),
            limit=settings.max_body,
            patience_s=settings.body_timeout if cycle.more_body else None,
        )

    def _request(self, arrival: Arrival, body: bytes) -> Request:
        """Read the request, and what the head says of how it is to be served.

        Raises: RequestInvalid.
        """
        incoming, endpoint = arrival.incoming, arrival.endpoint
        request = parse_request(body, endpoint.dialect, endpoint.path)
        if _TELLING.isdisjoint(incoming):
            return request
        arrival.is_explained, arrival.hop = _wants_explanation(incoming), next_hop(incoming)
        arrival.deadline_s = caller_deadline_s(incoming, self._clock.steady_s())
        if incoming.get(_RETRIES, b"0") != b"0":
            self._metrics.caller_retried()
        return in_session(request, incoming)

    async def _take_up(self, arrival: Arrival, runtime: Runtime, body: bytes, terms: Terms, now_us: int) -> Job:
        """Read the request, choose its model, and let it in.

        Raises: TriplepointError: it is refused.
        """
        grant, task = arrival.grant, arrival.endpoint.task
        assert grant is not None  # noqa: S101 - it has terms
        request = self._request(arrival, body)
        asked = find_model(request.asked_model, runtime.snapshot)
        if request.controls.thrift is not None:
            refuse_vain_thrift(asked.lineup, terms)
        if asked.route is not None:
            choice = choose_named(request, asked, grant, terms, now_us=now_us, embeddings=task is Task.EMBED)
        else:
            choice = await self._route(request, asked, arrival, runtime, terms, now_us)
        if task is Task.COUNT:
            admitted = Admitted(terms, choice, terms.charge)  # counting takes nothing
        else:
            admitted = await self._admissions.admit(request, choice, terms, arrival, runtime.upstreams, now_us=now_us)
        held = None
        if admitted.choice.lineup.watch is not None:
            held = self._escalations.job(arrival, request, admitted, grant)
        job = held or Job(arrival, request, admitted, grant)
        add_served_headers(arrival.headers, admitted, arrival, now_us)
        return job

    async def _remember(self, job: Job, endpoint: Endpoint, now_us: int) -> None:
        """Note which model gave a conversation's answer; what only counts gives none."""
        if endpoint.task is Task.GENERATE:
            await self._conversations.answered(job.request, job.grant.customer_id, job.choice, now_us=now_us)

    async def _route(
        self, request: Request, asked: Asked, arrival: Arrival, runtime: Runtime, terms: Terms, now_us: int
    ) -> Choice:
        """Have the router choose; raises as `choose_auto`."""
        lineup, grant = asked.lineup, arrival.grant
        router = lineup.router
        assert grant is not None and router is not None  # noqa: S101, PT018 - it has terms, and its name stands for a router
        reading, before = read_auto(request, router, arrival.incoming), None
        if wants_to_know(router, reading):
            before = await self._conversations.before(request, grant.customer_id, now_us=now_us)
        served_before = before.model if before is not None else None
        beside = Beside(now_us, self._clock.steady_s(), served_before, self._draw())
        is_embedding = arrival.endpoint.task is Task.EMBED
        return choose_auto(request, reading, lineup, grant, terms, runtime.upstreams, beside, embeddings=is_embedding)

    async def _count(self, job: Job) -> None:
        """Answer ``count_tokens`` ourselves."""
        model = job.choice.route.targets[0].upstream_model
        tokens = await asyncio.to_thread(self._count_tokens, job.request, model)
        await job.answer_whole(_encode({"input_tokens": tokens}))

    async def _refuse(self, error: TriplepointError, arrival: Arrival, job: Job | None) -> tuple[int, str]:
        """Tell the caller; returns the status and code that the request's trace ends with."""
        self._metrics.refused(error.code)
        self._keep(error, arrival)
        if job is None:
            arrival.headers += arrival.snapshot.active.headers
        elif job.has_begun:  # a status cannot be sent any more
            await job.break_off(error)
            return error.status, error.code
        await send_error(arrival.cycle.send, error, arrival.endpoint.dialect, arrival.request_id, arrival.headers)
        return error.status, error.code

    def _keep(self, error: TriplepointError, arrival: Arrival) -> None:
        """Keep a refusal for the one whose key it was, so that its receipt says why."""
        grant = arrival.grant
        if grant is not None:
            self._recents.refused(
                Refusal(
                    arrival.receipt_id,
                    self._clock.now_us(),
                    grant.customer_id,
                    grant.key_id,
                    arrival.request_id,
                    arrival.endpoint.path,
                    error.status,
                    error.code,
                )
            )


def _can_count_upstream(job: Job, runtime: Runtime) -> bool:
    target = job.choice.route.targets[0]
    return runtime.upstreams[target.upstream].dialects[Dialect.MESSAGES] is Dialect.MESSAGES


def _wants_explanation(incoming: Mapping[bytes, bytes]) -> bool:
    """Read a control.

    Raises: RequestInvalid: an unknown value, so that nobody believes to have asked for what was not understood.
    """
    explain = incoming.get(EXPLAIN, b"false")
    if explain not in {b"true", b"false"}:
        raise RequestInvalid("true or false is expected.", param="x-triplepoint-explain", code="unknown_control")
    return explain == b"true"


def _unforeseen() -> TriplepointError:
    return TriplepointError("Something went wrong inside the gateway; its log has it under this request's id.")
