"""The data plane as a raw ASGI application: every route, and the way of a request through the rooms.

A request binds to the runtime (snapshot and live upstreams) that is active when it arrives and keeps it to its last byte;
swapping is one assignment.
"""

import asyncio
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from triplepoint.foundation.clock import Clock
from triplepoint.foundation.errors import NotFound, RequestInvalid, TriplepointError
from triplepoint.foundation.ids import NewId
from triplepoint.gateway.attempts import Attempts
from triplepoint.gateway.body import CallerLeft, Receive, read_body
from triplepoint.gateway.caller import authenticate
from triplepoint.gateway.choice import choose
from triplepoint.gateway.connection import SCOPE_KEY, Connection
from triplepoint.gateway.job import CallerStalled, Job
from triplepoint.gateway.listing import list_models, show_model
from triplepoint.gateway.outgoing import Task
from triplepoint.gateway.record import Recents
from triplepoint.gateway.request import Request, caller_deadline_s, parse_request
from triplepoint.gateway.snapshot import KeyGrant, Snapshot
from triplepoint.gateway.upstream import LiveUpstream
from triplepoint.gateway.wire import JSON, HeaderList, Send, send_error, send_whole
from triplepoint.ledger.model import Receipt
from triplepoint.ledger.receipts import join, public_receipt, to_receipt
from triplepoint.telemetry.metrics import GatewayMetrics
from triplepoint.upstreams.dialects.model import Dialect

Scope = MutableMapping[str, Any]

_FORWARDED = (b"anthropic-version", b"anthropic-beta", b"openai-beta")
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Runtime:
    """What requests run on: a snapshot and the upstreams that it needs, live."""

    snapshot: Snapshot
    upstreams: dict[str, LiveUpstream]
    attempts: Attempts


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A path that a model answers on."""

    path: str
    dialect: Dialect
    task: Task


MODEL_ENDPOINTS = {
    endpoint.path: endpoint
    for endpoint in (
        Endpoint("/v1/chat/completions", Dialect.CHAT, Task.GENERATE),
        Endpoint("/v1/responses", Dialect.RESPONSES, Task.GENERATE),
        Endpoint("/v1/messages", Dialect.MESSAGES, Task.GENERATE),
        Endpoint("/v1/messages/count_tokens", Dialect.MESSAGES, Task.COUNT),
        Endpoint("/v1/embeddings", Dialect.CHAT, Task.EMBED),
    )
}


class Receipts(Protocol):
    """Where older receipts are."""

    def receipt(self, receipt_id: str) -> Receipt | None:
        """Return a receipt; called in a thread."""
        ...


class CountTokens(Protocol):
    """Counts a request's input where its upstream cannot."""

    def __call__(self, request: Request, upstream_model: str) -> int:
        """Return tokens."""
        ...


