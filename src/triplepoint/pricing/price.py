"""A compiled price row: what a usage costs, to the last digit.

Rates have at most nine decimals, so they are kept as integers of a billionth of a dollar per million tokens (10⁻¹⁵ dollars a
token). A cost is then a sum of integer products, and turning it into a `Decimal` moves the point: nothing can round.
"""

import hashlib
from bisect import bisect_left
from datetime import date
from decimal import Decimal

import msgspec

from triplepoint.foundation.money import EXACT, money_text, per_mtok
from triplepoint.foundation.usage import Usage
from triplepoint.pricing.model import Cost, CostLine, PriceRow, Tier

_RATE_DECIMALS = 9
_POINT = -(_RATE_DECIMALS + 6)


class Rates(msgspec.Struct, frozen=True):
    """US dollars for a million tokens, with every default filled in."""

    input: Decimal
    cache_read: Decimal
    cache_write: Decimal
    cache_write_1h: Decimal
    output: Decimal | None
    """None: the model has no output."""


class _Units(msgspec.Struct, frozen=True):
    """The same rates as integers."""

    input: int
    cache_read: int
    cache_write: int
    cache_write_1h: int
    output: int | None


class Price(msgspec.Struct, frozen=True):
    """A model's price from a day on, ready to be applied; make it with `compile_price`."""

    id: str
    """``provider/model@since#digest``: the row and its numbers, so that a receipt says which price it used."""
    row: PriceRow
    starts: tuple[int, ...]
    """Input tokens above which the next rates hold, ascending."""
    rates: tuple[Rates, ...]
    """Rates below the first start, then above each."""
    units: tuple[_Units, ...]

    @property
    def since(self) -> date:
        """First day (UTC) on which it holds."""
        return self.row.since

    @property
    def input_usd_per_mtok(self) -> Decimal:
        """Rate of uncached input below any tier."""
        return self.rates[0].input

    def rates_for(self, input_tokens: int) -> Rates:
        """Return the rates of a request with that many input tokens."""
        return self.rates[bisect_left(self.starts, input_tokens)]

    def cost_usd(self, usage: Usage) -> Decimal | None:
        """Price a usage.

        Returns: US dollars, exact; None where a count is unknown, or the row has no rate for it.
        """
        tokens, output_tokens = usage.input_tokens, usage.output_tokens
        if tokens is None or output_tokens is None:
            return None
        read, write, hour = usage.cache_read_tokens, usage.cache_write_tokens, usage.cache_write_1h_tokens
        plain = tokens - read - write
        if plain < 0 or hour > write:
            tokens, plain, write = _untangled(tokens, read, write, hour)
        units = self.units[bisect_left(self.starts, tokens)] if self.starts else self.units[0]
        total = plain * units.input
        if read or write:
            total += read * units.cache_read + (write - hour) * units.cache_write + hour * units.cache_write_1h
        if output_tokens:
            if units.output is None:
                return None
            total += output_tokens * units.output
        return Decimal(total).scaleb(_POINT, EXACT)

    def cost(self, usage: Usage) -> Cost | None:
        """Price a usage line by line; as `cost_usd`, with the reckoning."""
        total = self.cost_usd(usage)
        if total is None or usage.input_tokens is None or usage.output_tokens is None:
            return None
        read, write, hour = usage.cache_read_tokens, usage.cache_write_tokens, usage.cache_write_1h_tokens
        tokens, plain, write = _untangled(usage.input_tokens, read, write, hour)
        rates = self.rates_for(tokens)
        counted = (
            ("input", plain, rates.input),
            ("cache_read", read, rates.cache_read),
            ("cache_write", write - hour, rates.cache_write),
            ("cache_write_1h", hour, rates.cache_write_1h),
            ("output", usage.output_tokens, rates.output),
        )
        lines = tuple(_line(what, count, rate) for what, count, rate in counted if count and rate is not None)
        return Cost(total, lines)

    def worst_usd(self, input_tokens: int, max_output_tokens: int) -> Decimal:
        """Return the most that a request of that size can cost, whatever the cache does; what a reservation holds."""
        units = self.units[bisect_left(self.starts, input_tokens)]
        dearest = max(units.input, units.cache_read, units.cache_write, units.cache_write_1h)
        return Decimal(input_tokens * dearest + max_output_tokens * (units.output or 0)).scaleb(_POINT, EXACT)


def compile_price(row: PriceRow) -> Price:
    """Make a row ready to be applied."""
    base = _rates(row)
    rates = (base, *(_tier_rates(tier, base) for tier in row.tiers))
    starts = tuple(tier.above_input_tokens for tier in row.tiers)
    return Price(f"{row.model}@{row.since}#{_digest(row)}", row, starts, rates, tuple(_units(rate) for rate in rates))


def canonical_row(row: PriceRow) -> dict[str, object]:
    """Return a row's numbers as JSON values that are the same for the same price, however it was written."""
    return {
        "model": row.model,
        "since": row.since.isoformat(),
        "rates": [
            {
                "above": start,
                **{name: None if rate is None else money_text(rate) for name, rate in msgspec.structs.asdict(rates).items()},
            }
            for start, rates in zip((0, *(tier.above_input_tokens for tier in row.tiers)), _all_rates(row), strict=True)
        ],
    }


def _all_rates(row: PriceRow) -> list[Rates]:
    base = _rates(row)
    return [base, *(_tier_rates(tier, base) for tier in row.tiers)]


def _digest(row: PriceRow) -> str:
    return hashlib.sha256(msgspec.json.encode(canonical_row(row), order="sorted")).hexdigest()[:8]


def _rates(row: PriceRow | Tier) -> Rates:
    write = row.cache_write_usd_per_mtok if row.cache_write_usd_per_mtok is not None else row.input_usd_per_mtok
    return Rates(
        input=row.input_usd_per_mtok,
        cache_read=row.cache_read_usd_per_mtok if row.cache_read_usd_per_mtok is not None else row.input_usd_per_mtok,
        cache_write=write,
        cache_write_1h=row.cache_write_1h_usd_per_mtok if row.cache_write_1h_usd_per_mtok is not None else write,
        output=row.output_usd_per_mtok,
    )


def _tier_rates(tier: Tier, base: Rates) -> Rates:
    """Fill in a tier; output without a rate of its own stays as below the tier."""
    rates = _rates(tier)
    return rates if rates.output is not None else msgspec.structs.replace(rates, output=base.output)


def _units(rates: Rates) -> _Units:
    return _Units(
        input=_unit(rates.input),
        cache_read=_unit(rates.cache_read),
        cache_write=_unit(rates.cache_write),
        cache_write_1h=_unit(rates.cache_write_1h),
        output=None if rates.output is None else _unit(rates.output),
    )


def _unit(rate: Decimal) -> int:
    return int(rate.scaleb(_RATE_DECIMALS, EXACT).to_integral_exact(context=EXACT))


def _untangled(tokens: int, read: int, write: int, hour: int) -> tuple[int, int, int]:
    """Make counts agree that an upstream reported apart: a whole is at least the sum of its parts.

    Returns: Input tokens, those of them that touched no cache, and those written to the cache.
    """
    write = max(write, hour)
    tokens = max(tokens, read + write)
    return tokens, tokens - read - write, write


def _line(what: str, tokens: int, rate: Decimal) -> CostLine:
    return CostLine(what, tokens, rate, per_mtok(tokens, rate))
