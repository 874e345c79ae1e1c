"""PostgreSQL's COPY: the quickest way of many rows into a table."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, OperationalError

if TYPE_CHECKING:
    import psycopg

_NUL = "\0"
_INSTEAD = "\ufffd"


def copy_rows(connection: sa.Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write rows into a table.

    A text of PostgreSQL cannot hold a NUL; a caller can send one, and no row may be lost over it: U+FFFD stands in its place.

    Args:
        connection: In a transaction, to PostgreSQL.
        table, columns: Where to; names that need no quotes.
        rows: Values in the order of the columns; exact amounts and JSON as text.
    Raises: IntegrityError, OperationalError: as statements through sqlalchemy would.
    """
    from psycopg import Error, sql
    from psycopg import IntegrityError as Refused

    driver = cast("psycopg.Connection", connection.connection.driver_connection)
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(_without_nul(row))
    except Refused as error:
        raise IntegrityError(f"COPY {table}", None, error) from error
    except Error as error:
        raise OperationalError(f"COPY {table}", None, error) from error


def _without_nul(row: Sequence[Any]) -> Sequence[Any]:
    for value in row:
        if value.__class__ is str and _NUL in value:
            return [one.replace(_NUL, _INSTEAD) if isinstance(one, str) else one for one in row]
    return row
