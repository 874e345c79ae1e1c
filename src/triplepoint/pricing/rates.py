"""Rates with every default filled in: what a row says for one way of processing, at each length of context.

Rates have at most nine decimals, so they are kept as integers of a billionth of a dollar per million tokens (10⁻¹⁵ dollars a
token). A cost is then a sum of integer products, and turning it into a `Decimal` moves the point: nothing can round.
"""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from triplepoint.foundation.money import EXACT, money_text
from triplepoint.pricing.model import Hours, PriceRow, ServiceTier, Tier

RATE_DECIMALS = 9
POINT = -(RATE_DECIMALS + 6)
"""Exponent of a sum of tokens times integer rates."""
PER_MTOK = 10**6
_CACHES = ("cache_read", "cache_write", "cache_write_1h")


class Rates(msgspec.Struct, frozen=True):
    """US dollars for a million tokens; the caches' defaults are filled in, the others' stay None where the row is silent."""

    input: Decimal
    cache_read: Decimal
    cache_write: Decimal
    cache_write_1h: Decimal
    output: Decimal | None
    """None: the model has no output."""
    reasoning: Decimal | None = None
    input_audio: Decimal | None = None
    cache_read_audio: Decimal | None = None
    output_audio: Decimal | None = None
    input_image: Decimal | None = None
    output_image: Decimal | None = None


_NAMES = Rates.__struct_fields__


class Units(msgspec.Struct, frozen=True):
    """The same rates as integers, all defaults filled in."""

    input: int
    cache_read: int
    cache_write: int
    cache_write_1h: int
    output: int | None
    reasoning: int | None
    input_audio: int
    cache_read_audio: int
    output_audio: int | None
    input_image: int
    output_image: int | None

    @property
    def dearest_input(self) -> int:
        """Most that a token of the input can cost, whatever it is and whatever the cache does."""
        return max(
            *(self.input, self.cache_read, self.cache_write, self.cache_write_1h),
            *(self.input_audio, self.cache_read_audio, self.input_image),
        )

    @property
    def dearest_output(self) -> int:
        """Most that a token of the output can cost."""
        return max(self.output or 0, self.reasoning or 0, self.output_audio or 0, self.output_image or 0)


class Fees(msgspec.Struct, frozen=True):
    """US dollars apiece; None: not priced."""

    image: Decimal | None
    web_search: Decimal | None
    request: Decimal | None


class Schedule(msgspec.Struct, frozen=True):
    """What a row says for one way of processing."""

    starts: tuple[int, ...]
    """Input tokens above which the next rates hold, ascending."""
    rates: tuple[Rates, ...]
    """Rates below the first start, then above each."""
    units: tuple[Units, ...]
    fees: Fees
    stated: frozenset[str]
    """Rates that the row gives, at any length of context; the others have their defaults."""


def schedule_of(row: PriceRow, variation: ServiceTier | Hours | None = None) -> Schedule:
    """Work out the rates of a row's standard processing, or of a variation of it."""
    base = _given(row) | ({} if variation is None else _given(variation))
    tiers = row.tiers if variation is None else variation.tiers or []
    rates = (_filled(base), *(_filled(_above(tier, base)) for tier in tiers))
    return Schedule(
        starts=tuple(tier.start for tier in tiers),
        rates=rates,
        units=tuple(map(_units, rates)),
        fees=_fees(row, variation),
        stated=frozenset(base).union(*(_given(tier) for tier in tiers)),
    )


def canonical(schedule: Schedule) -> dict[str, object]:
    """Return a schedule's numbers as JSON values that are the same for the same prices, however they were written."""
    levels = [{"above": start, **_texts(rates)} for start, rates in zip((0, *schedule.starts), schedule.rates, strict=True)]
    fees = {
        f"usd_per_{name}": money_text(fee) for name, fee in msgspec.structs.asdict(schedule.fees).items() if fee is not None
    }
    return {"rates": levels, **fees}


def unit(rate: Decimal) -> int:
    """Return a rate for a million tokens as an integer of 10⁻⁹ dollars; a fee apiece takes a million of them."""
    return int(rate.scaleb(RATE_DECIMALS, EXACT).to_integral_exact(context=EXACT))


def _texts(rates: Rates) -> dict[str, str | None]:
    """Write rates; those that a row seldom has are left out where it is silent, so that digests made before them still hold."""
    always = {"input", "output", *_CACHES}
    given = msgspec.structs.asdict(rates).items()
    return {name: None if rate is None else money_text(rate) for name, rate in given if rate is not None or name in always}


def _given(said: PriceRow | ServiceTier | Hours | Tier) -> dict[str, Decimal]:
    rates = {name: getattr(said, f"{name}_usd_per_mtok") for name in _NAMES}
    return {name: rate for name, rate in rates.items() if rate is not None}


def _above(tier: Tier, base: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {name: rate for name, rate in base.items() if name not in _CACHES} | _given(tier)


def _filled(given: Mapping[str, Decimal]) -> Rates:
    entry = given["input"]
    write = given.get("cache_write", entry)
    defaults = {
        "output": None,
        "cache_read": entry,
        "cache_write": write,
        "cache_write_1h": write,
    }
    return Rates(**defaults | dict(given))  # pyright: ignore[reportArgumentType]  # every name is a field


def _units(rates: Rates) -> Units:
    output = None if rates.output is None else unit(rates.output)
    sound = rates.input if rates.input_audio is None else rates.input_audio
    cached = rates.cache_read if rates.input_audio is None else rates.input_audio
    return Units(
        input=unit(rates.input),
        cache_read=unit(rates.cache_read),
        cache_write=unit(rates.cache_write),
        cache_write_1h=unit(rates.cache_write_1h),
        output=output,
        reasoning=output if rates.reasoning is None else unit(rates.reasoning),
        input_audio=unit(sound),
        cache_read_audio=unit(cached if rates.cache_read_audio is None else rates.cache_read_audio),
        output_audio=output if rates.output_audio is None else unit(rates.output_audio),
        input_image=unit(rates.input if rates.input_image is None else rates.input_image),
        output_image=output if rates.output_image is None else unit(rates.output_image),
    )


def _fees(row: PriceRow, variation: ServiceTier | Hours | None) -> Fees:
    def fee(name: str) -> Decimal | None:
        own = None if variation is None else getattr(variation, f"usd_per_{name}")
        return own if own is not None else getattr(row, f"usd_per_{name}")

    return Fees(fee("image"), fee("web_search"), fee("request"))
