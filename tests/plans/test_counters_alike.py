"""Counters in Valkey answer as those in this process do, to the last digit, whatever is asked of them in whatever order."""

import asyncio
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.plans.conftest import OpenCounters
from tests.plans.counting import LIFE_US, START_US, rate, sliding, window

from triplepoint.plans.counters.model import MINUTE_US, Claim, Hold, Kind, Reserved, Seed
from triplepoint.plans.counters.ports import Counters

ACCOUNT = "cust_1"
DOLLAR = 10**18
LIMITS = {"week": 40, "money": 7_000_000 * DOLLAR + 3, "hour": 30, "spent": 900 * DOLLAR + 7, "rpm": 25, "tpm": 700_001}

small = st.integers(0, 15)
money = st.integers(0, 3_000_000 * DOLLAR) | st.integers(0, 2**54)
step = st.one_of(
    st.tuples(st.just("reserve"), st.tuples(small, money, small, st.integers(0, 400 * DOLLAR), small, st.integers(0, 700_001))),
    st.tuples(st.just("burn"), money),
    st.tuples(st.just("settle"), st.tuples(st.integers(0, 9), st.integers(0, 5))),
    st.tuples(st.just("settle again"), st.integers(0, 9)),
    st.tuples(st.just("wait"), st.integers(1, 1500)),
)
used = st.lists(st.integers(0, 10 * DOLLAR), max_size=6)


def claims_of(amounts: Sequence[int]) -> list[Claim]:
    """Claim an amount of each limit; a third of it counts if nobody settles."""
    week, cost, hour, spent, requests, tokens = amounts
    return [
        window("week", LIMITS["week"], week, if_lost=week // 3),
        window("money", LIMITS["money"], cost, if_lost=cost // 3),
        sliding("hour", LIMITS["hour"], hour, if_lost=hour // 3),
        sliding("spent", LIMITS["spent"], spent, span_us=7_000_001, if_lost=spent // 3),
        rate("rpm", LIMITS["rpm"], requests, if_lost=requests // 3),
        rate("tpm", LIMITS["tpm"], tokens, if_lost=tokens // 3),
    ]


def grants_of(amount: int) -> list[Claim]:
    """Claim an amount of two grants of credit, which are burnt in order."""
    first, second = 100 * DOLLAR + 1, 3_000_000 * DOLLAR
    return [
        window("grant_a", first, amount, pool="credit", if_lost=amount // 3),
        window("grant_b", second, amount, pool="credit", if_lost=amount // 3),
    ]


def seeds_of(past: list[int]) -> list[Seed]:
    """Make what the ledger says: the same past for each."""
    slices = tuple((START_US - (len(past) - n) * MINUTE_US, amount) for n, amount in enumerate(past))
    claims = [*claims_of([0] * 6), *grants_of(0)]
    return [
        Seed(
            claim.counter,
            claim.kind,
            used=sum(past) % 100,
            slices=tuple((at, amount % 5) for at, amount in slices) if claim.counter in {"hour", "rpm"} else slices,
            span_us=claim.span_us,
            limit=claim.limit,
            until_us=claim.until_us,
        )
        for claim in claims
        if claim.counter != "tpm"
    ] + [Seed("tpm", Kind.RATE, limit=LIMITS["tpm"])]


@settings(max_examples=50)
@given(steps=st.lists(step, max_size=40), past=used)
def test_both_kinds_answer_alike(
    open_in_memory: OpenCounters, open_in_valkey: OpenCounters, steps: list[tuple[str, object]], past: list[int]
) -> None:
    """Every answer and every standing is the same: windows, sliding windows, rates, pools; settled late, twice or never."""

    async def run() -> None:
        async with open_in_memory() as one, open_in_valkey() as other:
            await Both(one, other).play(steps, past)

    asyncio.run(run())


class Both:
    """Two kinds of counters, asked the same."""

    def __init__(self, one: Counters, other: Counters) -> None:
        self.kinds = (one, other)
        self.held: dict[str, tuple[Hold, ...]] = {}
        self.settled: list[tuple[str, tuple[Hold, ...], list[int]]] = []
        self.now_us = START_US

    async def play(self, steps: list[tuple[str, object]], past: list[int]) -> None:
        """Play steps on both, and compare after each."""
        for counters in self.kinds:
            await counters.seed(ACCOUNT, seeds_of(past), now_us=self.now_us)
        for number, (what, value) in enumerate(steps):
            match what, value:
                case "reserve", (int(), int(), int(), int(), int(), int()) as amounts:
                    await self.reserve(f"r{number}", claims_of(amounts))
                case "burn", int(amount):
                    await self.reserve(f"r{number}", grants_of(amount))
                case "settle", (int(place), int(share)) if self.held:
                    name = list(self.held)[place % len(self.held)]
                    holds = self.held.pop(name)
                    actuals = [hold.amount * share // 4 for hold in holds]
                    self.settled.append((name, holds, actuals))
                    await self.settle(name, holds, actuals)
                case "settle again", int(place) if self.settled:
                    await self.settle(*self.settled[place % len(self.settled)])
                case "wait", int(seconds):
                    self.now_us += seconds * 1_000_003
                case _:
                    continue
            await self.compare()

    async def reserve(self, name: str, claims: list[Claim]) -> None:
        """Reserve on both, twice: the second answer is the first, if it was let in."""
        expires_us = self.now_us + LIFE_US
        answers = [await kind.reserve(ACCOUNT, name, claims, now_us=self.now_us, expires_us=expires_us) for kind in self.kinds]
        assert answers[0] == answers[1]
        if isinstance(answers[0], Reserved):
            self.held[name] = answers[0].holds
            again = await self.kinds[1].reserve(ACCOUNT, name, claims, now_us=self.now_us, expires_us=expires_us)
            assert again == answers[1]

    async def settle(self, name: str, holds: tuple[Hold, ...], actuals: list[int]) -> None:
        """Settle on both."""
        for kind in self.kinds:
            await kind.settle(ACCOUNT, name, holds, actuals, now_us=self.now_us)

    async def compare(self) -> None:
        """Look at both."""
        claims = [*claims_of((1, DOLLAR, 1, DOLLAR, 1, 1)), *grants_of(1)]
        looks = [await kind.look(ACCOUNT, claims, now_us=self.now_us) for kind in self.kinds]
        assert looks[0] is not None
        assert looks[0] == looks[1]
