"""Twenty thousand events with twins, latecomers and killed drains: the ledger equals what whole numbers say beside it."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from bench.events import Plan, write_journals
from bench.ledger import compare, drain_with_kills
from tests.postgres import PostgresServer, lent_database

from triplepoint.settings import JournalSettings
from triplepoint.storage.engine import open_database, sqlite_url


def _prove(plan: Plan, folders: list[Path], url: str) -> None:
    for folder in folders:
        folder.mkdir()
    came = write_journals(plan, folders, JournalSettings.model_validate({"fsync": "1h", "segment": "1MiB"}))
    assert 1.15 < came / plan.events < 1.25
    written = sum(path.stat().st_size for folder in folders for path in (folder / "journal").iterdir())
    open_database(url).dispose()
    assert drain_with_kills(folders, url, written).kills == 2 * len(folders)
    assert compare(plan, url) == []


@pytest.mark.timeout(240)
def test_one_host_on_sqlite_ends_at_the_truth(tmp_path: Path) -> None:
    """Of 20,000 events a fifth comes twice and a twentieth late, two drains are killed: every row and sum is right."""
    _prove(Plan(8_000), [tmp_path / "host"], sqlite_url(tmp_path / "triplepoint.db"))


@pytest.mark.timeout(240)
def test_two_hosts_on_one_postgresql_end_at_the_truth(tmp_path: Path, postgres: PostgresServer) -> None:
    """Two hosts drain the same events into one database at once, and are killed at it: each counts once."""
    with lent_database(postgres, is_installed=False) as url:
        _prove(Plan(8_000, hosts=2), [tmp_path / "one", tmp_path / "two"], url)


def test_a_wrong_sum_is_found_out(tmp_path: Path) -> None:
    """The comparison sees a single millionth of a millionth of a dollar."""
    plan, url = Plan(300), sqlite_url(tmp_path / "triplepoint.db")
    folder = tmp_path / "host"
    folder.mkdir()
    write_journals(plan, [folder], JournalSettings.model_validate({"fsync": "1h"}))
    drain_with_kills([folder], url, 10**12)
    assert compare(plan, url) == []
    engine = open_database(url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE rollups SET cost_usd = exact_add(cost_usd, '0.000000000001') WHERE rowid = 1"))
    engine.dispose()
    assert compare(plan, url) == ["rollups by hours differ"]
