"""Makes claims for tests, and starts each kind of counters."""

from collections.abc import Sequence

from triplepoint.plans.counters.model import MINUTE_US, Bound, Claim, Kind, Reserved, Seed
from triplepoint.plans.counters.ports import Counters

START_US = 1_764_000_000_000_000
"""A moment in November 2025."""
HOUR_US = 60 * MINUTE_US
LIFE_US = 15 * MINUTE_US
"""Of a reservation."""


def window(name: str, limit: int, amount: int, *, if_lost: int = 0, pool: str = "") -> Claim:
    """Claim something of a calendar period."""
    return Claim(
        counter=name,
        kind=Kind.WINDOW,
        limit=limit,
        amount=amount,
        if_lost=if_lost,
        since_us=START_US - HOUR_US,
        until_us=START_US + 1000 * HOUR_US,
        pool=pool,
    )


def sliding(name: str, limit: int, amount: int, *, span_us: int = HOUR_US, if_lost: int = 0) -> Claim:
    """Claim something of a sliding window."""
    return Claim(counter=name, kind=Kind.SLIDING, limit=limit, amount=amount, if_lost=if_lost, span_us=span_us)


def rate(name: str, limit: int, amount: int, *, if_lost: int = 0) -> Claim:
    """Claim something of a rate."""
    return Claim(counter=name, kind=Kind.RATE, limit=limit, amount=amount, if_lost=if_lost)


def seed_of(claim: Claim, used: int = 0) -> Seed:
    """Make what the ledger would say of a counter that nobody has used."""
    return Seed(claim.counter, claim.kind, used=used, span_us=claim.span_us, limit=claim.limit, until_us=claim.until_us)


async def know(counters: Counters, account: str, claims: Sequence[Claim], *, now_us: int = START_US) -> None:
    """Make the counters of claims known, with nothing used."""
    await counters.seed(account, [seed_of(claim) for claim in claims], now_us=now_us)


async def reserve(
    counters: Counters, account: str, reservation: str, *claims: Claim, now_us: int = START_US, life_us: int = LIFE_US
) -> Reserved | Bound:
    """Reserve on counters that are made known where they are not."""
    answer = await counters.reserve(account, reservation, claims, now_us=now_us, expires_us=now_us + life_us)
    if not isinstance(answer, Reserved | Bound):
        await know(counters, account, claims, now_us=now_us)
        answer = await counters.reserve(account, reservation, claims, now_us=now_us, expires_us=now_us + life_us)
    assert isinstance(answer, Reserved | Bound)
    return answer


async def settle_as(counters: Counters, account: str, reservation: str, held: Reserved, *actuals: int, now_us: int) -> None:
    """Settle with one amount for each hold."""
    await counters.settle(account, reservation, held.holds, actuals, now_us=now_us)
