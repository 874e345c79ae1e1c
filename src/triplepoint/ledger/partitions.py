"""Attempts by days, on PostgreSQL: a day's partition is there before its first row, and an old day goes as a whole.

A partition is made beside the table and then attached, which locks out nobody: whoever writes other days goes on. SQLite has
one table for all days; here that is nobody's concern but `drop_days`'.
"""

import datetime
from collections.abc import Iterable

import sqlalchemy as sa

from triplepoint.ledger.tables import ATTEMPTS, AUDITS, FEEDBACK, LEDGER_FLOOR
from triplepoint.storage.engine import is_postgres, writing

DAY_US = 86_400_000_000
_EPOCH = datetime.date(1970, 1, 1)
_MAKING_LOCK = 0x7470_0003
"""Advisory lock of whoever makes partitions: two that make the same one would get in each other's way."""


def day_of(at_us: int) -> int:
    """Return the number of the day (UTC) since 1970 that a moment is in."""
    return at_us // DAY_US


def partition_name(day: int) -> str:
    """Return the name of a day's partition, such as ``attempts_day_20660``."""
    return f"attempts_day_{day}" if day >= 0 else f"attempts_day_before_{-day}"


class Days:
    """Makes the partitions of days that are about to be written; remembers those that are there."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._known: set[int] = set()

    def prepare(self, moments: Iterable[int]) -> None:
        """Make what is missing for some moments, and for the day after each, so that midnight finds its partition made.

        Raises: StoreFault: the database cannot be written.
        """
        if not is_postgres(self._engine):
            return
        days = {day_of(at_us) for at_us in moments}
        missing = (days | {day + 1 for day in days}) - self._known
        if not missing:
            return
        with writing(self._engine, beside=True) as connection:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MAKING_LOCK)))
            for day in sorted(missing - _present(connection)):
                _make(connection, day)
        self._known |= missing

    def forget(self) -> None:
        """Ask the database again: somebody may have dropped a day."""
        self._known.clear()


def drop_days(engine: sa.Engine, *, before: datetime.date) -> int:
    """Remove the attempts of whole days, with what audits and ratings say of them; their rollups stay, so sums still add up.

    On PostgreSQL the partitions are dropped, which takes a moment however full they are.

    Args:
        engine: The database.
        before: The first day (UTC) that stays.
    Returns: How many days (PostgreSQL) or attempts (SQLite) were removed.
    """
    first = (before - _EPOCH).days
    with writing(engine, beside=True) as connection:
        connection.execute(LEDGER_FLOOR.delete().where(LEDGER_FLOOR.c.before_us < first * DAY_US))
        if connection.execute(sa.select(LEDGER_FLOOR)).first() is None:
            connection.execute(LEDGER_FLOOR.insert().values(before_us=first * DAY_US))
        for table in (AUDITS, FEEDBACK):
            connection.execute(table.delete().where(table.c.asked_us < first * DAY_US))
        if not is_postgres(engine):
            return connection.execute(ATTEMPTS.delete().where(ATTEMPTS.c.opened_us < first * DAY_US)).rowcount
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MAKING_LOCK)))
        old = sorted(day for day in _present(connection) if day < first)
        for day in old:
            connection.exec_driver_sql(f"DROP TABLE {partition_name(day)}")
    return len(old)


def _present(connection: sa.Connection) -> set[int]:
    """Return the days that have a partition."""
    query = sa.text(
        "SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid "
        "WHERE inhparent = 'attempts'::regclass"
    )
    names = connection.execute(query).scalars()
    return {
        -int(name.removeprefix("attempts_day_before_")) if "before" in name else int(name.removeprefix("attempts_day_"))
        for name in names
    }


def _make(connection: sa.Connection, day: int) -> None:
    name = partition_name(day)
    begins, ends = day * DAY_US, (day + 1) * DAY_US
    connection.exec_driver_sql(f"CREATE TABLE {name} (LIKE attempts INCLUDING ALL)")
    # Says what ATTACH would otherwise read the table to find out.
    connection.exec_driver_sql(f"ALTER TABLE {name} ADD CHECK (opened_us >= {begins} AND opened_us < {ends})")
    connection.exec_driver_sql(f"ALTER TABLE attempts ATTACH PARTITION {name} FOR VALUES FROM ({begins}) TO ({ends})")
