"""Amounts of a statement: exact as fractions, rounded once, written as text."""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from triplepoint.foundation.money import money_text


def exact(text: str) -> Fraction:
    """Read decimal text, or a fraction such as ``620/31``."""
    return Fraction(text)


def cents(amount: Fraction) -> int:
    """Round to cents, half to even."""
    return round(amount * 100)


def cents_text(count: int) -> str:
    """Write cents as dollars with two decimals."""
    sign, count = ("-" if count < 0 else ""), abs(count)
    return f"{sign}{count // 100}.{count % 100:02d}"


def read_cents(text: str) -> int:
    """Read what `cents_text` writes."""
    return int(Fraction(text) * 100)


def rounded(amount: Fraction) -> str:
    """Write an amount rounded to cents."""
    return cents_text(cents(amount))


def total_cents(amounts: Iterable[str | None]) -> int:
    """Add rounded amounts up; unknown ones are left out, and told elsewhere."""
    return sum(read_cents(amount) for amount in amounts if amount is not None)


def exact_text(amount: Fraction) -> str:
    """Write an amount exactly: as a decimal where that has an end, as a fraction of two whole numbers otherwise."""
    rest, twos, fives = amount.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest != 1:
        return str(amount)
    places = max(twos, fives)
    digits = amount.numerator * 10**places // amount.denominator
    sign = "-" if digits < 0 else ""
    whole, part = divmod(abs(digits), 10**places)
    return money_text(Decimal(f"{sign}{whole}.{part:0{places}d}" if places else f"{sign}{whole}"))
