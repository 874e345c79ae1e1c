"""Many rows at once into either engine, past the layers that are made for a few.

SQLite takes tuples, thousands in one call. PostgreSQL takes a COPY: straight into the table for what is new, or beside it, into
a table of this connection's own, from which one statement changes many rows. Rows are written in the order of their keys, so
that two machines that write the same ones wait for each other one after the other, and not in a circle.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from operator import attrgetter, itemgetter
from typing import Any

import msgspec
import sqlalchemy as sa

from triplepoint.foundation.money import plain_text
from triplepoint.foundation.usage import Usage, UsageSource
from triplepoint.ledger.model import AttemptRow, Opened, Outcome
from triplepoint.ledger.tables import ATTEMPTS, ENDING, EXACTS, SETTLING, ExactText
from triplepoint.storage.copying import copy_rows
from triplepoint.storage.engine import is_postgres

Values = Sequence[Any]

_NAMES = tuple(column.name for column in ATTEMPTS.c)
_OF_ROW = tuple(name for name in _NAMES if name in AttemptRow.__struct_fields__)
_OF_USAGE = tuple(name for name in _NAMES if name in Usage.__struct_fields__)
_FACTS = (*_OF_ROW, *_OF_USAGE, "usage_source")
_OF_OPENED = tuple(name for name in SETTLING if name != "boot")
_COLUMNS = (*_FACTS, *_OF_OPENED, "boot")
_ENDED = ("receipt_id", "attempt", "opened_us", *ENDING)
_ENDINGS = "intake_endings"
_TIER_LENGTH = 32

_row_facts = attrgetter(*_OF_ROW)
_usage_facts = attrgetter(*_OF_USAGE)
_opened_facts = attrgetter(*_OF_OPENED)
_pick_ended = itemgetter(*(_FACTS.index(name) for name in _ENDED))
_by_key = itemgetter(_FACTS.index("receipt_id"), _FACTS.index("attempt"))


def insert_attempts(connection: sa.Connection, rows: Iterable[tuple[AttemptRow, Opened]], *, boot: str) -> None:
    """Write attempts that are not there yet.

    Raises: IntegrityError: one is, after all.
    """
    values = sorted(([*_facts(row), *_opened_facts(opened), boot] for row, opened in rows), key=_by_key)
    if not values:
        return
    if is_postgres(connection):
        copy_rows(connection, ATTEMPTS.name, _COLUMNS, values)
    else:
        marks = ", ".join("?" * len(_COLUMNS))
        connection.exec_driver_sql(f"INSERT INTO attempts ({', '.join(_COLUMNS)}) VALUES ({marks})", [*map(tuple, values)])  # noqa: S608


def end_attempts(connection: sa.Connection, rows: Iterable[AttemptRow]) -> None:
    """Write what the end of attempts fills; on PostgreSQL the caller holds their rows."""
    values = [_pick_ended(_facts(row)) for row in rows]
    if not values:
        return
    if is_postgres(connection):
        _make_beside(connection, _ENDINGS, ATTEMPTS, _ENDED)
        copy_rows(connection, _ENDINGS, _ENDED, values)
        changed = ", ".join(f"{name} = ended.{name}" for name in ENDING)
        connection.exec_driver_sql(
            f"UPDATE attempts SET {changed} FROM {_ENDINGS} ended WHERE attempts.receipt_id = ended.receipt_id "  # noqa: S608
            "AND attempts.attempt = ended.attempt AND attempts.opened_us = ended.opened_us"
        )
    else:
        changed = ", ".join(f"{name} = ?" for name in ENDING)
        statement = f"UPDATE attempts SET {changed} WHERE receipt_id = ? AND attempt = ?"  # noqa: S608
        connection.exec_driver_sql(statement, [(*rest, receipt_id, attempt) for receipt_id, attempt, _, *rest in values])


def add_up(connection: sa.Connection, table: sa.Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Add rows to those of the same primary key, column by column, exactly; a row without such a one is written as it is.

    Args:
        connection: In a transaction.
        table: Whose columns outside the primary key are whole numbers or `tables.ExactText`.
        rows: Values by the names of all columns; one for each key.
    """
    names = [column.name for column in table.c]
    keys = itemgetter(*(column.name for column in table.primary_key))
    values = [*map(itemgetter(*names), sorted(rows, key=keys))]
    if not values:
        return
    if is_postgres(connection):
        beside = f"intake_{table.name}"
        _make_beside(connection, beside, table, names)
        copy_rows(connection, beside, names, values)
    connection.exec_driver_sql(_adding(table, connection.dialect.name), values if not is_postgres(connection) else None)


@cache
def _adding(table: sa.Table, dialect: str) -> str:
    """Return the statement that adds rows up: given ones, or those of the table beside."""
    names = [column.name for column in table.c]
    keys = ", ".join(column.name for column in table.primary_key)
    if dialect == "postgresql":
        source = f"SELECT {', '.join(names)} FROM intake_{table.name} ORDER BY {keys}"  # noqa: S608
    else:
        source = f"VALUES ({', '.join('?' * len(names))})"
    added = ", ".join(
        f"{column.name} = {_plus(f'{table.name}.{column.name}', f'excluded.{column.name}', column, dialect)}"
        for column in table.c
        if not column.primary_key
    )
    return f"INSERT INTO {table.name} ({', '.join(names)}) {source} ON CONFLICT ({keys}) DO UPDATE SET {added}"


def _plus(left: str, right: str, column: sa.Column[Any], dialect: str) -> str:
    is_text = isinstance(column.type, ExactText) and dialect == "sqlite"
    return f"exact_add({left}, {right})" if is_text else f"{left} + {right}"


def _make_beside(connection: sa.Connection, name: str, table: sa.Table, columns: Sequence[str]) -> None:
    """Make this connection's own table for rows on their way; it is empty again after each transaction."""
    connection.exec_driver_sql(
        f"CREATE TEMPORARY TABLE IF NOT EXISTS {name} ON COMMIT DELETE ROWS AS "  # noqa: S608
        f"SELECT {', '.join(columns)} FROM {table.name} WITH NO DATA"
    )


def _facts(row: AttemptRow) -> list[Any]:
    """Spread an attempt out in the order of `_FACTS`, as a driver takes it."""
    values = [*_row_facts(row), *_usage_facts(row.usage), row.usage.source]
    for place, prepare in _PREPARATIONS:
        values[place] = prepare(values[place])
    return values


_json = msgspec.json.Encoder().encode
_OUTCOMES: dict[Outcome | None, str | None] = {None: None} | {outcome: outcome.value for outcome in Outcome}
_SOURCES = {source: source.value for source in UsageSource}


def _json_text(value: object) -> str:
    return _json(value).decode()


def _json_or_null(value: object) -> str | None:
    return None if value is None else _json_text(value)


def _amount(value: str | None) -> str | None:
    return None if value is None else plain_text(value)


def _short(value: str | None) -> str | None:
    return None if value is None else value[:_TIER_LENGTH]


_PREPARATIONS: list[tuple[int, Callable[[Any], Any]]] = [
    *((_FACTS.index(name), _amount) for name in EXACTS),
    *((_FACTS.index(name), _json_text) for name in ("tags", "notices", "burnt")),
    (_FACTS.index("routed"), _json_or_null),
    (_FACTS.index("outcome"), _OUTCOMES.__getitem__),
    (_FACTS.index("usage_source"), _SOURCES.__getitem__),
    (_FACTS.index("service_tier"), _short),
]
