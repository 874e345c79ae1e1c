"""The gateway that most tests here share: every kind of upstream, each on a port where a test may start a simulated one."""

from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol

import anthropic
import openai
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

SHORT = {"connect": "300ms", "first_byte": "300ms", "idle": "500ms", "total": "900ms"}
"""Limits of upstream l."""


class Simulate(Protocol):
    """Starts a simulated upstream on the port of one of the gateway's upstreams; it ends with the test."""

    async def __call__(self, name: str, script: Script) -> SimulatedServer: ...


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    """Run a gateway: a and b speak chat, r and s responses too, c and d messages; l speaks chat under short limits."""
    folder = tmp_path_factory.mktemp("gateway")
    ports = {name: free_port() for name in "abcdlrs"}
    port = write_configuration(
        folder,
        upstreams={
            "a": openai_upstream(ports["a"]),
            "b": openai_upstream(ports["b"]),
            "r": openai_upstream(ports["r"], responses=True),
            "s": openai_upstream(ports["s"], responses=True),
            "c": anthropic_upstream(ports["c"]),
            "d": anthropic_upstream(ports["d"]),
            "l": openai_upstream(ports["l"], limits=SHORT, retry={"attempts": 1}),
        },
        models={
            "chat": model("a"),
            "fallback": model("a", "b"),
            "native": model("r"),
            "claude": model("c", price="test/dear", capabilities=["chat", "tools", "json", "images", "reasoning"]),
            "plain": model("a", capabilities=["chat"]),
            "bound": model("r", "s"),
            "spare-claude": model("c", "d", price="test/dear", capabilities=["chat", "tools"]),
            "hasty": model("l"),
            "leaving": model("a", retires={"notice": "2026-01-01", "on": "2999-12-31", "successor": "small"}),
            "staying": model("a", retires={"notice": "2999-01-01", "on": "2999-12-31"}),
            "gone": model("a", retires={"notice": "2025-01-01", "on": "2026-01-01", "successor": "chat"}),
        },
        settings={"gateway": {"requests_per_minute_per_key": 100_000}},
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


@pytest.fixture
async def gpt(gateway: Running) -> AsyncGenerator[openai.AsyncOpenAI]:
    """OpenAI's client, which tries once."""
    async with openai.AsyncOpenAI(base_url=gateway.base_url, api_key=gateway.key, max_retries=0) as client:
        yield client


@pytest.fixture
async def claude(gateway: Running) -> AsyncGenerator[anthropic.AsyncAnthropic]:
    """Anthropic's client, which tries once."""
    async with anthropic.AsyncAnthropic(base_url=gateway.root_url, api_key=gateway.key, max_retries=0) as client:
        yield client


@asynccontextmanager
async def _running(server: SimulatedServer) -> AsyncGenerator[SimulatedServer]:
    async with server:
        yield server


@asynccontextmanager
async def running_simulations(gateway: Running, **scripts: Script) -> AsyncGenerator[dict[str, SimulatedServer]]:
    """Run simulated upstreams on the ports of a gateway's, by name, for as long as the block lasts."""
    async with AsyncExitStack() as servers:
        yield {
            name: await servers.enter_async_context(_running(SimulatedServer(script, port=gateway.ports[name])))
            for name, script in scripts.items()
        }
