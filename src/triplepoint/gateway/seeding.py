"""Where counters begin: what the ledger knows of them, when a gateway first meets them.

What stands in the journal and not yet in the ledger is taken in first, so a restart forgets nothing: not what a gateway before
this one answered, and not what it died under.
"""

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Protocol

from triplepoint.ledger.use import Whose
from triplepoint.plans.amounts import to_units
from triplepoint.plans.counters.model import Claim, Kind, Seed
from triplepoint.plans.counters.sliding import slice_length_us
from triplepoint.plans.limits import Limit
from triplepoint.plans.model import Unit

_SECOND_US = 1_000_000


class Use(Protocol):
    """What was used; `ledger.use.LedgerUse` is one. Calls wait, so they are made from a thread."""

    def total(self, whose: Whose, unit: Unit, *, since_us: int) -> Decimal:
        """Add up since a moment."""
        ...

    def course(self, whose: Whose, unit: Unit, *, since_us: int, step_us: int) -> tuple[tuple[int, Decimal], ...]:
        """Say what was used in each step of time."""
        ...

    def burnt(self, grants: Sequence[str]) -> dict[str, Decimal]:
        """Say how much of grants is burnt."""
        ...


class LedgerSeeding:
    """Reads seeds from the ledger.

    Args:
        use: What was used.
        catch_up: Takes into the ledger what stands in the journal.
    """

    def __init__(self, use: Use, catch_up: Callable[[], None]) -> None:
        self._use = use
        self._catch_up = catch_up

    async def __call__(
        self, customer_id: str, limits: Sequence[Limit | None], claims: Sequence[Claim], *, now_us: int
    ) -> list[Seed]:
        """Return a seed for each claim; as `admission.Seeding`."""
        return await asyncio.to_thread(self._read, customer_id, limits, claims, now_us)

    def _read(self, customer_id: str, limits: Sequence[Limit | None], claims: Sequence[Claim], now_us: int) -> list[Seed]:
        self._catch_up()
        grants = [claim.counter for claim, limit in zip(claims, limits, strict=True) if limit is None]
        burnt = self._use.burnt(grants) if grants else {}
        return [
            Seed(claim.counter, claim.kind, used=to_units(burnt[claim.counter], Unit.CHARGE_USD), until_us=claim.until_us)
            if limit is None
            else self._seed(customer_id, limit, claim, now_us)
            for claim, limit in zip(claims, limits, strict=True)
        ]

    def _seed(self, customer_id: str, limit: Limit, claim: Claim, now_us: int) -> Seed:
        whose = Whose(customer_id, limit.key_id, limit.models)
        if claim.kind is Kind.WINDOW:
            used = to_units(self._use.total(whose, limit.unit, since_us=claim.since_us), limit.unit)
            return Seed(claim.counter, claim.kind, used=used, until_us=claim.until_us)
        step_us = slice_length_us(claim.span_us) if claim.kind is Kind.SLIDING else _SECOND_US
        course = self._use.course(whose, limit.unit, since_us=claim.since_us, step_us=step_us)
        slices = tuple((min(at_us, now_us), to_units(amount, limit.unit)) for at_us, amount in course)
        return Seed(claim.counter, claim.kind, slices=slices, span_us=claim.span_us, limit=claim.limit)
