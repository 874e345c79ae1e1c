"""The way of a request to a model through the room: key, pace, body, choice, attempts, answer or refusal."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from triplepoint.foundation.clock import Clock
from triplepoint.foundation.errors import RequestInvalid, TriplepointError
from triplepoint.gateway.arrival import Arrival
from triplepoint.gateway.body import CallerLeft, Receive, read_body
from triplepoint.gateway.caller import authenticate
from triplepoint.gateway.choice import choose
from triplepoint.gateway.crossing import next_hop, told
from triplepoint.gateway.job import CallerStalled, Job
from triplepoint.gateway.outgoing import Task
from triplepoint.gateway.pace import Pace
from triplepoint.gateway.record import Recents, Refusal
from triplepoint.gateway.request import Request, caller_deadline_s, in_session, parse_request
from triplepoint.gateway.runtime import Runtime
from triplepoint.gateway.snapshot import KeyGrant
from triplepoint.gateway.wire import send_error
from triplepoint.telemetry.logs import get_logger
from triplepoint.telemetry.metrics import GatewayMetrics
from triplepoint.upstreams.dialects.model import Dialect

_log = get_logger("gateway")
_encode = msgspec.json.Encoder().encode


class CountTokens(Protocol):
    """Counts a request's input where its upstream cannot."""

    def __call__(self, request: Request, upstream_model: str) -> int:
        """Return tokens; called in a thread."""
        ...


