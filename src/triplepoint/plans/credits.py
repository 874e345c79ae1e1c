"""Credit granted, given and refunded, and what is charged beside use: each an entry, made once and never changed.

A refund looks at the receipt's charge before its transaction (what has ended does not change) and at all its refunds
inside it; writers take turns, so two refunds at the same moment cannot both fit where one does.
"""

from decimal import Decimal

from triplepoint.access.changes import Change, Changes, Detail
from triplepoint.access.customers import find_customer
from triplepoint.access.model import Actor, Role
from triplepoint.foundation.errors import Conflict, NotFound, RequestInvalid
from triplepoint.foundation.ids import CustomerId
from triplepoint.foundation.money import EXACT, ZERO, money_text
from triplepoint.plans import rules
from triplepoint.plans.entries import Entry, EntryKind, GrantStanding, Wish, standing_of
from triplepoint.plans.ports import PlanTransaction, Spending

_NO_RECEIPT = "there is no receipt with this id; one of the last second may not have reached the ledger yet"


class Credits:
    """Makes money entries.

    Args:
        changes: Opens transactions.
        spending: What the ledger knows of receipts and grants.
    """

    def __init__(self, changes: Changes[PlanTransaction], spending: Spending) -> None:
        self._changes = changes
        self._spending = spending

    def grant(
        self,
        actor: Actor,
        customer: str,
        amount_usd: Decimal,
        *,
        reason: str,
        from_us: int | None = None,
        expires_us: int | None = None,
        priority: int = 0,
        idempotency_key: str | None = None,
    ) -> Entry:
        """Give prepaid credit, which charges are burnt from.

        Args:
            actor: Who does it.
            customer: Id or name.
            amount_usd: Above zero.
            reason: Why; required.
            from_us: From when on it is burnt; None: now.
            expires_us: When what is left of it is lost; None: never.
            priority: The smaller is burnt first; then the sooner end, then the older.
            idempotency_key: The same again under this key is the same entry.
        Raises:
            NotFound: no such customer.
            RequestInvalid: an amount, a text or a moment cannot be.
            Conflict: another entry stands under this key.
        """
        wish = Wish(
            customer_id=self._find(actor, customer),
            kind=EntryKind.GRANT,
            amount_usd=rules.checked_money(amount_usd),
            reason=rules.checked_reason(reason),
            idempotency_key=rules.checked_idempotency_key(idempotency_key),
            at_us=from_us,
            expires_us=expires_us,
            priority=rules.checked_priority(priority),
        )
        return self._enter(actor, wish)

    def credit(
        self, actor: Actor, customer: str, amount_usd: Decimal, *, reason: str, idempotency_key: str | None = None
    ) -> Entry:
        """Take an amount off a customer's statement.

        Raises: as `grant`.
        """
        return self._enter(actor, self._plain(actor, customer, EntryKind.CREDIT, amount_usd, reason, idempotency_key))

    def adjust(
        self, actor: Actor, customer: str, amount_usd: Decimal, *, reason: str, idempotency_key: str | None = None
    ) -> Entry:
        """Add an amount to a customer's statement.

        Raises: as `grant`.
        """
        return self._enter(actor, self._plain(actor, customer, EntryKind.ADJUSTMENT, amount_usd, reason, idempotency_key))

    def refund(
        self,
        actor: Actor,
        receipt_id: str,
        amount_usd: Decimal | None = None,
        *,
        reason: str,
        idempotency_key: str | None = None,
    ) -> Entry:
        """Take what a receipt charged, or a part of it, off its customer's statement.

        Args:
            actor: Who does it.
            receipt_id: Which.
            amount_usd: How much; None: all that has not been refunded yet.
            reason: Why; required.
            idempotency_key: The same again under this key is the same entry.
        Raises:
            NotFound: no such receipt.
            RequestInvalid: its charge is unknown, or an amount or text cannot be.
            Conflict: more than is left of the charge; or another entry stands under this key.
        """
        reason, key = rules.checked_reason(reason), rules.checked_idempotency_key(idempotency_key)
        asked = None if amount_usd is None else rules.checked_money(amount_usd)
        found = self._spending.charge_of(receipt_id)
        if found is None:
            raise NotFound(_NO_RECEIPT, param="receipt_id")
        if found.charge_usd is None:
            unknown = "what this receipt charges is not known (yet); wait until it has ended, or give a credit instead"
            raise RequestInvalid(unknown, param="receipt_id")
        with self._changes.begin(actor, Role.OPERATOR) as change:
            made = _made_before(change, found.customer_id, key)
            left = EXACT.subtract(found.charge_usd, _sum(change.records.refunds(found.customer_id, receipt_id)))
            amount = asked if asked is not None else made.amount_usd if made is not None else left
            wish = Wish(found.customer_id, EntryKind.REFUND, amount, reason, key, receipt_id=receipt_id)
            if made is None:
                _check_left(amount, left, found.charge_usd)
            return self._keep(change, wish, made)

    def entries(
        self, actor: Actor, customer: str | None = None, *, since_us: int | None = None, until_us: int | None = None
    ) -> list[Entry]:
        """Return the entries of a customer (id or name), or of everybody, that count in a span, oldest first.

        Raises: NotFound: there is no such customer.
        """
        with self._changes.look(actor) as records:
            customer_id = None if customer is None else find_customer(records, customer).id
            return records.entries(customer_id, since_us=since_us, until_us=until_us)

    def standings(self, entries: list[Entry]) -> dict[str, GrantStanding]:
        """Say how the grants among entries stand, by their ids."""
        grants = [one for one in entries if one.kind is EntryKind.GRANT]
        burnt = self._spending.burnt([one.id for one in grants])
        now_us = self._changes.clock.now_us()
        return {one.id: standing_of(one, burnt.get(one.id, ZERO), now_us) for one in grants}

    def _find(self, actor: Actor, customer: str) -> CustomerId:
        with self._changes.look(actor, Role.OPERATOR) as records:
            return find_customer(records, customer).id

    def _plain(
        self, actor: Actor, customer: str, kind: EntryKind, amount_usd: Decimal, reason: str, idempotency_key: str | None
    ) -> Wish:
        return Wish(
            customer_id=self._find(actor, customer),
            kind=kind,
            amount_usd=rules.checked_money(amount_usd),
            reason=rules.checked_reason(reason),
            idempotency_key=rules.checked_idempotency_key(idempotency_key),
        )

    def _enter(self, actor: Actor, wish: Wish) -> Entry:
        is_for_gateway = wish.kind is EntryKind.GRANT
        with self._changes.begin(actor, Role.OPERATOR, announce=is_for_gateway) as change:
            return self._keep(change, wish, _made_before(change, wish.customer_id, wish.idempotency_key))

    def _keep(self, change: Change[PlanTransaction], wish: Wish, made: Entry | None) -> Entry:
        if made is not None:
            if (other := wish.differs_from(made)) is not None:
                raise Conflict(f"under this key stands {made.id} with another {other}; use a new key", param="idempotency_key")
            change.is_made_before = True
            return made
        at_us = rules.checked_start(wish.at_us, change.now_us, param="from_us")
        entry = Entry(
            id=self._changes.new_id("mony"),
            customer_id=wish.customer_id,
            kind=wish.kind,
            amount_usd=wish.amount_usd,
            at_us=at_us,
            expires_us=rules.checked_end(wish.expires_us, at_us, param="expires_us"),
            priority=wish.priority,
            receipt_id=wish.receipt_id,
            reason=wish.reason,
            idempotency_key=wish.idempotency_key,
            made_us=change.now_us,
        )
        change.records.add_entry(entry)
        change.note(f"credit.{_VERBS[entry.kind]}", entry.id, **_detail(entry))
        return entry


