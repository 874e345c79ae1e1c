"""Logins: a name and a password become a session, which the console's cookie carries.

The session's id is 256 random bits and kept as a digest only, like a key. Wrong name, wrong password and a disabled operator
get the same answer in the same time.
"""

import secrets

import structlog

from triplepoint.access import keys
from triplepoint.access.changes import AccessChange, AccessChanges
from triplepoint.access.model import Login, Operator, Role, Session
from triplepoint.access.passwords import Passwords
from triplepoint.access.throttle import Throttle
from triplepoint.foundation.errors import NotAuthenticated
from triplepoint.foundation.secret import Secret

SESSION_COOKIE = "triplepoint_session"
"""Name of the cookie that carries a session's id, for the admin API and the console alike."""

_LOG = structlog.stdlib.get_logger(__name__)


class Sessions:
    """Opens, resolves and closes sessions.

    Args:
        changes: Opens transactions.
        secret: The installation's; sessions are kept as digests under it.
        passwords: Checks them.
        lasts_s: Seconds until a session ends by itself.
    """

    def __init__(self, changes: AccessChanges, *, secret: bytes, passwords: Passwords, lasts_s: float) -> None:
        self._changes = changes
        self._secret = secret
        self._passwords = passwords
        self._lasts_us = round(lasts_s * 1_000_000)
        self._throttle = Throttle(changes.clock)

    def login(self, name: str, password: Secret, *, address: str) -> Login:
        """Open a session.

        Args:
            name: The operator's.
            password: The operator's.
            address: Where the caller is, for the throttle and the audit log.
        Raises:
            NotAuthenticated: name or password is wrong, or the operator is disabled; which one is not said.
            RateLimited: too many failures lately.
        """
        self._throttle.check(name, address)
        with self._changes.peek() as records:
            operator = records.operator_named(name)
            known = None if operator is None else records.password_hash(operator.id)
        is_right = self._passwords.verify(known, password.reveal())
        if operator is None or not is_right or operator.disabled_us is not None:
            # The name is logged only where it is one: people type passwords into the wrong field.
            _LOG.warning("login refused", operator=None if operator is None else operator.name, address=address)
            raise NotAuthenticated("name or password is wrong", code="invalid_login")
        self._throttle.succeeded(name, address)
        return self._open(operator, password, known, address)

    def resolve(self, session_id: str) -> Operator | None:
        """Tell whose session this is; None where it has ended."""
        with self._changes.peek() as records:
            found = records.operator_by_session(self._digest(session_id))
        if found is None:
            return None
        session, operator = found
        return operator if self._changes.clock.now_us() < session.expires_us and operator.disabled_us is None else None

    def logout(self, session_id: str) -> None:
        """Close a session; one that has ended is left as it is."""
        digest = self._digest(session_id)
        with self._changes.peek() as records:
            found = records.operator_by_session(digest)
        if found is None:
            return
        _, operator = found
        with self._changes.begin(operator.actor(), Role.VIEWER) as change:
            change.records.end_session(digest)
            change.note("session.close", operator.id, name=operator.name)

    def _open(self, operator: Operator, password: Secret, known: str | None, address: str) -> Login:
        renewed = self._passwords.hash(password.reveal()) if known and self._passwords.is_outdated(known) else None
        session_id = Secret(secrets.token_urlsafe(32))
        with self._changes.begin(operator.actor(), Role.VIEWER) as change:
            _check_unchanged(change, operator, known)
            expires_us = change.now_us + self._lasts_us
            change.records.forget_expired_sessions(change.now_us)
            change.records.add_session(
                Session(
                    digest=self._digest(session_id.reveal()),
                    operator_id=operator.id,
                    created_us=change.now_us,
                    expires_us=expires_us,
                )
            )
            if renewed is not None:
                change.records.set_password_hash(operator.id, renewed)
            change.note("session.open", operator.id, name=operator.name, address=address)
        return Login(operator=operator, session_id=session_id, expires_us=expires_us)

    def _digest(self, session_id: str) -> bytes:
        return keys.digest(self._secret, f"session:{session_id}")  # apart from keys, which have prefixes of their own


def _check_unchanged(change: AccessChange, operator: Operator, known: str | None) -> None:
    # Checking a password takes a while; who was disabled or given a new password meanwhile does not get in with the old one.
    if change.records.operator(operator.id) != operator or change.records.password_hash(operator.id) != known:
        raise NotAuthenticated("name or password is wrong", code="invalid_login")
