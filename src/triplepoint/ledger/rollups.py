"""Adding up: attempts to hourly rollups, rollups to totals. Pure, exact, and the same in whatever order.

An attempt counts once, when it has ended, in the hour in which it was opened. So a rollup can still grow after its hour,
and the sum of all rollups is the sum of all ended attempts, to the last digit.
"""

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple, TypeVar

import msgspec

from triplepoint.foundation.money import EXACT, ZERO, money_text
from triplepoint.ledger.model import ENERGIES, AttemptRow, Counts, Outcome, Rollup, Total
from triplepoint.ledger.receipts import moment_text

HOUR_US = 3_600_000_000
_UNHARMED = frozenset({Outcome.FINISHED, Outcome.CANCELLED})
_EXACT_SUMS = ("cost_usd", "charge_usd", *ENERGIES)
_SUMS = tuple(name for name in Counts.__struct_fields__ if name not in _EXACT_SUMS)

_CountsT = TypeVar("_CountsT", bound=Counts)


class By(StrEnum):
    """What to group totals by."""

    CUSTOMER = "customer"
    KEY = "key"
    PLAN = "plan"
    MODEL = "model"
    LINEUP = "lineup"
    DAY = "day"
    """UTC."""


class RollupKey(NamedTuple):
    """Which rollup."""

    hour_us: int
    customer_id: str
    key_id: str
    plan: str
    served_model: str
    lineup: str


def key_of(row: AttemptRow) -> RollupKey:
    """Say in which rollup an attempt counts."""
    hour_us = row.opened_us - row.opened_us % HOUR_US
    return RollupKey(hour_us, row.customer_id, row.key_id, row.plan, row.served_model, row.lineup)


def count(row: AttemptRow) -> Counts:
    """Return the counts of one ended attempt."""
    usage = row.usage
    return Counts(
        requests=int(row.attempt == 1),
        attempts=1,
        failed=int(row.outcome not in _UNHARMED),
        answered=int(row.outcome is not Outcome.FAILED),
        input_tokens=usage.input_tokens or 0,
        output_tokens=usage.output_tokens or 0,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        unknown_usage=int(usage.input_tokens is None or usage.output_tokens is None),
        cost_usd=row.cost_usd or "0",
        unpriced=int(row.cost_usd is None),
        charge_usd=row.charge_usd or "0",
        uncharged=int(row.charge_usd is None),
        downgraded=int(row.attempt == 1 and row.downgraded_from is not None),
        energy_wh=row.energy_wh or "0",
        energy_low_wh=row.energy_low_wh or "0",
        energy_high_wh=row.energy_high_wh or "0",
        carbon_g=row.carbon_g or "0",
        carbon_low_g=row.carbon_low_g or "0",
        carbon_high_g=row.carbon_high_g or "0",
        unmetered=int(row.energy_wh is None),
    )


def add(left: _CountsT, right: Counts) -> _CountsT:
    """Add counts to others, keeping whose those are."""
    sums: dict[str, int] = {name: getattr(left, name) + getattr(right, name) for name in _SUMS}
    exact = {name: _sum(getattr(left, name), getattr(right, name)) for name in _EXACT_SUMS}
    return msgspec.structs.replace(left, **sums, **exact)


def _sum(left: str, right: str) -> str:
    if right == "0":  # the usual case of several of them, and a decimal less to make
        return left
    return money_text(EXACT.add(Decimal(left), Decimal(right)))


def roll_up(rows: Iterable[AttemptRow]) -> dict[RollupKey, Rollup]:
    """Add ended attempts up by hour, customer, key, plan, model and line-up."""
    rollups: dict[RollupKey, Rollup] = {}
    for row in rows:
        key = key_of(row)
        former = rollups.get(key)
        rollups[key] = add(Rollup(**key._asdict()) if former is None else former, count(row))
    return rollups


def burnt_by_grant(rows: Iterable[AttemptRow]) -> dict[str, Decimal]:
    """Add up what ended attempts have burnt of each grant of credit."""
    burnt: dict[str, Decimal] = {}
    for row in rows:
        for grant, amount in row.burnt.items():
            burnt[grant] = EXACT.add(burnt.get(grant, ZERO), Decimal(amount))
    return burnt


def total(rollups: Iterable[Rollup], by: By) -> list[Total]:
    """Add rollups up by what they have in common, in the order of its name."""
    totals: dict[str, Total] = {}
    for rollup in rollups:
        group = _group(rollup, by)
        totals[group] = add(totals.get(group, Total(group=group)), rollup)
    return [totals[group] for group in sorted(totals)]


def _group(rollup: Rollup, by: By) -> str:
    match by:
        case By.CUSTOMER:
            return rollup.customer_id
        case By.KEY:
            return rollup.key_id
        case By.PLAN:
            return rollup.plan
        case By.MODEL:
            return rollup.served_model
        case By.LINEUP:
            return rollup.lineup
        case By.DAY:
            return moment_text(rollup.hour_us)[:10]
