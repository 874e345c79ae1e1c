"""What the ledger knows of a customer and a span, in SQL.

Rollups are hours of UTC. A span that begins or ends within one, as months do in zones of +05:30, takes the hours that lie
wholly within it from rollups, and the rest from attempts, one by one; so it is exact, and quick.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import sqlalchemy as sa

from triplepoint.foundation.ids import CustomerId
from triplepoint.foundation.money import EXACT, ZERO, money_text
from triplepoint.ledger import rollups as adding
from triplepoint.ledger.model import Counts, Outcome
from triplepoint.ledger.receipts import total_usd
from triplepoint.ledger.rollups import HOUR_US
from triplepoint.ledger.statements.amounts import exact_text
from triplepoint.ledger.statements.model import Burn, Facts, Pending, RefundedReceipt, UsageKey
from triplepoint.ledger.tables import ATTEMPTS, ROLLUPS, to_attempt, to_rollup
from triplepoint.plans.entries import Entry, EntryKind
from triplepoint.plans.model import Assignment
from triplepoint.plans.periods import Period
from triplepoint.plans.store import SqlPlanTransaction
from triplepoint.plans.tables import MONEY_ENTRIES
from triplepoint.storage.engine import reading

PENDING_SHOWN = 20
"""How many running attempts a statement names."""
_PAGE_ROWS = 2000
_KEYS_AT_ONCE = 500


class StatementStore:
    """Reads; never writes.

    Args:
        engine: The database.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def assignments(self, customer_id: CustomerId) -> tuple[Assignment, ...]:
        """Return which plans a customer was given, oldest first; of two for one moment the one made last comes last."""
        with reading(self._engine) as connection:
            return tuple(SqlPlanTransaction(connection).assignments(customer_id))

    def facts(self, customer_id: CustomerId, span: Period) -> Facts:
        """Read all that a statement is made of, in one state of the database."""
        with reading(self._engine) as connection:
            reader = _Reader(connection, customer_id, span)
            return reader.facts()

    def first_us(self, customer_id: CustomerId) -> int | None:
        """Return the moment of a customer's first attempt; None: there is none."""
        query = sa.select(sa.func.min(ATTEMPTS.c.opened_us)).where(ATTEMPTS.c.customer_id == customer_id)
        with reading(self._engine) as connection:
            return connection.execute(query).scalar_one()


