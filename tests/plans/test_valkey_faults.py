"""Valkey that is killed, hangs, forgets or takes nothing: nobody waits for it, and nothing is counted twice or lost."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import pytest
from tests.plans.counting import HOUR_US, LIFE_US, START_US, know, reserve, seed_of, window
from tests.plans.muffler import Muffler
from tests.plans.valkey_server import ValkeyServer

from triplepoint.foundation.secret import Secret
from triplepoint.plans.counters.model import Bound, Claim, Reserved, Unknown
from triplepoint.plans.counters.ports import CountersAway
from triplepoint.plans.counters.valkey import ValkeyCounters

PATIENCE_S = 15.0
COMMAND_S = 0.6
"""Longer than in service: the machine that tests run on may be busy."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ValkeyServer]:
    """Run a server that forgets everything when it is killed."""
    one = ValkeyServer(tmp_path)
    one.start()
    yield one
    one.stop()


@asynccontextmanager
async def counting_in(
    url: str | Secret, *, waiting_most: int = 100_000, command_s: float = COMMAND_S
) -> AsyncGenerator[ValkeyCounters]:
    """Open counters and close them."""
    counters = ValkeyCounters(url, connect_s=COMMAND_S, command_s=command_s, waiting_most=waiting_most)
    try:
        yield counters
    finally:
        await counters.close()


async def until_back(counters: ValkeyCounters) -> None:
    """Wait until Valkey is back."""
    until = time.monotonic() + PATIENCE_S
    while counters.is_away:
        assert time.monotonic() < until, counters.state()
        await asyncio.sleep(0.01)


async def used_of(counters: ValkeyCounters, claim: Claim) -> int:
    """Look at one counter."""
    looked = await counters.look("cust_1", [claim], now_us=START_US)
    assert looked is not None
    return looked[0].used


async def held_on(counters: ValkeyCounters, name: str, claim: Claim) -> Reserved:
    """Reserve what there is room for."""
    answer = await reserve(counters, "cust_1", name, claim)
    assert isinstance(answer, Reserved)
    return answer


async def test_a_server_that_keeps_its_data_is_killed_and_comes_back(tmp_path: Path) -> None:
    """Meanwhile every call fails at once, settlements wait and say so; afterwards they are delivered and count exactly."""
    server = ValkeyServer(tmp_path, "--save", "", "--appendonly", "yes", "--appendfsync", "always")
    server.start()
    claim = window("week", 100, 10)
    try:
        async with counting_in(server.url) as counters:
            held = [await held_on(counters, f"r{number}", claim) for number in range(5)]
            assert counters.state() == "ok"
            server.kill()
            with pytest.raises(CountersAway):
                await counters.look("cust_1", [claim], now_us=START_US)
            began = time.monotonic()
            for number, one in enumerate(held):
                await counters.settle("cust_1", f"r{number}", one.holds, [number], now_us=START_US)
                with pytest.raises(CountersAway, match="cannot be reached: away since"):
                    await counters.reserve("cust_1", "x", [claim], now_us=START_US, expires_us=START_US + LIFE_US)
            assert time.monotonic() - began < COMMAND_S / 2
            assert counters.state().startswith("away since 20")
            assert counters.state().endswith("; 5 settlements wait")
            server.start()
            await until_back(counters)
            assert counters.state() == "ok"
            assert await used_of(counters, claim) == 0 + 1 + 2 + 3 + 4
    finally:
        server.stop()


async def test_the_overspend_after_a_loss_of_memory_is_bounded(server: ValkeyServer) -> None:
    """Killed under load and back empty, together at most the worst cases that were held at that moment are overspent.

    The counter is unknown then and is seeded from the ledger; what was held is forgotten, and counts when it is settled.
    """
    limit, worst, truth = 1000, 10, 7
    claim = window("week", limit, worst)
    async with counting_in(server.url) as counters:
        await know(counters, "cust_1", [claim])
        ledger, forgotten = 0, dict[str, Reserved]()
        for number in range(60):
            answer = await held_on(counters, f"r{number}", claim)
            if number % 2:
                forgotten[f"r{number}"] = answer
            else:
                await counters.settle("cust_1", f"r{number}", answer.holds, [truth], now_us=START_US)
                ledger += truth
        asking = [asyncio.create_task(reserve(counters, "cust_1", f"q{number}", claim)) for number in range(20)]
        await asyncio.sleep(0)
        server.kill()
        for number, outcome in enumerate(await asyncio.gather(*asking, return_exceptions=True)):
            if isinstance(outcome, Reserved):
                forgotten[f"q{number}"] = outcome
            else:
                assert isinstance(outcome, CountersAway)
        server.start()
        await until_back(counters)
        answer = await counters.reserve("cust_1", "new", [claim], now_us=START_US, expires_us=START_US + LIFE_US)
        assert answer == Unknown((0,))
        await counters.seed("cust_1", [seed_of(claim, used=ledger)], now_us=START_US)
        spent, number = ledger, 0
        while isinstance(answer := await reserve(counters, "cust_1", f"s{number}", claim), Reserved):
            await counters.settle("cust_1", f"s{number}", answer.holds, [worst], now_us=START_US)
            spent, number = spent + worst, number + 1
        for name, one in forgotten.items():
            await counters.settle("cust_1", name, one.holds, [truth], now_us=START_US)
            spent += truth
        assert spent > limit, "nothing was overspent, so this shows nothing"
        assert spent <= limit + worst * len(forgotten)
        assert await used_of(counters, claim) == spent
        assert isinstance(await reserve(counters, "cust_1", "last", window("week", limit, 1)), Bound)


