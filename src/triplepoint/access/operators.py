"""Operators of the control plane: their roles, passwords and keys.

Only an admin changes them, but for the own password, which everybody may who knows the current one.
"""

from dataclasses import replace

from triplepoint.access import keys, rules
from triplepoint.access.changes import AccessChange, AccessChanges
from triplepoint.access.model import Actor, IssuedOperatorKey, Operator, OperatorKey, Role
from triplepoint.access.passwords import Passwords
from triplepoint.access.ports import OperatorRecords
from triplepoint.foundation.errors import Conflict, NotAuthenticated, NotFound
from triplepoint.foundation.ids import KeyId, OperatorId
from triplepoint.foundation.secret import Secret


class Operators:
    """Who runs this installation.

    Args:
        changes: Opens transactions.
        secret: The installation's; keys are kept as digests under it.
        passwords: Hashes and checks them.
    """

    def __init__(self, changes: AccessChanges, *, secret: bytes, passwords: Passwords) -> None:
        self._changes = changes
        self._secret = secret
        self._passwords = passwords

    def create(self, actor: Actor, name: str, *, role: Role, password: Secret) -> Operator:
        """Make an operator.

        Raises: RequestInvalid: name or password; Conflict: the name is taken; NotEntitled: not an admin.
        """
        rules.require(actor, Role.ADMIN)
        name = rules.checked_operator_name(name)
        password_hash = self._passwords.hash(password.reveal())  # slow, so before the transaction
        with self._changes.begin(actor, Role.ADMIN) as change:
            return self.add(change, name, role=role, password_hash=password_hash)

    def add(self, change: AccessChange, name: str, *, role: Role, password_hash: str) -> Operator:
        """Make an operator inside a change that is under way."""
        if change.records.operator_named(name) is not None:
            raise Conflict(f"there is an operator {name!r} already; choose another name", param="name")
        operator = Operator(
            id=OperatorId(self._changes.new_id("oper")), name=name, role=role, created_us=change.now_us, disabled_us=None
        )
        change.records.add_operator(operator, password_hash)
        change.note("operator.create", operator.id, name=name, role=role)
        return operator

    def find(self, actor: Actor, id_or_name: str) -> Operator:
        """Return an operator by id or by name.

        Raises: NotFound; NotEntitled: not an admin.
        """
        with self._changes.look(actor, Role.ADMIN) as records:
            return _find(records, id_or_name)

    def all(self, actor: Actor) -> list[Operator]:
        """Return all operators, oldest first.

        Raises: NotEntitled: not an admin.
        """
        with self._changes.look(actor, Role.ADMIN) as records:
            return records.operators()

    def disable(self, actor: Actor, id_or_name: str) -> Operator:
        """Lock an operator out: sessions end, keys open nothing.

        Raises: NotFound; Conflict: disabled already, or the last admin.
        """
        with self._changes.begin(actor, Role.ADMIN) as change:
            operator = _find(change.records, id_or_name)
            if operator.disabled_us is not None:
                raise Conflict(f"the operator {operator.name!r} is disabled already")
            _keep_an_admin(change.records, without=operator)
            change.records.end_sessions(operator.id)
            change.note("operator.disable", operator.id, name=operator.name)
            return _update(change, replace(operator, disabled_us=change.now_us))

    def enable(self, actor: Actor, id_or_name: str) -> Operator:
        """Let an operator in again, with the former password and keys.

        Raises: NotFound; Conflict: not disabled.
        """
        with self._changes.begin(actor, Role.ADMIN) as change:
            operator = _find(change.records, id_or_name)
            if operator.disabled_us is None:
                raise Conflict(f"the operator {operator.name!r} is not disabled")
            change.note("operator.enable", operator.id, name=operator.name)
            return _update(change, replace(operator, disabled_us=None))

    def set_role(self, actor: Actor, id_or_name: str, role: Role) -> Operator:
        """Change what an operator may do, from the next request on.

        Raises: NotFound; Conflict: the last admin would be none.
        """
        with self._changes.begin(actor, Role.ADMIN) as change:
            operator = _find(change.records, id_or_name)
            if role is not Role.ADMIN:
                _keep_an_admin(change.records, without=operator)
            change.note("operator.role", operator.id, name=operator.name, before=operator.role, role=role)
            return _update(change, replace(operator, role=role))

    def set_password(self, actor: Actor, id_or_name: str, password: Secret) -> Operator:
        """Give an operator a new password; all of their sessions end.

        Raises: NotFound; RequestInvalid: too short.
        """
        rules.require(actor, Role.ADMIN)
        password_hash = self._passwords.hash(password.reveal())
        with self._changes.begin(actor, Role.ADMIN) as change:
            operator = _find(change.records, id_or_name)
            _replace_password(change, operator, password_hash)
            return operator

    def change_own_password(self, operator: Operator, *, current: Secret, new: Secret) -> None:
        """Let an operator choose a new password; all of their sessions end.

        Raises: NotAuthenticated: the current one is wrong; RequestInvalid: the new one is too short.
        """
        with self._changes.peek() as records:
            known = records.password_hash(operator.id)
        if not self._passwords.verify(known, current.reveal()):
            raise NotAuthenticated("the current password is wrong", param="current", code="invalid_login")
        password_hash = self._passwords.hash(new.reveal())
        with self._changes.begin(operator.actor(), Role.VIEWER) as change:
            _replace_password(change, operator, password_hash)

    def create_key(self, actor: Actor, id_or_name: str, *, label: str = "", expires_us: int | None = None) -> IssuedOperatorKey:
        """Make a key with which a program acts as an operator.

        Raises: NotFound; RequestInvalid; Conflict: the operator is disabled.
        """
        with self._changes.begin(actor, Role.ADMIN) as change:
            operator = _find(change.records, id_or_name)
            if operator.disabled_us is not None:
                raise Conflict(f"the operator {operator.name!r} is disabled; enable it first")
            text = keys.make_key(keys.OPERATOR_PREFIX)
            key = OperatorKey(
                id=KeyId(self._changes.new_id("okey")),
                operator_id=operator.id,
                label=rules.checked_text(label, param="label", may_be_empty=True),
                digest=keys.digest(self._secret, text.reveal()),
                display=keys.display(text),
                created_us=change.now_us,
                expires_us=rules.checked_expiry(expires_us, change.now_us),
                revoked_us=None,
            )
            change.records.add_operator_key(key)
            change.note(
                "operator.key", key.id, operator=operator.id, label=key.label, display=key.display, expires_us=key.expires_us
            )
            return IssuedOperatorKey(key=key, text=text)

    def keys_of(self, actor: Actor, id_or_name: str) -> list[OperatorKey]:
        """Return the keys of an operator, oldest first; ended ones too.

        Raises: NotFound; NotEntitled: not an admin.
        """
        with self._changes.look(actor, Role.ADMIN) as records:
            return records.operator_keys(_find(records, id_or_name).id)

    def revoke_key(self, actor: Actor, key_id: str) -> OperatorKey:
        """End an operator's key now and for good.

        Raises: NotFound; Conflict: it is revoked already.
        """
        with self._changes.begin(actor, Role.ADMIN) as change:
            key = change.records.operator_key(KeyId(key_id))
            if key is None:
                raise NotFound("there is no operator's key with this id; an id looks like okey_…", param="key_id")
            if key.revoked_us is not None:
                raise Conflict(f"the key {key.id} is revoked already")
            change.records.set_operator_key_revoked(key.id, change.now_us)
            change.note("operator.revoke_key", key.id, operator=key.operator_id)
            return replace(key, revoked_us=change.now_us)

    def resolve_key(self, text: str) -> Operator | None:
        """Tell whose key this is; None where it opens nothing."""
        if not text.startswith(keys.OPERATOR_PREFIX):
            return None
        with self._changes.peek() as records:
            found = records.operator_by_key(keys.digest(self._secret, text))
        if found is None:
            return None
        key, operator = found
        return operator if key.is_live(self._changes.clock.now_us()) and operator.disabled_us is None else None


def _find(records: OperatorRecords, id_or_name: str) -> Operator:
    operator = records.operator(OperatorId(id_or_name)) or records.operator_named(id_or_name)
    if operator is None:
        raise NotFound("there is no such operator; `triplepoint operator list` shows all", param="operator")
    return operator


def _keep_an_admin(records: OperatorRecords, *, without: Operator) -> None:
    others = [one for one in records.operators() if one.id != without.id and one.disabled_us is None and one.role is Role.ADMIN]
    if without.role is Role.ADMIN and without.disabled_us is None and not others:
        raise Conflict(f"{without.name!r} is the last admin; make another one first")


def _update(change: AccessChange, operator: Operator) -> Operator:
    change.records.update_operator(operator)
    return operator


def _replace_password(change: AccessChange, operator: Operator, password_hash: str) -> None:
    change.records.set_password_hash(operator.id, password_hash)
    change.records.end_sessions(operator.id)
    change.note("operator.password", operator.id, name=operator.name)
