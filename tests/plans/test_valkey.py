"""Counters in Valkey: what lies there, for how long, in which slot, and who may race for it."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest
from tests.plans.counting import HOUR_US, LIFE_US, START_US, know, rate, reserve, seed_of, settle_as, sliding, window
from tests.plans.racer import race
from tests.plans.valkey_server import ValkeyServer

from triplepoint.foundation.errors import SettingsInvalid
from triplepoint.plans.counters.model import Bound, Hold, Kind, Reserved, Unknown
from triplepoint.plans.counters.unheld import unheld
from triplepoint.plans.counters.valkey import ValkeyCounters

DAY_S = 86400


@pytest.fixture
async def shared(valkey: ValkeyServer, request: pytest.FixtureRequest) -> AsyncIterator[ValkeyCounters]:
    """Give a test counters in Valkey, under a name of their own."""
    counters = ValkeyCounters(valkey.url, prefix=request.node.name, connect_s=5.0, command_s=5.0)
    yield counters
    await counters.close()


def keys_of(valkey: ValkeyServer, prefix: str) -> list[str]:
    """List the keys under a prefix, but for the probe."""
    lines = valkey.ask("KEYS", f"{prefix}:*").decode().split("\r\n")
    return sorted(line for line in lines if line.startswith(f"{prefix}:{{"))


async def use_everything(counters: ValkeyCounters, account: str) -> None:
    """Leave one of everything behind."""
    claims = [window("week", 100, 30), sliding("hour", 100, 30), rate("rpm", 60, 1)]
    for name in ("settled", "held"):
        held = await reserve(counters, account, name, *claims)
        assert isinstance(held, Reserved)
        if name == "settled":
            await settle_as(counters, account, name, held, 1, 1, 1, now_us=START_US)
    await counters.remember(account, "loop", "mini", until_us=START_US)


async def test_an_account_lies_in_one_slot(shared: ValkeyCounters, valkey: ValkeyServer) -> None:
    """Whatever is kept of an account has its name in braces, and two accounts may lie apart."""
    slots: dict[str, set[bytes]] = {}
    for account in ("cust_1", "cust_2"):
        await use_everything(shared, account)
        keys = [key for key in keys_of(valkey, "test_an_account_lies_in_one_slot") if account in key]
        assert len(keys) == 4
        slots[account] = {valkey.ask("CLUSTER", "KEYSLOT", key) for key in keys}
    assert [len(slot) for slot in slots.values()] == [1, 1]
    assert slots["cust_1"] != slots["cust_2"]


async def test_everything_goes_by_itself(shared: ValkeyCounters, valkey: ValkeyServer) -> None:
    """Every key has an end: eight days after it was last needed, and what only guards against repetition much sooner."""
    await use_everything(shared, "cust_1")
    lives = {key: int(valkey.ask("TTL", key)[1:]) for key in keys_of(valkey, "test_everything_goes_by_itself")}
    ends = {key.rpartition("}")[2]: lives[key] for key in lives}
    assert 7 * DAY_S < ends[""] <= 8 * DAY_S
    assert 7 * DAY_S < ends[":agenda"] <= 8 * DAY_S
    assert 0 < ends[":s:settled"] <= 60
    assert 0 < ends[":w:loop"] <= 3600


async def test_a_past_period_is_swept_up(shared: ValkeyCounters, valkey: ValkeyServer) -> None:
    """An hour after its period a counter is dropped, unless something is held of it still."""
    week = window("week", 100, 30)
    await know(shared, "cust_1", [week, rate("rpm", 60, 1)])
    key = keys_of(valkey, "test_a_past_period_is_swept_up")[0]
    await shared.look("cust_1", [rate("rpm", 60, 1)], now_us=week.until_us + HOUR_US - 1)
    assert valkey.ask("HEXISTS", key, "c:week") == b":1\r\n"
    await shared.look("cust_1", [rate("rpm", 60, 1)], now_us=week.until_us + HOUR_US)
    assert valkey.ask("HEXISTS", key, "c:week") == b":0\r\n"
    assert valkey.ask("HEXISTS", key, "c:rpm") == b":1\r\n"


async def test_what_is_lost_is_forgotten_in_the_end(shared: ValkeyCounters, valkey: ValkeyServer) -> None:
    """A reservation that nobody settles is counted when it expires and forgotten six hours later; each call sweeps a part."""
    claim = window("week", 10_000, 10, if_lost=3)
    for number in range(100):
        assert isinstance(await reserve(shared, "cust_1", f"r{number}", claim), Reserved)
    key = keys_of(valkey, "test_what_is_lost_is_forgotten_in_the_end")[0]
    over = START_US + LIFE_US
    used: list[int] = []
    for now_us in (over, over, over + 6 * HOUR_US, over + 6 * HOUR_US):
        looked = await shared.look("cust_1", [claim], now_us=now_us)
        assert looked is not None
        used.append(looked[0].used)
    assert used == [64 * 3 + 36 * 10, 300, 300, 300]
    assert valkey.ask("HLEN", key) == b":2\r\n"  # the counter, and what is known of the account


async def test_scripts_that_the_server_forgot_are_sent_again(shared: ValkeyCounters, valkey: ValkeyServer) -> None:
    """A server that has lost its scripts is given them again, unnoticed."""
    claim = window("week", 2, 1)
    assert isinstance(await reserve(shared, "cust_1", "r1", claim), Reserved)
    valkey.ask("SCRIPT", "FLUSH")
    assert isinstance(await reserve(shared, "cust_1", "r2", claim), Reserved)
    assert isinstance(await reserve(shared, "cust_1", "r3", claim), Bound)


async def test_use_that_was_never_held_counts_where_it_can(shared: ValkeyCounters) -> None:
    """What was let through while Valkey was away counts, once, on the counters that are known; of others the ledger knows."""
    week, hour, rpm, other = window("week", 100, 30), sliding("hour", 100, 30), rate("rpm", 60, 1), window("other", 100, 30)
    await know(shared, "cust_1", [week, hour, rpm])
    holds = unheld([week, hour, rpm, other])
    for _ in range(2):
        await shared.settle("cust_1", "never held", holds, [12, 5, 3, 12], now_us=START_US)
    looked = await shared.look("cust_1", [week, hour, rpm], now_us=START_US)
    assert looked is not None
    assert [standing.used for standing in looked] == [12, 5, 3]
    answer = await shared.reserve("cust_1", "r", [other], now_us=START_US, expires_us=START_US + LIFE_US)
    assert answer == Unknown((0,))


async def test_what_the_ledger_had_already_does_not_count_again(shared: ValkeyCounters) -> None:
    """A settlement that is told long after it happened is in the seed of a counter that was seeded since."""
    claim = window("week", 100, 30)
    await shared.seed("cust_1", [seed_of(claim, used=12)], now_us=START_US + 60_000_000)
    hold = Hold(0, "week", Kind.WINDOW, 30, 0)
    await shared.settle("cust_1", "old", [hold], [12], now_us=START_US)
    await shared.settle("cust_1", "new", [hold], [5], now_us=START_US + 55_000_000)  # the ledger may not have had it yet
    looked = await shared.look("cust_1", [claim], now_us=START_US + 60_000_000)
    assert looked is not None
    assert looked[0].used == 17


async def test_an_amount_that_cannot_be_exact_is_refused(shared: ValkeyCounters) -> None:
    """Beyond 10³⁰ units nothing is rounded: it is refused; a limit beyond it is as good as none."""
    await know(shared, "cust_1", [window("week", 10**31, 1)])
    with pytest.raises(ValueError, match="10\\^30"):
        await reserve(shared, "cust_1", "r1", window("week", 10**31, 10**30 + 1))
    held = await reserve(shared, "cust_1", "r2", window("week", 10**31, 10**29 + 1))
    assert isinstance(held, Reserved)
    assert held.standings[0].used == 10**29 + 1


@pytest.mark.parametrize("account", ["", "a}b"])
async def test_an_account_that_would_lie_anywhere_is_refused(shared: ValkeyCounters, account: str) -> None:
    """A name that would end the braces early, or leave them empty, would spread an account over slots."""
    with pytest.raises(ValueError, match="braces"):
        await shared.look(account, [], now_us=START_US)


@pytest.mark.parametrize("url", ["http://127.0.0.1:6379", "valkey"])
def test_an_address_of_something_else_is_refused(url: str) -> None:
    """An address that is not Valkey's is said to be wrong, with what to write."""
    with pytest.raises(SettingsInvalid, match=r"counters\.url.*\n.*redis://HOST"):
        ValkeyCounters(url)


