"""What counters promise, whichever they are."""

import asyncio

from tests.plans.counting import HOUR_US, LIFE_US, START_US, know, rate, reserve, seed_of, settle_as, sliding, window

from triplepoint.plans.counters.model import MINUTE_US, Bound, Kind, Reserved, Seed, Unknown
from triplepoint.plans.counters.ports import Counters


async def test_a_counter_must_be_seeded_first(counters: Counters) -> None:
    """What the ledger knows comes first: a counter that nobody has seeded lets nothing through."""
    claim = window("week", 10, 1)
    answer = await counters.reserve("cust_1", "r1", [claim], now_us=START_US, expires_us=START_US + LIFE_US)
    assert answer == Unknown((0,))
    await counters.seed("cust_1", [seed_of(claim, used=9)], now_us=START_US)
    assert isinstance(await reserve(counters, "cust_1", "r1", claim), Reserved)
    assert isinstance(await reserve(counters, "cust_1", "r2", claim), Bound)


async def test_a_second_seed_changes_nothing(counters: Counters) -> None:
    """Two gateways that load a counter at once do not count its past twice, nor forget what has come since."""
    claim = window("week", 10, 4)
    await counters.seed("cust_1", [seed_of(claim, used=2)], now_us=START_US)
    assert isinstance(await reserve(counters, "cust_1", "r1", claim), Reserved)
    await counters.seed("cust_1", [seed_of(claim, used=0)], now_us=START_US)
    standings = await counters.look("cust_1", [claim], now_us=START_US)
    assert standings is not None
    assert standings[0].used == 6


async def test_all_claims_have_room_or_nothing_is_held(counters: Counters) -> None:
    """A request that one limit refuses takes nothing from the others, and the answer says which refused."""
    wide, narrow = window("wide", 100, 10), window("narrow", 5, 10)
    answer = await reserve(counters, "cust_1", "r1", wide, narrow, rate("rpm", 60, 1))
    assert isinstance(answer, Bound)
    assert answer.binding == (1,)
    looked = await counters.look("cust_1", [wide, narrow, rate("rpm", 60, 1)], now_us=START_US)
    assert looked is not None
    assert [standing.used for standing in looked] == [0, 0, 0]


async def test_the_truth_takes_the_place_of_what_was_held(counters: Counters) -> None:
    """After settling, the counter holds what was used: less than reserved, nothing, or more."""
    claim = window("week", 100, 30)
    for number, actual in enumerate((12, 0, 45)):
        held = await reserve(counters, "cust_1", f"r{number}", claim)
        assert isinstance(held, Reserved)
        await settle_as(counters, "cust_1", f"r{number}", held, actual, now_us=START_US)
    looked = await counters.look("cust_1", [claim], now_us=START_US)
    assert looked is not None
    assert looked[0].used == 57
    assert looked[0].remaining == 43


async def test_settling_twice_counts_once(counters: Counters) -> None:
    """A settlement that is told again, because its answer was lost, changes nothing."""
    claim = window("week", 100, 30)
    held = await reserve(counters, "cust_1", "r1", claim)
    assert isinstance(held, Reserved)
    for _ in range(3):
        await settle_as(counters, "cust_1", "r1", held, 10, now_us=START_US)
    looked = await counters.look("cust_1", [claim], now_us=START_US)
    assert looked is not None
    assert looked[0].used == 10


async def test_asking_again_holds_nothing_more(counters: Counters) -> None:
    """A reservation that is asked for again, because its answer was lost, is the same reservation."""
    claim = window("week", 100, 30)
    first = await reserve(counters, "cust_1", "r1", claim)
    again = await reserve(counters, "cust_1", "r1", claim)
    assert isinstance(first, Reserved)
    assert isinstance(again, Reserved)
    assert again.holds == first.holds
    looked = await counters.look("cust_1", [claim], now_us=START_US)
    assert looked is not None
    assert looked[0].used == 30


async def test_what_nobody_settles_expires_and_leaves_its_least(counters: Counters) -> None:
    """A process that died under a request holds its worst case until the reservation expires; then its least counts."""
    claim = window("week", 100, 90, if_lost=20)
    assert isinstance(await reserve(counters, "cust_1", "r1", claim), Reserved)
    assert isinstance(await reserve(counters, "cust_1", "r2", claim, now_us=START_US + LIFE_US - 1), Bound)
    small = window("week", 100, 80)
    assert isinstance(await reserve(counters, "cust_1", "r3", small, now_us=START_US + LIFE_US + 1), Reserved)
    looked = await counters.look("cust_1", [small], now_us=START_US + LIFE_US + 1)
    assert looked is not None
    assert looked[0].used == 100


