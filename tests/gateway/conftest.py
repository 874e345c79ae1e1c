"""The gateway that most tests here share: every kind of upstream, each on a port where a test may start a simulated one."""

from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol

import pytest
from tests.gateway.harness import (
    Running,
    anthropic_upstream,
    free_port,
    model,
    openai_upstream,
    start_gateway,
    write_configuration,
)

from triplepoint.upstreams.simulated.model import Script
from triplepoint.upstreams.simulated.server import SimulatedServer


class Simulate(Protocol):
    """Starts a simulated upstream on the port of one of the gateway's upstreams; it ends with the test."""

    async def __call__(self, name: str, script: Script) -> SimulatedServer: ...


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    """Run a gateway with the upstreams a and b (chat), r (chat and responses) and c (messages)."""
    folder = tmp_path_factory.mktemp("gateway")
    ports = {name: free_port() for name in "abcr"}
    port = write_configuration(
        folder,
        upstreams={
            "a": openai_upstream(ports["a"]),
            "b": openai_upstream(ports["b"]),
            "r": openai_upstream(ports["r"], responses=True),
            "c": anthropic_upstream(ports["c"]),
        },
        models={
            "chat": model("a"),
            "fallback": model("a", "b"),
            "native": model("r"),
            "claude": model("c", price="test/dear", capabilities=["chat", "tools", "json", "images", "reasoning"]),
            "plain": model("a", capabilities=["chat"]),
        },
        lineup={"aliases": {"small": "chat"}, "router": {"kind": "fixed", "default": "chat"}},
    )
    with start_gateway(folder, port) as running:
        running.ports = ports
        yield running


@pytest.fixture
async def simulate(gateway: Running) -> AsyncGenerator[Simulate]:
    """Start simulated upstreams for one test."""
    async with AsyncExitStack() as servers:

        async def start(name: str, script: Script) -> SimulatedServer:
            server = SimulatedServer(script, port=gateway.ports[name])
            return await servers.enter_async_context(_running(server))

        yield start


@asynccontextmanager
async def _running(server: SimulatedServer) -> AsyncGenerator[SimulatedServer]:
    async with server:
        yield server
