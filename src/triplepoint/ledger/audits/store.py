"""Audits and ratings in SQL."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from triplepoint.foundation.money import EXACT, ZERO
from triplepoint.ledger.audits.model import ACCOUNT, Answered, Audit, Audited, Feedback, Lapse, Rated
from triplepoint.ledger.audits.spending import spent_usd
from triplepoint.ledger.model import Outcome
from triplepoint.ledger.routed import Routed
from triplepoint.ledger.tables import ATTEMPTS, AUDITS, FEEDBACK, LAPSES
from triplepoint.storage.changes import ACCESS, announce
from triplepoint.storage.engine import is_postgres, reading, writing

_PAGE_ROWS = 2000
_KEYS_AT_ONCE = 500


def insert_findings(connection: sa.Connection, audited: Sequence[Audited], rated: Sequence[Rated], *, floor_us: int) -> None:
    """Write what came of audits and what customers said, each once; of requests before a moment, which are forgotten, nothing.

    Args:
        connection: In a transaction that writes.
        floor_us: That moment.
    """
    for table, records in ((AUDITS, audited), (FEEDBACK, rated)):
        values = [msgspec.structs.asdict(record) for record in records if record.asked_us >= floor_us]
        if values:
            key = table.primary_key.columns.keys()[0]
            values.sort(key=lambda one: one[key])
            insert = postgresql.insert if is_postgres(connection) else sqlite.insert
            connection.execute(insert(table).on_conflict_do_nothing(), values)


class AuditStore:
    """Reads audits and ratings; keeps which certificates have lapsed.

    Args:
        engine: The ledger's database.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def iterate(
        self, *, lineup: str | None = None, since_us: int | None = None, until_us: int | None = None
    ) -> Iterator[Audit]:
        """Yield the audits of requests that came in a span, in their order; memory stays flat.

        Args:
            lineup: Only of this one, by its hash.
            since_us, until_us: Of the span.
        """
        query = _within(sa.select(AUDITS), AUDITS, since_us, until_us).order_by(AUDITS.c.asked_us, AUDITS.c.receipt_id)
        if lineup is not None:
            query = query.where(AUDITS.c.lineup == lineup)
        with reading(self._engine) as connection:
            for values in connection.execution_options(yield_per=_PAGE_ROWS).execute(query).mappings():
                yield Audit(**values)

    def latest(
        self,
        *,
        plan: str | None = None,
        model: str | None = None,
        outcome: str | None = None,
        before_us: int | None = None,
        limit: int = 100,
    ) -> list[Audit]:
        """Return audits, of the newest request first.

        Args:
            plan: Only of its customers.
            model: Only of what this model answered.
            outcome: Only those that came out so.
            before_us: Only of requests before this moment, to page back.
            limit: How many at most.
        """
        query = _within(sa.select(AUDITS), AUDITS, None, before_us)
        for column, wanted in ((AUDITS.c.plan, plan), (AUDITS.c.chosen, model), (AUDITS.c.outcome, outcome)):
            if wanted is not None:
                query = query.where(column == wanted)
        query = query.order_by(AUDITS.c.asked_us.desc(), AUDITS.c.receipt_id.desc()).limit(limit)
        with reading(self._engine) as connection:
            return [Audit(**values) for values in connection.execute(query).mappings()]

    def ratings(
        self, *, since_us: int | None = None, until_us: int | None = None, customer_id: str | None = None
    ) -> list[Feedback]:
        """Return what counts of ratings: of each receipt of a request that came in a span, the latest; in its order."""
        newest = sa.select(sa.func.max(FEEDBACK.c.rating_id)).group_by(FEEDBACK.c.receipt_id)
        query = sa.select(FEEDBACK).where(FEEDBACK.c.rating_id.in_(newest))
        if customer_id is not None:
            query = query.where(FEEDBACK.c.customer_id == customer_id)
        query = _within(query, FEEDBACK, since_us, until_us).order_by(FEEDBACK.c.asked_us, FEEDBACK.c.receipt_id)
        with reading(self._engine) as connection:
            return [Feedback(**values) for values in connection.execute(query).mappings()]

    def history(self, receipt_id: str) -> list[Feedback]:
        """Return every rating of a receipt, the oldest first."""
        query = sa.select(FEEDBACK).where(FEEDBACK.c.receipt_id == receipt_id).order_by(FEEDBACK.c.rating_id)
        with reading(self._engine) as connection:
            return [Feedback(**values) for values in connection.execute(query).mappings()]

    def decisions(self, receipts: Iterable[str]) -> dict[str, Routed]:
        """Return how the router decided on requests, of those where it did and the ledger has them."""
        found: dict[str, Routed] = {}
        query = sa.select(ATTEMPTS.c.receipt_id, ATTEMPTS.c.routed).where(
            ATTEMPTS.c.attempt == 1, ATTEMPTS.c.routed.is_not(None)
        )
        with reading(self._engine) as connection:
            for ids in _portions(receipts):
                for receipt_id, routed in connection.execute(query.where(ATTEMPTS.c.receipt_id.in_(ids))):
                    found[receipt_id] = msgspec.convert(routed, Routed)
        return found

    def answers(self, receipts: Iterable[str], *, since_us: int | None = None) -> list[Answered]:
        """Return the whole answers to requests: those of their callers, and those that audits had since a moment."""
        wanted = set(receipts)
        columns = (ATTEMPTS.c.served_model, ATTEMPTS.c.output_tokens, ATTEMPTS.c.cost_usd)
        finished = ATTEMPTS.c.outcome == Outcome.FINISHED.value
        theirs = sa.select(ATTEMPTS.c.receipt_id, *columns).where(finished)
        ours = sa.select(ATTEMPTS.c.audit_of, *columns).where(
            finished, ATTEMPTS.c.customer_id == ACCOUNT, ATTEMPTS.c.endpoint == "audit"
        )
        if since_us is not None:
            ours = ours.where(ATTEMPTS.c.opened_us >= since_us)
        with reading(self._engine) as connection:
            found = [Answered(*row) for row in connection.execute(ours) if row[0] in wanted]
            for ids in _portions(wanted):
                found += [Answered(*row) for row in connection.execute(theirs.where(ATTEMPTS.c.receipt_id.in_(ids)))]
        return found

    def lapses(self) -> list[Lapse]:
        """Return the certificates that hold no more, the oldest first."""
        query = sa.select(LAPSES).order_by(LAPSES.c.at_us, *LAPSES.primary_key.columns)
        with reading(self._engine) as connection:
            return [Lapse(**values) for values in connection.execute(query).mappings()]

    def lapse(self, found: Sequence[Lapse]) -> list[Lapse]:
        """Keep certificates as lapsed, and tell the gateways of all machines; of one that has lapsed already, nothing.

        Returns: Those that are new.
        """
        insert = postgresql.insert if is_postgres(self._engine) else sqlite.insert
        with writing(self._engine) as connection:
            fresh = [
                one
                for one in found
                if connection.execute(insert(LAPSES).values(**msgspec.structs.asdict(one)).on_conflict_do_nothing()).rowcount
            ]
            if fresh:
                announce(connection, ACCESS)
        return fresh

    def spent_usd(self, *, since_us: int) -> Decimal:
        """Return what audits count on their budget since a moment, those that run included."""
        columns = (ATTEMPTS.c.outcome, ATTEMPTS.c.cost_usd, ATTEMPTS.c.held_usd)
        query = sa.select(*columns).where(ATTEMPTS.c.customer_id == ACCOUNT, ATTEMPTS.c.opened_us >= since_us)
        total = ZERO
        with reading(self._engine) as connection:
            for outcome, cost_usd, held_usd in connection.execute(query):
                cost = None if cost_usd is None else Decimal(cost_usd)
                spent = spent_usd(None if outcome is None else Outcome(outcome), cost, Decimal(held_usd or 0))
                total = EXACT.add(total, spent)
        return total


def _within(query: sa.Select[Any], table: sa.Table, since_us: int | None, until_us: int | None) -> sa.Select[Any]:
    if since_us is not None:
        query = query.where(table.c.asked_us >= since_us)
    if until_us is not None:
        query = query.where(table.c.asked_us < until_us)
    return query


def _portions(ids: Iterable[str]) -> Iterator[list[str]]:
    ordered = sorted(set(ids))
    for start in range(0, len(ordered), _KEYS_AT_ONCE):
        yield ordered[start : start + _KEYS_AT_ONCE]
