"""SIGKILL, for real and often: no record that was taken is lost, none is counted twice."""

import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from triplepoint.foundation.money import per_mtok
from triplepoint.ledger.framing import list_segments
from triplepoint.ledger.model import Outcome
from triplepoint.ledger.rollups import By
from triplepoint.ledger.store import LedgerStore
from triplepoint.storage.engine import open_database, sqlite_url

KILLS = 220


def _kill(data: Path, victims: str, times: int) -> Any:
    script = Path(__file__).parent / "killing.py"
    ran = subprocess.run(
        [sys.executable, str(script), str(data), victims, str(times)], capture_output=True, text=True, check=False, timeout=50
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@contextmanager
def _ledger(data: Path) -> Generator[LedgerStore]:
    engine = open_database(sqlite_url(data / "triplepoint.db"))
    yield LedgerStore(engine)
    engine.dispose()


def _cost(number: int, *, is_closed: bool) -> Decimal:
    return Decimal(number + 1).scaleb(-12) if is_closed else per_mtok(number + 1, Decimal("0.15"))


def test_no_acknowledged_record_dies_with_its_gateway(data: Path) -> None:
    """Over 220 killed gateways, each record whose write returned is in the ledger, and at most one more for each kill."""
    told = _kill(data, "gateways", KILLS)
    promised: dict[str, bool] = told["promised"]
    assert len(promised) > KILLS
    assert (told["damaged"], told["unmatched"]) == (0, 0)
    with _ledger(data) as store:
        rows = {row.receipt_id: row for row in store.iterate()}
        assert len(rows) == told["opened"]
        assert promised.keys() <= rows.keys()
        assert len(rows) - len(promised) <= KILLS
        ended = {receipt_id for receipt_id, row in rows.items() if row.outcome is Outcome.FINISHED}
        assert {receipt_id for receipt_id, is_closed in promised.items() if is_closed} <= ended
        assert all(row.outcome is Outcome.INTERRUPTED for receipt_id, row in rows.items() if receipt_id not in ended)
        owed = sum((_cost(int(key.rsplit("_", 1)[1]), is_closed=key in ended) for key in rows), Decimal(0))
        for by in By:
            assert sum((Decimal(total.cost_usd) for total in store.sum(by=by)), Decimal(0)) == owed
        assert sum(total.attempts for total in store.sum(by=By.DAY)) == len(rows)
    assert list_segments(data / "journal") == []


def test_a_killed_drain_loses_nothing_and_doubles_nothing(data: Path) -> None:
    """However often a drain is killed, the ledger ends as if it had run once."""
    told = _kill(data, "drains", 30)
    assert told["survived"] < 30
    with _ledger(data) as store:
        rows = list(store.iterate())
        assert len(rows) == len({row.receipt_id for row in rows}) == told["attempts"]
        closed_at = {row.receipt_id: int(row.receipt_id.rsplit("_", 1)[1]) for row in rows}
        owed = sum((_cost(number, is_closed=number % 3 > 0) for number in closed_at.values()), Decimal(0))
        assert sum((Decimal(total.cost_usd) for total in store.sum(by=By.MODEL)), Decimal(0)) == owed
        assert sum(total.attempts for total in store.sum(by=By.MODEL)) == told["attempts"]
    assert list_segments(data / "journal") == []
