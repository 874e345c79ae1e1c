"""What the ledger's tests share: records, a database, a way to damage files."""

from collections.abc import Callable, Generator
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.postgres import PostgresServer

from triplepoint.foundation.usage import Usage, UsageSource
from triplepoint.ledger.model import Closed, Opened, Outcome
from triplepoint.ledger.store import LedgerStore
from triplepoint.ledger.tables import (
    ATTEMPTS,
    AUDITS,
    CURSORS,
    DAY_ROLLUPS,
    DRAIN_OFFSETS,
    ENDINGS,
    FEEDBACK,
    GRANT_BURNS,
    LEDGER_FLOOR,
    ROLLUPS,
    UNMATCHED_CLOSES,
)
from triplepoint.settings import JournalSettings, WhenFull
from triplepoint.storage.engine import open_database, sqlite_url

NOON_US = 1_767_960_000_000_000  # 2026-01-09 12:00 UTC


def make_opened(number: int, attempt: int = 1, **changed: object) -> Opened:
    """Make the opened record of a numbered request."""
    fields: dict[str, object] = {
        "receipt_id": f"rcpt_{number:06d}",
        "attempt": attempt,
        "at_us": NOON_US + number * 1_000_000,
        "customer_id": f"cust_{number % 3}",
        "key_id": "key_1",
        "request_id": f"req_{number}",
        "endpoint": "/v1/chat/completions",
        "asked_model": "auto",
        "served_model": ("nano", "regular")[number % 2],
        "upstream": "here",
        "upstream_model": "m.gguf",
        "lineup": "f" * 64,
        "decision": "rule: holds code",
        "stream": True,
        "price_id": "here/m@2026-01-01#1f3a",
        "input_estimate": 100 + number,
        "input_usd_per_mtok": "0.15",
        "tags": {"team": "blue"},
    }
    return Opened(**(fields | changed))  # pyright: ignore[reportArgumentType] - the values come by name


def make_closed(number: int, attempt: int = 1, **changed: object) -> Closed:
    """Make the closed record of a numbered request."""
    fields: dict[str, object] = {
        "receipt_id": f"rcpt_{number:06d}",
        "attempt": attempt,
        "at_us": NOON_US + number * 1_000_000 + 840_000,
        "outcome": Outcome.FINISHED,
        "status": 200,
        "error": None,
        "usage": Usage(input_tokens=412, output_tokens=48, cache_read_tokens=7, source=UsageSource.REPORTED),
        "cost_usd": f"0.0000{number + 1:05d}",
        "first_byte_us": 120_000,
        "total_us": 840_000,
        "finish_reason": "stop",
        "notices": ["dropped: logit_bias"],
    }
    return Closed(**(fields | changed))  # pyright: ignore[reportArgumentType] - the values come by name


@pytest.fixture(scope="session")
def opened() -> Callable[..., Opened]:
    """Give the maker of opened records."""
    return make_opened


@pytest.fixture(scope="session")
def closed() -> Callable[..., Closed]:
    """Give the maker of closed records."""
    return make_closed


@pytest.fixture(scope="session")
def settings() -> Callable[..., JournalSettings]:
    """Give the maker of journal settings; by default the thread sleeps, so that tests call `flush` themselves."""

    def make(*, fsync: str = "1h", segment: str = "1MiB", when_full: WhenFull = WhenFull.STOP) -> JournalSettings:
        return JournalSettings.model_validate({"fsync": fsync, "segment": segment, "when_full": when_full})

    return make


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[sa.Engine]:
    """Give a migrated database of either kind, one for all tests of a worker."""
    if request.param == "sqlite":
        url = sqlite_url(tmp_path_factory.mktemp("ledger") / "triplepoint.db")
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.make_installed()
    engine = open_database(url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def empty(database: sa.Engine) -> Callable[[], LedgerStore]:
    """Give what empties the ledger and returns it."""

    def clear() -> LedgerStore:
        with database.begin() as connection:
            attempts = (ATTEMPTS, ROLLUPS, DAY_ROLLUPS, DRAIN_OFFSETS, UNMATCHED_CLOSES, GRANT_BURNS, LEDGER_FLOOR, ENDINGS)
            for table in (*attempts, AUDITS, FEEDBACK):
                connection.execute(table.delete())
            connection.execute(CURSORS.delete().where(CURSORS.c.name != ENDINGS.name))
            connection.execute(CURSORS.update().values(position=0))
        return LedgerStore(database)

    return clear


@pytest.fixture
def store(empty: Callable[[], LedgerStore]) -> LedgerStore:
    """Give an empty ledger."""
    return empty()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Give an installation's data folder."""
    folder = tmp_path / "data"
    folder.mkdir()
    return folder
