"""Open the database, bring its schema up to date, and begin transactions on it.

SQLite has one writer at a time. A transaction that reads first and writes later can find that another one wrote in between,
and is then refused at once, however long the busy timeout is. So a transaction here takes the write lock at its beginning,
where waiting helps, unless it says that it will only read (`reading`): those see one frozen state and wait for nobody.
"""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from triplepoint.foundation.errors import StoreFault

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


def open_database(url: str) -> sa.Engine:
    """Open a database and bring its schema up to date.

    Args:
        url: SQLAlchemy URL, such as ``sqlite:////path/to/triplepoint.db``; `sqlite_url` makes one from a path.
    Raises: StoreFault: it cannot be opened, or was written by a newer Triplepoint.
    """
    engine = sa.create_engine(url)
    try:
        if engine.dialect.name == "sqlite":
            _prepare_sqlite(engine)
        with engine.begin() as connection:
            command.upgrade(_alembic_config(connection), "head")
    except CommandError as error:
        engine.dispose()
        raise StoreFault(
            f"the database {engine.url!r} has a schema that this version does not know ({error}); "
            "it was written by a newer Triplepoint: run that one, or restore a backup from before the upgrade"
        ) from error
    except (SQLAlchemyError, OSError) as error:
        engine.dispose()
        raise StoreFault(f"the database {engine.url!r} cannot be opened: {error}") from error
    return engine


def sqlite_url(path: Path) -> str:
    """Return the URL of a SQLite file."""
    return f"sqlite:///{path.absolute()}"


@contextmanager
def reading(engine: sa.Engine) -> Generator[sa.Connection]:
    """Open a transaction that only reads, sees one state throughout, and holds up no writer, however long it takes.

    Raises: StoreFault: the database cannot be read.
    """
    with _faults_named(engine), engine.connect().execution_options(**{_READ_ONLY: True}) as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: sa.Engine) -> Generator[sa.Connection]:
    """Open a transaction that may write; what its block does is kept whole, or not at all where the block raises.

    Raises: StoreFault: the database cannot be written. A broken constraint stays sqlalchemy's `IntegrityError`.
    """
    with _faults_named(engine), engine.begin() as connection:
        yield connection


@contextmanager
def _faults_named(engine: sa.Engine) -> Generator[None]:
    try:
        yield
    except IntegrityError:
        raise  # the store knows what it means
    except DBAPIError as error:
        # Only the driver's own words: sqlalchemy's text would quote the statement with its values.
        raise StoreFault(f"the database {engine.url!r} failed: {error.orig}") from None


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


def _begin_sqlite(connection: sa.Connection) -> None:
    only_reads = connection.get_execution_options().get(_READ_ONLY, False)
    connection.exec_driver_sql("BEGIN DEFERRED" if only_reads else "BEGIN IMMEDIATE")
