"""The access room as the others see it.

::

    access = AccessService(store, secret=…, clock=clock, new_id=ids, on_change=reload)
    customer = access.customers.create(actor, "acme")
    issued = access.keys.create(actor, customer.id, label="website")
    issued.text.reveal()                     # tp-…, here and never again
    access.live_keys()                       # what a gateway's snapshot holds

Whoever acts is an `Actor`, whose role decides; all is synchronous, and in an event loop goes through a thread.
"""

from collections.abc import Callable
from pathlib import Path

from triplepoint.access import passwords as password_rules
from triplepoint.access.changes import AccessChanges, Detail
from triplepoint.access.customers import CustomerKeys, Customers
from triplepoint.access.model import Actor, AuditEntry, Customer, FirstOperator, IssuedKey, Key, Role
from triplepoint.access.operators import Operators
from triplepoint.access.passwords import Passwords
from triplepoint.access.ports import AccessStore
from triplepoint.access.secret import write_private
from triplepoint.access.sessions import Sessions
from triplepoint.foundation.clock import Clock
from triplepoint.foundation.errors import RequestInvalid
from triplepoint.foundation.ids import NewId

FIRST_RUN = Actor(name="local:first-run", role=Role.ADMIN)
"""Who makes what an empty installation begins with."""

MAX_PAGE = 1000


class AccessService:
    """Customers, keys, operators, sessions and the audit log.

    Args:
        store: Where they are kept.
        secret: The installation's (`secret.installation_secret`).
        clock: Dates changes, ends keys and sessions.
        new_id: Makes ids.
        on_change: Called after customers or keys changed, from the thread that changed them; None: nobody listens.
        passwords: How operators' passwords are hashed.
        session_s: Seconds that a login lasts.
    """

    customers: Customers
    """Who pays."""
    keys: CustomerKeys
    """What they show to the gateway."""
    operators: Operators
    """Who runs this installation."""
    sessions: Sessions
    """Their logins."""

    def __init__(
        self,
        store: AccessStore,
        *,
        secret: bytes,
        clock: Clock,
        new_id: NewId,
        on_change: Callable[[], None] | None = None,
        passwords: Passwords | None = None,
        session_s: float = 43_200.0,
    ) -> None:
        self._changes = AccessChanges(store, clock=clock, new_id=new_id, on_change=on_change)
        self._passwords = passwords or Passwords()
        self.customers = Customers(self._changes)
        self.keys = CustomerKeys(self._changes, secret)
        self.operators = Operators(self._changes, secret=secret, passwords=self._passwords)
        self.sessions = Sessions(self._changes, secret=secret, passwords=self._passwords, lasts_s=session_s)

    @property
    def changes(self) -> AccessChanges:
        """How this room changes anything; a room above opens its own changes with `Changes.on`."""
        return self._changes

    def live_keys(self) -> list[tuple[Key, Customer]]:
        """Return all keys that open something at this moment, with who pays: the gateway's view of this room.

        A key's end may come later than the snapshot's making, so the gateway asks `Key.is_live` once more at each request.
        """
        with self._changes.peek() as records:
            return records.live_keys(self._changes.clock.now_us())

    def audit(
        self, actor: Actor, *, before_id: int | None = None, subject: str | None = None, limit: int = 100
    ) -> list[AuditEntry]:
        """Return lines of the audit log, newest first.

        Args:
            actor: Who asks.
            before_id: Only older ones than this, to page on.
            subject: Only about this id.
            limit: At most so many, 1 to 1000.
        """
        if not 1 <= limit <= MAX_PAGE:
            raise RequestInvalid(f"limit is between 1 and {MAX_PAGE}", param="limit")
        with self._changes.look(actor) as records:
            return records.audit(before_id=before_id, subject=subject, limit=limit)

    def note(self, actor: Actor, action: str, subject: str, *, needed: Role = Role.OPERATOR, **detail: Detail) -> None:
        """Append a line to the audit log about a write that other rooms made, such as ``lineup.apply``."""
        with self._changes.begin(actor, needed) as change:
            change.note(action, subject, **detail)

    def ensure_first_key(self, path: Path | None = None) -> IssuedKey | None:
        """Give an empty installation a customer ``default`` with one key, so that it can be tried at once.

        Args:
            path: File to leave the key in, readable by its owner alone, for the commands of this machine; None: nowhere.
        Returns: The key, to be shown once; None where there are customers already.
        """
        with self._changes.begin_if(FIRST_RUN, lambda records: not records.customers(), announce=True) as change:
            if change is None:
                return None
            owner = self.customers.add(change, "default")
            issued = self.keys.add(change, owner, label="first key")
            if path is not None:
                path.unlink(missing_ok=True)  # of a database that is gone: it would open nothing
                write_private(path, issued.text.reveal() + "\n")
        return issued

    def ensure_first_operator(self) -> FirstOperator | None:
        """Give an empty installation an operator ``admin`` with a random password, so that the console can be entered.

        Returns: The operator and the password, to be shown once; None where there are operators already.
        """
        with self._changes.peek() as records:
            if records.operators():
                return None
        password = password_rules.make_password()
        password_hash = self._passwords.hash(password.reveal())
        with self._changes.begin_if(FIRST_RUN, lambda records: not records.operators()) as change:
            if change is None:
                return None
            operator = self.operators.add(change, "admin", role=Role.ADMIN, password_hash=password_hash)
        return FirstOperator(operator=operator, password=password)
