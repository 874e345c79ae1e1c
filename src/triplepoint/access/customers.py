"""Customers and their keys: made, listed, rotated, given an end, revoked."""

from dataclasses import replace

from triplepoint.access import keys, rules
from triplepoint.access.changes import AccessChange, AccessChanges
from triplepoint.access.model import Actor, Customer, IssuedKey, Key, Role
from triplepoint.access.ports import CustomerRecords
from triplepoint.foundation.errors import Conflict, NotFound
from triplepoint.foundation.ids import CustomerId, KeyId
from triplepoint.foundation.zones import zone


class Customers:
    """Who pays."""

    def __init__(self, changes: AccessChanges) -> None:
        self._changes = changes

    def create(self, actor: Actor, name: str, *, time_zone: str = "UTC") -> Customer:
        """Make a customer.

        Args:
            actor: Who makes it.
            name: For people.
            time_zone: Where its days, weeks and months begin, as in the tz database.
        Raises:
            RequestInvalid: the name cannot be one, or there is no such time zone.
            Conflict: another customer has it.
            NotEntitled: below the role operator.
        """
        with self._changes.begin(actor, Role.OPERATOR, announce=True) as change:
            return self.add(change, name, time_zone=time_zone)

    def add(self, change: AccessChange, name: str, *, time_zone: str = "UTC") -> Customer:
        """Make a customer inside a change that is under way."""
        name, time_zone = rules.checked_customer_name(name), zone(time_zone).key
        if change.records.customer_named(name) is not None:
            raise Conflict(f"there is a customer {name!r} already; choose another name", param="name")
        customer = Customer(
            id=CustomerId(self._changes.new_id("cust")), name=name, created_us=change.now_us, time_zone=time_zone
        )
        change.records.add_customer(customer)
        change.note("customer.create", customer.id, name=name, time_zone=time_zone)
        return customer

    def set_time_zone(self, actor: Actor, customer: str, time_zone: str) -> Customer:
        """Say where a customer's days, weeks and months begin, from now on.

        The period that runs is the new zone's at once; what was used in it counts as before.

        Args:
            actor: Who says it.
            customer: Id or name.
            time_zone: As in the tz database.
        Raises: NotFound; RequestInvalid: there is no such time zone; NotEntitled.
        """
        with self._changes.begin(actor, Role.OPERATOR, announce=True) as change:
            found = find_customer(change.records, customer)
            changed = replace(found, time_zone=zone(time_zone).key)
            change.records.set_time_zone(found.id, changed.time_zone)
            change.note("customer.set_time_zone", found.id, before=found.time_zone, time_zone=changed.time_zone)
        return changed

    def find(self, actor: Actor, id_or_name: str) -> Customer:
        """Return a customer by id or by name.

        Raises: NotFound: nobody is called so.
        """
        with self._changes.look(actor) as records:
            return find_customer(records, id_or_name)

    def all(self, actor: Actor) -> list[Customer]:
        """Return all customers, oldest first."""
        with self._changes.look(actor) as records:
            return records.customers()


