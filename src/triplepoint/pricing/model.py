"""What a price file may say, and the exact price of a usage; ``schemas/prices.schema.json`` is generated from it."""

import datetime
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Literal, Self

import msgspec
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from triplepoint.settings import FileModel

_FORM = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_QUOTED = 'write US dollars for a million tokens in quotes, such as "0.15"'


def _decimal(value: object) -> object:
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("price_not_quoted", "{value} is not exact", {"value": str(value), "fix": _QUOTED})
    if not _FORM.fullmatch(value):
        raise PydanticCustomError("price_form", "{value} is not an amount", {"value": repr(value[:40]), "fix": _QUOTED})
    return Decimal(value)


def is_amount(text: str) -> bool:
    """Tell whether a text is an amount as price files write it."""
    return _FORM.fullmatch(text) is not None


UsdPerMtok = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    Field(ge=0, max_digits=18, decimal_places=9),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,9}(\.\d{1,9})?$", "examples": ["0.15"]}),
]
"""US dollars for a million tokens, quoted so that no float comes between."""

Usd = UsdPerMtok
"""US dollars apiece, quoted likewise."""

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60
WEEK_MINUTES = 7 * DAY_MINUTES

TimeOfDay = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
"""Quoted ``HH:MM``."""


class _Input(FileModel):
    input_usd_per_mtok: UsdPerMtok
    """Uncached input."""


class _OptionalInput(FileModel):
    input_usd_per_mtok: UsdPerMtok | None = None
    """Uncached input; without, as the row's."""


class _Rates(FileModel):
    """Rates by kind of token; what is left out has the default named, so that a row is as short as its vendor's table."""

    output_usd_per_mtok: UsdPerMtok | None = None
    """Output, reasoning included; without, the model has no output (embeddings), and any output makes the cost unknown."""
    reasoning_usd_per_mtok: UsdPerMtok | None = None
    """Reasoning, where it does not cost as output."""
    cache_read_usd_per_mtok: UsdPerMtok | None = None
    """Input read from the prompt cache; without, it costs as input."""
    cache_write_usd_per_mtok: UsdPerMtok | None = None
    """Input written to the prompt cache; without, it costs as input."""
    cache_write_1h_usd_per_mtok: UsdPerMtok | None = None
    """Input written to the prompt cache for an hour; without, it costs as any write."""
    input_audio_usd_per_mtok: UsdPerMtok | None = None
    """Sound in the input; without, it costs as text."""
    cache_read_audio_usd_per_mtok: UsdPerMtok | None = None
    """Sound read from the prompt cache; without, it costs as other sound, or as cached text where sound has no rate."""
    output_audio_usd_per_mtok: UsdPerMtok | None = None
    """Sound in the output; without, it costs as text."""
    input_image_usd_per_mtok: UsdPerMtok | None = None
    """Pictures in the input; without, they cost as text."""
    output_image_usd_per_mtok: UsdPerMtok | None = None
    """Pictures in the output; without, they cost as text."""


class _Fees(FileModel):
    """What is charged by the piece."""

    usd_per_image: Usd | None = None
    """A picture made, where the vendor charges by the picture; without, a request that makes one costs an unknown amount."""
    usd_per_web_search: Usd | None = None
    """A web search made for an answer; without, a request that searches costs an unknown amount."""
    usd_per_request: Usd | None = None
    """Each request, whatever its size."""


class _Start(FileModel):
    above_input_tokens: int | None = Field(default=None, ge=0)
    """The tier holds for requests with more input tokens than this; give this or ``from_input_tokens``, as the vendor does."""
    from_input_tokens: int | None = Field(default=None, ge=1)
    """The tier holds for requests with this many input tokens or more (xAI counts so)."""

    @model_validator(mode="after")
    def _one_start(self) -> Self:
        if (self.above_input_tokens is None) == (self.from_input_tokens is None):
            fix = "give above_input_tokens (from one token more on) or from_input_tokens (from that number on), one of the two"
            raise PydanticCustomError("tier_start", "a tier needs one start", {"fix": fix})
        return self

    @property
    def start(self) -> int:
        """Most input tokens for which the tier does not hold."""
        return self.above_input_tokens if self.above_input_tokens is not None else (self.from_input_tokens or 1) - 1


class Tier(_Rates, _Input, _Start):
    """Long-context rates: beyond the start, every token of the request pays them (a cliff, not a slope).

    A cache rate left out costs as this tier's input; every other rate left out stays as below the tier.
    """


def _ascending(tiers: list[Tier] | None) -> list[Tier] | None:
    starts = [tier.start for tier in tiers or ()]
    if starts != sorted(set(starts)):
        raise PydanticCustomError("tiers_order", "tiers must ascend", {"fix": "order them by their start, each once"})
    return tiers


_OwnTiers = Annotated[list[Tier] | None, AfterValidator(_ascending)]


class ServiceTier(_Fees, _Rates, _OptionalInput):
    """Rates of another way of processing; what it leaves out is as in the row."""

    tiers: _OwnTiers = None
    """Long-context rates of its own; to be given, if empty, wherever the row has some: ``[]`` says that it has none."""


