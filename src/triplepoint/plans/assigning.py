"""Which customer is on which plan, from when: a history that is only added to."""

from collections.abc import Callable
from itertools import pairwise

from triplepoint.access.changes import Changes
from triplepoint.access.customers import find_customer
from triplepoint.access.model import Actor, Customer, Role
from triplepoint.foundation.errors import Conflict
from triplepoint.plans import rules
from triplepoint.plans.model import Assignment, PlansFile
from triplepoint.plans.ports import PlanTransaction

Sold = Callable[[], PlansFile | None]
"""Reads what ``plans.yaml`` says now; None: there is none."""


class Assignments:
    """Puts customers on plans.

    Args:
        changes: Opens transactions.
        sold: What can be assigned.
    """

    def __init__(self, changes: Changes[PlanTransaction], sold: Sold) -> None:
        self._changes = changes
        self._sold = sold

    def assign(self, actor: Actor, customer: str, plan: str, *, since_us: int | None = None) -> Assignment:
        """Put a customer on a plan.

        Of several assignments for one moment the one made last holds; so a move to come is taken back by another one for
        the same moment.

        Args:
            actor: Who does it.
            customer: Id or name.
            plan: Name in ``plans.yaml``.
            since_us: From when on, Unix microseconds; None: now.
        Raises:
            NotFound: no such customer, or no such plan.
            RequestInvalid: the moment has passed.
            Conflict: the customer is on it then anyway.
        """
        return self._put(actor, customer, rules.checked_plan(self._sold(), plan), since_us)

    def end(self, actor: Actor, customer: str, *, since_us: int | None = None) -> Assignment:
        """Take a customer off its plan, so that the file's ``default`` holds for it, or nothing where there is none.

        Raises: NotFound; RequestInvalid: the moment has passed; Conflict: it has no plan of its own then.
        """
        return self._put(actor, customer, "", since_us)

    def history(self, actor: Actor, customer: str | None = None) -> list[Assignment]:
        """Return all assignments of a customer (id or name), or of everybody, in the order in which they take hold.

        Raises: NotFound: there is no such customer.
        """
        with self._changes.look(actor) as records:
            return records.assignments(None if customer is None else find_customer(records, customer).id)

    def _put(self, actor: Actor, customer: str, plan: str, since_us: int | None) -> Assignment:
        with self._changes.begin(actor, Role.OPERATOR, announce=True) as change:
            found = find_customer(change.records, customer)
            begins_us = rules.checked_start(since_us, change.now_us)
            before = plan_at(change.records.assignments(found.id), begins_us)
            if (before or "") == plan:
                raise Conflict(_same(found, plan), param="plan")
            made = Assignment(self._changes.new_id("asgn"), found.id, plan, begins_us, change.now_us)
            change.records.add_assignment(made)
            action = "plan.assign" if plan else "plan.end"
            change.note(action, found.id, assignment=made.id, plan=plan or None, before=before, since_us=begins_us)
        return made


def plan_at(assignments: list[Assignment], at_us: int) -> str | None:
    """Return the plan that a history gives at a moment; None: none of the customer's own."""
    held = [one for one in assignments if one.since_us <= at_us]
    return held[-1].plan or None if held else None


def ends_of(assignments: list[Assignment]) -> dict[str, int | None]:
    """Return when each assignment of one customer gives way to the next, by id; None: it holds on."""
    ends: dict[str, int | None] = {one.id: after.since_us for one, after in pairwise(assignments)}
    return ends | {one.id: None for one in assignments[-1:]}


def _same(customer: Customer, plan: str) -> str:
    if not plan:
        return f"{customer.name} has no plan of its own then; there is nothing to end"
    return f"{customer.name} is on {plan} then already; nothing was changed"
