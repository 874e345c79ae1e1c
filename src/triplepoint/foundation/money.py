"""Money as exact decimals of US dollars; nothing rounds until a statement's line does."""

import decimal
from decimal import Decimal

EXACT = decimal.Context(prec=60, traps=[decimal.Inexact, decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow])
"""Arithmetic that raises rather than rounds. Prices have few digits, so sums and products of them are always exact here."""

ZERO = Decimal(0)


def per_mtok(tokens: int, usd_per_mtok: Decimal) -> Decimal:
    """Price a number of tokens.

    Args:
        tokens: Count of tokens, at least 0.
        usd_per_mtok: US dollars for a million tokens.
    Returns: US dollars, exact.
    """
    return EXACT.multiply(usd_per_mtok, Decimal(tokens)).scaleb(-6, EXACT)


def money_text(amount: Decimal) -> str:
    """Write an amount in plain digits, without exponent and trailing zeros: ``0.000012``."""
    text = format(amount, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"", "-0"} else text
