"""How much of each quota a customer has used: by the ledger, so what runs at this moment is not in it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from triplepoint.access.model import Key
from triplepoint.foundation.money import EXACT, ZERO
from triplepoint.plans.amounts import of_units
from triplepoint.plans.entries import GrantStanding
from triplepoint.plans.limits import Limit, quota_limit
from triplepoint.plans.model import Holder, Plan, Scope, Unit
from triplepoint.plans.ports import Spending


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """One quota of a customer, or of one of its keys, in the period that runs."""

    quota: str
    unit: Unit
    period: str
    """For people: ``a week``, ``in 3 h``."""
    models: tuple[str, ...] | None
    """Models whose use counts; None: all."""
    key_id: str | None
    """Key whose use adds up; None: the customer's."""
    used: Decimal
    limit: Decimal
    """In force now."""
    override_id: str | None
    """What sets it; None: the plan."""
    since_us: int
    """First moment that counts."""
    resets_us: int
    """When the period ends; of a sliding window, when all that is used will have left it at the latest."""

    @property
    def remaining(self) -> Decimal:
        """Return what is left; never below 0."""
        return max(ZERO, EXACT.subtract(self.limit, self.used))


@dataclass(frozen=True, slots=True)
class PlanUse:
    """How a customer stands with its plan."""

    holder: Holder
    plan: str | None
    """In force now, be it the file's default; None: none, and requests are refused."""
    is_default: bool
    """It is the file's, and not the customer's own."""
    is_sold: bool
    """The file has it; where not, requests are refused."""
    quotas: tuple[QuotaUse, ...]
    grants: tuple[GrantStanding, ...]
    """Credit that can be burnt, now or later, in the order in which it is."""


def quota_uses(plan: Plan, holder: Holder, keys: Sequence[Key], spending: Spending, now_us: int) -> Iterator[QuotaUse]:
    """Look up every quota of a plan, in its order; one that is each key's own comes once for each key.

    Args:
        plan: The customer's.
        holder: The customer, with overrides.
        keys: Its live keys.
        spending: What the ledger knows.
        now_us: Now.
    """
    for name, quota in plan.quotas.items():
        owners = [key.id for key in keys] if quota.scope is Scope.KEY else [""]
        for key_id in owners:
            limit = quota_limit(name, quota, time_zone=holder.time_zone, key_id=key_id, overrides=holder.overrides)
            yield _use(limit, holder, spending, now_us)


def _use(limit: Limit, holder: Holder, spending: Spending, now_us: int) -> QuotaUse:
    since_us = limit.claim(now_us, amount=0, if_lost=0).since_us
    override = next((one for one in reversed(limit.overrides) if one.holds_at(now_us)), None)
    used = spending.used(holder.customer_id, limit.unit, since_us=since_us, key_id=limit.key_id, models=limit.models)
    return QuotaUse(
        quota=limit.name,
        unit=limit.unit,
        period=limit.how_often(),
        models=None if limit.models is None else tuple(sorted(limit.models)),
        key_id=limit.key_id,
        used=used,
        limit=of_units(limit.limit_at(now_us), limit.unit),
        override_id=None if override is None else override.id,
        since_us=since_us,
        resets_us=limit.reset_us(now_us),
    )
