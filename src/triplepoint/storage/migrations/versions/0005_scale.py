"""Rollups by days, indexes for what is looked for, and, on PostgreSQL, attempts in partitions of a day."""

from decimal import Decimal

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_exact = sa.Text().with_variant(sa.Numeric(), "postgresql")
_DAY_US = 86_400_000_000
_EXACT = (
    *("cost_usd", "charge_usd", "energy_wh", "energy_low_wh", "energy_high_wh", "carbon_g", "carbon_low_g", "carbon_high_g"),
)
_WHOLE = (
    *("requests", "attempts", "failed", "answered", "input_tokens", "output_tokens", "cache_read_tokens"),
    *("cache_write_tokens", "reasoning_tokens", "unknown_usage", "unpriced", "uncharged", "downgraded", "unmetered"),
)
_WHOSE = ("customer_id", "key_id", "plan", "served_model", "lineup")
_INDEXES = (
    ("ix_attempts_opened_us", ["opened_us"], None),
    ("ix_attempts_customer_id", ["customer_id", "opened_us"], None),
    ("ix_attempts_served_model", ["served_model", "opened_us"], None),
    ("ix_attempts_running", ["boot"], "outcome IS NULL"),
)
_NEW_INDEXES = (
    ("ix_attempts_customer_model", ["customer_id", "served_model", "opened_us"], None),
    ("ix_attempts_harmed", ["outcome", "opened_us"], "outcome <> 'finished'"),
)


def upgrade() -> None:
    """Make and fill the rollups by days; take the attempts apart by days where the database can."""
    if op.get_bind().dialect.name == "postgresql":
        _partition_attempts()
    _create_indexes(_NEW_INDEXES)
    op.create_table(
        "day_rollups",
        sa.Column("day_us", sa.BigInteger, primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.String(64), primary_key=True) for name in ("customer_id", "key_id")),
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("plan", "served_model", "lineup")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in _WHOLE),
        *(sa.Column(name, _exact, nullable=False) for name in _EXACT),
    )
    _fill_day_rollups()
    op.create_table("ledger_floor", sa.Column("before_us", sa.BigInteger, primary_key=True, autoincrement=False))


def _partition_attempts() -> None:
    """Put a partitioned table in the place of the plain one; its rows, if there are any, move into a partition for each day."""
    op.execute("ALTER TABLE attempts RENAME TO attempts_before")
    op.execute("ALTER TABLE attempts_before RENAME CONSTRAINT pk_attempts TO pk_attempts_before")
    for name, _, _ in _INDEXES:
        op.execute(f"DROP INDEX {name}")
    op.execute("CREATE TABLE attempts (LIKE attempts_before INCLUDING DEFAULTS) PARTITION BY RANGE (opened_us)")
    op.execute("ALTER TABLE attempts ADD CONSTRAINT pk_attempts PRIMARY KEY (receipt_id, attempt, opened_us)")
    _create_indexes(_INDEXES)
    days = op.get_bind().execute(sa.text(f"SELECT DISTINCT opened_us / {_DAY_US} FROM attempts_before"))  # noqa: S608
    for day in days.scalars().all():
        begins, ends = day * _DAY_US, (day + 1) * _DAY_US
        op.execute(f"CREATE TABLE attempts_day_{day} PARTITION OF attempts FOR VALUES FROM ({begins}) TO ({ends})")
    op.execute("INSERT INTO attempts SELECT * FROM attempts_before")
    op.drop_table("attempts_before")


def _create_indexes(indexes: tuple[tuple[str, list[str], str | None], ...]) -> None:
    for name, columns, condition in indexes:
        where = None if condition is None else sa.text(condition)
        op.create_index(name, "attempts", columns, sqlite_where=where, postgresql_where=where)


def _fill_day_rollups() -> None:
    """Add the hours up; here and not by SQL, for SQLite keeps exact amounts as text."""
    names = (*_WHOSE, *_WHOLE, *_EXACT)
    hours = _table("rollups", "hour_us", *names)
    days: dict[tuple[object, ...], dict[str, object]] = {}
    for hour in op.get_bind().execute(sa.select(hours)).mappings():
        key = (hour["hour_us"] // _DAY_US * _DAY_US, *(hour[name] for name in _WHOSE))
        day = days.setdefault(key, dict(zip(("day_us", *_WHOSE), key, strict=True)))
        for name in _WHOLE:
            day[name] = day.get(name, 0) + hour[name]  # pyright: ignore[reportOperatorIssue]
        for name in _EXACT:
            day[name] = Decimal(day.get(name, 0)) + Decimal(hour[name])  # pyright: ignore[reportArgumentType]
    if op.get_bind().dialect.name == "sqlite":
        for day in days.values():
            day |= {name: format(day[name], "f") for name in _EXACT}
    if days:
        op.bulk_insert(_table("day_rollups", "day_us", *names), list(days.values()))


def _table(name: str, *columns: str) -> sa.TableClause:
    plain: list[sa.ColumnClause[object]] = [sa.column(column) for column in columns]
    return sa.table(name, *plain)


def downgrade() -> None:
    """Drop what `upgrade` made; partitions stay."""
    op.drop_table("ledger_floor")
    op.drop_table("day_rollups")
    for name, _, _ in _NEW_INDEXES:
        op.drop_index(name, "attempts")