class Gateway:
    """The ASGI application.

    Args:
        runtime: What to begin with; `runtime` is assigned to swap it.
        secret: Key of the HMAC that keys are looked up by.
        clock, new_id: Time and ids.
        metrics: Counts.
        recents: The latest receipts.
        receipts: Older ones.
        count_tokens: For ``count_tokens`` on a model whose upstream has no such endpoint.
        readiness: Says what is wrong, or None; for ``/readyz``.
    """

    def __init__(
        self,
        runtime: Runtime,
        *,
        secret: bytes,
        clock: Clock,
        new_id: NewId,
        metrics: GatewayMetrics,
        recents: Recents,
        receipts: Receipts,
        count_tokens: CountTokens,
        readiness: Callable[[], str | None],
    ) -> None:
        self.runtime = runtime
        self.in_flight = 0
        self.requests = 0
        self._secret = secret
        self._clock = clock
        self._new_id = new_id
        self._metrics = metrics
        self._recents = recents
        self._receipts = receipts
        self._count_tokens = count_tokens
        self._readiness = readiness

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        path: str = scope["path"]
        endpoint = MODEL_ENDPOINTS.get(path)
        method = scope["method"]
        if endpoint is not None and method == "POST":
            await self._serve_model(scope, receive, send, endpoint)
        else:
            await self._serve_other(scope, send, method, path)

    async def _serve_model(self, scope: Scope, receive: Receive, send: Send, endpoint: Endpoint) -> None:
        self.in_flight += 1
        self.requests += 1
        runtime = self.runtime
        connection: Connection | None = scope.get(SCOPE_KEY)
        if connection is not None:
            connection.on_leave = asyncio.current_task().cancel  # pyright: ignore[reportOptionalMemberAccess]
        receipt_id = self._new_id("rcpt")
        request_id = "req" + receipt_id[4:]
        headers = _answer_headers(endpoint.dialect, receipt_id, request_id)
        job: Job | None = None
        try:
            incoming: Mapping[bytes, bytes] = dict(scope["headers"])
            grant = authenticate(incoming, runtime.snapshot.keys, self._secret, self._clock.now_us())
            request = await self._read(receive, incoming, endpoint, runtime.snapshot)
            job = self._job(runtime, request, grant, endpoint, incoming, send, connection, receipt_id, request_id, headers)
            if endpoint.task is Task.COUNT and not self._can_count_upstream(runtime, job):
                await self._count(job)
            else:
                await runtime.attempts.answer(job, endpoint.task)
        except TriplepointError as error:
            self._metrics.refused(error.code)
            if job is None:
                headers += runtime.snapshot.active.headers
            await send_error(send, error, endpoint.dialect, request_id, headers)
        except (CallerLeft, CallerStalled):
            pass
        except asyncio.CancelledError:
            if connection is None or not connection.has_left:
                raise  # the server is stopping, not the caller leaving
        finally:
            self.in_flight -= 1
            if connection is not None:
                connection.on_leave = None

    async def _read(self, receive: Receive, headers: Mapping[bytes, bytes], endpoint: Endpoint, snapshot: Snapshot) -> Request:
        settings = snapshot.settings.gateway
        body = await read_body(
            receive,
            declared=headers.get(b"content-length"),
            encoding=headers.get(b"content-encoding"),
            limit=settings.max_body,
            patience_s=settings.body_timeout,
        )
        return parse_request(body, endpoint.dialect, endpoint.path)

    def _job(
        self,
        runtime: Runtime,
        request: Request,
        grant: KeyGrant,
        endpoint: Endpoint,
        incoming: Mapping[bytes, bytes],
        send: Send,
        connection: Connection | None,
        receipt_id: str,
        request_id: str,
        headers: HeaderList,
    ) -> Job:
        choice = choose(request, runtime.snapshot, grant, runtime.upstreams, embeddings=endpoint.task is Task.EMBED)
        headers += [*choice.lineup.headers, (b"x-triplepoint-model", choice.route.name.encode())]
        explain = incoming.get(b"x-triplepoint-explain")
        if explain is not None:
            if explain not in {b"true", b"false"}:
                raise RequestInvalid("true or false is expected.", param="x-triplepoint-explain", code="unknown_control")
            if explain == b"true":
                headers.append((b"x-triplepoint-decision", choice.reason.encode("ascii", "replace")))
        settings = runtime.snapshot.settings.gateway
        return Job(
            request=request,
            choice=choice,
            grant=grant,
            receipt_id=receipt_id,
            request_id=request_id,
            headers=headers,
            forwarded=[(name, incoming[name]) for name in _FORWARDED if name in incoming],
            deadline_s=caller_deadline_s(incoming.get(b"x-stainless-read-timeout"), self._clock.steady_s()),
            send=send,
            connection=connection,
            send_timeout_s=settings.send_timeout,
            silence_s=settings.keep_alive_comment,
        )

    def _can_count_upstream(self, runtime: Runtime, job: Job) -> bool:
        target = job.choice.route.targets[0]
        return runtime.upstreams[target.upstream].dialect_for(Dialect.MESSAGES) is Dialect.MESSAGES

    async def _count(self, job: Job) -> None:
        model = job.choice.route.targets[0].upstream_model
        tokens = await asyncio.to_thread(self._count_tokens, job.request, model)
        await job.answer_whole(_encode({"input_tokens": tokens}))

    async def _serve_other(self, scope: Scope, send: Send, method: str, path: str) -> None:
        incoming: Mapping[bytes, bytes] = dict(scope["headers"])
        dialect = Dialect.MESSAGES if b"anthropic-version" in incoming else Dialect.CHAT
        receipt_id = self._new_id("rcpt")
        request_id = "req" + receipt_id[4:]
        snapshot = self.runtime.snapshot
        headers = [*_answer_headers(dialect, None, request_id), *snapshot.active.headers]
        try:
            await self._answer_other(snapshot, incoming, dialect, method, path, send, headers)
        except TriplepointError as error:
            await send_error(send, error, dialect, request_id, headers)

    async def _answer_other(
        self,
        snapshot: Snapshot,
        incoming: Mapping[bytes, bytes],
        dialect: Dialect,
        method: str,
        path: str,
        send: Send,
        headers: HeaderList,
    ) -> None:
        if path in MODEL_ENDPOINTS:
            raise MethodNotAllowed("Send a POST here.")
        if method not in {"GET", "HEAD"}:
            raise _no_such_path()
        if path == "/healthz":
            await send_whole(send, 200, [JSON, *headers], b'{"status":"ok"}')
            return
        if path == "/readyz":
            trouble = self._readiness()
            body = _encode({"status": "ready" if trouble is None else "not ready", "reason": trouble})
            await send_whole(send, 200 if trouble is None else 503, [JSON, *headers], body)
            return
        grant = authenticate(incoming, snapshot.keys, self._secret, self._clock.now_us())
        await send_whole(send, 200, [JSON, *headers], await self._look_up(path, snapshot, grant, dialect))

    async def _look_up(self, path: str, snapshot: Snapshot, grant: KeyGrant, dialect: Dialect) -> bytes:
        if path == "/v1/models":
            return list_models(snapshot, grant, dialect)
        if path.startswith("/v1/models/"):
            return show_model(path.removeprefix("/v1/models/"), snapshot, grant, dialect)
        if path.startswith("/v1/receipts/"):
            return await self._receipt(path.removeprefix("/v1/receipts/"), grant)
        raise _no_such_path()

    async def _receipt(self, receipt_id: str, grant: KeyGrant) -> bytes:
        recent = self._recents.get(receipt_id)
        if recent is not None:
            receipt = to_receipt([join(opened, closed) for opened, closed in recent])
        else:
            receipt = await asyncio.to_thread(self._receipts.receipt, receipt_id)
        if receipt is None or receipt.customer_id != grant.customer_id:
            raise NotFound("There is no such receipt of yours.", code="receipt_not_found")
        return _encode(public_receipt(receipt))


class MethodNotAllowed(RequestInvalid):
    """The path exists, but not for this method."""

    status = 405
    code = "method_not_allowed"


def _no_such_path() -> NotFound:
    return NotFound("There is nothing at this path; see GET /v1/models for what can be called.", code="unknown_path")


def _answer_headers(dialect: Dialect, receipt_id: str | None, request_id: str) -> HeaderList:
    identity = request_id.encode()
    headers: HeaderList = [(b"x-request-id", identity)]
    if receipt_id is not None:
        headers.append((b"x-triplepoint-receipt", receipt_id.encode()))
    if dialect is Dialect.MESSAGES:
        headers.append((b"request-id", identity))
    return headers
