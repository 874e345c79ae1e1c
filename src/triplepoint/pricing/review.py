"""A newer book is looked at before it is taken: what it adds, and what it would change and may not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from triplepoint.pricing.book import PriceBook
from triplepoint.pricing.compare import Difference, contrast
from triplepoint.pricing.model import PriceFile, PriceRow
from triplepoint.pricing.price import Price, canonical_row, compile_price


class Fate(StrEnum):
    """What becomes of a row of the newer book."""

    NEW_MODEL = "new model"
    ADDED = "added"
    """A price that begins after all that is told."""
    REFUSED = "refused"
    """It would change what is told."""


@dataclass(frozen=True, slots=True)
class Change:
    """A row of the newer book that the present one does not have."""

    fate: Fate
    model: str
    since: date
    old: Price | None
    """What the present book says for that day."""
    new: Price
    differences: tuple[Difference, ...]
    why: str
    """Why it is refused; empty for others."""


@dataclass(frozen=True, slots=True)
class Review:
    """What a newer book would do."""

    changes: tuple[Change, ...]
    same: int
    """Rows that the present book has too."""

    @property
    def is_acceptable(self) -> bool:
        """Whether it changes no old price."""
        return all(change.fate is not Fate.REFUSED for change in self.changes)


def review(present: PriceBook, newer: Sequence[PriceFile]) -> Review:
    """Say what taking price files into a book would do.

    Args:
        present: The book as it is.
        newer: Files that are whole, each by itself.
    """
    changes: list[Change] = []
    same = 0
    for file in sorted(newer, key=lambda file: file.collected):
        for row in sorted(file.prices, key=lambda row: (row.model, row.since)):
            if any(canonical_row(known.row) == canonical_row(row) for known in present.history(row.model)):
                same += 1
            else:
                changes.append(_change(present, row, file.collected))
    return Review(tuple(sorted(changes, key=lambda change: (change.model, change.since))), same)


def _change(present: PriceBook, row: PriceRow, collected: date) -> Change:
    old, new = present.price(row.model, row.since), compile_price(row)
    told = present.told_until(row.model)
    differences = contrast(old, new).differences if old is not None else ()
    why = "" if told is None else _why_refused(present, row, collected, told)
    fate = Fate.NEW_MODEL if told is None else Fate.REFUSED if why else Fate.ADDED
    return Change(fate, row.model, row.since, old, new, differences, why)


def _why_refused(present: PriceBook, row: PriceRow, collected: date, told: date) -> str:
    if any(known.since == row.since for known in present.history(row.model)):
        return f"another price since {row.since} is told already"
    if row.since <= told:
        return f"prices are told up to {told}, and an old price never changes"
    if collected <= told:
        return f"collected on {collected}, not after {told}, up to which prices are told"
    return ""