async def test_faults_under_load_leave_an_exact_sum(tmp_path: Path) -> None:
    """Killed and paused again and again under load, a server that keeps its data counts each request once, never too many."""
    server = ValkeyServer(tmp_path, "--save", "", "--appendonly", "yes", "--appendfsync", "always")
    server.start()
    limit, draw = 400, random.Random(5)
    claim = window("week", limit, 10)
    spent, refused, is_over = 0, 0, False

    async def client(counters: ValkeyCounters, name: str) -> None:
        nonlocal spent, refused
        for number in count():
            if is_over:
                return
            reservation, actual = f"{name} {number}", draw.randrange(11)
            try:
                answer = await counters.reserve("cust_1", reservation, [claim], now_us=START_US, expires_us=START_US + LIFE_US)
            except CountersAway:
                refused += 1
                await asyncio.sleep(0.01)
                continue
            if isinstance(answer, Reserved):
                await counters.settle("cust_1", reservation, answer.holds, [actual], now_us=START_US)
                spent += actual
            await asyncio.sleep(0.005)

    try:
        async with counting_in(server.url, command_s=0.3) as one, counting_in(server.url, command_s=0.3) as other:
            await know(one, "cust_1", [claim])
            clients = [asyncio.create_task(client((one, other)[n % 2], f"c{n}")) for n in range(8)]
            for fault in (server.kill, server.pause) * 2:
                await asyncio.sleep(draw.uniform(0.02, 0.1))
                fault()
                await asyncio.sleep(0.4)
                if fault == server.kill:
                    await asyncio.to_thread(server.start)
                server.resume()
                for counters in (one, other):
                    await until_back(counters)
            is_over = True
            await asyncio.gather(*clients)
            for counters in (one, other):
                await until_back(counters)
                assert counters.waiting == 0
            assert refused > 0
            assert 0 < spent <= limit
            assert await used_of(one, claim) == spent
    finally:
        server.stop()


async def test_a_server_that_hangs_is_waited_for_once(server: ValkeyServer) -> None:
    """The first to ask waits for its time, the others not at all; what was carried out unheard is put right afterwards."""
    claim = window("week", 100, 10)
    async with counting_in(server.url) as counters:
        held = await held_on(counters, "r1", claim)
        server.pause()
        began = time.monotonic()
        settling = asyncio.create_task(counters.settle("cust_1", "r1", held.holds, [4], now_us=START_US))
        with pytest.raises(CountersAway, match=r"no answer within 0\.6 s"):
            await reserve(counters, "cust_1", "r2", claim)
        await settling
        assert COMMAND_S / 2 < time.monotonic() - began < 4 * COMMAND_S
        began = time.monotonic()
        for number in range(100):
            with pytest.raises(CountersAway):
                await reserve(counters, "cust_1", f"x{number}", claim)
        assert time.monotonic() - began < COMMAND_S / 2
        assert counters.waiting == 2
        server.resume()
        await until_back(counters)
        assert counters.waiting == 0
        assert await used_of(counters, claim) == 4  # of r1 what was used, once; of r2, which nobody waits for, nothing


@pytest.fixture
async def muffler(server: ValkeyServer) -> AsyncIterator[Muffler]:
    """Stand between the counters and their server."""
    one = Muffler(server.port)
    await one.start()
    yield one
    await one.stop()


@pytest.mark.parametrize("is_memory_lost", [False, True])
async def test_a_settlement_in_doubt_counts_once(server: ValkeyServer, muffler: Muffler, *, is_memory_lost: bool) -> None:
    """Carried out without our hearing of it, it does not count again, however late; but it does where memory was lost since."""
    claim = window("week", 100, 10)
    async with counting_in(f"valkey://127.0.0.1:{muffler.port}") as counters, counting_in(server.url) as others:
        held = await held_on(counters, "r1", claim)
        muffler.is_muffled = True
        await counters.settle("cust_1", "r1", held.holds, [4], now_us=START_US)
        assert counters.waiting == 1
        assert await used_of(others, claim) == 4
        if is_memory_lost:
            server.ask("FLUSHALL")
            await know(others, "cust_1", [claim])
        else:
            server.ask("DEL", "tp:{cust_1}:s:r1")  # as time would
        muffler.is_muffled = False
        await until_back(counters)
        assert counters.waiting == 0
        assert await used_of(others, claim) == 4


