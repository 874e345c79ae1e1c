"""The price book: every row of every price file, and which of them holds on a day.

The book only grows. A file says what held up to the day on which it was collected, so a later file may add prices that begin
after that day and nothing else: a row that would change the price of a day already told is refused, and so is a second row for
the same model and day with other numbers. Hence the price at an old date never changes, and any old bill can be worked out
again.

A row holds until the next one begins, or to its own last day (``until``). Within a file such an end must meet the next
beginning: a gap or an overlap is a mistake of whoever wrote it. A later file may begin a price before an end that was announced
for a day after its time was told; that is news, not a change.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Protocol

import msgspec

from triplepoint.foundation.errors import Problem
from triplepoint.pricing.model import PriceFile, PriceRow
from triplepoint.pricing.names import NameIndex, Resolved, Unresolved
from triplepoint.pricing.price import Price, canonical_row, compile_price

_DAY = timedelta(days=1)


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

    rows: dict[date, PriceRow]
    until: date
    """Last day that an earlier file has told."""
    file: str


class PriceBook:
    """Prices by model and day; make it with `PriceBook.of` or `read_book`.

    A row is compiled when it is first asked for: a line-up names a handful, a book has thousands.

    Args:
        rows: All rows; they must agree.
        told: Last day of each model that the book has told for good; without, its last row's first day.
    """

    def __init__(self, rows: Iterable[PriceRow], told: Mapping[str, date] | None = None) -> None:
        self._rows: dict[str, list[PriceRow]] = {}
        for row in sorted(rows, key=lambda row: (row.model, row.since)):
            self._rows.setdefault(row.model, []).append(row)
        self._days = {model: [row.since for row in rows] for model, rows in self._rows.items()}
        self._compiled: dict[tuple[str, date], Price] = {}
        self._told = dict(told or {})

    @classmethod
    def of(cls, rows: Iterable[PriceRow]) -> "PriceBook":
        """Make a book of rows that are known to agree."""
        return cls(rows)

    def price(self, model: str, at: date) -> Price | None:
        """Return the price that holds on a day (UTC); None where the model is unknown, not priced yet or no longer offered.

        The name must be the book's own; `resolve` finds it for other names.
        """
        days = self._days.get(model)
        position = bisect_right(days, at) if days else 0
        if not position:
            return None
        row = self._rows[model][position - 1]
        return self._price(row) if row.until is None or at <= row.until else None

    def history(self, model: str) -> tuple[Price, ...]:
        """Return all prices of a model, oldest first."""
        return tuple(map(self._price, self._rows.get(model, ())))

    def _price(self, row: PriceRow) -> Price:
        key = (row.model, row.since)
        price = self._compiled.get(key)
        if price is None:
            price = self._compiled[key] = compile_price(row)
        return price

    def models(self) -> Iterator[str]:
        """Return the names of all models, sorted."""
        return iter(self._rows)

    def told_until(self, model: str) -> date | None:
        """Return the last day whose price is told for good; None for a model that is not in the book."""
        rows = self._rows.get(model)
        return None if not rows else self._told.get(model, rows[-1].since)

    def resolve(self, name: str, at: date) -> Resolved | Unresolved:
        """Find the book's name for a model that is called otherwise; see `names`.

        Args:
            name: With or without its provider; a dated name, an alias, ``…-latest``.
            at: Day (UTC) on which models of alike names must cost the same to be taken for one.
        """
        return self._names.resolve(name, at)

    @cached_property
    def digest(self) -> str:
        """Hash of all numbers of the book: two books of the same digest price every usage alike, on any day."""
        rows = [canonical_row(row) for own in self._rows.values() for row in own]
        return hashlib.sha256(msgspec.json.encode(rows, order="sorted")).hexdigest()

    @cached_property
    def _names(self) -> NameIndex:
        also = {model: [name for row in rows for name in row.also] for model, rows in self._rows.items()}
        return NameIndex(also, self.price)

    def __len__(self) -> int:
        return sum(map(len, self._rows.values()))


def read_book(files: Sequence[PriceSource]) -> tuple[PriceBook, list[Problem]]:
    """Put price files together.

    Returns: The book of all rows that agree, and a problem for each that does not.
    """
    told: dict[str, _Told] = {}
    problems: list[Problem] = []
    for file in sorted(files, key=lambda file: (file.value.collected if file.value else date.max, file.name)):
        if file.value is not None:
            problems += _add(file, file.value, told)
            problems += _seams(file, file.value)
    rows = (row for one in told.values() for row in one.rows.values())
    return PriceBook(rows, {model: one.until for model, one in told.items()}), problems


def _add(file: PriceSource, content: PriceFile, told: dict[str, _Told]) -> list[Problem]:
    problems: list[Problem] = []
    before = {model: _Told(dict(one.rows), one.until, one.file) for model, one in told.items()}
    for position, row in enumerate(content.prices):
        fault = _fault(row, content.collected, told.get(row.model), before.get(row.model))
        if fault is not None:
            problems.append(file.problem(("prices", position, "since"), *fault))
            continue
        known = told.get(row.model)
        rows = known.rows if known is not None else {}
        rows.setdefault(row.since, row)
        told[row.model] = _Told(rows, content.collected, file.name)
    return problems


def _fault(row: PriceRow, collected: date, told: _Told | None, before: _Told | None) -> tuple[str, str] | None:
    """Say what is wrong with adding a row, and how to mend it; None where it may be added."""
    same_day = told.rows.get(row.since) if told is not None else None
    if same_day is not None:
        if canonical_row(same_day) == canonical_row(row):
            return None
        named = compile_price(same_day).id
        return f"{row.model} has another price since {row.since} already ({named})", "give the new price a later day"
    return None if before is None else _against_told(row, collected, before)


def _against_told(row: PriceRow, collected: date, before: _Told) -> tuple[str, str] | None:
    """Say what is wrong with adding a row to a model that another file has told already."""
    if before.until == collected:
        message = f"{row.model}: {before.file} was collected on {collected} too, and two files of one day cannot both tell it"
        return message, f"keep {row.model} in one of them, or correct the day on which this file was collected"
    if row.since <= before.until:
        other = f"ours/{row.model.split('/')[-1]}"
        message = f"{row.model}: {before.file} has told its price up to {before.until}, and an old price never changes"
        return message, f"let it begin after {before.until}, or name the model otherwise, such as {other}"
    former = max((one for one in before.rows.values() if one.since < row.since), key=lambda one: one.since, default=None)
    if former is not None and former.until is not None and before.until <= former.until < row.since - _DAY:
        message = f"{row.model} has no price between {former.until}, where {before.file} ends it, and {row.since}"
        return message, f"let it begin on {former.until + _DAY}, or add a row for the days between"
    return None


def _seams(file: PriceSource, content: PriceFile) -> Iterator[Problem]:
    """Find gaps and overlaps between rows of one file that say when they end."""
    rows: dict[str, list[tuple[PriceRow, int]]] = {}
    for position, row in enumerate(content.prices):
        rows.setdefault(row.model, []).append((row, position))
    for model, own in rows.items():
        for (row, position), (following, _) in pairwise(sorted(own, key=lambda one: one[0].since)):
            if row.until is None or row.until + _DAY == following.since or row.since == following.since:
                continue
            is_overlap = row.until >= following.since
            wrong = f"ends on {row.until}, in the time of its" if is_overlap else f"has no price between {row.until} and its"
            fix = f"end it on {following.since - _DAY}" + ("" if is_overlap else ", or add a row for the days between")
            message = f"{model} {wrong} next row, which begins on {following.since}"
            yield file.problem(("prices", position, "until"), message, fix)
