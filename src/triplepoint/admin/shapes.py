"""What goes over the wire: bodies that calls take, answers that they give. No digest and no password's hash is among them."""

from typing import Annotated, Any, Self

import msgspec
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from triplepoint.access.model import AuditEntry, Customer, IssuedKey, IssuedOperatorKey, Key, Operator, OperatorKey, Role
from triplepoint.access.rules import LATEST_US
from triplepoint.foundation.secret import Secret

Moment = Annotated[int, Field(ge=0, le=LATEST_US)]
"""Microseconds since 1970, UTC."""
NO_NUL = r"^[^\x00]*$"
"""PostgreSQL keeps no NUL in a text."""
Text = Annotated[str, Field(max_length=1000, pattern=NO_NUL)]
RoleName = Annotated[Role, Field(strict=False)]


class Body(BaseModel):
    """What a call takes: unknown members and loose types are refused."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True, hide_input_in_errors=True
    )


class LoginBody(Body):
    """A name and its password."""

    name: Text
    password: SecretStr


class PasswordBody(Body):
    """A new password."""

    password: SecretStr


class OwnPasswordBody(Body):
    """A new password for oneself."""

    current: SecretStr
    new: SecretStr


class CustomerBody(Body):
    """A new customer."""

    name: Text
    time_zone: Text = "UTC"
    """Where its days, weeks and months begin, as in the tz database."""


class KeyBody(Body):
    """A new key."""

    customer: Text
    """Id or name."""
    label: Text = ""
    """What it is for."""
    models: list[Text] | None = None
    """Models that it may call; left out: every model."""
    expires_us: Moment | None = None
    """When it ends; left out: never."""


class RotateBody(Body):
    """How long the old key goes on working."""

    overlap_s: float = Field(default=0.0, strict=False, allow_inf_nan=False)
    """Seconds."""


class ExpireBody(Body):
    """When a key ends."""

    expires_us: Moment | None
    """null: never."""


class OperatorBody(Body):
    """A new operator."""

    name: Text
    role: RoleName
    password: SecretStr


class RoleBody(Body):
    """A new role."""

    role: RoleName


class OperatorKeyBody(Body):
    """A new key of an operator."""

    label: Text = ""
    """What it is for."""
    expires_us: Moment | None = None
    """When it ends; left out: never."""


def secret(text: SecretStr) -> Secret:
    """Take a password out of a body, still covered."""
    return Secret(text.get_secret_value())


class View(BaseModel):
    """What a call answers."""

    model_config = ConfigDict(from_attributes=True, use_attribute_docstrings=True, hide_input_in_errors=True)

    @classmethod
    def of(cls, record: Customer | Key | Operator | OperatorKey) -> Self:
        """Take from a record what may be shown."""
        return cls.model_validate(record)


class CustomerView(View):
    """Who pays."""

    id: str
    name: str
    created_us: int
    time_zone: str
    """Where its periods begin."""


class KeyView(View):
    """A customer's key, without its secret."""

    id: str
    customer_id: str
    label: str
    display: str
    """First characters."""
    models: list[str] | None
    """Models that it may call; null: every model."""
    created_us: int
    expires_us: int | None
    revoked_us: int | None


class IssuedKeyView(KeyView):
    """A customer's key at its making."""

    key: str
    """The whole key; shown here and never again."""

    @classmethod
    def issued(cls, issued: IssuedKey) -> Self:
        """Show a new key."""
        return cls(**KeyView.of(issued.key).model_dump(), key=issued.text.reveal())


class OperatorView(View):
    """A person, or a program, on the control plane."""

    id: str
    name: str
    role: Role
    created_us: int
    disabled_us: int | None


class OperatorKeyView(View):
    """An operator's key, without its secret."""

    id: str
    operator_id: str
    label: str
    display: str
    created_us: int
    expires_us: int | None
    revoked_us: int | None


class IssuedOperatorKeyView(OperatorKeyView):
    """An operator's key at its making."""

    key: str
    """The whole key; shown here and never again."""

    @classmethod
    def issued(cls, issued: IssuedOperatorKey) -> Self:
        """Show a new key."""
        return cls(**OperatorKeyView.of(issued.key).model_dump(), key=issued.text.reveal())


class LoginView(View):
    """A login that worked; the session is in the cookie."""

    operator: OperatorView
    expires_us: int


class AuditView(View):
    """One write."""

    id: int
    at_us: int
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]

    @classmethod
    def entry(cls, entry: AuditEntry) -> Self:
        """Show a line of the audit log."""
        return cls(
            id=entry.id,
            at_us=entry.at_us,
            actor=entry.actor,
            action=entry.action,
            subject=entry.subject,
            detail=msgspec.json.decode(entry.detail),
        )
