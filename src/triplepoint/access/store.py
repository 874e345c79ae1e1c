"""The access room in SQL: SQLite on one machine, PostgreSQL across machines. Keeps what it is given and decides nothing."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from triplepoint.access.model import AuditEntry, Customer, Key, Operator, OperatorKey, Role, Session
from triplepoint.access.tables import AUDIT, CUSTOMERS, KEYS, OPERATOR_KEYS, OPERATORS, SESSIONS
from triplepoint.foundation.errors import Conflict
from triplepoint.foundation.ids import CustomerId, KeyId, OperatorId
from triplepoint.storage.changes import ACCESS, announce
from triplepoint.storage.engine import reading, writing

_CUSTOMER = tuple(CUSTOMERS.c)
_KEY = tuple(KEYS.c)
_OPERATOR = (OPERATORS.c.id, OPERATORS.c.name, OPERATORS.c.role, OPERATORS.c.created_us, OPERATORS.c.disabled_us)
_OPERATOR_KEY = tuple(OPERATOR_KEYS.c)
_SESSION = tuple(SESSIONS.c)
_AUDIT = tuple(AUDIT.c)

Row = Sequence[Any]


class SqlAccessStore:
    """`ports.AccessStore` on a database that `storage.engine.open_database` has opened."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    @contextmanager
    def reading(self) -> Generator["SqlAccessTransaction"]:
        """Open a transaction that only reads."""
        with reading(self._engine) as connection:
            yield SqlAccessTransaction(connection)

    @contextmanager
    def writing(self) -> Generator["SqlAccessTransaction"]:
        """Open a transaction that may write."""
        try:
            with writing(self._engine) as connection:
                yield SqlAccessTransaction(connection)
        except IntegrityError:
            # Names were looked up before; only where several machines write can one have been taken since.
            raise Conflict("somebody else made the same change at this moment; look and try again") from None


