"""Energy and carbon of attempts, added up and shown. Pure.

Medians add to a median, and ends of intervals to ends: exact where all attempts err together, as those of one model do, and
never too narrow where they do not.
"""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from triplepoint.foundation.money import EXACT, ZERO, money_text
from triplepoint.ledger.model import AttemptRow

GRADES = ("measured", "tabled", "modelled")
"""From the best known to the least."""


class Energies(msgspec.Struct, frozen=True, kw_only=True):
    """Energy and carbon of one attempt or several; exact decimal text."""

    wh: str
    low_wh: str
    high_wh: str
    """Ends of the 90 % interval."""
    grade: str
    """Of what is known least."""
    g: str
    """gCO₂e, location-based."""
    low_g: str
    high_g: str


def add_energies(rows: Sequence[AttemptRow]) -> Energies | None:
    """Add attempts up; None where one of them is unknown.

    Args:
        rows: At least one.
    """
    if any(row.energy_wh is None or row.carbon_g is None or row.energy_grade not in GRADES for row in rows):
        return None
    return Energies(
        wh=_sum([row.energy_wh for row in rows]),
        low_wh=_sum([row.energy_low_wh for row in rows]),
        high_wh=_sum([row.energy_high_wh for row in rows]),
        grade=max((row.energy_grade or "" for row in rows), key=GRADES.index),
        g=_sum([row.carbon_g for row in rows]),
        low_g=_sum([row.carbon_low_g for row in rows]),
        high_g=_sum([row.carbon_high_g for row in rows]),
    )


def energies_json(rows: Sequence[AttemptRow]) -> dict[str, object]:
    """Return ``energy`` and ``carbon`` as JSON values; null where they are unknown."""
    known = add_energies(rows)
    if known is None:
        return {"energy": None, "carbon": None}
    return {
        "energy": {"wh": known.wh, "low_wh": known.low_wh, "high_wh": known.high_wh, "grade": known.grade},
        "carbon": {"g": known.g, "low_g": known.low_g, "high_g": known.high_g},
    }


def energy_text(known: Energies) -> str:
    """Write an energy for people: ``0.201 Wh (0.106 to 0.433), tabled``."""
    return f"{short_text(known.wh)} Wh ({short_text(known.low_wh)} to {short_text(known.high_wh)}), {known.grade}"


def carbon_text(known: Energies) -> str:
    """Write a carbon for people: ``0.0113 gCO₂e (0.00543 to 0.0259)``."""
    return f"{short_text(known.g)} gCO₂e ({short_text(known.low_g)} to {short_text(known.high_g)})"


def short_text(amount: str) -> str:
    """Write an amount with three digits that count, without exponent."""
    return money_text(Decimal(f"{Decimal(amount):.3g}"))


def _sum(amounts: Sequence[str | None]) -> str:
    total = ZERO
    for amount in amounts:
        total = EXACT.add(total, Decimal(amount or "0"))
    return money_text(total)
