"""What ``plans.yaml`` may say (``schemas/plans.schema.json`` is generated from it), and what is kept of customers beside it."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from triplepoint.foundation.ids import CustomerId, KeyId
from triplepoint.lineups.model import ModelName
from triplepoint.settings import Amount, Duration, FileModel, Region

PlanName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
"""Lower case, digits, ``-`` and ``_``."""
QuotaName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,47}$")]


class Unit(StrEnum):
    """What a quota counts."""

    MESSAGES = "messages"
    """Requests that brought an answer or a part of it."""
    TOKENS = "tokens"
    """Input and output together, cached input included."""
    CHARGE_USD = "charge_usd"
    """What the customer is charged."""
    COST_USD = "cost_usd"
    """What the vendors charge us, by the price book."""
    ENERGY_WH = "energy_wh"
    """Watt-hours, the median of the receipt."""


class Calendar(StrEnum):
    """A period of the calendar, in the customer's time zone."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    """From Monday (ISO 8601)."""
    MONTH = "month"
    YEAR = "year"


class Scope(StrEnum):
    """Whose use a limit adds up."""

    CUSTOMER = "customer"
    """All keys of a customer together."""
    KEY = "key"
    """Each key for itself."""


class Beyond(StrEnum):
    """What a used-up quota leads to."""

    LADDER = "ladder"
    """The plan's ladder: the next model down, or a refusal."""
    CREDIT = "credit"
    """The customer's prepaid credit, while it lasts; then the ladder."""


class Away(StrEnum):
    """What happens to a request while the shared counters cannot be reached."""

    CLOSED = "closed"
    """It is refused with 503. The default: no limit is ever overspent."""
    OPEN = "open"
    """It goes on unreserved; its receipt says so, and it is counted afterwards."""


class Quota(FileModel):
    """An allowance over a period."""

    unit: Annotated[Unit, Field(strict=False)]
    """What is counted."""
    limit: Amount
    """How much, at most; never overspent."""
    per: Annotated[Calendar, Field(strict=False)] | None = None
    """Calendar period, in the customer's time zone; this or ``sliding``."""
    sliding: Duration | None = None
    """Length of a sliding window, such as ``3h``; this or ``per``."""
    models: list[ModelName] | None = Field(default=None, min_length=1)
    """Models whose use counts; without, all."""
    scope: Annotated[Scope, Field(strict=False)] = Scope.CUSTOMER
    """Whose use adds up."""
    grace: Amount = Decimal(0)
    """Further allowance for requests that go on with a tool loop, which is never moved to another model in its middle."""
    beyond: Annotated[Beyond, Field(strict=False)] = Beyond.LADDER
    """What comes when it is used up."""


class Rates(FileModel):
    """How fast; by the generic cell rate algorithm, so a minute's worth may come at once."""

    requests_per_minute: int | None = Field(default=None, ge=1)
    """Requests."""
    tokens_per_minute: int | None = Field(default=None, ge=1)
    """Tokens: the worst case of a request when it comes, the truth when it is over."""
    scope: Annotated[Scope, Field(strict=False)] = Scope.KEY
    """Whose requests add up."""


def _margin(value: Decimal) -> Decimal:
    if -int(value.as_tuple().exponent) > 1:
        raise PydanticCustomError(
            "margin_form", "{value} has more than one decimal", {"value": str(value), "fix": 'write it like "12.5"'}
        )
    return value


def _fee_period(value: Calendar) -> Calendar:
    if value in {Calendar.HOUR, Calendar.DAY}:
        fix = "write week, month or year"
        raise PydanticCustomError("fee_period", "a fee of each {value} is not possible", {"value": value.value, "fix": fix})
    return value


class IncludedCharge(FileModel):
    """The fee covers all use: each charge is exactly zero."""

    kind: Literal["included"]
    """Always ``included``."""


class AtCostCharge(FileModel):
    """Use is charged at what it costs us, with a margin on top."""

    kind: Literal["at_cost"]
    """Always ``at_cost``."""
    margin_percent: Annotated[Amount, AfterValidator(_margin)] = Decimal(0)
    """Percent of the cost that is added; at most one decimal."""


class PricesCharge(FileModel):
    """Use is charged at prices of our own."""

    kind: Literal["prices"]
    """Always ``prices``."""
    prices: dict[ModelName, str] = Field(min_length=1)
    """Row of the price book for each model of the plan, such as ``regular: ours/regular``."""


