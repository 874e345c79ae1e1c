"""Calls each upstream of a configuration once, for ``triplepoint check --call``: one token from one model."""

import asyncio
from datetime import UTC, datetime

import msgspec

from triplepoint.configuration.calls import CallResult
from triplepoint.configuration.model import Configuration
from triplepoint.foundation.clock import Clock, SystemClock
from triplepoint.foundation.errors import TriplepointError
from triplepoint.gateway.outgoing import Task, make_outgoing
from triplepoint.gateway.refusal import failure_of
from triplepoint.gateway.request import parse_request
from triplepoint.gateway.snapshot import ModelRoute, TargetRoute, compile_snapshot
from triplepoint.gateway.upstream import LiveUpstream
from triplepoint.lineups.model import Capability
from triplepoint.settings import LocalUpstream, SimulatedUpstream
from triplepoint.upstreams.dialects.model import Dialect
from triplepoint.upstreams.local.cache import FileState, inspect, models_folder
from triplepoint.upstreams.local.catalog import FAMILY
from triplepoint.upstreams.transport.client import HttpClient

_MAX_ANSWER = 1 << 20


async def call_upstreams(configuration: Configuration) -> list[CallResult]:
    """Call every upstream of the active line-up once, all at the same time."""
    clock = SystemClock()
    snapshot = compile_snapshot(configuration, (), made_us=clock.now_us())
    first: dict[str, tuple[ModelRoute, TargetRoute]] = {}
    for route in snapshot.active.models.values():
        for target in route.targets:
            first.setdefault(target.upstream, (route, target))
    calls: list[asyncio.Task[CallResult]] = []
    async with asyncio.TaskGroup() as group:
        for name, (route, target) in first.items():
            calls.append(group.create_task(_call(configuration, name, route, target, clock)))
    return [call.result() for call in calls]


async def _call(configuration: Configuration, name: str, route: ModelRoute, target: TargetRoute, clock: Clock) -> CallResult:
    definition = configuration.settings.upstreams[name]
    if isinstance(definition, LocalUpstream):
        return _look_at_file(name, definition, target)
    if isinstance(definition, SimulatedUpstream):
        return CallResult(upstream=name, model=target.upstream_model, is_ok=True)
    live = LiveUpstream(
        name, definition, configuration.api_key(definition), make_client=lambda origin, of: HttpClient(origin, of.pool)
    )
    started_s = clock.steady_s()
    status: int | None = None
    error: str | None = None
    try:
        status, error = await _send(live, route, target)
    except TriplepointError as fault:
        error = f"{fault.code}: {fault.message}"
    finally:
        await live.stop()
    total_s = clock.steady_s() - started_s
    return CallResult(
        upstream=name, model=target.upstream_model, is_ok=error is None, status=status, total_s=total_s, error=error
    )


async def _send(live: LiveUpstream, route: ModelRoute, target: TargetRoute) -> tuple[int, str | None]:
    """Ask for one token; returns the status, and what was wrong."""
    task, body = _question(route)
    request = parse_request(msgspec.json.encode(body), Dialect.CHAT, "/v1/chat/completions")
    outgoing = make_outgoing(request, task, route, target, live.dialects[Dialect.CHAT])
    client = live.client()
    address = live.address(outgoing.path, target.upstream_model)
    headers = [*address.headers, *live.own_headers(outgoing.dialect)]
    answer = await client.send(b"POST", address.target, headers, outgoing.body, limits=live.definition.limits)
    try:
        read = await answer.read(_MAX_ANSWER)
    finally:
        answer.close()
    if answer.status < 300:
        outgoing.reader.whole(read)
        return answer.status, None
    failure = failure_of(answer.status, read, retry_after=None, retry_after_ms=None, now=datetime.now(UTC))
    return answer.status, f"{failure.error.code}: it answered {answer.status}; see its base_url, its key and the model's name"


def _question(route: ModelRoute) -> tuple[Task, dict[str, object]]:
    if Capability.CHAT in route.capabilities:
        message = {"role": "user", "content": "Say hi."}
        return Task.GENERATE, {"model": route.name, "messages": [message], "max_tokens": 1}
    return Task.EMBED, {"model": route.name, "input": "hi"}


def _look_at_file(name: str, definition: LocalUpstream, target: TargetRoute) -> CallResult:
    """A model on this machine is called by starting it; here its file is enough."""
    tier = FAMILY.get(definition.gguf)
    if tier is None or inspect(tier, models_folder()).state is FileState.READY:
        return CallResult(upstream=name, model=target.upstream_model, is_ok=True)
    fix = f"its model file is not here; run 'triplepoint models pull {tier.tier}'"
    return CallResult(upstream=name, model=target.upstream_model, is_ok=False, error=fix)
