"""From what a plan says of charging to what charges."""

from collections.abc import Mapping

from triplepoint.plans.model import AtCostCharge, IncludedCharge, PricesCharge
from triplepoint.pricing.charge import AtCost, ChargeTerms, Included, OwnPrices
from triplepoint.pricing.price import Price


def compile_charge(charge: IncludedCharge | AtCostCharge | PricesCharge, prices: Mapping[str, Price]) -> ChargeTerms:
    """Make a plan's way of charging ready.

    Args:
        prices: Rows that plans charge by, by their names.
    """
    match charge:
        case IncludedCharge():
            return Included()
        case AtCostCharge():
            return AtCost(charge.margin_percent)
        case PricesCharge():
            return OwnPrices({model: prices[row] for model, row in charge.prices.items()})