class Plan(FileModel):
    """What is sold: a fee, rights, and how much of them."""

    about: str = ""
    """One line for people."""
    fee_usd: Amount = Decimal(0)
    """Fee of a period; pro-rated by the second where the plan is held for a part of it."""
    fee_per: Annotated[Calendar, Field(strict=False), AfterValidator(_fee_period)] = Calendar.MONTH
    """That period: ``week``, ``month`` or ``year``."""
    charge: Annotated[IncludedCharge | AtCostCharge | PricesCharge, Field(discriminator="kind")] = AtCostCharge(kind="at_cost")
    """How use is charged beside the fee."""
    overage: Annotated[AtCostCharge | PricesCharge, Field(discriminator="kind")] = AtCostCharge(kind="at_cost")
    """How use is charged that a quota with ``beyond: credit`` leaves to credit."""
    prepaid: bool = False
    """Charges are burnt from credit and need it; without, they go onto the statement."""
    models: list[ModelName] | None = None
    """Models that it entitles to; without, all of the line-up."""
    endpoints: list[Literal["chat", "responses", "messages", "embeddings"]] | None = None
    """Ways to call that it entitles to; without, all."""
    max_context_tokens: int | None = Field(default=None, ge=1)
    """Longest prompt, estimated; longer ones are refused."""
    max_output_tokens: int | None = Field(default=None, ge=1)
    """Longest answer; a request for more gets this, and a notice."""
    dials: list[Literal["warmth", "thrift", "caution"]] | None = None
    """Dials that its customers may turn; without, all that the line-up offers."""
    thrift: int | None = Field(default=None, ge=0, le=100)
    """Dial of ``auto`` where its caller does not turn it: from 0, quality at any price, to 100, the cheapest that the floor
    allows; without, as the line-up has it."""
    floor: ModelName | None = None
    """Weakest model that ``auto`` and the ladder may give; without, the line-up's weakest."""
    regions: list[Region] | None = Field(default=None, min_length=1)
    """Where requests may be sent: only to upstreams whose ``region`` is one of these, never to one that says none; without, to
    all."""
    rates: Rates = Rates()
    """How fast."""
    quotas: dict[QuotaName, Quota] = Field(default={})
    """How much; all of them apply at once."""
    ladder: dict[ModelName, ModelName] = Field(default={})
    """Which model comes when one's quota is used up, such as ``thinking: thinking-mini``; where none is named, a refusal."""
    counters_away: Annotated[Away, Field(strict=False)] = Away.CLOSED
    """While shared counters are away."""


class PlansFile(FileModel):
    """``plans.yaml``."""

    default: PlanName | None = None
    """Plan of customers who were given none; without, they are refused."""
    plans: dict[PlanName, Plan] = Field(min_length=1)
    """Plans by name."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """A customer's plan from a moment on."""

    id: str
    customer_id: CustomerId
    plan: str
    """Empty: none of its own from then on."""
    since_us: int
    made_us: int


@dataclass(frozen=True, slots=True)
class Override:
    """Another limit than the plan's, for a while."""

    id: str
    customer_id: CustomerId
    key_id: KeyId | None
    """Key that it holds for; None: the customer, and every key of theirs where the quota is each key's own."""
    quota: str
    limit: Decimal
    since_us: int
    until_us: int | None
    """None: until it is ended."""
    ended_us: int | None
    reason: str
    made_us: int

    def holds_at(self, now_us: int) -> bool:
        """Tell whether it is in force."""
        ends = [moment for moment in (self.until_us, self.ended_us) if moment is not None]
        return self.since_us <= now_us and (not ends or now_us < min(ends))


@dataclass(frozen=True, slots=True)
class Grant:
    """Prepaid credit that can be burnt; the smaller priority first, then the sooner end, then the older."""

    id: str
    amount_usd: Decimal
    at_us: int
    expires_us: int | None
    priority: int


@dataclass(frozen=True, slots=True)
class Holder:
    """What the gateway must know of a customer beside its keys."""

    customer_id: CustomerId
    time_zone: str
    assignments: tuple[Assignment, ...] = ()
    """Oldest first."""
    overrides: tuple[Override, ...] = ()
    grants: tuple[Grant, ...] = ()

    def plan_at(self, now_us: int) -> str | None:
        """Return the plan that was assigned last; None: none was, or it was ended."""
        held = [one for one in self.assignments if one.since_us <= now_us]
        return held[-1].plan or None if held else None
