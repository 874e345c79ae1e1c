"""Open the database, bring its schema up to date, and begin transactions on it.

SQLite has one writer at a time. A transaction that reads first and writes later can find that another one wrote in between,
and is then refused at once, however long the busy timeout is. So a transaction here takes the write lock at its beginning,
where waiting helps, unless it says that it will only read (`reading`): those see one frozen state and wait for nobody.

On PostgreSQL it is the same by choice: `writing` begins with a lock that one transaction has at a time, so that what was read
in it still holds when it writes, on however many machines. What writes much and can bear company (the ledger's intake) says
``beside=True`` and takes care of itself.
"""

import os
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, SQLAlchemyError

from triplepoint.foundation.errors import StoreFault
from triplepoint.storage import exact

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
    }
)
"""All tables; each room's ``store.py`` declares its own on it."""

_MIGRATIONS = Path(__file__).parent / "migrations"
_READ_ONLY = "triplepoint_read_only"
_WRITER_LOCK = 0x7470_0001
"""Advisory lock of PostgreSQL that a transaction holds which writes alone."""
_SCHEMA_LOCK = 0x7470_0002
"""The same for bringing the schema up to date: several processes open a new database at once."""
CONTENDED = "store_contended"
"""Code of a `StoreFault` that another transaction's work caused: the same again will do."""
_CONTENTION = frozenset({"40001", "40P01"})
"""PostgreSQL: serialisation failure, deadlock."""
_POSTGRES_DRIVER = "postgresql+psycopg"
_READS_ON_POSTGRES: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


def open_database(url: str) -> sa.Engine:
    """Open a database and bring its schema up to date.

    Args:
        url: ``sqlite:////path/to/triplepoint.db`` (`sqlite_url` makes one from a path), or one of PostgreSQL:
            ``postgresql://USER:PASSWORD@HOST/NAME``.
    Raises: StoreFault: it cannot be opened, or was written by a newer Triplepoint.
    """
    engine = _make_engine(url)
    try:
        if engine.dialect.name == "sqlite":
            _prepare_sqlite(engine)
        with engine.begin() as connection:
            _lock(connection, _SCHEMA_LOCK)
            command.upgrade(_alembic_config(connection), "head")
    except CommandError as error:
        engine.dispose()
        raise StoreFault(
            f"the database {engine.url!r} has a schema that this version does not know ({error}); "
            "it was written by a newer Triplepoint: run that one, or restore a backup from before the upgrade"
        ) from error
    except (SQLAlchemyError, OSError) as error:
        engine.dispose()
        raise StoreFault(f"the database {engine.url!r} cannot be opened: {_words(error)}") from error
    return engine


def sqlite_url(path: Path) -> str:
    """Return the URL of a SQLite file."""
    return f"sqlite:///{path.absolute()}"


@contextmanager
def reading(engine: sa.Engine) -> Generator[sa.Connection]:
    """Open a transaction that only reads, sees one state throughout, and holds up no writer, however long it takes.

    Raises: StoreFault: the database cannot be read.
    """
    options = _READS_ON_POSTGRES if is_postgres(engine) else {_READ_ONLY: True}
    with _faults_named(engine), engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: sa.Engine, *, beside: bool = False) -> Generator[sa.Connection]:
    """Open a transaction that may write; what its block does is kept whole, or not at all where the block raises.

    Args:
        engine: The database.
        beside: On PostgreSQL, let others write at the same time; whoever asks for it takes row locks in one order and does not
            trust what it has read without one.
    Raises: StoreFault: the database cannot be written. A broken constraint stays sqlalchemy's `IntegrityError`.
    """
    with _faults_named(engine), engine.begin() as connection:
        if not beside:
            _lock(connection, _WRITER_LOCK)
        yield connection


def is_postgres(bound: sa.Engine | sa.Connection) -> bool:
    """Tell PostgreSQL from SQLite."""
    return bound.dialect.name == "postgresql"


@contextmanager
def _faults_named(engine: sa.Engine) -> Generator[None]:
    try:
        yield
    except IntegrityError:
        raise  # the store knows what it means
    except DBAPIError as error:
        raise StoreFault(f"the database {engine.url!r} failed: {_words(error)}", code=_code(error)) from None


def _words(error: Exception) -> str:
    """Return the driver's own words: sqlalchemy's text would quote the statement with its values, a server's details a row."""
    said = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    diagnosis = getattr(said, "diag", None)
    return getattr(diagnosis, "message_primary", None) or str(said)


def _code(error: DBAPIError) -> str | None:
    return CONTENDED if getattr(error.orig, "sqlstate", None) in _CONTENTION else None


def _make_engine(url: str) -> sa.Engine:
    try:
        parsed = sa.make_url(url)
    except ArgumentError:
        # Without the text and its cause: it may hold a password.
        raise StoreFault("the database's URL cannot be read; write postgresql://USER:PASSWORD@HOST/NAME") from None
    if parsed.drivername in {"postgres", "postgresql"}:
        parsed = parsed.set(drivername=_POSTGRES_DRIVER)
    if parsed.drivername not in {_POSTGRES_DRIVER, "sqlite"}:
        raise StoreFault(f"a database of the kind {parsed.drivername!r} is not known; use postgresql://… or none at all")
    try:
        # A server may have closed an idle connection; asking costs a round trip on a machine where nothing waits for it.
        return sa.create_engine(parsed, hide_parameters=True, pool_pre_ping=parsed.drivername == _POSTGRES_DRIVER)
    except ModuleNotFoundError as error:
        raise StoreFault("PostgreSQL needs its driver: pip install 'triplepoint[postgres]'") from error


def _lock(connection: sa.Connection, key: int) -> None:
    if is_postgres(connection):
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))


def _alembic_config(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _prepare_sqlite(engine: sa.Engine) -> None:
    if engine.url.database not in {None, "", ":memory:"}:
        # Made here with mode 0600, which SQLite gives its companion files too: digests are nobody else's business.
        os.close(os.open(str(engine.url.database), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)


def _configure_sqlite(connection: DBAPIConnection, _record: Any) -> None:
    connection.isolation_level = None  # the driver would begin transactions at moments of its own choice
    cursor = connection.cursor()
    for pragma in ("busy_timeout=10000", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
    exact.teach(cast("sqlite3.Connection", connection))


def _begin_sqlite(connection: sa.Connection) -> None:
    only_reads = connection.get_execution_options().get(_READ_ONLY, False)
    connection.exec_driver_sql("BEGIN DEFERRED" if only_reads else "BEGIN IMMEDIATE")
