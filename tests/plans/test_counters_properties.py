"""No interleaving overspends: whatever comes in whatever order, with settlements late, lost or told twice."""

import asyncio
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.plans.conftest import OpenCounters
from tests.plans.counting import HOUR_US, LIFE_US, START_US, rate, seed_of, sliding, window

from triplepoint.plans.counters.model import MINUTE_US, Claim, Kind, Reserved
from triplepoint.plans.counters.ports import Counters

LIMITS = (window("week", 40, 0), sliding("hour", 30, 0), rate("tpm", 25, 0))
ACCOUNT = "cust_1"

tried = settings(max_examples=40)
"""Each of these runs on every kind of counters, one of which is a server."""


@dataclass
class Truth:
    """What really happened, kept as simply as can be."""

    held: dict[str, tuple[Reserved, list[Claim]]] = field(default_factory=dict[str, tuple[Reserved, list[Claim]]])
    used: list[tuple[int, str, int]] = field(default_factory=list[tuple[int, str, int]])
    """(moment, counter, amount) of what was settled, and of the least of what was lost."""
    let_in: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """(moment, amount) at the rate, as reserved."""


step = st.one_of(
    st.tuples(st.just("reserve"), st.lists(st.integers(0, 15), min_size=3, max_size=3)),
    st.tuples(st.just("settle"), st.tuples(st.integers(0, 9), st.floats(0, 1))),
    st.tuples(st.just("settle again"), st.integers(0, 9)),
    st.tuples(st.just("wait"), st.integers(1, 20)),
)


@tried
@given(steps=st.lists(step, max_size=60))
def test_no_interleaving_overspends(open_counters: OpenCounters, steps: list[tuple[str, object]]) -> None:
    """What was settled and what is held together never exceed a hard limit, in no calendar period and in no sliding span."""

    async def run() -> None:
        async with open_counters() as counters:
            await play(counters, steps)

    asyncio.run(run())


async def play(counters: Counters, steps: list[tuple[str, object]], *, account: str = ACCOUNT) -> None:
    """Play steps and hold the counters against the truth after each."""
    truth, settled = Truth(), list[tuple[str, Reserved, list[int]]]()
    now_us, number = START_US, 0
    await counters.seed(account, [seed_of(claim) for claim in LIMITS], now_us=now_us)
    for what, value in steps:
        match what, value:
            case "reserve", [int(), int(), int()] as amounts:
                number += 1
                claims = [claim_of(limit, amount) for limit, amount in zip(LIMITS, amounts, strict=True)]
                name = f"r{number}"
                answer = await counters.reserve(account, name, claims, now_us=now_us, expires_us=now_us + LIFE_US)
                if isinstance(answer, Reserved):
                    truth.held[name] = (answer, claims)
                    truth.let_in.append((now_us, claims[2].amount))
            case "settle", (int(place), float(share)) if truth.held:
                name = list(truth.held)[place % len(truth.held)]
                held, _ = truth.held.pop(name)
                actuals = [int(hold.amount * share) for hold in held.holds]
                await counters.settle(account, name, held.holds, actuals, now_us=now_us)
                settled.append((name, held, actuals))
                truth.used += [(now_us, hold.counter, actual) for hold, actual in zip(held.holds, actuals, strict=True)]
            case "settle again", int(place) if settled:
                name, held, actuals = settled[place % len(settled)]
                await counters.settle(account, name, held.holds, actuals, now_us=now_us)
            case "wait", int(minutes) if not truth.held or minutes < 3:
                now_us += minutes * MINUTE_US // 10 if truth.held else minutes * MINUTE_US
            case _:
                continue
        await check(counters, truth, now_us, account)


def claim_of(limit: Claim, amount: int) -> Claim:
    """Claim an amount of one of the limits."""
    if limit.kind is Kind.WINDOW:
        return window(limit.counter, limit.limit, amount)
    return sliding(limit.counter, limit.limit, amount) if limit.kind is Kind.SLIDING else rate("tpm", limit.limit, amount)