class CustomerKeys:
    """What customers show to the gateway.

    Args:
        changes: Opens transactions.
        secret: The installation's; keys are kept as digests under it.
    """

    def __init__(self, changes: AccessChanges, secret: bytes) -> None:
        self._changes = changes
        self._secret = secret

    def create(
        self,
        actor: Actor,
        customer: str,
        *,
        label: str = "",
        models: tuple[str, ...] | None = None,
        expires_us: int | None = None,
    ) -> IssuedKey:
        """Make a key.

        Args:
            actor: Who makes it.
            customer: Id or name of who pays.
            label: What it is for, for people.
            models: Models that it may call; None: every model of the line-up.
            expires_us: When it ends, Unix microseconds; None: never.
        Returns: The key with its text, which exists nowhere else.
        Raises: NotFound, RequestInvalid, NotEntitled.
        """
        with self._changes.begin(actor, Role.OPERATOR, announce=True) as change:
            owner = find_customer(change.records, customer)
            return self.add(change, owner, label=label, models=models, expires_us=expires_us)

    def add(
        self,
        change: AccessChange,
        owner: Customer,
        *,
        label: str,
        models: tuple[str, ...] | None = None,
        expires_us: int | None = None,
    ) -> IssuedKey:
        """Make a key inside a change that is under way."""
        issued = self._issue(
            change,
            owner.id,
            label=rules.checked_text(label, param="label", may_be_empty=True),
            models=rules.checked_models(models),
            expires_us=rules.checked_expiry(expires_us, change.now_us),
        )
        key = issued.key
        models_noted = None if key.models is None else list(key.models)
        change.note(
            "key.create",
            key.id,
            customer=owner.id,
            label=key.label,
            display=key.display,
            models=models_noted,
            expires_us=key.expires_us,
        )
        return issued

    def find(self, actor: Actor, key_id: str) -> Key:
        """Return a key by its id.

        Raises: NotFound.
        """
        with self._changes.look(actor) as records:
            return _find_key(records, key_id)

    def all(self, actor: Actor, customer: str | None = None) -> list[Key]:
        """Return the keys of a customer (id or name), or of everybody, oldest first; ended ones too.

        Raises: NotFound: there is no such customer.
        """
        with self._changes.look(actor) as records:
            return records.keys(None if customer is None else find_customer(records, customer).id)

    def revoke(self, actor: Actor, key_id: str) -> Key:
        """End a key now and for good.

        Raises: NotFound; Conflict: it is revoked already.
        """
        with self._changes.begin(actor, Role.OPERATOR, announce=True) as change:
            key = _find_key(change.records, key_id)
            if key.revoked_us is not None:
                raise Conflict(f"the key {key.id} is revoked already")
            change.note("key.revoke", key.id, customer=key.customer_id)
            return _end(change, key, revoked_us=change.now_us, expires_us=key.expires_us)

    def expire(self, actor: Actor, key_id: str, *, expires_us: int | None) -> Key:
        """Say when a live key ends; later than before is allowed, and None is never.

        Raises: NotFound; RequestInvalid: the moment has passed; Conflict: the key has ended.
        """
        with self._changes.begin(actor, Role.OPERATOR, announce=True) as change:
            key = _find_live_key(change, key_id)
            rules.checked_expiry(expires_us, change.now_us)
            change.note("key.expire", key.id, customer=key.customer_id, before_us=key.expires_us, expires_us=expires_us)
            return _end(change, key, revoked_us=None, expires_us=expires_us)

    def rotate(self, actor: Actor, key_id: str, *, overlap_s: float = 0.0) -> IssuedKey:
        """Make a key that takes another's place.

        The new key has the label and models of the old one, and where that was made for a limited time, the same time again.

        Args:
            actor: Who does it.
            key_id: The old key, which must be live.
            overlap_s: Seconds that the old key goes on working, so that callers can be moved; 0 ends it at once.
        Raises: NotFound; RequestInvalid; Conflict: the old key has ended.
        """
        overlap_us = round(rules.checked_overlap(overlap_s) * 1_000_000)
        with self._changes.begin(actor, Role.OPERATOR, announce=True) as change:
            old = _find_live_key(change, key_id)
            lifetime_us = None if old.expires_us is None else max(old.expires_us - old.created_us, 1)
            expires_us = None if lifetime_us is None else min(change.now_us + lifetime_us, rules.LATEST_US)
            issued = self._issue(change, old.customer_id, label=old.label, models=old.models, expires_us=expires_us)
            old_ends_us = change.now_us + overlap_us
            if old.expires_us is not None:
                old_ends_us = min(old_ends_us, old.expires_us)
            _end(change, old, revoked_us=None, expires_us=old_ends_us)
            change.note(
                "key.rotate",
                old.id,
                customer=old.customer_id,
                new=issued.key.id,
                display=issued.key.display,
                old_ends_us=old_ends_us,
            )
            return issued

    def _issue(
        self, change: AccessChange, owner: CustomerId, *, label: str, models: tuple[str, ...] | None, expires_us: int | None
    ) -> IssuedKey:
        text = keys.make_key()
        key = Key(
            id=KeyId(self._changes.new_id("key")),
            customer_id=owner,
            label=label,
            digest=keys.digest(self._secret, text.reveal()),
            display=keys.display(text),
            models=models,
            created_us=change.now_us,
            expires_us=expires_us,
            revoked_us=None,
        )
        change.records.add_key(key)
        return IssuedKey(key=key, text=text)


def find_customer(records: CustomerRecords, id_or_name: str) -> Customer:
    """Return a customer by id or by name.

    Raises: NotFound: nobody is called so.
    """
    customer = records.customer(CustomerId(id_or_name)) or records.customer_named(id_or_name)
    if customer is None:
        raise NotFound("there is no such customer; `triplepoint customer list` shows all", param="customer")
    return customer


def _find_key(records: CustomerRecords, key_id: str) -> Key:
    key = records.key(KeyId(key_id))
    if key is None:
        raise NotFound("there is no key with this id; an id looks like key_…, `triplepoint key list` shows all", param="key_id")
    return key


def _find_live_key(change: AccessChange, key_id: str) -> Key:
    key = _find_key(change.records, key_id)
    if not key.is_live(change.now_us):
        raise Conflict(f"the key {key.id} has ended; make a new one")
    return key


def _end(change: AccessChange, key: Key, *, revoked_us: int | None, expires_us: int | None) -> Key:
    change.records.set_key_end(key.id, expires_us=expires_us, revoked_us=revoked_us)
    return replace(key, expires_us=expires_us, revoked_us=revoked_us)
