"""What a customer is charged for a use, which need not be what the vendor takes for it.

Three ways: it is *included* in a fee, and each charge is exactly zero; it is charged *at cost*, with a margin on top; or by
*prices* of our own, rows of the price book. A charge is exact: a cost has at most 15 decimals, the factor of a margin three. It
is rounded once, where a statement's line is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

import msgspec

from triplepoint.foundation.money import EXACT, ZERO, money_text
from triplepoint.foundation.usage import Usage
from triplepoint.pricing.price import Price


class ChargeTerms(Protocol):
    """How use is charged."""

    def charge_usd(self, model: str, usage: Usage, cost: Decimal | None, at_us: int) -> Decimal | None:
        """Charge a use.

        Args:
            model: Name in the line-up.
            usage: Of an attempt.
            cost: What the vendor takes for it; None: unknown.
            at_us: When it was sent.
        Returns: US dollars, exact; None: unknown, because what it follows from is.
        """
        ...

    def worst_units(self, model: str, cost: int, input_tokens: int, output_tokens: int) -> int:
        """Return the most that a request can be charged, in 10⁻¹⁸ dollars.

        Args:
            model: Name in the line-up.
            cost: Most that it can cost, in 10⁻¹⁵ dollars.
            input_tokens, output_tokens: Most that it can use.
        """
        ...

    def input_usd_per_mtok(self, model: str, cost: Decimal) -> str:
        """Return what a million tokens of uncached input are charged, as decimal text.

        Args:
            model: Name in the line-up.
            cost: What the vendor takes for them.
        """
        ...


@dataclass(frozen=True, slots=True)
class Included:
    """A fee covers all use."""

    def charge_usd(self, model: str, usage: Usage, cost: Decimal | None, at_us: int) -> Decimal | None:
        """Charge nothing, known or not."""
        return ZERO

    def worst_units(self, model: str, cost: int, input_tokens: int, output_tokens: int) -> int:
        """Return nothing."""
        return 0

    def input_usd_per_mtok(self, model: str, cost: Decimal) -> str:
        """Return nothing."""
        return "0"


@dataclass(frozen=True, slots=True)
class AtCost:
    """Use is charged at what it costs, with a margin."""

    margin_percent: Decimal = ZERO
    factor: Decimal | None = field(init=False, default=None)
    """None: 1."""
    thousandths: int = field(init=False, default=1000)
    """The factor as a whole number."""

    def __post_init__(self) -> None:
        if self.margin_percent:
            factor = EXACT.add(Decimal(1), EXACT.scaleb(self.margin_percent, -2))
            object.__setattr__(self, "factor", factor)
            object.__setattr__(self, "thousandths", int(EXACT.scaleb(factor, 3)))

    def charge_usd(self, model: str, usage: Usage, cost: Decimal | None, at_us: int) -> Decimal | None:
        """Charge the cost and the margin."""
        return cost if cost is None or self.factor is None else EXACT.multiply(cost, self.factor)

    def worst_units(self, model: str, cost: int, input_tokens: int, output_tokens: int) -> int:
        """Return the worst cost and the margin."""
        return cost * self.thousandths

    def input_usd_per_mtok(self, model: str, cost: Decimal) -> str:
        """Return the rate and the margin."""
        return money_text(cost if self.factor is None else EXACT.multiply(cost, self.factor))


@dataclass(frozen=True, slots=True)
class OwnPrices:
    """Use is charged by prices of our own."""

    prices: Mapping[str, Price]
    """By model of the line-up; every model that the plan entitles to has one."""

    def charge_usd(self, model: str, usage: Usage, cost: Decimal | None, at_us: int) -> Decimal | None:
        """Charge by the model's own price; unknown where there is none, as behind a pin to another line-up.

        The vendor's service tier is no matter of the customer's, unless the own row has a price for it.
        """
        price = self.prices.get(model)
        if price is None:
            return None
        if usage.service_tier is not None and usage.service_tier not in price.service_tiers:
            usage = msgspec.structs.replace(usage, service_tier=None)
        return price.cost_usd(usage, at_us)

    def worst_units(self, model: str, cost: int, input_tokens: int, output_tokens: int) -> int:
        """Return the most that the model's own price comes to."""
        price = self.prices.get(model)
        return 1000 * (price.worst_units(input_tokens, output_tokens) if price is not None else cost)

    def input_usd_per_mtok(self, model: str, cost: Decimal) -> str:
        """Return the rate of the model's own price; empty, that is unknown, where there is none."""
        price = self.prices.get(model)
        return money_text(price.input_usd_per_mtok) if price is not None else ""


AT_COST = AtCost()
"""Charge equals cost."""