def test_a_missing_client_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the client the error says what to install."""
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    with pytest.raises(SettingsInvalid, match=r"pip install 'triplepoint\[valkey\]'"):
        ValkeyCounters("valkey://127.0.0.1:6379")


async def test_processes_race_for_the_last_units(shared: ValkeyCounters, valkey: ValkeyServer) -> None:
    """Of 200 clients in three processes, two connections each, exactly as many get something as there is left."""
    prefix = "test_processes_race_for_the_last_units"
    claim = window("week", 3000, 1)
    await shared.seed("cust_1", [seed_of(claim, used=2993)], now_us=START_US)
    command = [sys.executable, "-m", "tests.plans.racer", valkey.url, prefix]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    racers = [
        await asyncio.create_subprocess_exec(
            *command, name, "67", stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        for name in ("p1", "p2")
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert await racer.stdout.readline() == b"ready\n"
    racing = asyncio.create_task(race(valkey.url, prefix, "p3", 66))
    told = await asyncio.gather(*(racer.communicate(b"go\n") for racer in racers))
    assert [racer.returncode for racer in racers] == [0, 0]
    assert sum(int(out) for out, _ in told) + await racing == 7
    looked = await shared.look("cust_1", [claim], now_us=START_US)
    assert looked is not None
    assert looked[0].used == 3000