async def test_a_late_settlement_corrects_what_was_taken_for_lost(counters: Counters) -> None:
    """A request that outlives its reservation is counted as it was, not as it was feared."""
    claim = window("week", 100, 90, if_lost=20)
    held = await reserve(counters, "cust_1", "r1", claim)
    assert isinstance(held, Reserved)
    later = START_US + LIFE_US + 1
    assert isinstance(await reserve(counters, "cust_1", "r2", window("week", 100, 1), now_us=later), Reserved)
    await settle_as(counters, "cust_1", "r1", held, 33, now_us=later)
    looked = await counters.look("cust_1", [claim], now_us=later)
    assert looked is not None
    assert looked[0].used == 34


async def test_a_sliding_window_forgets_what_has_left_it(counters: Counters) -> None:
    """Use counts for the whole span and at most a sixtieth of it longer; the answer says when there is room again."""
    claim = sliding("hour", 10, 6)
    held = await reserve(counters, "cust_1", "r1", claim)
    assert isinstance(held, Reserved)
    await settle_as(counters, "cust_1", "r1", held, 6, now_us=START_US)
    answer = await reserve(counters, "cust_1", "r2", claim, now_us=START_US + HOUR_US - 1)
    assert isinstance(answer, Bound)
    retry_us = answer.standings[0].retry_us
    assert START_US + HOUR_US <= retry_us <= START_US + HOUR_US + HOUR_US // 60
    assert isinstance(await reserve(counters, "cust_1", "r3", claim, now_us=retry_us - 1), Bound)
    assert isinstance(await reserve(counters, "cust_1", "r4", claim, now_us=retry_us), Reserved)


