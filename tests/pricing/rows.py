"""Rows of a book for tests, as they are and with fields changed."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from triplepoint.pricing.book import PriceBook
from triplepoint.pricing.model import PriceRow


def rows_of(book: PriceBook, at: date) -> Iterator[PriceRow]:
    """Yield the row in force of every model."""
    for model in book.models():
        price = book.price(model, at)
        if price is not None:
            yield price.row


def with_fields(row: PriceRow, fields: dict[str, Any]) -> PriceRow:
    """Return a row with some fields written otherwise, checked as a file is."""
    return PriceRow.model_validate({**row.model_dump(exclude_none=True), **fields})
