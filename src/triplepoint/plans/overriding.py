"""Another limit than the plan's, for one customer or key, for a while."""

from dataclasses import replace
from decimal import Decimal

from triplepoint.access.changes import Change, Changes
from triplepoint.access.customers import find_customer
from triplepoint.access.model import Actor, Customer, Role
from triplepoint.foundation.errors import Conflict, NotFound, RequestInvalid
from triplepoint.foundation.ids import KeyId
from triplepoint.foundation.money import money_text
from triplepoint.plans import rules
from triplepoint.plans.assigning import Sold
from triplepoint.plans.model import Override
from triplepoint.plans.ports import PlanTransaction


class Overrides:
    """Gives and ends them. Of several that hold at once, a key's own is stronger; then the one made last.

    Args:
        changes: Opens transactions.
        sold: The quotas that there are.
    """

    def __init__(self, changes: Changes[PlanTransaction], sold: Sold) -> None:
        self._changes = changes
        self._sold = sold

    def add(
        self,
        actor: Actor,
        customer: str,
        quota: str,
        limit: Decimal,
        *,
        reason: str,
        key_id: str | None = None,
        since_us: int | None = None,
        until_us: int | None = None,
    ) -> Override:
        """Set another limit.

        Args:
            actor: Who does it.
            customer: Id or name.
            quota: Name of a quota in some plan of the file.
            limit: In the unit of that quota; exact.
            reason: Why; required.
            key_id: For this key of the customer alone.
            since_us: From when on; None: now.
            until_us: When it ends by itself; None: when it is ended.
        Raises:
            NotFound: no such customer, key or quota.
            RequestInvalid: the limit, the reason or a moment cannot be.
        """
        limit = rules.checked_limit(limit, rules.units_of(self._sold(), quota))
        with self._changes.begin(actor, Role.OPERATOR, announce=True) as change:
            found = find_customer(change.records, customer)
            begins_us = rules.checked_start(since_us, change.now_us)
            made = Override(
                id=self._changes.new_id("ovrd"),
                customer_id=found.id,
                key_id=_key_of(change, found, key_id),
                quota=quota,
                limit=limit,
                since_us=begins_us,
                until_us=rules.checked_end(until_us, begins_us, param="until_us"),
                ended_us=None,
                reason=rules.checked_reason(reason),
                made_us=change.now_us,
            )
            change.records.add_override(made)
            change.note(
                "quota.override",
                made.id,
                customer=made.customer_id,
                key=made.key_id,
                quota=quota,
                limit=money_text(limit),
                since_us=begins_us,
                until_us=until_us,
                reason=made.reason,
            )
        return made

    def end(self, actor: Actor, override_id: str) -> Override:
        """End one now; the plan's limit holds again, or an older override that is still in force.

        Raises: NotFound; Conflict: it has ended already.
        """
        with self._changes.begin(actor, Role.OPERATOR, announce=True) as change:
            found = change.records.override(override_id)
            if found is None:
                raise NotFound("there is no override of this id; `triplepoint quota overrides` shows all", param="override_id")
            if is_over(found, change.now_us):
                raise Conflict(f"the override {found.id} has ended already")
            change.records.set_override_ended(found.id, change.now_us)
            change.note("quota.end_override", found.id, customer=found.customer_id, quota=found.quota)
        return replace(found, ended_us=change.now_us)

    def all(self, actor: Actor, customer: str | None = None, *, with_ended: bool = False) -> list[Override]:
        """Return those of a customer (id or name), or of everybody, oldest first.

        Raises: NotFound: there is no such customer.
        """
        with self._changes.look(actor) as records:
            found = records.overrides(None if customer is None else find_customer(records, customer).id)
        return [one for one in found if with_ended or not is_over(one, self._changes.clock.now_us())]


def is_over(override: Override, now_us: int) -> bool:
    """Tell whether an override has ended, by itself or by somebody; one that is to begin has not."""
    return override.ended_us is not None or (override.until_us is not None and override.until_us <= now_us)


def _key_of(change: Change[PlanTransaction], customer: Customer, key_id: str | None) -> KeyId | None:
    if key_id is None:
        return None
    key = change.records.key(KeyId(key_id))
    if key is None or key.customer_id != customer.id:
        raise NotFound(f"{customer.name} has no key of this id; `triplepoint key list` shows all", param="key_id")
    if not key.is_live(change.now_us):
        raise RequestInvalid(f"the key {key.id} has ended, so no limit of it counts", param="key_id")
    return key.id
