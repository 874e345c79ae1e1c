"""The ledger, as everyone but the drain sees it: read only."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from triplepoint.ledger import rollups as adding
from triplepoint.ledger.audits.model import ACCOUNT
from triplepoint.ledger.model import AttemptRow, Counts, Outcome, Receipt, Rollup, Total
from triplepoint.ledger.receipts import to_receipt
from triplepoint.ledger.tables import (
    ATTEMPTS,
    COUNTS,
    DAY_ROLLUPS,
    EXACT_SUMS,
    HARMED,
    ROLLUPS,
    UNMATCHED_CLOSES,
    to_attempt,
    to_rollup,
)
from triplepoint.storage.engine import reading
from triplepoint.storage.exact import exact_total

_PAGE_ROWS = 2000


class LedgerStore:
    """Reads the ledger; `ledger.intake` writes it."""

    def __init__(self, engine: sa.Engine) -> None:
        """Read from a database whose schema is up to date."""
        self.engine = engine

    def receipt(self, receipt_id: str) -> Receipt | None:
        """Return a receipt with its attempts so far; None: no such one, or not drained yet."""
        with reading(self.engine) as connection:
            found = connection.execute(sa.select(ATTEMPTS).where(ATTEMPTS.c.receipt_id == receipt_id)).mappings()
            rows = [to_attempt(values) for values in found]
        return to_receipt(rows) if rows else None

    def attempts(
        self,
        *,
        customer_id: str | None = None,
        model: str | None = None,
        outcome: Outcome | None = None,
        since_us: int | None = None,
        before_us: int | None = None,
        limit: int = 100,
    ) -> list[AttemptRow]:
        """Return attempts, the newest first.

        Args:
            customer_id: Only this customer's.
            model: Only those that this model served.
            outcome: Only those that ended so.
            since_us: Only those opened at or after this moment.
            before_us: Only those opened before this moment, to page back.
            limit: How many at most.
        """
        query = _within(sa.select(ATTEMPTS), ATTEMPTS.c.opened_us, since_us, before_us)
        if customer_id is not None:
            query = query.where(ATTEMPTS.c.customer_id == customer_id)
        if model is not None:
            query = query.where(ATTEMPTS.c.served_model == model)
        if outcome is not None:
            query = query.where(ATTEMPTS.c.outcome == outcome.value)
            if outcome is not Outcome.FINISHED:
                query = query.where(HARMED)  # what the index of the few is made of; without, it would not be used
        query = query.order_by(ATTEMPTS.c.opened_us.desc(), ATTEMPTS.c.receipt_id.desc(), ATTEMPTS.c.attempt.desc())
        with reading(self.engine) as connection:
            return [to_attempt(values) for values in connection.execute(query.limit(limit)).mappings()]

    def iterate(self, *, since_us: int | None = None, until_us: int | None = None) -> Iterator[AttemptRow]:
        """Yield all attempts opened in a span, the oldest first, as they stand at the beginning; memory stays flat.

        Args:
            since_us: First moment.
            until_us: Moment before which they were opened.
        """
        query = _within(sa.select(ATTEMPTS), ATTEMPTS.c.opened_us, since_us, until_us)
        query = query.order_by(ATTEMPTS.c.opened_us, ATTEMPTS.c.receipt_id, ATTEMPTS.c.attempt)
        with reading(self.engine) as connection:
            for values in connection.execution_options(yield_per=_PAGE_ROWS).execute(query).mappings():
                yield to_attempt(values)

    def rollups(self, *, since_us: int | None = None, until_us: int | None = None) -> list[Rollup]:
        """Return the rollups of the hours that begin in a span, the oldest first.

        Args:
            since_us: First moment.
            until_us: Moment before which they begin.
        """
        query = _within(sa.select(ROLLUPS), ROLLUPS.c.hour_us, since_us, until_us).order_by(*ROLLUPS.primary_key.columns)
        with reading(self.engine) as connection:
            return [to_rollup(values) for values in connection.execute(query).mappings()]

    def sum(
        self, *, by: adding.By, since_us: int | None = None, until_us: int | None = None, with_audits: bool = True
    ) -> list[Total]:
        """Add up whole hours that begin in a span; arguments as `rollups`. Whole days in it are added up as days.

        Args:
            with_audits: Count what we asked ourselves, too.
        Returns: One total for each group, in the order of its name. Attempts that still run are not in it.
        """
        with reading(self.engine) as connection:
            spans = _spans(since_us, until_us)
            return adding.merge(total for span in spans for total in _totals(connection, by, span, with_audits=with_audits))

    def earned(self, *, since_us: int, until_us: int) -> list[Rollup]:
        """Add up whole hours of customers that begin in a span by plan and customer; what else rollups are kept by is empty.

        Returns: In the order of plan and customer. Attempts that still run are not in it.
        """
        sums: dict[tuple[str, str], Rollup] = {}
        with reading(self.engine) as connection:
            for span in _spans(since_us, until_us):
                for plan, customer_id, counts in _earned(connection, span):
                    whose = Rollup(hour_us=since_us, customer_id=customer_id, key_id="", plan=plan, served_model="", lineup="")
                    sums[plan, customer_id] = adding.add(sums.get((plan, customer_id), whose), counts)
        return [sums[key] for key in sorted(sums)]

    def unmatched(self) -> int:
        """Count closed records whose opened record was lost to damage; what they cost is in no sum."""
        with reading(self.engine) as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(UNMATCHED_CLOSES)).scalar_one()


def _within(query: sa.Select[Any], column: sa.Column[Any], since_us: int | None, until_us: int | None) -> sa.Select[Any]:
    if since_us is not None:
        query = query.where(column >= since_us)
    if until_us is not None:
        query = query.where(column < until_us)
    return query


class _Span(NamedTuple):
    """A part of a span of time that one table of rollups answers for."""

    table: sa.Table
    since_us: int | None
    until_us: int | None


def _spans(since_us: int | None, until_us: int | None) -> list[_Span]:
    """Divide a span into whole days and the hours before and after them."""
    first = None if since_us is None else -(-since_us // adding.DAY_US) * adding.DAY_US
    last = None if until_us is None else until_us // adding.DAY_US * adding.DAY_US
    if first is not None and last is not None and first >= last:
        return [_Span(ROLLUPS, since_us, until_us)]
    spans = [_Span(DAY_ROLLUPS, first, last)]
    if first != since_us:
        spans.append(_Span(ROLLUPS, since_us, first))
    if last != until_us:
        spans.append(_Span(ROLLUPS, last, until_us))
    return spans


def _totals(connection: sa.Connection, by: adding.By, span: _Span, *, with_audits: bool) -> Iterator[Total]:
    """Add a table of rollups up, by SQL and exactly."""
    dialect = connection.dialect.name
    begins = span.table.primary_key.columns.values()[0]
    group = begins - begins % adding.DAY_US if by is adding.By.DAY else span.table.c[_COLUMN_OF[by]]
    query = sa.select(group, *_sums(dialect, span.table)).group_by(group)
    if not with_audits:
        query = query.where(span.table.c.customer_id != ACCOUNT)
    for whose, *counts in connection.execute(_within(query, begins, span.since_us, span.until_us)):
        yield Total(group=adding.day_text(int(whose)) if by is adding.By.DAY else whose, **_named(counts))


def _earned(connection: sa.Connection, span: _Span) -> Iterator[tuple[str, str, Counts]]:
    begins = span.table.primary_key.columns.values()[0]
    groups = (span.table.c.plan, span.table.c.customer_id)
    query = sa.select(*groups, *_sums(connection.dialect.name, span.table)).group_by(*groups)
    query = query.where(span.table.c.customer_id != ACCOUNT)
    for row in connection.execute(_within(query, begins, span.since_us, span.until_us)):
        plan, customer_id, *counts = tuple[Any, ...](row)
        yield plan, customer_id, Counts(**_named(counts))


def _sums(dialect: str, table: sa.Table) -> list[sa.ColumnElement[Any]]:
    return [exact_total(dialect, column) if name in EXACT_SUMS else sa.func.sum(column) for name, column in _counts(table)]


def _named(counts: Sequence[Any]) -> dict[str, Any]:
    return {name: count or "0" if name in EXACT_SUMS else int(count) for name, count in zip(COUNTS, counts, strict=True)}


def _counts(table: sa.Table) -> list[tuple[str, sa.Column[Any]]]:
    return [(name, table.c[name]) for name in COUNTS]


_COLUMN_OF = {
    adding.By.CUSTOMER: "customer_id",
    adding.By.KEY: "key_id",
    adding.By.PLAN: "plan",
    adding.By.MODEL: "served_model",
    adding.By.LINEUP: "lineup",
}