class ModelCalls:
    """Serves requests to models.

    Args:
        digest: What keys are looked up by (`access.keys.Digester`).
        clock: Time.
        metrics: Counts.
        recents: Where refusals are kept for a while.
        count_tokens: For ``count_tokens`` on a model whose upstream has no such endpoint.
    """

    def __init__(
        self,
        *,
        digest: Callable[[bytes], bytes],
        clock: Clock,
        metrics: GatewayMetrics,
        recents: Recents,
        count_tokens: CountTokens,
    ) -> None:
        self.in_flight = 0
        self.served = 0
        self._digest = digest
        self._clock = clock
        self._metrics = metrics
        self._recents = recents
        self._count_tokens = count_tokens
        self._pace = Pace()

    async def serve(self, arrival: Arrival, receive: Receive, runtime: Runtime) -> None:
        """Serve one request, from its head to its last byte; whatever goes wrong, the caller is told in its dialect.

        Args:
            runtime: What it runs on, whatever is swapped in meanwhile.
        """
        connection = arrival.connection
        self.in_flight += 1
        self.served += 1
        runtime.in_flight += 1
        if connection is not None:
            connection.on_leave = asyncio.current_task().cancel  # pyright: ignore[reportOptionalMemberAccess]
        status, code = 0, None
        try:
            fault = await self._answer(arrival, receive, runtime)
            status, code = (200, None) if fault is None else (fault.status, fault.code)
        except asyncio.CancelledError:
            if connection is None or not connection.has_left:
                raise  # the server is stopping, not the caller leaving
        finally:
            self.in_flight -= 1
            runtime.in_flight -= 1
            arrival.trace.end(status=status, error=code)
            if connection is not None:
                connection.on_leave = None

    async def _answer(self, arrival: Arrival, receive: Receive, runtime: Runtime) -> TriplepointError | None:
        """Answer a request; returns the fault that the caller was told, if any."""
        job: Job | None = None
        try:
            grant = self._admit(arrival)
            request = await self._read(arrival, receive)
            job = self._job(arrival, request, grant, runtime)
            await self._run(job, arrival, runtime)
        except TriplepointError as error:
            return await self._refuse(error, arrival, job)
        except (CallerLeft, CallerStalled):
            return None
        except Exception as error:  # noqa: BLE001 - the last net: whatever it is, the caller gets an answer and the log has it
            _log.error("a request failed for a reason of ours", exc_info=error, receipt=arrival.receipt_id)
            return await self._refuse(_unforeseen(), arrival, job)
        return None

    def _admit(self, arrival: Arrival) -> KeyGrant:
        """Find out whose request it is, and whether it comes too soon; the answer's headers say how the key stands.

        Raises: NotAuthenticated, RateLimited.
        """
        snapshot = arrival.snapshot
        grant = authenticate(arrival.incoming, snapshot.keys, self._digest, self._clock.now_us())
        arrival.grant = grant
        limit = snapshot.settings.gateway.requests_per_minute_per_key
        if limit is not None:
            standing = self._pace.admit(grant.key_id, limit, self._clock.steady_s())
            arrival.headers += standing.headers()
            if standing.wait_s:
                raise standing.refusal()
        return grant

    async def _read(self, arrival: Arrival, receive: Receive) -> Request:
        settings = arrival.snapshot.settings.gateway
        incoming, connection = arrival.incoming, arrival.connection
        is_here = connection is not None and connection.has_whole_body
        body = await read_body(
            receive,
            declared=incoming.get(b"content-length"),
            encoding=incoming.get(b"content-encoding"),
            limit=settings.max_body,
            patience_s=None if is_here else settings.body_timeout,
        )
        return in_session(parse_request(body, arrival.endpoint.dialect, arrival.endpoint.path), incoming)

    def _job(self, arrival: Arrival, request: Request, grant: KeyGrant, runtime: Runtime) -> Job:
        """Choose the model and make the job.

        Raises: NotFound, NotEntitled, RequestInvalid, Retired, UpstreamOverloaded: as `choice.choose`.
        """
        incoming = arrival.incoming
        is_explained, hop = _wants_explanation(incoming), next_hop(incoming)
        now_us = self._clock.now_us()
        is_embedding = arrival.endpoint.task is Task.EMBED
        choice = choose(request, runtime.snapshot, grant, runtime.upstreams, now_us=now_us, embeddings=is_embedding)
        headers = arrival.headers
        headers += [*choice.lineup.headers, (b"x-triplepoint-model", choice.route.name.encode())]
        if is_explained:
            headers.append((b"x-triplepoint-decision", told(choice.reason)))
        if choice.route.ending is not None and choice.route.ending.is_told(now_us):
            headers += choice.route.ending.headers
        if incoming.get(b"x-stainless-retry-count", b"0") != b"0":
            self._metrics.caller_retried()
        deadline_s = caller_deadline_s(incoming, self._clock.steady_s())
        return Job(arrival, request, choice, grant, hop=hop, deadline_s=deadline_s)

    async def _run(self, job: Job, arrival: Arrival, runtime: Runtime) -> None:
        task = arrival.endpoint.task
        if task is Task.COUNT and not _can_count_upstream(job, runtime):
            model = job.choice.route.targets[0].upstream_model
            tokens = await asyncio.to_thread(self._count_tokens, job.request, model)
            await job.answer_whole(_encode({"input_tokens": tokens}))
            return
        await runtime.attempts.answer(job, task)
        if arrival.connection is not None and arrival.connection.is_write_paused:
            await job.see_off()

    async def _refuse(self, error: TriplepointError, arrival: Arrival, job: Job | None) -> TriplepointError:
        self._metrics.refused(error.code)
        self._keep(error, arrival)
        if job is None:
            arrival.headers += arrival.snapshot.active.headers
        elif job.has_begun:  # a status cannot be sent any more
            await job.break_off(error)
            return error
        await send_error(arrival.send, error, arrival.endpoint.dialect, arrival.request_id, arrival.headers)
        return error

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
    return runtime.upstreams[target.upstream].dialect_for(Dialect.MESSAGES) is Dialect.MESSAGES


def _wants_explanation(incoming: Mapping[bytes, bytes]) -> bool:
    """Read a control.

    Raises: RequestInvalid: an unknown value, so that nobody believes to have asked for what was not understood.
    """
    explain = incoming.get(b"x-triplepoint-explain", b"false")
    if explain not in {b"true", b"false"}:
        raise RequestInvalid("true or false is expected.", param="x-triplepoint-explain", code="unknown_control")
    return explain == b"true"


def _unforeseen() -> TriplepointError:
    return TriplepointError("Something went wrong inside the gateway; its log has it under this request's id.")