async def test_a_sliding_window_is_seeded_with_its_past(counters: Counters) -> None:
    """After a restart a sliding window holds what the ledger has of its span, at its moments."""
    claim = sliding("hour", 10, 4)
    past = ((START_US - 2 * HOUR_US, 5), (START_US - HOUR_US // 2, 5), (START_US - MINUTE_US, 3))
    await counters.seed("cust_1", [Seed("hour", Kind.SLIDING, slices=past, span_us=HOUR_US)], now_us=START_US)
    answer = await counters.reserve("cust_1", "r1", [claim], now_us=START_US, expires_us=START_US + LIFE_US)
    assert isinstance(answer, Bound)
    assert answer.standings[0].used == 8
    then = START_US + HOUR_US // 2 + 2 * MINUTE_US
    answer = await counters.reserve("cust_1", "r2", [claim], now_us=then, expires_us=then + LIFE_US)
    assert isinstance(answer, Reserved)


async def test_a_rate_lets_a_minute_at_once_and_then_its_pace(counters: Counters) -> None:
    """A rate of 60 a minute lets 60 through at once and then one a second, and says when."""
    claim = rate("rpm", 60, 1)
    for number in range(60):
        assert isinstance(await reserve(counters, "cust_1", f"r{number}", claim), Reserved)
    answer = await reserve(counters, "cust_1", "too soon", claim)
    assert isinstance(answer, Bound)
    assert answer.standings[0].retry_us == START_US + 1_000_000
    assert isinstance(await reserve(counters, "cust_1", "now", claim, now_us=START_US + 1_000_000), Reserved)


async def test_a_rate_of_none_lets_nothing_through(counters: Counters) -> None:
    """A rate of 0 refuses whatever asks for something, says no time, and is not in the way of what asks for nothing."""
    answer = await reserve(counters, "cust_1", "r1", rate("rpm", 0, 1))
    assert isinstance(answer, Bound)
    assert answer.standings[0].retry_us == 0
    held = await reserve(counters, "cust_1", "r2", rate("rpm", 0, 0))
    assert isinstance(held, Reserved)
    await settle_as(counters, "cust_1", "r2", held, 5, now_us=START_US)
    assert isinstance(await reserve(counters, "cust_1", "r3", rate("rpm", 60, 60)), Reserved)


async def test_a_lost_reservation_is_held_anew(counters: Counters) -> None:
    """Asked for again after it has expired, a reservation is held again: an answer of the past would hold nothing."""
    claim = window("week", 100, 60, if_lost=20)
    assert isinstance(await reserve(counters, "cust_1", "r1", claim), Reserved)
    later = START_US + LIFE_US
    again = await reserve(counters, "cust_1", "r1", claim, now_us=later)
    assert isinstance(again, Reserved)
    looked = await counters.look("cust_1", [claim], now_us=later)
    assert looked is not None
    assert looked[0].used == 80
    for _ in range(2):
        await settle_as(counters, "cust_1", "r1", again, 50, now_us=later)
    looked = await counters.look("cust_1", [claim], now_us=later)
    assert looked is not None
    assert looked[0].used == 70


async def test_a_rate_gets_back_what_was_not_used(counters: Counters) -> None:
    """Tokens that were reserved and not used may be used by the next request at once."""
    claim = rate("tpm", 1000, 900)
    held = await reserve(counters, "cust_1", "r1", claim)
    assert isinstance(held, Reserved)
    assert isinstance(await reserve(counters, "cust_1", "r2", claim), Bound)
    await settle_as(counters, "cust_1", "r1", held, 50, now_us=START_US)
    assert isinstance(await reserve(counters, "cust_1", "r3", claim), Reserved)


async def test_a_pool_is_burnt_in_order(counters: Counters) -> None:
    """An amount is taken from the first grant as far as it goes, then from the next; together they bind."""
    first, second = window("grant_a", 10, 25, pool="credit", if_lost=7), window("grant_b", 20, 25, pool="credit", if_lost=7)
    held = await reserve(counters, "cust_1", "r1", first, second)
    assert isinstance(held, Reserved)
    assert [(hold.counter, hold.amount, hold.if_lost) for hold in held.holds] == [("grant_a", 10, 7), ("grant_b", 15, 0)]
    answer = await reserve(counters, "cust_1", "r2", first, second)
    assert isinstance(answer, Bound)
    assert answer.binding == (1,)
    await settle_as(counters, "cust_1", "r1", held, 10, 2, now_us=START_US)
    looked = await counters.look("cust_1", [first, second], now_us=START_US)
    assert looked is not None
    assert [standing.remaining for standing in looked] == [0, 18]


async def test_accounts_know_nothing_of_each_other(counters: Counters) -> None:
    """Counters of one name in two accounts are two counters."""
    claim = window("week", 1, 1)
    assert isinstance(await reserve(counters, "cust_1", "r1", claim), Reserved)
    assert isinstance(await reserve(counters, "cust_2", "r2", claim), Reserved)
    assert isinstance(await reserve(counters, "cust_1", "r3", claim), Bound)


async def test_sums_far_beyond_a_float_are_exact(counters: Counters) -> None:
    """Amounts of money in 10⁻¹⁸ dollars keep their last digit, up to millions of dollars."""
    limit = 7_000_000 * 10**18
    claim = window("money", limit, 3 * 10**18 + 1)
    await counters.seed("cust_1", [seed_of(claim, used=limit - 3 * 10**18 - 1)], now_us=START_US)
    held = await reserve(counters, "cust_1", "r1", claim)
    assert isinstance(held, Reserved)
    await settle_as(counters, "cust_1", "r1", held, 3 * 10**18, now_us=START_US)
    assert isinstance(await reserve(counters, "cust_1", "r2", window("money", limit, 2)), Bound)
    assert isinstance(await reserve(counters, "cust_1", "r3", window("money", limit, 1)), Reserved)


async def test_a_word_is_kept_for_a_while(counters: Counters) -> None:
    """A word is there until its end, and another account has not got it."""
    await counters.remember("cust_1", "loop", "mini", until_us=START_US + 10)
    assert await counters.recall("cust_1", "loop", now_us=START_US) == "mini"
    assert await counters.recall("cust_2", "loop", now_us=START_US) is None
    assert await counters.recall("cust_1", "other", now_us=START_US) is None


async def test_two_hundred_race_for_the_last_unit(counters: Counters) -> None:
    """Of 200 requests at once for the last unit exactly one gets it."""
    claim = window("week", 3000, 1)
    await counters.seed("cust_1", [seed_of(claim, used=2999)], now_us=START_US)
    answers = await asyncio.gather(*(reserve(counters, "cust_1", f"r{number}", claim) for number in range(200)))
    assert sum(isinstance(answer, Reserved) for answer in answers) == 1


async def test_knowing_is_of_the_account(counters: Counters) -> None:
    """A counter that one account knows is unknown to another, and looking makes nothing known."""
    claim = window("week", 1, 1)
    await know(counters, "cust_1", [claim])
    assert await counters.look("cust_2", [claim], now_us=START_US) is None
    answer = await counters.reserve("cust_2", "r", [claim], now_us=START_US, expires_us=START_US + LIFE_US)
    assert answer == Unknown((0,))


async def test_what_holds_nothing_is_not_kept(counters: Counters) -> None:
    """A request that costs nothing takes nothing of its grants, and is no reservation that would be taken for lost."""
    free = window("grant_a", 10, 0, pool="credit")
    held = await reserve(counters, "cust_1", "r1", free)
    assert isinstance(held, Reserved)
    assert held.holds == ()
    later_us = START_US + 2 * LIFE_US
    assert isinstance(
        await reserve(counters, "cust_1", "r2", window("grant_a", 10, 10, pool="credit"), now_us=later_us), Reserved
    )
