"""A wall clock that is set, forward or back, gives nobody a fresh limit and lets nobody wait for an hour twice."""

from tests.plans.counting import HOUR_US, START_US, rate, reserve, settle_as, sliding, window

from triplepoint.plans.counters.memory import MemoryCounters
from triplepoint.plans.counters.model import Bound, Reserved


async def test_a_rate_goes_on_where_the_clock_was_set_back() -> None:
    """An hour back, a used-up rate lets the next one through after its second, and not after an hour."""
    counters, claim = MemoryCounters(), rate("rpm", 60, 1)
    for number in range(60):
        assert isinstance(await reserve(counters, "cust_1", f"r{number}", claim), Reserved)
    back_us = START_US - HOUR_US
    assert isinstance(await reserve(counters, "cust_1", "too soon", claim, now_us=back_us), Bound)
    assert isinstance(await reserve(counters, "cust_1", "soon", claim, now_us=back_us + 1_000_000), Reserved)


async def test_a_period_keeps_what_was_used_of_it() -> None:
    """A clock that goes back and forth across nothing changes no calendar period."""
    counters, claim = MemoryCounters(), window("week", 10, 6)
    assert isinstance(await reserve(counters, "cust_1", "r1", claim, life_us=10**15), Reserved)
    for now_us in (START_US - HOUR_US, START_US + 5 * HOUR_US, START_US):
        answer = await reserve(counters, "cust_1", f"at {now_us}", claim, now_us=now_us, life_us=10**15)
        assert isinstance(answer, Bound)


async def test_a_sliding_window_counts_what_is_dated_to_come_from_now() -> None:
    """After the clock went back, use counts for one span more and no longer."""
    counters, claim = MemoryCounters(), sliding("hour", 10, 6)
    held = await reserve(counters, "cust_1", "r1", claim)
    assert isinstance(held, Reserved)
    await settle_as(counters, "cust_1", "r1", held, 6, now_us=START_US)
    back_us = START_US - 20 * HOUR_US
    assert isinstance(await reserve(counters, "cust_1", "r2", claim, now_us=back_us), Bound)
    later_us = back_us + HOUR_US + HOUR_US // 30
    assert isinstance(await reserve(counters, "cust_1", "r3", claim, now_us=later_us), Reserved)


async def test_a_reservation_expires_in_its_time() -> None:
    """What a lost request holds is free again after its life, though the clock was set back by a day meanwhile."""
    counters, claim = MemoryCounters(), window("week", 10, 6)
    assert isinstance(await reserve(counters, "cust_1", "r1", claim, life_us=HOUR_US), Reserved)
    back_us = START_US - 24 * HOUR_US
    assert isinstance(await reserve(counters, "cust_1", "r2", claim, now_us=back_us, life_us=HOUR_US), Bound)
    answer = await reserve(counters, "cust_1", "r3", claim, now_us=back_us + HOUR_US + 1, life_us=HOUR_US)
    assert isinstance(answer, Reserved)
