"""Who pays, as margins and forecasts see it: the access room, the plans room and what ``plans.yaml`` said, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

from triplepoint.access.model import Actor, Customer
from triplepoint.access.service import AccessService
from triplepoint.plans.entries import Entry
from triplepoint.plans.fees import Revision
from triplepoint.plans.model import Holder
from triplepoint.plans.revisions import PlanRevisions
from triplepoint.plans.service import PlansService


@dataclass(frozen=True, slots=True)
class ServedPayers:
    """`ports.Payers` over the services of an installation."""

    access: AccessService
    plans: PlansService
    kept: PlanRevisions

    def customers(self, actor: Actor) -> list[Customer]:
        """Return all customers, oldest first."""
        return self.access.customers.all(actor)

    def holders(self) -> list[Holder]:
        """Return what is kept of each customer beside its keys."""
        return self.plans.holders()

    def entries(self, actor: Actor, *, since_us: int, until_us: int) -> list[Entry]:
        """Return everybody's money entries that count in a span."""
        return self.plans.credits.entries(actor, since_us=since_us, until_us=until_us)

    def revisions(self) -> Sequence[Revision]:
        """Return what ``plans.yaml`` said when, oldest first."""
        return self.kept.all()
