"""What the ledger says was used: where the counters of quotas begin.

A quota's counter lives in a gateway or in Valkey and is rebuilt from here when it is not known there. Its rules are the
counters':

- A message is an attempt that brought an answer or a part of it. A request that was escalated had two: a quota that names
  models counts each at its model, one over all models counts the request once.
- Tokens are those that are known.
- An attempt whose cost is unknown counts the input that is known, at the rate that was written down before it was sent:
  unknown is never zero.

Whole hours come from the rollups, the hour in which the span begins from its attempts; a span of a month reads some thousand
rows, whatever happened in it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from triplepoint.foundation.money import EXACT, ZERO, per_mtok
from triplepoint.ledger.model import Outcome
from triplepoint.ledger.rollups import HOUR_US
from triplepoint.ledger.tables import ATTEMPTS, GRANT_BURNS, ROLLUPS
from triplepoint.plans.model import Unit
from triplepoint.storage.engine import reading

_AT_ONCE = 500


_SUMMED = {
    Unit.MESSAGES: (ROLLUPS.c.answered,),
    Unit.TOKENS: (ROLLUPS.c.input_tokens, ROLLUPS.c.output_tokens),
    Unit.CHARGE_USD: (ROLLUPS.c.charge_usd,),
    Unit.COST_USD: (ROLLUPS.c.cost_usd,),
    Unit.ENERGY_WH: (ROLLUPS.c.energy_wh,),
}
"""Columns of a rollup that make an amount of a unit."""


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose use, of which models."""

    customer_id: str
    key_id: str | None = None
    """None: all keys."""
    models: frozenset[str] | None = None
    """None: all models."""


class LedgerUse:
    """Reads use from the ledger's database."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def total(self, whose: Whose, unit: Unit, *, since_us: int) -> Decimal:
        """Add up what was used by attempts that were opened at or after a moment and have ended."""
        first_whole_us = -(-since_us // HOUR_US) * HOUR_US
        with reading(self._engine) as connection:
            amounts = [_of_attempt(row, unit, whose) for row in _ended(connection, whose, since_us, first_whole_us)]
            rollups, unpriced = _rolled(connection, whose, unit, first_whole_us)
            if unit is Unit.COST_USD and unpriced:
                amounts += [_of_attempt(row, unit, whose) for row in _unpriced(connection, whose, first_whole_us)]
        return _sum([*amounts, *rollups])

    def course(self, whose: Whose, unit: Unit, *, since_us: int, step_us: int) -> tuple[tuple[int, Decimal], ...]:
        """Say what was used in each step of time, as (beginning of the step, amount), ascending, steps without use left out.

        Args:
            step_us: Length of a step; from an hour on it is read from rollups, and then a step's use counts from its hour.
        """
        if step_us >= HOUR_US:
            return self._course_by_hours(whose, unit, since_us, step_us)
        steps: dict[int, Decimal] = {}
        with reading(self._engine) as connection:
            for row in _ended(connection, whose, since_us, None):
                at_us = row["opened_us"] // step_us * step_us
                steps[at_us] = EXACT.add(steps.get(at_us, ZERO), _of_attempt(row, unit, whose))
        return tuple(sorted(steps.items()))

    def burnt(self, grants: Sequence[str]) -> dict[str, Decimal]:
        """Say how much of grants of credit is burnt; one that nobody has touched is 0."""
        found = dict.fromkeys(grants, ZERO)
        with reading(self._engine) as connection:
            for start in range(0, len(grants), _AT_ONCE):
                some = GRANT_BURNS.c.grant_id.in_(grants[start : start + _AT_ONCE])
                for grant, amount in connection.execute(sa.select(GRANT_BURNS).where(some)):
                    found[grant] = Decimal(amount)
        return found

    def _course_by_hours(self, whose: Whose, unit: Unit, since_us: int, step_us: int) -> tuple[tuple[int, Decimal], ...]:
        steps: dict[int, Decimal] = {}
        query = sa.select(ROLLUPS.c.hour_us, *_summed(whose, unit)).where(ROLLUPS.c.hour_us >= since_us - since_us % HOUR_US)
        with reading(self._engine) as connection:
            for hour_us, *columns in connection.execute(_narrowed(query, ROLLUPS, whose)):
                at_us = hour_us // step_us * step_us
                steps[at_us] = EXACT.add(steps.get(at_us, ZERO), _sum(map(Decimal, columns)))
        return tuple(sorted(steps.items()))


def _narrowed(query: sa.Select[Any], table: sa.Table, whose: Whose) -> sa.Select[Any]:
    query = query.where(table.c.customer_id == whose.customer_id)
    if whose.key_id is not None:
        query = query.where(table.c.key_id == whose.key_id)
    if whose.models is not None:
        query = query.where(table.c.served_model.in_(sorted(whose.models)))
    return query


def _ended(connection: sa.Connection, whose: Whose, since_us: int, until_us: int | None) -> Iterable[sa.RowMapping]:
    query = sa.select(ATTEMPTS).where(ATTEMPTS.c.opened_us >= since_us, ATTEMPTS.c.outcome.is_not(None))
    if until_us is not None:
        query = query.where(ATTEMPTS.c.opened_us < until_us)
    return connection.execute(_narrowed(query, ATTEMPTS, whose)).mappings()


def _rolled(connection: sa.Connection, whose: Whose, unit: Unit, since_us: int) -> tuple[list[Decimal], int]:
    """Return the amounts of rollups, and how many attempts among them have no known cost."""
    query = sa.select(ROLLUPS.c.unpriced, *_summed(whose, unit)).where(ROLLUPS.c.hour_us >= since_us)
    amounts: list[Decimal] = []
    unpriced = 0
    for lacking, *columns in connection.execute(_narrowed(query, ROLLUPS, whose)):
        unpriced += lacking
        amounts += map(Decimal, columns)
    return amounts, unpriced


def _unpriced(connection: sa.Connection, whose: Whose, since_us: int) -> Iterable[sa.RowMapping]:
    query = sa.select(ATTEMPTS).where(
        ATTEMPTS.c.opened_us >= since_us, ATTEMPTS.c.outcome.is_not(None), ATTEMPTS.c.cost_usd.is_(None)
    )
    return connection.execute(_narrowed(query, ATTEMPTS, whose)).mappings()


def _summed(whose: Whose, unit: Unit) -> Sequence[sa.ColumnElement[Any]]:
    """Return the columns of a rollup that make an amount."""
    if unit is Unit.MESSAGES and whose.models is None:
        return (ROLLUPS.c.answered - ROLLUPS.c.escalated,)
    return _SUMMED[unit]


def _of_attempt(row: sa.RowMapping, unit: Unit, whose: Whose) -> Decimal:
    match unit:
        case Unit.MESSAGES:
            is_second = whose.models is None and row["escalated_from"] is not None
            return Decimal(row["outcome"] != Outcome.FAILED and not is_second)
        case Unit.TOKENS:
            return Decimal((row["input_tokens"] or 0) + (row["output_tokens"] or 0))
        case Unit.CHARGE_USD:
            return Decimal(row["charge_usd"] or 0)
        case Unit.ENERGY_WH:
            return Decimal(row["energy_wh"] or 0)
        case Unit.COST_USD:
            if row["cost_usd"] is not None or not row["input_usd_per_mtok"]:
                return Decimal(row["cost_usd"] or 0)
            return per_mtok(row["input_tokens"] or 0, Decimal(row["input_usd_per_mtok"]))


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    total = ZERO
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total
