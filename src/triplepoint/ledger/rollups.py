"""Adding up: attempts to hourly rollups, rollups to totals. Pure, exact, and the same in whatever order.

An attempt counts once, when it has ended, in the hour in which it was opened. So a rollup can still grow after its hour,
and the sum of all rollups is the sum of all ended attempts, to the last digit.
"""

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

import msgspec

from triplepoint.foundation.money import EXACT, ZERO, money_text, plain_text
from triplepoint.ledger.model import ENERGIES, AttemptRow, Counts, Outcome, Rollup, Total
from triplepoint.ledger.receipts import moment_text

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
_UNHARMED = frozenset({Outcome.FINISHED, Outcome.CANCELLED})
_EXACT_SUMS = ("cost_usd", "charge_usd", *ENERGIES)
_TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")
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
        cost_usd=_known(row.cost_usd),
        unpriced=int(row.cost_usd is None),
        charge_usd=_known(row.charge_usd),
        uncharged=int(row.charge_usd is None),
        downgraded=int(row.attempt == 1 and row.downgraded_from is not None),
        escalated=int(row.escalated_from is not None and row.outcome is not Outcome.FAILED),
        energy_wh=_known(row.energy_wh),
        energy_low_wh=_known(row.energy_low_wh),
        energy_high_wh=_known(row.energy_high_wh),
        carbon_g=_known(row.carbon_g),
        carbon_low_g=_known(row.carbon_low_g),
        carbon_high_g=_known(row.carbon_high_g),
        unmetered=int(row.energy_wh is None),
    )


def _known(text: str | None) -> str:
    return "0" if text is None else plain_text(text)


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
    groups: dict[RollupKey, list[AttemptRow]] = {}
    for row in rows:
        groups.setdefault(key_of(row), []).append(row)
    return {key: Rollup(**key._asdict(), **_add_up(group)) for key, group in groups.items()}


def _add_up(rows: list[AttemptRow]) -> dict[str, Any]:
    """Return the counts of ended attempts, as `count` and `add` would, in one go."""
    if len(rows) == 1:
        return msgspec.structs.asdict(count(rows[0]))
    usages = [row.usage for row in rows]
    firsts = [row for row in rows if row.attempt == 1]
    sums: dict[str, Any] = {
        "requests": len(firsts),
        "attempts": len(rows),
        "failed": sum(row.outcome not in _UNHARMED for row in rows),
        "answered": sum(row.outcome is not Outcome.FAILED for row in rows),
        "unknown_usage": sum(usage.input_tokens is None or usage.output_tokens is None for usage in usages),
        "unpriced": sum(row.cost_usd is None for row in rows),
        "uncharged": sum(row.charge_usd is None for row in rows),
        "unmetered": sum(row.energy_wh is None for row in rows),
        "downgraded": sum(row.downgraded_from is not None for row in firsts),
        "escalated": sum(row.escalated_from is not None and row.outcome is not Outcome.FAILED for row in rows),
    }
    for name in _TOKENS:
        sums[name] = sum([getattr(usage, name) or 0 for usage in usages])
    for name in _EXACT_SUMS:
        sums[name] = _sum_texts([getattr(row, name) for row in rows])
    return sums


def _sum_texts(texts: list[str | None]) -> str:
    total = ZERO
    for text in texts:
        if text is not None:
            total = EXACT.add(total, Decimal(text))
    return money_text(total)


def by_days(hours: Iterable[Rollup]) -> list[dict[str, Any]]:
    """Add hourly rollups up by days (UTC); values by the names of columns."""
    days: dict[RollupKey, Rollup] = {}
    for hour in hours:
        day_us = hour.hour_us - hour.hour_us % DAY_US
        key = RollupKey(day_us, hour.customer_id, hour.key_id, hour.plan, hour.served_model, hour.lineup)
        former = days.get(key)
        days[key] = msgspec.structs.replace(hour, hour_us=day_us) if former is None else add(former, hour)
    values = [msgspec.structs.asdict(day) for day in days.values()]
    for value in values:
        value["day_us"] = value.pop("hour_us")
    return values


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


def merge(parts: Iterable[Total]) -> list[Total]:
    """Add totals of the same group up, in the order of its name."""
    totals: dict[str, Total] = {}
    for part in parts:
        former = totals.get(part.group)
        totals[part.group] = part if former is None else add(former, part)
    return [totals[group] for group in sorted(totals)]


def day_text(at_us: int) -> str:
    """Write the day (UTC) of a moment, as totals by day are called."""
    return moment_text(at_us)[:10]


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
            return day_text(rollup.hour_us)
