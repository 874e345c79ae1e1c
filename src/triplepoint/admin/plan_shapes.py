"""Bodies of calls about plans and money. What they answer are the views of `plans.views`, the same as the commands write."""

from typing import Annotated

from pydantic import Field

from triplepoint.admin.shapes import Body, Moment, Text

Amount = Annotated[str, Field(max_length=40, pattern=r"^[0-9]{1,12}(\.[0-9]{1,18})?$", examples=["2.50"])]
"""Digits in a text, so that no float comes between."""


class TimeZoneBody(Body):
    """Where a customer's periods begin."""

    time_zone: Text
    """As in the tz database, such as Europe/Paris."""


class AssignmentBody(Body):
    """A customer's plan from a moment on."""

    customer: Text
    """Id or name."""
    plan: Text | None
    """Name in plans.yaml; null: none of its own any more."""
    since_us: Moment | None = None
    """From when on; left out: now."""


class OverrideBody(Body):
    """Another limit than the plan's."""

    customer: Text
    """Id or name."""
    quota: Text
    """Name of a quota in plans.yaml."""
    limit: Amount
    """In the unit of the quota."""
    reason: Text
    """Why; required."""
    key_id: Text | None = None
    """For this key alone."""
    since_us: Moment | None = None
    """From when on; left out: now."""
    until_us: Moment | None = None
    """When it ends; left out: when it is ended."""


class MoneyBody(Body):
    """An amount for a customer."""

    customer: Text
    """Id or name."""
    amount_usd: Amount
    """Above 0."""
    reason: Text
    """Why; required."""
    idempotency_key: Text | None = None
    """The same call again under this key is the same entry; another content under it is refused (409)."""


class GrantBody(MoneyBody):
    """Prepaid credit."""

    from_us: Moment | None = None
    """From when on it is burnt; left out: now."""
    expires_us: Moment | None = None
    """When what is left of it is lost; left out: never."""
    priority: int = Field(default=0, ge=0, le=1000)
    """The smaller is burnt first; then the sooner end, then the older."""


class RefundBody(Body):
    """What a receipt charged, or a part of it, given back."""

    receipt_id: Text
    """The customer is the receipt's."""
    amount_usd: Amount | None = None
    """Left out: all that is left of its charge."""
    reason: Text
    """Why; required."""
    idempotency_key: Text | None = None
    """As of the other entries."""
