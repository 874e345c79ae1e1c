"""The audits' budget is never overspent: not by interleavings, not over a restart, not by what nobody knows the cost of."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.gateway.audits.auditing import (
    audit_router,
    audited_family,
    family_script,
    found,
    metric,
    own,
    playing,
    until_audited,
    until_dropped,
)
from tests.gateway.audits.test_audits import ask
from tests.gateway.harness import start_gateway

from triplepoint.foundation.errors import StoreFault
from triplepoint.gateway.audits.budget import AuditBudget, Held
from triplepoint.ledger.audits.spending import spent_usd
from triplepoint.ledger.model import Outcome
from triplepoint.plans.counters.memory import MemoryCounters
from triplepoint.plans.counters.model import Answer, Claim, Hold
from triplepoint.plans.counters.ports import CountersAway

NOON_US = 1_767_960_000_000_000  # 2026-01-09 12:00 UTC
DAY_US = 86_400_000_000
LIMIT = Decimal("1")
AMOUNTS = st.decimals("0", "0.5", places=6)


class Ledger:
    """What the ledger knows to be spent."""

    def __init__(self) -> None:
        self.spent = Decimal(0)
        self.asked: list[int] = []
        self.is_away = False

    def __call__(self, since_us: int) -> Decimal:
        """Say it; called in a thread."""
        self.asked.append(since_us)
        if self.is_away:
            raise StoreFault("the database is away")
        return self.spent


STEPS = st.lists(st.tuples(st.sampled_from(["hold", "settle", "lose", "restart"]), AMOUNTS, st.integers(0, 9)), max_size=60)


class Away(MemoryCounters):
    """Counters that cannot be reached."""

    async def reserve(self, account: str, reservation: str, claims: Sequence[Claim], *, now_us: int, expires_us: int) -> Answer:
        """Be away."""
        raise CountersAway("away")

    async def settle(
        self, account: str, reservation: str, holds: Sequence[Hold], actuals: Sequence[int], *, now_us: int
    ) -> None:
        """Be away."""
        raise CountersAway("away")


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
async def test_no_interleaving_overspends_it(steps: list[tuple[str, Decimal, int]]) -> None:
    """Whatever is held, settled, lost with its process, and begun anew from the ledger."""
    ledger = Ledger()
    budget, running = AuditBudget(MemoryCounters(), ledger), dict[int, tuple[Held, Decimal]]()
    settled, lost, number = Decimal(0), Decimal(0), 0
    for kind, amount, which in steps:
        if kind == "hold":
            number += 1
            held = await budget.hold(f"r{number}", amount, limit_usd=LIMIT, now_us=NOON_US)
            if held is not None:
                running[number] = held, amount
        elif kind == "restart":  # what ran is gone: the ledger has it as interrupted, with what was held for it
            lost += sum((amount for _, amount in running.values()), Decimal(0))
            running.clear()
            ledger.spent = settled + lost
            budget = AuditBudget(MemoryCounters(), ledger)
        elif running:
            chosen = list(running)[which % len(running)]
            held, most = running.pop(chosen)
            spent = most if kind == "lose" else min(most, amount)
            settled += spent
            await budget.settle(held, spent, now_us=NOON_US)
        assert settled + lost + sum((most for _, most in running.values()), Decimal(0)) <= LIMIT


async def test_a_day_has_its_own_and_utc_says_when() -> None:
    """What was spent today is no matter tomorrow, and the ledger is asked from midnight on."""
    ledger = Ledger()
    budget = AuditBudget(MemoryCounters(), ledger)
    assert await budget.hold("a", LIMIT, limit_usd=LIMIT, now_us=NOON_US) is not None
    assert await budget.hold("b", Decimal("0.000001"), limit_usd=LIMIT, now_us=NOON_US + DAY_US // 2 - 1) is None
    assert await budget.hold("c", LIMIT, limit_usd=LIMIT, now_us=NOON_US + DAY_US // 2) is not None
    assert ledger.asked == [NOON_US - DAY_US // 2, NOON_US + DAY_US // 2]


async def test_calls_at_the_same_moment_hold_apart() -> None:
    """Of ten that would each take a fifth, at the first sight of the counter, five have room."""
    budget = AuditBudget(MemoryCounters(), Ledger())
    held = await asyncio.gather(*(budget.hold(f"r{n}", Decimal("0.2"), limit_usd=LIMIT, now_us=NOON_US) for n in range(10)))
    assert sum(one is not None for one in held) == 5


async def test_what_cannot_be_looked_at_has_no_room() -> None:
    """Counters or a ledger that are away leave an audit out; settling then raises nothing either."""
    away, ledger = AuditBudget(Away(), Ledger()), Ledger()
    assert await away.hold("a", Decimal("0.1"), limit_usd=LIMIT, now_us=NOON_US) is None
    await away.settle(Held("a", ()), Decimal("0.1"), now_us=NOON_US)
    ledger.is_away = True
    assert await AuditBudget(MemoryCounters(), ledger).hold("a", Decimal("0.1"), limit_usd=LIMIT, now_us=NOON_US) is None


async def test_a_used_up_budget_ends_audits_and_a_restart_does_not_bring_it_back(tmp_path: Path) -> None:
    """Money is held by the worst case, so fewer audits come than would fit; what was spent is known to the next gateway."""
    worst = Decimal("0.062")  # 4,096 tokens at 15 a million, and some input
    router = audit_router(max_usd_per_day=str(worst * 5), judge=None)
    usage = {"input_tokens": 10, "output_tokens": 2500}
    dear = family_script(cases=[{"when": {"model": "b-*"}, "answer": {"text": "It is so.", "usage": usage}}])
    with audited_family(tmp_path, router=router, upstream={"retry": {"attempts": 2, "base": "1ms"}}) as gateway:
        async with playing(gateway.ports, dear):
            answers = [await ask(gateway, f"Is it so? {n}") for n in range(14)]
            await until_dropped(gateway, "budget")
            audits = sum(metric(gateway, "triplepoint_audits_total").values())
        port = gateway.port
        spent = sum((Decimal(row.cost_usd or "nan") for row in own(gateway, *answers)), Decimal(0))
    assert audits >= 3
    assert spent <= worst * 5
    with start_gateway(tmp_path, port) as again:
        again.ports = gateway.ports
        async with playing(again.ports, dear):
            answer = await ask(again, "And now?")
            await until_dropped(again, "budget")
        assert own(again, answer) == []


async def test_what_nobody_knows_the_cost_of_counts_as_held(tmp_path: Path) -> None:
    """An answer that breaks off may have cost everything: after a few of them nothing more is asked that day."""
    router = audit_router(max_usd_per_day="0.2", judge=None)
    broken = family_script(cases=[{"when": {"model": "b-*"}, "fault": {"kind": "cut"}}])
    with audited_family(tmp_path, router=router, upstream={"retry": {"attempts": 1}}) as gateway:
        async with playing(gateway.ports, broken):
            for n in range(6):
                await ask(gateway, f"Is it so? {n}")
            await until_dropped(gateway, "budget")
            for _ in range(200):  # the last one may still be breaking off
                if all(row.outcome is not None for row in own(gateway)):
                    break
                await asyncio.sleep(0.05)
        rows = own(gateway)
    counted = sum(
        (spent_usd(row.outcome, None if row.cost_usd is None else Decimal(row.cost_usd), Decimal("0.0616")) for row in rows),
        Decimal(0),
    )
    assert {row.outcome for row in rows} == {Outcome.FAILED}
    assert {row.cost_usd for row in rows} == {None}
    assert counted <= Decimal("0.2") < counted + Decimal("0.0616")


@pytest.mark.parametrize("away", ["", "judge"])
async def test_the_judge_is_paid_from_the_same_purse(tmp_path: Path, away: str) -> None:
    """Where the second answer has used it up, the pair stays undecided."""
    router = audit_router(max_usd_per_day="0.13")
    usage = {"input_tokens": 10, "output_tokens": 4090}
    dear = family_script(cases=[{"when": {"model": "b-*"}, "answer": {"text": "It is so.", "usage": usage}}])
    with audited_family(tmp_path, router=router, upstream={"retry": {"attempts": 2}}) as gateway:
        async with playing(gateway.ports, dear):
            key = gateway.issue("no judge", "nano", "regular") if away else ""
            (audit,) = await until_audited(gateway, await ask(gateway, key=key))
            await ask(gateway, "And?", key=key)
            await until_dropped(gateway, "budget")
    assert audit.outcome == ("undecided" if away else "fine")
    assert [one.receipt_id for one in found(gateway)[0]] == [audit.receipt_id]
