"""Customers, keys, operators and the audit log, as records."""

from dataclasses import dataclass
from enum import StrEnum

from triplepoint.foundation.ids import CustomerId, KeyId, OperatorId
from triplepoint.foundation.secret import Secret


@dataclass(frozen=True, slots=True)
class Customer:
    """Who pays."""

    id: CustomerId
    name: str
    created_us: int
    """Microseconds since 1970, UTC; so every ``_us`` moment here."""
    time_zone: str = "UTC"
    """Name in the tz database; where its days, weeks and months begin."""


@dataclass(frozen=True, slots=True)
class Key:
    """A credential of a customer, without its secret."""

    id: KeyId
    customer_id: CustomerId
    label: str
    digest: bytes
    """HMAC-SHA-256 of the whole key under the installation's secret; 32 bytes."""
    display: str
    """First characters, for people to recognise it by: ``tp-Ab3x…``."""
    models: tuple[str, ...] | None
    """Models that it may call; None: every model of the line-up."""
    created_us: int
    expires_us: int | None
    revoked_us: int | None

    def is_live(self, now_us: int) -> bool:
        """Tell whether the key opens anything at this moment."""
        return self.revoked_us is None and (self.expires_us is None or now_us < self.expires_us)


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A key at its making: the only moment at which its text exists here."""

    key: Key
    text: Secret
    """The whole key, ``tp-…``; to be shown once and kept nowhere."""


class Role(StrEnum):
    """What an operator may do; each may do what those below it may."""

    ADMIN = "admin"
    """Everything, operators included."""
    OPERATOR = "operator"
    """Customers, keys, line-ups."""
    VIEWER = "viewer"
    """Read."""

    def covers(self, needed: "Role") -> bool:
        """Tell whether this role may do what the needed one may."""
        order = (Role.VIEWER, Role.OPERATOR, Role.ADMIN)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class Operator:
    """A person, or a program, on the control plane."""

    id: OperatorId
    name: str
    role: Role
    created_us: int
    disabled_us: int | None

    def actor(self) -> "Actor":
        """Return the operator as the one who makes a change."""
        return Actor(name=f"operator:{self.name}", role=self.role)


@dataclass(frozen=True, slots=True)
class OperatorKey:
    """A credential of an operator for programs, without its secret; it may do what its operator may."""

    id: KeyId
    operator_id: OperatorId
    label: str
    digest: bytes
    """As of a customer's key."""
    display: str
    """``tpo-Ab3x…``."""
    created_us: int
    expires_us: int | None
    revoked_us: int | None

    def is_live(self, now_us: int) -> bool:
        """Tell whether the key opens anything at this moment."""
        return self.revoked_us is None and (self.expires_us is None or now_us < self.expires_us)


@dataclass(frozen=True, slots=True)
class IssuedOperatorKey:
    """An operator's key at its making."""

    key: OperatorKey
    text: Secret
    """The whole key, ``tpo-…``."""


@dataclass(frozen=True, slots=True)
class FirstOperator:
    """The operator that an empty installation begins with."""

    operator: Operator
    password: Secret
    """To be shown once."""


@dataclass(frozen=True, slots=True)
class Session:
    """A login, without its secret."""

    digest: bytes
    """HMAC of the session's id."""
    operator_id: OperatorId
    created_us: int
    expires_us: int


@dataclass(frozen=True, slots=True)
class Login:
    """A session at its making."""

    operator: Operator
    session_id: Secret
    """What the cookie carries."""
    expires_us: int


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a change: an operator, or the person at this machine's command line."""

    name: str
    """``operator:NAME`` or ``local:USER``."""
    role: Role


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One write, as the audit log keeps it."""

    id: int
    at_us: int
    actor: str
    action: str
    """Noun and verb, such as ``key.revoke``."""
    subject: str
    """Id of what was changed."""
    detail: str
    """JSON of the change; never a secret."""
