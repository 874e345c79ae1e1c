"""Amounts as whole numbers, so that counters never round: messages, tokens, 10⁻¹⁸ dollars, nanowatt-hours.

Prices have at most 15 decimals a token and a margin's factor three, so a charge is exact in 10⁻¹⁸ dollars.
"""

from decimal import ROUND_CEILING, Decimal

from triplepoint.foundation.money import EXACT
from triplepoint.plans.model import Unit

_DECIMALS = {Unit.MESSAGES: 0, Unit.TOKENS: 0, Unit.CHARGE_USD: 18, Unit.COST_USD: 18, Unit.ENERGY_WH: 9}


def to_units(amount: Decimal, unit: Unit) -> int:
    """Return an amount in the smallest unit; what does not come out even is rounded up, so that nothing counts too little."""
    return int(amount.scaleb(_DECIMALS[unit], EXACT).to_integral_value(ROUND_CEILING))


def of_units(amount: int, unit: Unit) -> Decimal:
    """Return an amount of smallest units as people write it."""
    return Decimal(amount).scaleb(-_DECIMALS[unit], EXACT)


def is_whole(unit: Unit) -> bool:
    """Tell whether the unit has no parts."""
    return _DECIMALS[unit] == 0