class Hours(_Fees, _Rates, _OptionalInput):
    """Rates of some hours of the day, for standard processing; what they leave out is as in the row."""

    from_utc: TimeOfDay
    """First minute, such as ``"16:30"``."""
    to_utc: TimeOfDay
    """First minute after; earlier than ``from_utc`` where they go over midnight: they then hold at both ends of each day."""
    days: list[Weekday] = Field(default=list(WEEKDAYS), min_length=1)
    """Days of the week (UTC) on which they hold; without, every day."""
    tiers: _OwnTiers = None
    """Long-context rates of its own; to be given, if empty, wherever the row has some: ``[]`` says that it has none."""

    def spans(self) -> Iterator[tuple[int, int]]:
        """Yield first minute and first minute after, counted from Monday 00:00 UTC, of each stretch in which they hold."""
        start, end = _minute(self.from_utc), _minute(self.to_utc)
        for day in sorted(set(self.days), key=WEEKDAYS.index):
            midnight = WEEKDAYS.index(day) * DAY_MINUTES
            if start < end:
                yield midnight + start, midnight + end
            else:
                yield from ((midnight, midnight + end), (midnight + start, midnight + DAY_MINUTES))


def _minute(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def _disjoint(hours: list[Hours]) -> list[Hours]:
    taken = bytearray(WEEK_MINUTES)
    for one in hours:
        if one.from_utc == one.to_utc:
            fix = "let to_utc differ from from_utc; a price for the whole day is the row's own"
            raise PydanticCustomError("hours_empty", "hours from {at} to {at} are none", {"at": one.from_utc, "fix": fix})
        for start, end in one.spans():
            clash = taken.find(1, start, end)
            if clash >= 0:
                at = f"{WEEKDAYS[clash // DAY_MINUTES]} {clash // 60 % 24:02d}:{clash % 60:02d}"
                fix = f"let the hours from {one.from_utc} begin later, or end the others earlier"
                raise PydanticCustomError("hours_overlap", "hours overlap on {at}", {"at": at, "fix": fix})
            taken[start:end] = b"\x01" * (end - start)
    return hours


class _Head(FileModel):
    model: str = Field(pattern=r"^[^/\s]+/\S+$")
    """``provider/model``; what a line-up names."""
    since: Annotated[datetime.date, Field(strict=False)]
    """First day (UTC) on which it holds."""
    until: Annotated[datetime.date | None, Field(strict=False)] = None
    """Last day on which it holds, where its end is known: the model goes, or the next row begins the day after."""


class PriceRow(_Fees, _Rates, _Input, _Head):
    """A model's price from a day on."""

    tiers: Annotated[list[Tier], AfterValidator(_ascending)] = Field(default=[])
    """Long-context rates, ascending."""
    service_tiers: dict[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,31}$")], ServiceTier] = Field(default={})
    """Rates by service tier as the upstream reports it: ``batch``, ``flex``, ``priority``, ``fast``. A request processed in a
    tier that is not here costs an unknown amount, never the standard price."""
    hours: Annotated[list[Hours], AfterValidator(_disjoint)] = Field(default=[])
    """Rates by time of day; outside these hours the row's own hold."""
    excludes: list[str] = Field(default=[])
    """What the vendor charges beside all this, such as file searches: a request that uses it costs more than we say."""
    also: list[str] = Field(default=[])
    """Other names of the vendor for the same model at the same price, without the provider: dated names, aliases."""
    evidence: str | None = None
    """Why we believe it: who showed this price, and when."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.until is not None and self.until < self.since:
            fix = f"give a day from {self.since} on, or leave it out"
            raise PydanticCustomError("until_before_since", "ends before it begins", {"fix": fix})
        if self.tiers:
            for name, one in (*self.service_tiers.items(), *((f"hours from {one.from_utc}", one) for one in self.hours)):
                if one.tiers is None:
                    fix = f"give {name} tiers of its own, or 'tiers: []' if it has none"
                    raise PydanticCustomError(
                        "tiers_unsaid", "{name} says nothing of long contexts", {"name": name, "fix": fix}
                    )
        return self


class PriceFile(FileModel):
    """``prices/*.yaml``."""

    source: str
    """Where the rows come from, with version and licence."""
    collected: Annotated[datetime.date, Field(strict=False)]
    """Day on which they were read there."""
    prices: list[PriceRow]
    """Rows; a later file may add rows, never change one."""


class CostLine(msgspec.Struct, frozen=True):
    """One line of a cost: what, how many, at which rate."""

    what: str
    """Kind of token, as rates are named (``input``, ``cache_read`` …), or ``image``, ``web_search``, ``request``."""
    count: int
    rate_usd: Decimal
    """US dollars for `per` of them."""
    per: int
    """1,000,000 for tokens, 1 for what is charged by the piece."""
    usd: Decimal


class Cost(msgspec.Struct, frozen=True):
    """Exact price of one attempt."""

    usd: Decimal
    lines: tuple[CostLine, ...]
