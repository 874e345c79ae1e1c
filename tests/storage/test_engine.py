"""The database: its schema, its transactions, its faults."""

import stat
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateTable
from tests.postgres import PostgresServer, lent_database

from triplepoint.access import tables as access_tables
from triplepoint.foundation.errors import StoreFault
from triplepoint.ledger import tables as ledger_tables
from triplepoint.plans import tables as plan_tables
from triplepoint.storage.engine import metadata, open_database, reading, sqlite_url, writing

CUSTOMERS = access_tables.CUSTOMERS


BOTH = pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
"""Holds for either kind of database."""
SQLITE = pytest.mark.parametrize("url", ["sqlite"], indirect=True)


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[str]:
    """Give the URL of a database of its own to a test: a file that is not there yet, or one of PostgreSQL without tables."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "triplepoint.db")
    else:
        with lent_database(request.getfixturevalue("postgres"), is_installed=False) as lent:
            yield lent


@pytest.fixture
def engine(url: str) -> Generator[sa.Engine]:
    """Give an empty database of its own to a test."""
    opened = open_database(url)
    yield opened
    opened.dispose()


def _insert(connection: sa.Connection, name: str) -> None:
    connection.execute(CUSTOMERS.insert().values(id=f"cust_{name}", name=name, created_us=1))


def _names(connection: sa.Connection) -> list[str]:
    return list(connection.execute(sa.select(CUSTOMERS.c.name).order_by(CUSTOMERS.c.name)).scalars())


@BOTH
def test_migrations_make_the_declared_tables(engine: sa.Engine) -> None:
    """After the last revision the schema is what the rooms' tables declare."""
    assert ledger_tables.metadata is plan_tables.metadata is metadata
    with reading(engine) as connection:
        options: dict[str, Any] = {"compare_type": True, "include_name": _is_declared}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []


def _is_declared(name: str | None, kind: str, _parents: object) -> bool:
    """Leave the partitions of days out: they are made as days come."""
    return not (kind == "table" and name is not None and name.startswith("attempts_day_"))


@pytest.mark.parametrize("dialect", [sqlite.dialect(), postgresql.dialect()], ids=["sqlite", "postgresql"])
def test_both_engines_can_make_every_table(dialect: sa.Dialect) -> None:
    """Every table compiles for SQLite and for PostgreSQL."""
    for table in metadata.sorted_tables:
        assert f"CREATE TABLE {table.name}" in str(CreateTable(table).compile(dialect=dialect))


@BOTH
def test_opening_again_changes_nothing(url: str) -> None:
    """A database that is up to date keeps its rows when it is opened again."""
    first = open_database(url)
    with writing(first) as connection:
        _insert(connection, "acme")
    first.dispose()
    second = open_database(url)
    with reading(second) as connection:
        assert _names(connection) == ["acme"]
    second.dispose()


@SQLITE
def test_nobody_else_can_read_the_files(engine: sa.Engine, tmp_path: Path) -> None:
    """The database and its companion files are readable by their owner alone."""
    with writing(engine) as connection:
        _insert(connection, "acme")
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert set(modes) >= {"triplepoint.db", "triplepoint.db-wal"}
    assert set(modes.values()) == {0o600}


@BOTH
def test_a_block_that_raises_leaves_nothing(engine: sa.Engine) -> None:
    """What a transaction wrote before its block raised is undone."""

    def write_and_fail() -> None:
        with writing(engine) as connection:
            _insert(connection, "acme")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    with reading(engine) as connection:
        assert _names(connection) == []


@BOTH
def test_readers_see_one_state_and_wait_for_nobody(engine: sa.Engine) -> None:
    """A reading transaction neither waits for a writer nor sees what it keeps meanwhile."""
    with reading(engine) as before:
        assert _names(before) == []
        with writing(engine) as writer:
            _insert(writer, "acme")
            with reading(engine) as beside:
                assert _names(beside) == []
        assert _names(before) == []
        with reading(engine) as after:
            assert _names(after) == ["acme"]