class _Reader:
    """One transaction's look at one customer and span."""

    def __init__(self, connection: sa.Connection, customer_id: CustomerId, span: Period) -> None:
        self._connection = connection
        self._customer_id = customer_id
        self._span = span
        opened = ATTEMPTS.c.opened_us
        self._within = sa.and_(ATTEMPTS.c.customer_id == customer_id, opened >= span.start_us, opened < span.end_us)

    def facts(self) -> Facts:
        """Read everything."""
        marks = self._marks()
        entries = self._entries()
        return Facts(
            usage=self._usage(),
            burns=self._burns(),
            entries=entries,
            refunded=self._refunded({entry.receipt_id for entry in entries if entry.receipt_id is not None}),
            pending=self._pending(),
            pending_count=sum(mark.attempts for mark in marks if mark.outcome is None),
            interrupted=sum(mark.attempts for mark in marks if mark.outcome == Outcome.INTERRUPTED),
            unreserved=sum(mark.attempts for mark in marks if mark.unreserved),
            plans=sorted({mark.plans for mark in marks if mark.plans}),
            prices=sorted({mark.price_id for mark in marks if mark.price_id}),
        )

    def _usage(self) -> dict[UsageKey, Counts]:
        usage: dict[UsageKey, Counts] = {}
        for key, counts in self._counted():
            usage[key] = adding.add(usage.get(key, Counts()), counts)
        return usage

    def _counted(self) -> Iterator[tuple[UsageKey, Counts]]:
        hours, edges = split(self._span)
        if hours is not None:
            mine = sa.and_(
                ROLLUPS.c.customer_id == self._customer_id,
                ROLLUPS.c.hour_us >= hours.start_us,
                ROLLUPS.c.hour_us < hours.end_us,
            )
            for values in self._stream(sa.select(ROLLUPS).where(mine)):
                rollup = to_rollup(values)
                yield UsageKey(rollup.plan, rollup.served_model), rollup
        for edge in edges:
            opened = ATTEMPTS.c.opened_us
            mine = sa.and_(
                ATTEMPTS.c.customer_id == self._customer_id,
                opened >= edge.start_us,
                opened < edge.end_us,
                ATTEMPTS.c.outcome.is_not(None),
            )
            for values in self._stream(sa.select(ATTEMPTS).where(mine)):
                row = to_attempt(values)
                yield UsageKey(row.plan, row.served_model), adding.count(row)

    def _marks(self) -> list[Any]:
        groups = (ATTEMPTS.c.outcome, ATTEMPTS.c.unreserved, ATTEMPTS.c.plans, ATTEMPTS.c.price_id)
        query = sa.select(*groups, sa.func.count().label("attempts")).where(self._within).group_by(*groups)
        return list(self._connection.execute(query).all())

    def _burns(self) -> list[Burn]:
        columns = (ATTEMPTS.c.plan, ATTEMPTS.c.served_model, ATTEMPTS.c.burnt)
        has_burnt = sa.cast(ATTEMPTS.c.burnt, sa.Text) != "{}"
        query = sa.select(*columns).where(self._within, ATTEMPTS.c.outcome.is_not(None), has_burnt)
        sums: dict[tuple[str, str, str], Decimal] = {}
        for values in self._stream(query):
            for grant, usd in values["burnt"].items():
                key = (values["plan"], values["served_model"], grant)
                sums[key] = EXACT.add(sums.get(key, ZERO), Decimal(usd))
        return [Burn(UsageKey(plan, model), grant, money_text(usd)) for (plan, model, grant), usd in sorted(sums.items())]

    def _entries(self) -> list[Entry]:
        entered = SqlPlanTransaction(self._connection)
        return entered.entries(self._customer_id, since_us=self._span.start_us, until_us=self._span.end_us)

    def _refunded(self, receipts: set[str]) -> list[RefundedReceipt]:
        found: list[RefundedReceipt] = []
        for ids in _portions(receipts):
            charges = self._charges(ids)
            refunds = self._refunds(ids)
            found += [RefundedReceipt(name, charges.get(name), exact_text(refunds[name])) for name in ids if name in refunds]
        return found

    def _charges(self, receipts: list[str]) -> dict[str, str | None]:
        query = sa.select(ATTEMPTS.c.receipt_id, ATTEMPTS.c.charge_usd)
        query = query.where(ATTEMPTS.c.receipt_id.in_(receipts), ATTEMPTS.c.customer_id == self._customer_id)
        parts: dict[str, list[str | None]] = {}
        for row in self._connection.execute(query):
            parts.setdefault(row.receipt_id, []).append(row.charge_usd)
        return {name: total_usd(charges) for name, charges in parts.items()}

    def _refunds(self, receipts: list[str]) -> dict[str, Fraction]:
        is_refund = sa.and_(MONEY_ENTRIES.c.kind == EntryKind.REFUND, MONEY_ENTRIES.c.receipt_id.in_(receipts))
        query = sa.select(MONEY_ENTRIES.c.receipt_id, MONEY_ENTRIES.c.amount_usd)
        sums: dict[str, Fraction] = {}
        for row in self._connection.execute(query.where(is_refund, MONEY_ENTRIES.c.customer_id == self._customer_id)):
            sums[row.receipt_id] = sums.get(row.receipt_id, Fraction(0)) + Fraction(row.amount_usd)
        return sums

    def _pending(self) -> list[Pending]:
        columns = (ATTEMPTS.c.receipt_id, ATTEMPTS.c.attempt, ATTEMPTS.c.opened_us, ATTEMPTS.c.served_model)
        order = (ATTEMPTS.c.opened_us, ATTEMPTS.c.receipt_id, ATTEMPTS.c.attempt)
        query = sa.select(*columns).where(self._within, ATTEMPTS.c.outcome.is_(None)).order_by(*order).limit(PENDING_SHOWN)
        return [Pending(**row) for row in self._connection.execute(query).mappings()]

    def _stream(self, query: sa.Executable) -> Iterator[sa.RowMapping]:
        yield from self._connection.execute(query, execution_options={"yield_per": _PAGE_ROWS}).mappings()


def split(span: Period) -> tuple[Period | None, list[Period]]:
    """Cut a span into the whole hours of UTC within it, and what is left at its edges.

    Returns: The hours together, None where no whole hour fits; then the edges, none of them empty.
    """
    first = -(-span.start_us // HOUR_US) * HOUR_US
    last = span.end_us // HOUR_US * HOUR_US
    if first >= last:
        return None, [span]
    edges = [Period(span.start_us, first), Period(last, span.end_us)]
    return Period(first, last), [edge for edge in edges if edge.start_us < edge.end_us]


def _portions(ids: Iterable[str]) -> Iterator[list[str]]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), _KEYS_AT_ONCE):
        yield ordered[start : start + _KEYS_AT_ONCE]
