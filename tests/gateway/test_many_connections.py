"""Ten thousand callers who are connected and silent: they cost little, and who speaks is answered as if they were not there."""

import asyncio
import resource
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from tests.gateway.conftest import Simulate
from tests.gateway.harness import Running
from tests.gateway.raw import post, question

from triplepoint.upstreams.simulated.model import Script

CONNECTIONS = 10_000
MAX_KB_EACH = 24.0
"""Measured: 12.3 kB of the gateway's memory for each (123 MB for all); the rest is room for another allocator."""
AT_ONCE = 200


@pytest.fixture
def many_files() -> Generator[None]:
    """Take as many descriptors as this process may; the gateway does so by itself."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < CONNECTIONS + 500:
        raise AssertionError(f"this machine allows {hard} descriptors; {CONNECTIONS + 500} are needed (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _memory_kb(gateway: Running) -> int:
    status = Path(f"/proc/{gateway.process.pid}/status").read_text("utf-8")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def _descriptors(gateway: Running) -> int:
    return len(list(Path(f"/proc/{gateway.process.pid}/fd").iterdir()))


async def test_ten_thousand_idle_connections(
    gateway: Running, simulate: Simulate, many_files: None, record_property: Callable[[str, object], None]
) -> None:
    """With 10,000 idle connections open, memory stays bounded and a request is answered in time; when they go, all is freed."""
    await simulate("a", Script())
    assert (await post(gateway, question())).status == 200
    before_kb, open_before = _memory_kb(gateway), _descriptors(gateway)
    writers: list[asyncio.StreamWriter] = []
    try:
        for _ in range(CONNECTIONS // AT_ONCE):
            opened = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", gateway.port) for _ in range(AT_ONCE)))
            writers += [writer for _, writer in opened]
        await _until_descriptors(gateway, at_least=CONNECTIONS)
        started = time.monotonic()
        assert (await post(gateway, question())).status == 200
        answered_s = time.monotonic() - started
        each_kb = (_memory_kb(gateway) - before_kb) / CONNECTIONS
    finally:
        for writer in writers:
            writer.transport.abort()
    record_property("kB of memory for each idle connection", round(each_kb, 2))
    record_property("seconds for a request beside them", round(answered_s, 4))
    assert each_kb < MAX_KB_EACH
    assert answered_s < 1
    await _until_descriptors(gateway, at_most=open_before + 20)
    assert (await post(gateway, question())).status == 200


async def _until_descriptors(gateway: Running, *, at_least: int = 0, at_most: int = 10**9) -> None:
    give_up = time.monotonic() + 10
    while not at_least <= (found := _descriptors(gateway)) <= at_most:
        assert time.monotonic() < give_up, f"the gateway has {found} descriptors"
        await asyncio.sleep(0.05)