class SqlAccessTransaction:
    """`ports.AccessTransaction` on one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def announce(self) -> None:
        """Tell the gateways of all machines, once this is kept."""
        announce(self._connection, ACCESS)

    def add_customer(self, customer: Customer) -> None:
        """Keep a new customer."""
        self._connection.execute(CUSTOMERS.insert().values(asdict(customer)))

    def customer(self, customer_id: CustomerId) -> Customer | None:
        """Return one by its id."""
        row = self._one(sa.select(*_CUSTOMER).where(CUSTOMERS.c.id == customer_id))
        return None if row is None else _customer(row)

    def customer_named(self, name: str) -> Customer | None:
        """Return one by its name."""
        row = self._one(sa.select(*_CUSTOMER).where(CUSTOMERS.c.name == name))
        return None if row is None else _customer(row)

    def customers(self) -> list[Customer]:
        """Return all, oldest first."""
        return [_customer(row) for row in self._all(sa.select(*_CUSTOMER).order_by(CUSTOMERS.c.created_us, CUSTOMERS.c.id))]

    def set_time_zone(self, customer_id: CustomerId, time_zone: str) -> None:
        """Change where a customer's periods begin."""
        self._connection.execute(CUSTOMERS.update().where(CUSTOMERS.c.id == customer_id).values(time_zone=time_zone))

    def add_key(self, key: Key) -> None:
        """Keep a new key."""
        self._connection.execute(
            KEYS.insert().values(
                id=key.id,
                customer_id=key.customer_id,
                label=key.label,
                digest=key.digest,
                display=key.display,
                models=None if key.models is None else list(key.models),
                created_us=key.created_us,
                expires_us=key.expires_us,
                revoked_us=key.revoked_us,
            )
        )

    def key(self, key_id: KeyId) -> Key | None:
        """Return one by its id."""
        row = self._one(sa.select(*_KEY).where(KEYS.c.id == key_id))
        return None if row is None else _key(row)

    def keys(self, customer_id: CustomerId | None) -> list[Key]:
        """Return all of a customer, or of everybody, oldest first."""
        query = sa.select(*_KEY).order_by(KEYS.c.created_us, KEYS.c.id)
        if customer_id is not None:
            query = query.where(KEYS.c.customer_id == customer_id)
        return [_key(row) for row in self._all(query)]

    def live_keys(self, now_us: int) -> list[tuple[Key, Customer]]:
        """Return those that open something at this moment, with who pays."""
        query = (
            sa.select(*_KEY, *_CUSTOMER)
            .join(CUSTOMERS, CUSTOMERS.c.id == KEYS.c.customer_id)
            .where(KEYS.c.revoked_us.is_(None), KEYS.c.expires_us.is_(None) | (KEYS.c.expires_us > now_us))
            .order_by(KEYS.c.created_us, KEYS.c.id)
        )
        customers: dict[str, Customer] = {}  # many keys have one: each is made once, for gateways wait for this
        found: list[tuple[Key, Customer]] = []
        for row in self._all(query):
            key = _key(row[: len(_KEY)])
            customer = customers.get(key.customer_id)
            if customer is None:
                customer = customers[key.customer_id] = _customer(row[len(_KEY) :])
            found.append((key, customer))
        return found

    def set_key_end(self, key_id: KeyId, *, expires_us: int | None, revoked_us: int | None) -> None:
        """Change when a key ends."""
        self._connection.execute(KEYS.update().where(KEYS.c.id == key_id).values(expires_us=expires_us, revoked_us=revoked_us))

    def add_operator(self, operator: Operator, password_hash: str) -> None:
        """Keep a new operator."""
        self._connection.execute(
            OPERATORS.insert().values(
                id=operator.id,
                name=operator.name,
                role=operator.role.value,
                password_hash=password_hash,
                created_us=operator.created_us,
                disabled_us=operator.disabled_us,
            )
        )

    def operator(self, operator_id: OperatorId) -> Operator | None:
        """Return one by the id."""
        row = self._one(sa.select(*_OPERATOR).where(OPERATORS.c.id == operator_id))
        return None if row is None else _operator(row)

    def operator_named(self, name: str) -> Operator | None:
        """Return one by the name."""
        row = self._one(sa.select(*_OPERATOR).where(OPERATORS.c.name == name))
        return None if row is None else _operator(row)

    def operators(self) -> list[Operator]:
        """Return all, oldest first."""
        query = sa.select(*_OPERATOR).order_by(OPERATORS.c.created_us, OPERATORS.c.id)
        return [_operator(row) for row in self._all(query)]

    def update_operator(self, operator: Operator) -> None:
        """Change role and `disabled_us` to what is given."""
        self._connection.execute(
            OPERATORS.update()
            .where(OPERATORS.c.id == operator.id)
            .values(role=operator.role.value, disabled_us=operator.disabled_us)
        )

    def password_hash(self, operator_id: OperatorId) -> str | None:
        """Return the hash of an operator's password."""
        return self._connection.execute(sa.select(OPERATORS.c.password_hash).where(OPERATORS.c.id == operator_id)).scalar()

    def set_password_hash(self, operator_id: OperatorId, password_hash: str) -> None:
        """Change it."""
        self._connection.execute(OPERATORS.update().where(OPERATORS.c.id == operator_id).values(password_hash=password_hash))

    def add_operator_key(self, key: OperatorKey) -> None:
        """Keep a new key."""
        self._connection.execute(
            OPERATOR_KEYS.insert().values(
                id=key.id,
                operator_id=key.operator_id,
                label=key.label,
                digest=key.digest,
                display=key.display,
                created_us=key.created_us,
                expires_us=key.expires_us,
                revoked_us=key.revoked_us,
            )
        )

    def operator_key(self, key_id: KeyId) -> OperatorKey | None:
        """Return one by its id."""
        row = self._one(sa.select(*_OPERATOR_KEY).where(OPERATOR_KEYS.c.id == key_id))
        return None if row is None else OperatorKey(*row)

    def operator_keys(self, operator_id: OperatorId) -> list[OperatorKey]:
        """Return all of an operator, oldest first."""
        query = sa.select(*_OPERATOR_KEY).where(OPERATOR_KEYS.c.operator_id == operator_id)
        return [OperatorKey(*row) for row in self._all(query.order_by(OPERATOR_KEYS.c.created_us, OPERATOR_KEYS.c.id))]

    def set_operator_key_revoked(self, key_id: KeyId, revoked_us: int) -> None:
        """End a key."""
        self._connection.execute(OPERATOR_KEYS.update().where(OPERATOR_KEYS.c.id == key_id).values(revoked_us=revoked_us))

    def operator_by_key(self, digest: bytes) -> tuple[OperatorKey, Operator] | None:
        """Return whose key has this digest, live or not."""
        query = sa.select(*_OPERATOR_KEY, *_OPERATOR).join(OPERATORS, OPERATORS.c.id == OPERATOR_KEYS.c.operator_id)
        row = self._one(query.where(OPERATOR_KEYS.c.digest == digest))
        return None if row is None else (OperatorKey(*row[: len(_OPERATOR_KEY)]), _operator(row[len(_OPERATOR_KEY) :]))

    def add_session(self, session: Session) -> None:
        """Keep a new session."""
        self._connection.execute(
            SESSIONS.insert().values(
                digest=session.digest,
                operator_id=session.operator_id,
                created_us=session.created_us,
                expires_us=session.expires_us,
            )
        )

    def operator_by_session(self, digest: bytes) -> tuple[Session, Operator] | None:
        """Return whose session has this digest, expired or not."""
        query = sa.select(*_SESSION, *_OPERATOR).join(OPERATORS, OPERATORS.c.id == SESSIONS.c.operator_id)
        row = self._one(query.where(SESSIONS.c.digest == digest))
        return None if row is None else (Session(*row[: len(_SESSION)]), _operator(row[len(_SESSION) :]))

    def end_session(self, digest: bytes) -> None:
        """Forget a session."""
        self._connection.execute(SESSIONS.delete().where(SESSIONS.c.digest == digest))

    def end_sessions(self, operator_id: OperatorId) -> None:
        """Forget all of an operator."""
        self._connection.execute(SESSIONS.delete().where(SESSIONS.c.operator_id == operator_id))

    def forget_expired_sessions(self, now_us: int) -> None:
        """Forget those that nobody can use any more."""
        self._connection.execute(SESSIONS.delete().where(SESSIONS.c.expires_us <= now_us))

    def add_audit(self, *, at_us: int, actor: str, action: str, subject: str, detail: str) -> None:
        """Append one line."""
        self._connection.execute(AUDIT.insert().values(at_us=at_us, actor=actor, action=action, subject=subject, detail=detail))

    def audit(self, *, before_id: int | None, subject: str | None, limit: int) -> list[AuditEntry]:
        """Return lines, newest first."""
        query = sa.select(*_AUDIT).order_by(AUDIT.c.id.desc()).limit(limit)
        if before_id is not None:
            query = query.where(AUDIT.c.id < before_id)
        if subject is not None:
            query = query.where(AUDIT.c.subject == subject)
        return [AuditEntry(*row) for row in self._all(query)]

    def _one(self, query: sa.Executable) -> Row | None:
        return self._connection.execute(query).first()

    def _all(self, query: sa.Executable) -> Sequence[Row]:
        return self._connection.execute(query).all()


def _customer(row: Row) -> Customer:
    return Customer(*row)


def _key(row: Row) -> Key:
    identity, customer_id, label, digest, display, models, *moments = row
    return Key(identity, customer_id, label, digest, display, None if models is None else tuple(models), *moments)


def _operator(row: Row) -> Operator:
    identity, name, role, *moments = row
    return Operator(identity, name, Role(role), *moments)