async def check(counters: Counters, truth: Truth, now_us: int, account: str) -> None:
    """Hold the counters against the truth."""
    held = {claim.counter: 0 for claim in LIMITS}
    for answer, _ in truth.held.values():
        for hold in answer.holds:
            held[hold.counter] += hold.amount
    week = sum(amount for _, counter, amount in truth.used if counter == "week")
    hour = sum(amount for at, counter, amount in truth.used if counter == "hour" and at > now_us - HOUR_US)
    assert week + held["week"] <= 40
    assert hour + held["hour"] <= 30
    looked = await counters.look(account, LIMITS, now_us=now_us)
    assert looked is not None
    assert looked[0].used == week + held["week"]
    assert looked[1].used >= hour + held["hour"]


@tried
@given(steps=st.lists(st.tuples(st.integers(0, 40_000_000), st.integers(1, 9)), max_size=80))
def test_a_rate_holds_in_every_stretch(open_counters: OpenCounters, steps: list[tuple[int, int]]) -> None:
    """In any stretch of t seconds at most limit + limit·t/60 units pass, whatever came before it."""

    async def run() -> None:
        async with open_counters() as counters:
            let_in = await hurry(counters, steps)
        for start, (since_us, _) in enumerate(let_in):
            for end in range(start, len(let_in)):
                stretch_us = let_in[end][0] - since_us
                passed = sum(amount for _, amount in let_in[start : end + 1])
                assert passed <= 25 + 25 * stretch_us / MINUTE_US + 1e-6

    asyncio.run(run())


async def hurry(counters: Counters, steps: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ask a rate for (pause, amount) after (pause, amount); returns what it let in, and when."""
    now_us, let_in = START_US, list[tuple[int, int]]()
    await counters.seed(ACCOUNT, [seed_of(rate("tpm", 25, 0))], now_us=now_us)
    for number, (pause_us, amount) in enumerate(steps):
        now_us += pause_us
        claims = [rate("tpm", 25, amount)]
        answer = await counters.reserve(ACCOUNT, f"r{number}", claims, now_us=now_us, expires_us=now_us + LIFE_US)
        if isinstance(answer, Reserved):
            let_in.append((now_us, amount))
    return let_in


@tried
@given(
    amounts=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 40)), max_size=30),
    grants=st.lists(st.integers(1, 60), max_size=4),
)
def test_grants_are_never_overdrawn(open_counters: OpenCounters, amounts: list[tuple[int, int]], grants: list[int]) -> None:
    """What is burnt of a pool of grants is what was used, in their order, and never more than they hold."""

    async def run() -> None:
        async with open_counters() as counters:
            await burn(counters, amounts, grants)

    asyncio.run(run())


async def burn(counters: Counters, amounts: list[tuple[int, int]], grants: list[int]) -> None:
    """Take (worst case, truth) after (worst case, truth) from grants, and hold them against a sum."""
    names = [f"grant_{number}" for number in range(len(grants))]
    await counters.seed(ACCOUNT, [seed_of(window(name, 0, 0)) for name in names], now_us=START_US)
    burnt = 0
    for number, (amount, actual) in enumerate(amounts):
        claims = [window(name, limit, amount, pool="credit") for name, limit in zip(names, grants, strict=True)]
        if not claims:
            continue
        name = f"r{number}"
        answer = await counters.reserve(ACCOUNT, name, claims, now_us=START_US, expires_us=START_US + LIFE_US)
        assert isinstance(answer, Reserved) == (burnt + amount <= sum(grants))
        if isinstance(answer, Reserved):
            left = min(actual, amount)
            burnt += left
            actuals: list[int] = []
            for hold in answer.holds:
                actuals.append(min(left, hold.amount))
                left -= actuals[-1]
            await counters.settle(ACCOUNT, name, answer.holds, actuals, now_us=START_US)
    looked = await counters.look(ACCOUNT, [window(n, g, 0) for n, g in zip(names, grants, strict=True)], now_us=START_US)
    if not names and looked is None:
        return  # an account without counters may be known or not
    assert looked is not None
    assert sum(standing.used for standing in looked) == burnt
    assert all(standing.used <= standing.limit for standing in looked)
