"""What a price file may say, and the exact price of a usage; ``schemas/prices.schema.json`` is generated from it."""

import datetime
import re
from decimal import Decimal
from typing import Annotated

import msgspec
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
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


class Tier(FileModel):
    """Long-context rates: above the start, every token of the request pays them (a cliff, not a slope)."""

    above_input_tokens: int = Field(ge=0)
    """The tier holds for requests with more input tokens than this."""
    input_usd_per_mtok: UsdPerMtok
    """Uncached input."""
    output_usd_per_mtok: UsdPerMtok | None = None
    """Output, reasoning included."""
    cache_read_usd_per_mtok: UsdPerMtok | None = None
    """Input read from the prompt cache; without, it costs as input of this tier."""
    cache_write_usd_per_mtok: UsdPerMtok | None = None
    """Input written to the prompt cache; without, it costs as input of this tier."""
    cache_write_1h_usd_per_mtok: UsdPerMtok | None = None
    """Input written to the prompt cache for an hour; without, it costs as any write of this tier."""


def _ascending(tiers: list[Tier]) -> list[Tier]:
    starts = [tier.above_input_tokens for tier in tiers]
    if starts != sorted(set(starts)):
        raise PydanticCustomError("tiers_order", "tiers must ascend", {"fix": "order them by above_input_tokens, each once"})
    return tiers


class PriceRow(FileModel):
    """A model's price from a day on."""

    model: str = Field(pattern=r"^[^/\s]+/\S+$")
    """``provider/model``; what a line-up names."""
    since: Annotated[datetime.date, Field(strict=False)]
    """First day (UTC) on which it holds."""
    input_usd_per_mtok: UsdPerMtok
    """Uncached input."""
    output_usd_per_mtok: UsdPerMtok | None = None
    """Output, reasoning included; without, the model has no output (embeddings), and any output makes the cost unknown."""
    cache_read_usd_per_mtok: UsdPerMtok | None = None
    """Input read from the prompt cache; without, it costs as input."""
    cache_write_usd_per_mtok: UsdPerMtok | None = None
    """Input written to the prompt cache; without, it costs as input."""
    cache_write_1h_usd_per_mtok: UsdPerMtok | None = None
    """Input written to the prompt cache for an hour; without, it costs as any write."""
    tiers: Annotated[list[Tier], AfterValidator(_ascending)] = Field(default=[])
    """Long-context rates, ascending."""
    excludes: list[str] = Field(default=[])
    """What the vendor charges beside these tokens, such as web searches: a request that uses it costs more than we say."""


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
    """``input``, ``cache_read``, ``cache_write``, ``cache_write_1h`` or ``output``."""
    tokens: int
    usd_per_mtok: Decimal
    usd: Decimal


class Cost(msgspec.Struct, frozen=True):
    """Exact price of one attempt."""

    usd: Decimal
    lines: tuple[CostLine, ...]