@BOTH
def test_writers_that_read_first_wait_for_each_other(engine: sa.Engine) -> None:
    """Transactions that read and then write at once lose no update and none is refused."""
    with writing(engine) as connection:
        connection.execute(CUSTOMERS.insert().values(id="cust_counter", name="0", created_us=1))
    faults: list[BaseException] = []

    def count() -> None:
        try:
            for _ in range(20):
                with writing(engine) as connection:
                    now = int(connection.execute(sa.select(CUSTOMERS.c.name)).scalar_one())
                    connection.execute(CUSTOMERS.update().values(name=str(now + 1)))
        except StoreFault as fault:
            faults.append(fault)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with reading(engine) as connection:
        assert _names(connection) == ["80"]


@BOTH
def test_a_reading_transaction_does_not_stay_read_only(engine: sa.Engine) -> None:
    """A pooled connection that served a reader serves a writer afterwards."""
    with reading(engine) as connection:
        _names(connection)
    with writing(engine) as connection:
        _insert(connection, "acme")
    with reading(engine) as connection:
        assert _names(connection) == ["acme"]


@BOTH
def test_foreign_keys_are_kept(engine: sa.Engine) -> None:
    """A key of nobody cannot be kept."""
    key = access_tables.KEYS.insert().values(
        id="key_1", customer_id="cust_nobody", label="", digest=b"d" * 32, display="tp-AAAAA", created_us=1
    )
    with pytest.raises(IntegrityError), writing(engine) as connection:
        connection.execute(key)


@BOTH
def test_faults_name_the_database_and_quote_no_values(engine: sa.Engine) -> None:
    """A statement that fails becomes a StoreFault without the values that it carried."""
    with writing(engine) as connection:
        connection.exec_driver_sql("DROP TABLE sessions")
    with (
        pytest.raises(StoreFault, match=r"no such table: sessions|relation \"sessions\" does not exist") as caught,
        writing(engine) as connection,
    ):
        connection.execute(access_tables.SESSIONS.delete().where(access_tables.SESSIONS.c.operator_id == "planted-value"))
    assert "planted-value" not in str(caught.value)
    assert caught.value.__cause__ is None


@BOTH
def test_a_newer_database_is_refused(url: str) -> None:
    """A schema of a later version is left alone, and the error says what to do."""
    engine = open_database(url)
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    with pytest.raises(StoreFault, match="newer Triplepoint"):
        open_database(url)


@pytest.mark.parametrize("content", [b"this is no database, however long" * 40, b"SQLite format 3\x00" + b"\xff" * 500])
def test_a_broken_file_is_refused(tmp_path: Path, content: bytes) -> None:
    """A file that is no database is named in the error and left as it is."""
    path = tmp_path / "triplepoint.db"
    path.write_bytes(content)
    with pytest.raises(StoreFault, match=r"triplepoint\.db"):
        open_database(sqlite_url(path))
    assert path.read_bytes() == content


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    """A database in a folder that does not exist is an error of ours, not the operating system's."""
    with pytest.raises(StoreFault, match="nowhere"):
        open_database(sqlite_url(tmp_path / "nowhere" / "triplepoint.db"))


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://root:planted@here/db", "'mysql' is not known"),
        ("no url at all: planted", "cannot be read"),
        ("postgresql://triplepoint:planted@127.0.0.1:1/db", "127.0.0.1"),
    ],
)
def test_a_wrong_url_is_refused_without_its_password(url: str, message: str) -> None:
    """What cannot be opened is named; the password in its URL is in neither the message nor the cause."""
    with pytest.raises(StoreFault, match=message) as caught:
        open_database(url)
    assert "planted" not in str(caught.value) + repr(caught.value.__cause__)


def test_processes_that_open_a_new_database_at_once_take_turns(postgres: PostgresServer) -> None:
    """Four that open an empty PostgreSQL database at the same time all find it up to date."""
    faults: list[BaseException] = []

    def open_it(url: str) -> None:
        try:
            open_database(url).dispose()
        except StoreFault as fault:
            faults.append(fault)

    with lent_database(postgres, is_installed=False) as url:
        threads = [threading.Thread(target=open_it, args=(url,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert faults == []
