"""Customers, keys, operators and the audit log, as records."""

from dataclasses import dataclass
from enum import StrEnum

from triplepoint.foundation.ids import CustomerId, KeyId, OperatorId


@dataclass(frozen=True, slots=True)
class Customer:
    """Who pays."""

    id: CustomerId
    name: str
    created_us: int
    """Microseconds since 1970, UTC; so every ``_us`` moment here."""


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


class Role(StrEnum):
    """What an operator may do; each may do what those below it may."""

    ADMIN = "admin"
    """Everything, operators included."""
    OPERATOR = "operator"
    """Customers, keys, line-ups."""
    VIEWER = "viewer"
    """Read."""


@dataclass(frozen=True, slots=True)
class Operator:
    """A person, or a program, on the control plane."""

    id: OperatorId
    name: str
    role: Role
    created_us: int
    disabled_us: int | None


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