async def test_a_reservation_in_doubt_is_cancelled(server: ValkeyServer, muffler: Muffler) -> None:
    """Held without our hearing of it, it holds nothing once Valkey is back; the same request may then ask again."""
    claim = window("week", 100, 10, if_lost=10)
    async with counting_in(f"valkey://127.0.0.1:{muffler.port}") as counters, counting_in(server.url) as others:
        await know(counters, "cust_1", [claim])
        muffler.is_muffled = True
        with pytest.raises(CountersAway):
            await reserve(counters, "cust_1", "r1", claim)
        assert await used_of(others, claim) == 10
        muffler.is_muffled = False
        await until_back(counters)
        assert await used_of(others, claim) == 0
        await held_on(counters, "r1", claim)
        assert await used_of(others, claim) == 10


async def test_who_leaves_while_settling_has_settled(server: ValkeyServer) -> None:
    """A task that is cancelled under a settlement or reservation stops at once; both are put right behind its back."""
    claim = window("week", 100, 10)
    async with counting_in(server.url) as counters:
        held = await held_on(counters, "r1", claim)
        server.pause()
        tasks: list[asyncio.Task[object]] = [
            asyncio.create_task(counters.settle("cust_1", "r1", held.holds, [4], now_us=START_US)),
            asyncio.create_task(reserve(counters, "cust_1", "r2", claim)),
        ]
        await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()
        assert all(isinstance(one, asyncio.CancelledError) for one in await asyncio.gather(*tasks, return_exceptions=True))
        server.resume()
        until = time.monotonic() + PATIENCE_S
        while counters.waiting:
            assert time.monotonic() < until, counters.state()
            await asyncio.sleep(0.01)
        assert await used_of(counters, claim) == 4


async def test_a_server_that_is_not_there_yet_is_found_when_it_is(server: ValkeyServer) -> None:
    """A gateway may start before Valkey: it is away until then."""
    server.kill()
    claim = window("week", 100, 10)
    async with counting_in(server.url) as counters:
        with pytest.raises(CountersAway):
            await reserve(counters, "cust_1", "r1", claim)
        server.start()
        await until_back(counters)
        await held_on(counters, "r1", claim)


async def test_no_more_wait_than_may(server: ValkeyServer) -> None:
    """When too many settlements wait, the next is refused and the state says how many were dropped; the ledger has them."""
    claim = window("week", 100, 10)
    async with counting_in(server.url, waiting_most=2) as counters:
        held = [await held_on(counters, f"r{number}", claim) for number in range(3)]
        server.kill()
        with pytest.raises(CountersAway):
            await counters.look("cust_1", [claim], now_us=START_US)
        for number in range(2):
            await counters.settle("cust_1", f"r{number}", held[number].holds, [1], now_us=START_US)
        with pytest.raises(CountersAway, match="2 settlements wait already"):
            await counters.settle("cust_1", "r2", held[2].holds, [1], now_us=START_US)
        assert counters.state().endswith("; 2 settlements wait; 1 settlements were dropped; the ledger has them")


@pytest.mark.parametrize(
    ("breaks", "mends", "why"),
    [
        (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE"), "read only replica"),
        (("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0"), "memory"),
    ],
)
async def test_a_server_that_takes_no_writes_is_away(
    server: ValkeyServer, breaks: tuple[str, ...], mends: tuple[str, ...], why: str
) -> None:
    """A replica, or one that is full, answers and is of no use; settlements wait until it takes them."""
    claim = window("week", 100, 10)
    async with counting_in(server.url) as counters:
        held = await held_on(counters, "r1", claim)
        server.ask(*breaks)
        await counters.settle("cust_1", "r1", held.holds, [4], now_us=START_US)
        with pytest.raises(CountersAway):
            await reserve(counters, "cust_1", "r2", claim)
        assert why in counters.state()
        assert counters.waiting == 1
        server.ask(*mends)
        await until_back(counters)
        assert await used_of(counters, claim) == 4


async def test_a_password_is_in_no_message(server: ValkeyServer) -> None:
    """A password that is refused is in no error and no state."""
    server.ask("CONFIG", "SET", "requirepass", "right")
    url = f"valkey://:wrong-and-secret@127.0.0.1:{server.port}"
    async with counting_in(Secret(url)) as counters:
        with pytest.raises(CountersAway) as raised:
            await counters.look("cust_1", [window("week", 1, 1)], now_us=START_US)
        assert "wrong-and-secret" not in f"{raised.value!r} {raised.value.__cause__!r} {counters.state()}"
        assert "invalid username-password pair" in counters.state()
    async with counting_in(Secret(f"valkey://:right@127.0.0.1:{server.port}")) as counters:
        assert await counters.look("cust_1", [window("week", 1, 1)], now_us=START_US) is None


async def test_a_clock_that_differs_is_said(server: ValkeyServer) -> None:
    """A host whose clock is an hour ahead of the server's reads so in the state."""

    class Ahead:
        def now_us(self) -> int:
            return time.time_ns() // 1000 + HOUR_US

        def steady_s(self) -> float:
            return time.monotonic()

    counters = ValkeyCounters(server.url, clock=Ahead(), connect_s=COMMAND_S, command_s=COMMAND_S)
    await counters.look("cust_1", [], now_us=START_US)
    assert counters.state() == "ok; this host's clock is 3600.0 s ahead of Valkey's"
    await counters.close()
