"""Money in a database, exact in both engines.

PostgreSQL has NUMERIC. SQLite has no decimal type, so an amount is text there, and functions of ours add it up inside its
statements: ``exact_add(a, b)`` two texts, ``exact_sum(a)`` those of a group. They raise rather than round.
"""

import sqlite3
from decimal import Decimal, localcontext
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from triplepoint.foundation.money import EXACT, ZERO, money_text

_add = EXACT.add


class ExactText(sa.TypeDecorator[str]):
    """A decimal that is text in Python: TEXT in SQLite, NUMERIC in PostgreSQL."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> TypeEngine[Any]:
        """Choose the column's type."""
        return dialect.type_descriptor(sa.Numeric() if dialect.name == "postgresql" else sa.Text())

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> Any:
        """Write it, in both engines without the zeros that say nothing."""
        if value is None:
            return None
        return Decimal(value) if dialect.name == "postgresql" else money_text(Decimal(value))

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> str | None:
        """Read it."""
        return money_text(value) if isinstance(value, Decimal) else value


def exact_total(dialect: str, column: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """Return the sum of a column without nulls over a group; null where all are zero, in SQLite."""
    if dialect != "sqlite":
        return sa.func.sum(column, type_=column.type)
    total = sa.func.exact_sum(column, type_=column.type)
    return total.filter(column != sa.literal_column("'0'"))  # zeros are left out before our function is called


def teach(connection: sqlite3.Connection) -> None:
    """Give a connection the functions."""
    connection.create_function("exact_add", 2, _exact_add, deterministic=True)
    connection.create_aggregate("exact_sum", 1, _ExactSum)  # pyright: ignore[reportArgumentType] - the stubs want ints


def _exact_add(left: str, right: str) -> str:
    if right == "0":
        return left
    return money_text(_add(Decimal(left), Decimal(right)))


class _ExactSum:
    """Gathers, and adds up at the end: a call of Python's for each value would take most of the time."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self.step = self._texts.append
        """Takes one value."""

    def finalize(self) -> str:
        """Return the sum."""
        with localcontext(EXACT):
            return money_text(sum(map(Decimal, self._texts), ZERO))
