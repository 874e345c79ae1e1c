"""The plans room as the others see it.

::

    plans = PlansService(access.changes.on(SqlPlansStore(engine)), sold=read_plans, spending=LedgerSpending(…))
    plans.assignments.assign(actor, "acme", "plus")
    plans.overrides.add(actor, "acme", "regular-week", Decimal(5000), reason="launch week", until_us=…)
    plans.credits.grant(actor, "acme", Decimal(25), reason="goodwill", idempotency_key="ticket-4711")
    plans.holders()                          # what a gateway's snapshot holds

Every change is one transaction with a line in the audit log; those that bear on requests are told to the gateway.
"""

from collections.abc import Sequence

from triplepoint.access.changes import Changes
from triplepoint.access.customers import find_customer
from triplepoint.access.model import Actor
from triplepoint.foundation.ids import CustomerId
from triplepoint.plans.assigning import Assignments, Sold
from triplepoint.plans.credits import Credits
from triplepoint.plans.entries import Entry, GrantStanding
from triplepoint.plans.model import Holder, PlansFile
from triplepoint.plans.overriding import Overrides
from triplepoint.plans.ports import PlanTransaction, Spending
from triplepoint.plans.terms import burning_order
from triplepoint.plans.usage import PlanUse, quota_uses


class PlansService:
    """Who is on which plan, with which limits and which credit.

    Args:
        changes: Opens transactions on customers and plans together (`access.changes.Changes.on`).
        sold: Reads what ``plans.yaml`` says now.
        spending: What the ledger knows.
    """

    assignments: Assignments
    """Who is on which plan."""
    overrides: Overrides
    """Other limits than the plan's."""
    credits: Credits
    """Money entries."""

    def __init__(self, changes: Changes[PlanTransaction], *, sold: Sold, spending: Spending) -> None:
        self._changes = changes
        self._sold = sold
        self._spending = spending
        self.assignments = Assignments(changes, sold)
        self.overrides = Overrides(changes, sold)
        self.credits = Credits(changes, spending)

    def sold(self) -> PlansFile | None:
        """Return what ``plans.yaml`` says now; None: there is none."""
        return self._sold()

    def now_us(self) -> int:
        """Return the moment by this room's clock."""
        return self._changes.clock.now_us()

    def holders(self) -> list[Holder]:
        """Return what a gateway must know of each customer, oldest first: one query for each table.

        What is burnt of a grant is not subtracted: counters do that.
        """
        with self._changes.peek() as records:
            return records.holders(None, now_us=self._changes.clock.now_us())

    def holder(self, customer_id: str) -> Holder | None:
        """Return the same of one customer; None: there is none of this id."""
        with self._changes.peek() as records:
            found = records.holders(CustomerId(customer_id), now_us=self._changes.clock.now_us())
        return found[0] if found else None

    def find_holder(self, actor: Actor, customer: str) -> Holder:
        """Return the same for somebody who asks, by id or name.

        Raises: NotFound: nobody is called so.
        """
        with self._changes.look(actor) as records:
            found = find_customer(records, customer)
            return records.holders(found.id, now_us=self._changes.clock.now_us())[0]

    def usage(self, actor: Actor, customer: str) -> PlanUse:
        """Say which plan a customer (id or name) is on, and how much of each quota is used.

        Raises: NotFound: nobody is called so.
        """
        sold = self._sold()
        now_us = self._changes.clock.now_us()
        with self._changes.look(actor) as records:
            found = find_customer(records, customer)
            (holder,) = records.holders(found.id, now_us=now_us)
            keys = [key for key in records.keys(found.id) if key.is_live(now_us)]
            entries = records.entries(found.id)
        own = holder.plan_at(now_us)
        name = own or (None if sold is None else sold.default)
        plan = None if sold is None or name is None else sold.plans.get(name)
        quotas = () if plan is None else tuple(quota_uses(plan, holder, keys, self._spending, now_us))
        return PlanUse(
            holder, name, is_default=own is None, is_sold=plan is not None, quotas=quotas, grants=self._grants(holder, entries)
        )

    def entries_of(self, customer_id: str, *, since_us: int | None = None, until_us: int | None = None) -> Sequence[Entry]:
        """Return a customer's money entries that count in a span, oldest first: for statements."""
        with self._changes.peek() as records:
            return records.entries(CustomerId(customer_id), since_us=since_us, until_us=until_us)

    def _grants(self, holder: Holder, entries: list[Entry]) -> tuple[GrantStanding, ...]:
        standings = self.credits.standings(entries)
        return tuple(standings[one.id] for one in burning_order(holder.grants) if standings[one.id].left_usd > 0)
