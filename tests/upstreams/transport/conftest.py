"""Both event loops, and an upstream whose every byte a test decides."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import pytest
import pytest_asyncio
import uvloop

from .helpers import Peer, Upstream

Serve = Callable[..., Awaitable[Upstream]]


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run each asynchronous test of this folder on both loops: they differ in when they call a protocol."""
    return {"asyncio": asyncio.SelectorEventLoop, "uvloop": uvloop.new_event_loop}


@pytest_asyncio.fixture
async def serve() -> AsyncIterator[Serve]:
    """Start upstreams that run a script for each connection; all are gone after the test."""
    upstreams: list[Upstream] = []

    async def start(script: Callable[[Peer], Awaitable[None]], context: ssl.SSLContext | None = None) -> Upstream:
        upstream = Upstream(script)
        await upstream.start(context)
        upstreams.append(upstream)
        return upstream

    yield start
    for upstream in upstreams:
        await upstream.stop()
