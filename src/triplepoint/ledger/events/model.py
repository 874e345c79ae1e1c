"""A usage event: CloudEvents 1.0, JSON format. ``schemas/usage-event.schema.json`` is generated from it."""

from typing import Annotated, Literal

import msgspec

from triplepoint.ledger.model import Outcome

Text = Annotated[str, msgspec.Meta(min_length=1)]
Amount = Annotated[str, msgspec.Meta(pattern=r"^-?\d+(\.\d+)?$", description="Exact decimal text.")]
Count = Annotated[int, msgspec.Meta(ge=0)]
SCHEMA = "urn:triplepoint:schema:usage-event:v1"
"""``dataschema`` of every event."""


class UsageData(msgspec.Struct, frozen=True, kw_only=True):
    """What an attempt used. Flat, so that meters can name a member; what is unknown is null, and never zero."""

    receipt_id: Text
    attempt: Annotated[int, msgspec.Meta(ge=1, description="From 1, within the receipt.")]
    request_id: str
    key_id: str
    endpoint: str
    asked_model: str
    served_model: str
    upstream: str
    lineup: str
    plan: str
    """Empty: there was none."""
    plans: str
    price_id: str
    outcome: Outcome
    is_first_attempt: bool
    """Sum up those to count requests."""
    is_answered: bool
    """It brought an answer or a part of it, or may have: what a quota of messages counts."""
    opened_at: str
    closed_at: str | None
    input_tokens: Count | None
    output_tokens: Count | None
    cache_read_tokens: Count
    cache_write_tokens: Count
    cache_write_1h_tokens: Count
    reasoning_tokens: Count
    input_audio_tokens: Count
    output_audio_tokens: Count
    input_image_tokens: Count
    output_image_tokens: Count
    images: Count
    web_searches: Count
    usage_source: str
    service_tier: str | None
    cost_usd: Amount | None
    """What the vendor charges us."""
    charge_usd: Amount | None
    """What the customer is charged."""
    burnt_usd: Amount
    """The part of the charge that prepaid credit has paid."""
    energy_wh: Amount | None
    energy_low_wh: Amount | None
    energy_high_wh: Amount | None
    energy_grade: str | None
    carbon_g: Amount | None
    carbon_low_g: Amount | None
    carbon_high_g: Amount | None
    downgraded_from: str | None
    unreserved: bool
    conversation: str | None
    tags: dict[str, str]


class UsageEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A CloudEvent in structured mode."""

    specversion: Literal["1.0"] = "1.0"
    id: Text
    """Receipt and attempt; unique within the source."""
    source: Text
    """The installation."""
    type: Literal["dev.triplepoint.usage.v1"] = "dev.triplepoint.usage.v1"
    subject: Text
    """The customer."""
    time: Text
    """When the attempt was opened, RFC 3339: the period that it belongs to."""
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: str = SCHEMA
    data: UsageData
