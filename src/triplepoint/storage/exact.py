"""Money in a database, exact in both engines.

SQLite has no decimal type, so an amount is text there and never summed by SQL; PostgreSQL has NUMERIC.
"""

from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from triplepoint.foundation.money import money_text


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
