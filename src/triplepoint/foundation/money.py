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


def plain_text(text: str) -> str:
    """Write decimal text as `money_text` would. Most is so already, which a look at its ends tells without a decimal."""
    is_plain = text[-1] in "123456789" and text[0] in "0123456789-" and not ("E" in text or "e" in text)
    if text == "0" or (is_plain and (text[0] != "0" or text[1] == ".")):
        return text
    return money_text(Decimal(text))
