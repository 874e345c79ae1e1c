"""What statements need of others."""

from typing import Protocol

from triplepoint.access.model import Actor, Customer
from triplepoint.foundation.ids import CustomerId
from triplepoint.ledger.statements.model import Facts
from triplepoint.plans.fees import Revision
from triplepoint.plans.model import Assignment
from triplepoint.plans.periods import Period


class FactSource(Protocol):
    """Knows what happened; `store.StatementStore` is one."""

    def assignments(self, customer_id: CustomerId) -> tuple[Assignment, ...]:
        """Return which plans a customer was given, oldest first."""
        ...

    def facts(self, customer_id: CustomerId, span: Period) -> Facts:
        """Read all that a statement is made of, in one state."""
        ...

    def first_us(self, customer_id: CustomerId) -> int | None:
        """Return the moment of a customer's first attempt; None: there is none."""
        ...


class CustomerLookup(Protocol):
    """Finds customers; `access.customers.Customers` is one."""

    def find(self, actor: Actor, id_or_name: str) -> Customer:
        """Return one by id or name."""
        ...

    def all(self, actor: Actor) -> list[Customer]:
        """Return all, oldest first."""
        ...


class RevisionLookup(Protocol):
    """Knows what ``plans.yaml`` said when; `plans.revisions.PlanRevisions` is one."""

    def all(self) -> tuple[Revision, ...]:
        """Return all revisions, oldest first."""
        ...
