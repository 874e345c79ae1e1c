"""Hearing of changes: at once, though a word be lost, and never of what was undone."""

import threading
import time
from collections.abc import Callable, Generator

import pytest
import sqlalchemy as sa
from tests.postgres import PostgresServer, lent_database

from triplepoint.storage.changes import ACCESS, CHANGES, FILES, announce, announce_alone
from triplepoint.storage.engine import open_database, writing
from triplepoint.storage.listening import Listener

PATIENCE_S = 15.0


class Heard:
    """What a listener has told."""

    def __init__(self) -> None:
        self.kinds: list[str] = []
        self._news = threading.Condition()

    def __call__(self, kind: str) -> None:
        with self._news:
            self.kinds.append(kind)
            self._news.notify_all()

    def wait_for(self, kinds: list[str]) -> None:
        """Wait until exactly this was told."""
        with self._news:
            assert self._news.wait_for(lambda: self.kinds == kinds, PATIENCE_S), self.kinds


@pytest.fixture
def shared(postgres: PostgresServer) -> Generator[sa.Engine]:
    """Give a PostgreSQL database of its own to a test."""
    with lent_database(postgres) as url:
        engine = open_database(url)
        yield engine
        engine.dispose()


@pytest.fixture
def listen(shared: sa.Engine) -> Generator[Callable[[float], tuple[Listener, Heard]]]:
    """Give what starts a listener of the machine ``here``."""
    started: list[Listener] = []

    def start(poll_s: float) -> tuple[Listener, Heard]:
        heard = Heard()
        url = shared.url.render_as_string(hide_password=False)
        listener = Listener(url, heard, origin="here", poll_s=poll_s)
        listener.begin(shared)
        listener.start()
        started.append(listener)
        return listener, heard

    yield start
    for listener in started:
        listener.stop()


Listen = Callable[[float], tuple[Listener, Heard]]


def _await_listening(engine: sa.Engine) -> None:
    give_up = time.monotonic() + PATIENCE_S
    query = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT kind, number FROM changes%' OR query LIKE 'LISTEN%'"
    )
    while True:
        with engine.connect() as connection:
            if connection.execute(query).scalar_one():
                return
        assert time.monotonic() < give_up
        time.sleep(0.01)


def test_a_change_is_told_once_it_is_kept(shared: sa.Engine, listen: Listen) -> None:
    """What was announced in a transaction that was undone is never told; the next one is, long before a look."""
    _, heard = listen(3600.0)
    _await_listening(shared)

    def undo() -> None:
        with writing(shared) as connection:
            announce(connection, ACCESS)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        undo()
    announce_alone(shared, FILES)
    heard.wait_for([FILES])
    announce_alone(shared, ACCESS, origin="elsewhere")
    heard.wait_for([FILES, ACCESS])


def test_a_machine_is_not_told_what_it_said(shared: sa.Engine, listen: Listen) -> None:
    """A word of this machine's own is noted and not passed on, by the next look neither."""
    _, heard = listen(0.1)
    _await_listening(shared)
    announce_alone(shared, FILES, origin="here")
    announce_alone(shared, ACCESS)
    heard.wait_for([ACCESS])
    time.sleep(0.35)  # several looks
    assert heard.kinds == [ACCESS]


def test_a_lost_word_only_delays(shared: sa.Engine, listen: Listen) -> None:
    """A number that rose without a word is seen at the next look."""
    _, heard = listen(0.1)
    _await_listening(shared)
    with writing(shared) as connection:
        connection.execute(CHANGES.insert().values(kind=ACCESS, number=7))
    heard.wait_for([ACCESS])


def test_what_happens_between_the_first_look_and_the_thread_is_told(shared: sa.Engine) -> None:
    """A change after `begin` is told though nobody listened yet."""
    heard = Heard()
    listener = Listener(shared.url.render_as_string(hide_password=False), heard, origin="here", poll_s=3600.0)
    listener.begin(shared)
    announce_alone(shared, ACCESS)
    listener.start()
    heard.wait_for([ACCESS])
    listener.stop()


def test_a_broken_connection_is_made_again(shared: sa.Engine, listen: Listen) -> None:
    """When the server cuts the listener off it comes back by itself, and what changed meanwhile is told."""
    listener, heard = listen(3600.0)
    _await_listening(shared)
    cut = sa.text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
    )
    with shared.connect() as connection:
        connection.execute(cut)
    announce_alone(shared, ACCESS)
    heard.wait_for([ACCESS])
    assert listener.state() == "ok"


def test_sqlite_announces_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    """On one machine the control plane asks the gateway itself: no number is kept."""
    engine = open_database(f"sqlite:///{tmp_path_factory.mktemp('quiet') / 'triplepoint.db'}")
    announce_alone(engine, ACCESS)
    with engine.connect() as connection:
        assert connection.execute(sa.select(CHANGES)).all() == []
    engine.dispose()
