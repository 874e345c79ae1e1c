"""What margins and forecasts need of others."""

from collections.abc import Sequence
from typing import Protocol

from triplepoint.access.model import Actor, Customer
from triplepoint.ledger.model import Rollup, Total
from triplepoint.ledger.rollups import By
from triplepoint.plans.entries import Entry
from triplepoint.plans.fees import Revision
from triplepoint.plans.model import Holder


class LedgerSums(Protocol):
    """Sums of the ledger; `ledger.store.LedgerStore` has them."""

    def earned(self, *, since_us: int, until_us: int) -> list[Rollup]:
        """Add up whole hours that begin in a span by plan and customer."""
        ...

    def sum(self, *, by: By, since_us: int | None = None, until_us: int | None = None, with_audits: bool = True) -> list[Total]:
        """Add up whole hours that begin in a span by one thing, with or without what we asked ourselves."""
        ...


class Payers(Protocol):
    """Who pays, and what was entered for them."""

    def customers(self, actor: Actor) -> list[Customer]:
        """Return all customers, oldest first."""
        ...

    def holders(self) -> list[Holder]:
        """Return what is kept of each customer beside its keys."""
        ...

    def entries(self, actor: Actor, *, since_us: int, until_us: int) -> list[Entry]:
        """Return everybody's money entries that count in a span."""
        ...

    def revisions(self) -> Sequence[Revision]:
        """Return what ``plans.yaml`` said when, oldest first."""
        ...
