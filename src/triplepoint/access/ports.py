"""What the access room needs of a store: transactions over its records.

Records are kept as given; ids, times and decisions are the service's.
"""

from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from triplepoint.access.model import AuditEntry, Customer, Key, Operator, OperatorKey, Session
from triplepoint.foundation.ids import CustomerId, KeyId, OperatorId


class CustomerRecords(Protocol):
    """Customers and their keys."""

    def add_customer(self, customer: Customer) -> None:
        """Keep a new customer."""
        ...

    def customer(self, customer_id: CustomerId) -> Customer | None:
        """Return one by its id."""
        ...

    def customer_named(self, name: str) -> Customer | None:
        """Return one by its name, which only one has."""
        ...

    def customers(self) -> list[Customer]:
        """Return all, oldest first."""
        ...

    def set_time_zone(self, customer_id: CustomerId, time_zone: str) -> None:
        """Change where a customer's periods begin; nothing else of it ever changes."""
        ...

    def add_key(self, key: Key) -> None:
        """Keep a new key."""
        ...

    def key(self, key_id: KeyId) -> Key | None:
        """Return one by its id."""
        ...

    def keys(self, customer_id: CustomerId | None) -> list[Key]:
        """Return all of a customer, or of everybody, oldest first."""
        ...

    def live_keys(self, now_us: int) -> list[tuple[Key, Customer]]:
        """Return those that open something at this moment, with who pays."""
        ...

    def set_key_end(self, key_id: KeyId, *, expires_us: int | None, revoked_us: int | None) -> None:
        """Change when a key ends; nothing else of it ever changes."""
        ...


class OperatorRecords(Protocol):
    """Operators, their keys and sessions."""

    def add_operator(self, operator: Operator, password_hash: str) -> None:
        """Keep a new operator."""
        ...

    def operator(self, operator_id: OperatorId) -> Operator | None:
        """Return one by the id."""
        ...

    def operator_named(self, name: str) -> Operator | None:
        """Return one by the name, which only one has."""
        ...

    def operators(self) -> list[Operator]:
        """Return all, oldest first; inside a transaction that writes, none of them changes until its end."""
        ...

    def update_operator(self, operator: Operator) -> None:
        """Change role and `disabled_us` to what is given."""
        ...

    def password_hash(self, operator_id: OperatorId) -> str | None:
        """Return the hash of an operator's password."""
        ...

    def set_password_hash(self, operator_id: OperatorId, password_hash: str) -> None:
        """Change it."""
        ...

    def add_operator_key(self, key: OperatorKey) -> None:
        """Keep a new key."""
        ...

    def operator_key(self, key_id: KeyId) -> OperatorKey | None:
        """Return one by its id."""
        ...

    def operator_keys(self, operator_id: OperatorId) -> list[OperatorKey]:
        """Return all of an operator, oldest first."""
        ...

    def set_operator_key_revoked(self, key_id: KeyId, revoked_us: int) -> None:
        """End a key."""
        ...

    def operator_by_key(self, digest: bytes) -> tuple[OperatorKey, Operator] | None:
        """Return whose key has this digest, live or not."""
        ...

    def add_session(self, session: Session) -> None:
        """Keep a new session."""
        ...

    def operator_by_session(self, digest: bytes) -> tuple[Session, Operator] | None:
        """Return whose session has this digest, expired or not."""
        ...

    def end_session(self, digest: bytes) -> None:
        """Forget a session."""
        ...

    def end_sessions(self, operator_id: OperatorId) -> None:
        """Forget all of an operator."""
        ...

    def forget_expired_sessions(self, now_us: int) -> None:
        """Forget those that nobody can use any more."""
        ...


class AuditRecords(Protocol):
    """The audit log."""

    def add_audit(self, *, at_us: int, actor: str, action: str, subject: str, detail: str) -> None:
        """Append one line."""
        ...

    def audit(self, *, before_id: int | None, subject: str | None, limit: int) -> list[AuditEntry]:
        """Return lines, newest first."""
        ...


class AccessTransaction(CustomerRecords, OperatorRecords, AuditRecords, Protocol):
    """All of it, seen and changed in one piece."""

    def announce(self) -> None:
        """Tell the gateways of all machines that share the store that something they hold changed, once this is kept."""
        ...


RecordsT = TypeVar("RecordsT", bound=AccessTransaction)
"""What a transaction sees and changes: this room's records, and those of a room above beside them."""
_RecordsT_co = TypeVar("_RecordsT_co", bound=AccessTransaction, covariant=True)


class Transactions(Protocol[_RecordsT_co]):
    """Where records are kept."""

    def reading(self) -> AbstractContextManager[_RecordsT_co]:
        """Open a transaction that only reads.

        Raises: StoreFault.
        """
        ...

    def writing(self) -> AbstractContextManager[_RecordsT_co]:
        """Open a transaction whose writes are kept whole, or not at all where its block raises.

        Raises:
            Conflict: a name was taken in the same moment.
            StoreFault: nothing was kept.
        """
        ...


AccessStore = Transactions[AccessTransaction]
"""Where this room's are."""