_VERBS = {
    EntryKind.GRANT: "grant",
    EntryKind.CREDIT: "give",
    EntryKind.REFUND: "refund",
    EntryKind.ADJUSTMENT: "adjust",
}


def _made_before(change: Change[PlanTransaction], customer_id: CustomerId, key: str | None) -> Entry | None:
    return None if key is None else change.records.entry_keyed(customer_id, key)


def _check_left(amount: Decimal, left: Decimal, charge: Decimal) -> None:
    if left <= 0:
        what = "charged nothing" if charge == 0 else "is refunded in full already"
        raise Conflict(f"this receipt {what}; there is nothing to refund", param="amount_usd")
    if amount > left:
        raise Conflict(f"at most {money_text(left)} of this receipt's charge is left to refund", param="amount_usd")


def _sum(entries: list[Entry]) -> Decimal:
    total = ZERO
    for entry in entries:
        total = EXACT.add(total, entry.amount_usd)
    return total


def _detail(entry: Entry) -> dict[str, Detail]:
    detail: dict[str, Detail] = {
        "customer": entry.customer_id,
        "amount_usd": money_text(entry.amount_usd),
        "reason": entry.reason,
        "idempotency_key": entry.idempotency_key,
    }
    match entry.kind:
        case EntryKind.GRANT:
            return detail | {"from_us": entry.at_us, "expires_us": entry.expires_us, "priority": entry.priority}
        case EntryKind.REFUND:
            return detail | {"receipt": entry.receipt_id}
        case EntryKind.CREDIT | EntryKind.ADJUSTMENT:
            return detail
