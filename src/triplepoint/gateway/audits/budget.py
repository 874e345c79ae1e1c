"""The audits' budget of a day: held before an audit asks, settled afterwards, never overspent.

It is a counter like any quota's (`plans.counters`), of an account of ours: in this process or in Valkey for all of them, and
begun from the ledger, so a restart knows what was spent. The day is UTC's.
"""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Final

import msgspec

from triplepoint.foundation.errors import StoreFault, TriplepointError
from triplepoint.ledger.audits.model import ACCOUNT
from triplepoint.plans.amounts import to_units
from triplepoint.plans.counters.model import Claim, Hold, Kind, Reserved, Seed, Unknown
from triplepoint.plans.counters.ports import Counters, CountersAway
from triplepoint.plans.model import Unit
from triplepoint.telemetry.logs import get_logger

_DAY_US: Final = 86_400_000_000
_LIFE_US: Final = 15 * 60 * 1_000_000
"""How long a hold lives whose process died; then all of it counts as spent."""
_log = get_logger("audits")


class Held(msgspec.Struct, frozen=True, gc=False):
    """What is held for one call."""

    reservation: str
    holds: tuple[Hold, ...]


class AuditBudget:
    """Holds and settles.

    Args:
        counters: Where it is counted.
        spent: What the ledger knows to be spent since a moment, once it has taken in the journal; called in a thread.
    """

    def __init__(self, counters: Counters, spent: Callable[[int], Decimal]) -> None:
        self._counters = counters
        self._spent = spent

    async def hold(self, reservation: str, worst_usd: Decimal, *, limit_usd: Decimal, now_us: int) -> Held | None:
        """Hold the worst case of a call.

        Args:
            reservation: A new id.
            worst_usd: The most that it can cost.
            limit_usd: The budget of a day.
            now_us: Wall clock.
        Returns: None where there is no room, or it cannot be known whether there is.
        """
        worst, since_us = to_units(worst_usd, Unit.COST_USD), now_us // _DAY_US * _DAY_US
        claim = Claim(
            counter=f"{Unit.COST_USD.value}:day:{since_us // 1_000_000}",
            kind=Kind.WINDOW,
            limit=to_units(limit_usd, Unit.COST_USD),
            amount=worst,
            if_lost=worst,
            since_us=since_us,
            until_us=since_us + 2 * _DAY_US,
        )
        try:
            return await self._hold(reservation, claim, now_us)
        except (CountersAway, StoreFault) as fault:
            _log.warning("the audits' budget cannot be looked at; an audit is left out", why=fault.message)
            return None

    async def settle(self, held: Held, spent_usd: Decimal, *, now_us: int) -> None:
        """Put what was spent in the place of what was held."""
        actuals = [to_units(spent_usd, Unit.COST_USD)] * len(held.holds)
        try:
            await self._counters.settle(ACCOUNT, held.reservation, held.holds, actuals, now_us=now_us)
        except TriplepointError as fault:
            _log.error("what an audit has spent could not be counted; what was held stays counted", code=fault.code)

    async def _hold(self, reservation: str, claim: Claim, now_us: int) -> Held | None:
        while True:
            answer = await self._counters.reserve(ACCOUNT, reservation, [claim], now_us=now_us, expires_us=now_us + _LIFE_US)
            if isinstance(answer, Reserved):
                return Held(reservation, answer.holds)
            if not isinstance(answer, Unknown):
                return None
            spent = await asyncio.to_thread(self._spent, claim.since_us)
            seed = Seed(claim.counter, claim.kind, used=to_units(spent, Unit.COST_USD), until_us=claim.until_us)
            await self._counters.seed(ACCOUNT, [seed], now_us=now_us)
