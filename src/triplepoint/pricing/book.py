"""The price book: every row of every price file, and which of them holds on a day.

The book only grows. A file says what held up to the day on which it was collected, so a later file may add prices that begin
after that day and nothing else: a row that would change the price of a day already told is refused, and so is a second row for
the same model and day with other numbers. Hence the price at an old date never changes, and any old bill can be worked out
again.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from triplepoint.foundation.errors import Problem
from triplepoint.pricing.model import PriceFile, PriceRow
from triplepoint.pricing.price import Price, canonical_row, compile_price


class PriceSource(Protocol):
    """A checked price file, which can say where in it something stands."""

    @property
    def name(self) -> str:
        """File name, as problems call it."""
        ...

    @property
    def value(self) -> PriceFile | None:
        """What the file says; None where it has problems of its own."""
        ...

    def problem(self, path: tuple[str | int, ...], message: str, fix: str) -> Problem:
        """Make a problem at a key of the file."""
        ...


@dataclass(frozen=True, slots=True)
class _Told:
    """The rows of one model so far."""

    prices: dict[date, Price]
    until: date
    """Last day that an earlier file has told."""
    file: str


class PriceBook:
    """Prices by model and day; make it with `PriceBook.of` or `read_book`."""

    def __init__(self, prices: Iterable[Price]) -> None:
        self._prices: dict[str, tuple[Price, ...]] = {}
        for price in sorted(prices, key=lambda price: (price.row.model, price.since)):
            self._prices[price.row.model] = (*self._prices.get(price.row.model, ()), price)
        self._days = {model: [price.since for price in rows] for model, rows in self._prices.items()}

    @classmethod
    def of(cls, rows: Iterable[PriceRow]) -> "PriceBook":
        """Make a book of rows that are known to agree."""
        return cls(compile_price(row) for row in rows)

    def price(self, model: str, at: date) -> Price | None:
        """Return the price that holds on a day (UTC); None where the model is unknown or was not priced yet."""
        days = self._days.get(model)
        position = bisect_right(days, at) if days else 0
        return self._prices[model][position - 1] if position else None

    def history(self, model: str) -> tuple[Price, ...]:
        """Return all prices of a model, oldest first."""
        return self._prices.get(model, ())

    def models(self) -> Iterator[str]:
        """Return the names of all models, sorted."""
        return iter(self._prices)

    def __len__(self) -> int:
        return sum(map(len, self._prices.values()))


def read_book(files: Sequence[PriceSource]) -> tuple[PriceBook, list[Problem]]:
    """Put price files together.

    Returns: The book of all rows that agree, and a problem for each that does not.
    """
    told: dict[str, _Told] = {}
    problems: list[Problem] = []
    for file in sorted(files, key=lambda file: (file.value.collected if file.value else date.max, file.name)):
        if file.value is not None:
            problems += _add(file, file.value, told)
    return PriceBook(price for one in told.values() for price in one.prices.values()), problems


def _add(file: PriceSource, content: PriceFile, told: dict[str, _Told]) -> list[Problem]:
    problems: list[Problem] = []
    before = {model: _Told(dict(one.prices), one.until, one.file) for model, one in told.items()}
    for position, row in enumerate(content.prices):
        fault = _fault(row, told.get(row.model), before.get(row.model))
        if fault is not None:
            problems.append(file.problem(("prices", position, "since"), *fault))
            continue
        known = told.get(row.model)
        prices = known.prices if known is not None else {}
        prices.setdefault(row.since, compile_price(row))
        told[row.model] = _Told(prices, content.collected, file.name)
    return problems


def _fault(row: PriceRow, told: _Told | None, before: _Told | None) -> tuple[str, str] | None:
    """Say what is wrong with adding a row, and how to mend it; None where it may be added."""
    same_day = told.prices.get(row.since) if told is not None else None
    if same_day is not None:
        if canonical_row(same_day.row) == canonical_row(row):
            return None
        return f"{row.model} has another price since {row.since} already ({same_day.id})", "give the new price a later day"
    if before is not None and row.since <= before.until:
        message = f"{row.model}: {before.file} has told its price up to {before.until}, and an old price never changes"
        return (
            message,
            f"let it begin after {before.until}, or name the model otherwise, such as ours/{row.model.split('/')[-1]}",
        )
    return None
