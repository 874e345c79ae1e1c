"""Snapshots, requests and keys for tests of single rules, made without a gateway."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from tests.gateway.harness import write_configuration

from triplepoint.configuration.load import load_configuration
from triplepoint.foundation.ids import CustomerId, KeyId
from triplepoint.gateway.auto import Beside, choose_auto, read_auto
from triplepoint.gateway.choice import Choice, choose_named, find_model
from triplepoint.gateway.request import Request, parse_request
from triplepoint.gateway.snapshot import KeyGrant, Snapshot, compile_snapshot
from triplepoint.gateway.upstream import LiveUpstream
from triplepoint.plans.terms import UNBOUND, Terms
from triplepoint.settings import Upstream
from triplepoint.upstreams.dialects.model import Dialect
from triplepoint.upstreams.ports import UpstreamClient

TODAY = date(2026, 11, 21)
TODAY_US = int(datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()) * 1_000_000
"""Its noon, on the wall clock."""


class SteppingClock:
    """A clock that a test sets; its two hands move apart, as a machine's do."""

    def __init__(self, now_us: int = TODAY_US) -> None:
        self.wall_us = now_us
        self.steady = 100.0

    def now_us(self) -> int:
        """Return the wall clock."""
        return self.wall_us

    def steady_s(self) -> float:
        """Return the steady clock."""
        return self.steady


def snapshot_of(folder: Path, *, environ: Mapping[str, str] | None = None, **configuration: Any) -> Snapshot:
    """Write a configuration and compile it, without keys."""
    write_configuration(folder, **configuration)
    return compile_snapshot(load_configuration(folder, environ or {}, TODAY), (), made_us=TODAY_US)


def chat(text: str = "hello", *, model: str = "chat", **members: Any) -> Request:
    """Make a chat completion's request."""
    body = {"model": model, "messages": [{"role": "user", "content": text}], **members}
    return parse_request(json.dumps(body).encode(), Dialect.CHAT, "/v1/chat/completions")


def grant(*models: str, expires_us: int | None = None) -> KeyGrant:
    """Make what a key opens; without models, all."""
    return KeyGrant(KeyId("key_1"), CustomerId("cust_1"), frozenset(models) or None, expires_us)


def live_upstreams(snapshot: Snapshot) -> dict[str, LiveUpstream]:
    """Make upstreams that never connect."""
    return {
        name: LiveUpstream(name, definition, snapshot.secrets.get(name), make_client=no_client)
        for name, definition in snapshot.upstreams.items()
    }


def no_client(origin: str, definition: Upstream) -> UpstreamClient:
    """Refuse to connect."""
    raise AssertionError(f"nothing may be sent to {origin}")


def pick(
    snapshot: Snapshot,
    request: Request,
    key: KeyGrant | None = None,
    terms: Terms = UNBOUND,
    *,
    upstreams: dict[str, LiveUpstream] | None = None,
    beside: Beside = Beside(TODAY_US, 100.0),  # noqa: B008 - it never changes
    embeddings: bool = False,
) -> Choice:
    """Choose a model as a request's way through the gateway does; with upstreams that are all up, unless they are given."""
    asked = find_model(request.asked_model, snapshot)
    if asked.route is not None:
        return choose_named(request, asked, key or grant(), terms, now_us=beside.now_us, embeddings=embeddings)
    assert asked.lineup.router is not None
    reading = read_auto(request, asked.lineup.router, {})
    live = upstreams or live_upstreams(snapshot)
    return choose_auto(request, reading, asked.lineup, key or grant(), terms, live, beside, embeddings=embeddings)
