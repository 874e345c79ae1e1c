"""The plans room in SQL, on top of the access room's transactions: one connection sees customers, plans and money together."""

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from decimal import Decimal
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from triplepoint.access.store import SqlAccessTransaction
from triplepoint.access.tables import CUSTOMERS
from triplepoint.foundation.errors import Conflict
from triplepoint.foundation.ids import CustomerId
from triplepoint.foundation.money import money_text
from triplepoint.plans.entries import Entry, EntryKind
from triplepoint.plans.model import Assignment, Holder, Override
from triplepoint.plans.tables import ASSIGNMENTS, MONEY_ENTRIES, OVERRIDES
from triplepoint.storage.engine import reading, writing

Row = Sequence[Any]
_T = TypeVar("_T")


class SqlPlansStore:
    """`ports.PlansStore` on a database that `storage.engine.open_database` has opened."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    @contextmanager
    def reading(self) -> Generator["SqlPlanTransaction"]:
        """Open a transaction that only reads."""
        with reading(self._engine) as connection:
            yield SqlPlanTransaction(connection)

    @contextmanager
    def writing(self) -> Generator["SqlPlanTransaction"]:
        """Open a transaction that may write."""
        try:
            with writing(self._engine) as connection:
                yield SqlPlanTransaction(connection)
        except IntegrityError:
            raise Conflict("somebody else made the same change at this moment; look and try again") from None


class SqlPlanTransaction(SqlAccessTransaction):
    """`ports.PlanTransaction` on one connection."""

    def add_assignment(self, assignment: Assignment) -> None:
        """Keep a new one."""
        self._connection.execute(ASSIGNMENTS.insert().values(asdict(assignment)))

    def assignments(self, customer_id: CustomerId | None) -> list[Assignment]:
        """Return all of a customer, or of everybody, in the order in which they take hold."""
        query = _of(ASSIGNMENTS, customer_id).order_by(ASSIGNMENTS.c.since_us, ASSIGNMENTS.c.made_us, ASSIGNMENTS.c.id)
        return [Assignment(*row) for row in self._all(query)]

    def add_override(self, override: Override) -> None:
        """Keep a new one."""
        values = asdict(override)
        self._connection.execute(OVERRIDES.insert().values(values | {"limit_amount": money_text(values.pop("limit"))}))

    def override(self, override_id: str) -> Override | None:
        """Return one by its id."""
        row = self._one(sa.select(OVERRIDES).where(OVERRIDES.c.id == override_id))
        return None if row is None else _override(row)

    def overrides(self, customer_id: CustomerId | None) -> list[Override]:
        """Return all of a customer, or of everybody, oldest first."""
        return [_override(row) for row in self._all(_by_age(_of(OVERRIDES, customer_id), OVERRIDES))]

    def set_override_ended(self, override_id: str, ended_us: int) -> None:
        """End one."""
        self._connection.execute(OVERRIDES.update().where(OVERRIDES.c.id == override_id).values(ended_us=ended_us))

    def holders(self, customer_id: CustomerId | None, *, now_us: int) -> list[Holder]:
        """Return what a gateway must know of a customer, or of everybody, oldest first."""
        customers = sa.select(CUSTOMERS.c.id, CUSTOMERS.c.time_zone).order_by(CUSTOMERS.c.created_us, CUSTOMERS.c.id)
        if customer_id is not None:
            customers = customers.where(CUSTOMERS.c.id == customer_id)
        assigned = _by_customer((one.customer_id, one) for one in self.assignments(customer_id))
        overrides = map(_override, self._all(_lasting_overrides(customer_id, now_us)))
        overridden = _by_customer((one.customer_id, one) for one in overrides)
        grants = map(_entry, self._all(_lasting_grants(customer_id, now_us)))
        granted = _by_customer((one.customer_id, one.grant()) for one in grants)
        return [
            Holder(identity, time_zone, assigned.get(identity, ()), overridden.get(identity, ()), granted.get(identity, ()))
            for identity, time_zone in self._all(customers)
        ]

    def add_entry(self, entry: Entry) -> None:
        """Keep a new one."""
        values = asdict(entry) | {"kind": entry.kind.value, "amount_usd": money_text(entry.amount_usd)}
        self._connection.execute(MONEY_ENTRIES.insert().values(values))

    def entry_keyed(self, customer_id: CustomerId, idempotency_key: str) -> Entry | None:
        """Return a customer's entry under an idempotency key."""
        row = self._one(_of(MONEY_ENTRIES, customer_id).where(MONEY_ENTRIES.c.idempotency_key == idempotency_key))
        return None if row is None else _entry(row)

    def entries(
        self, customer_id: CustomerId | None, *, since_us: int | None = None, until_us: int | None = None
    ) -> list[Entry]:
        """Return those of a customer, or of everybody, that count in a span, oldest first."""
        query = _of(MONEY_ENTRIES, customer_id)
        if since_us is not None:
            query = query.where(MONEY_ENTRIES.c.at_us >= since_us)
        if until_us is not None:
            query = query.where(MONEY_ENTRIES.c.at_us < until_us)
        query = query.order_by(MONEY_ENTRIES.c.at_us, MONEY_ENTRIES.c.made_us, MONEY_ENTRIES.c.id)
        return [_entry(row) for row in self._all(query)]

    def refunds(self, customer_id: CustomerId, receipt_id: str) -> list[Entry]:
        """Return what has been refunded for a receipt."""
        of_receipt = (MONEY_ENTRIES.c.receipt_id == receipt_id, MONEY_ENTRIES.c.kind == EntryKind.REFUND.value)
        return [_entry(row) for row in self._all(_by_age(_of(MONEY_ENTRIES, customer_id).where(*of_receipt), MONEY_ENTRIES))]


def _by_customer(records: Iterable[tuple[str, _T]]) -> dict[str, tuple[_T, ...]]:
    """Group records by their customer, keeping their order."""
    groups: dict[str, list[_T]] = {}
    for customer_id, record in records:
        groups.setdefault(customer_id, []).append(record)
    return {customer_id: tuple(found) for customer_id, found in groups.items()}


def _of(table: sa.Table, customer_id: CustomerId | None) -> sa.Select[Any]:
    query = sa.select(table)
    return query if customer_id is None else query.where(table.c.customer_id == customer_id)


def _by_age(query: sa.Select[Any], table: sa.Table) -> sa.Select[Any]:
    return query.order_by(table.c.made_us, table.c.id)


def _lasting_overrides(customer_id: CustomerId | None, now_us: int) -> sa.Select[Any]:
    until_us = OVERRIDES.c.until_us
    query = _of(OVERRIDES, customer_id).where(OVERRIDES.c.ended_us.is_(None), until_us.is_(None) | (until_us > now_us))
    return _by_age(query, OVERRIDES)


def _lasting_grants(customer_id: CustomerId | None, now_us: int) -> sa.Select[Any]:
    expires_us = MONEY_ENTRIES.c.expires_us
    query = _of(MONEY_ENTRIES, customer_id).where(
        MONEY_ENTRIES.c.kind == EntryKind.GRANT.value, expires_us.is_(None) | (expires_us > now_us)
    )
    return _by_age(query, MONEY_ENTRIES)


def _override(row: Row) -> Override:
    identity, customer_id, key_id, quota, limit, *rest = row
    return Override(identity, customer_id, key_id, quota, Decimal(limit), *rest)


def _entry(row: Row) -> Entry:
    identity, customer_id, kind, amount, *rest = row
    return Entry(identity, customer_id, EntryKind(kind), Decimal(amount), *rest)
