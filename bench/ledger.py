"""Measure the ledger: whether it equals the truth and how fast it takes events in; how fast it answers when it is large.

    python -m bench ledger [--events 1000000] [--database sqlite|postgresql] [--hosts 1]
    python -m bench ledger --pages 10000000 [--database sqlite|postgresql]

The first writes journals in which of a hundred events 20 come twice and 5 end late, and some never end; drains them in
processes that are killed twice on the way; then holds every row, every rollup and every grant against the truth, to the last
digit.
The second makes a ledger of so many attempts in the database itself, and asks it for the pages that API, console and command
line ask for.
"""

import argparse
import contextlib
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from tests.postgres import PostgresServer

from bench.events import Plan, as_texts, meter, row_truth, text_of, work_out, write_journals
from bench.ledger_pages import measure_pages
from triplepoint.ledger.drain import drain
from triplepoint.ledger.model import Rollup
from triplepoint.ledger.rollups import RollupKey, by_days
from triplepoint.ledger.store import LedgerStore
from triplepoint.ledger.tables import DAY_ROLLUPS, DRAIN_OFFSETS, GRANT_BURNS
from triplepoint.settings import JournalSettings
from triplepoint.storage.engine import open_database, reading, sqlite_url

_KILL_AT = (0.25, 0.6)
_SAFE = ("synchronous_commit=on", "shared_buffers=512MB", "max_wal_size=4GB", "checkpoint_timeout=15min")


def main() -> None:
    """Measure and print; ends with 1 where the ledger is not the truth."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--hosts", type=int, default=1, help="machines that drain at once; PostgreSQL only")
    parser.add_argument("--pages", type=int, metavar="ATTEMPTS", help="measure pages of a ledger of so many attempts instead")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tp-ledger-") as folder, _database(args.database, Path(folder)) as url:
        if args.pages:
            measure_pages(url, args.pages)
        else:
            plan = Plan(args.events, hosts=args.hosts)
            sys.exit(_prove(plan, [Path(folder) / f"host_{host}" for host in range(args.hosts)], url))


@contextlib.contextmanager
def _database(kind: str, folder: Path) -> Generator[str]:
    if kind == "sqlite":
        yield sqlite_url(folder / "triplepoint.db")
    else:
        with PostgresServer(_SAFE) as server:
            yield server.make_database()


def _prove(plan: Plan, folders: list[Path], url: str) -> int:
    for folder in folders:
        folder.mkdir()
    began = time.perf_counter()
    settings = JournalSettings.model_validate({"fsync": "1h"})
    came = write_journals(plan, folders, settings)
    written = sum(path.stat().st_size for folder in folders for path in (folder / "journal").iterdir())
    print(f"{plan.events} events, {came} with those that come twice, {written / 1e6:.0f} MB of journal", flush=True)
    print(f"journals written in {time.perf_counter() - began:.1f} s", flush=True)
    open_database(url).dispose()
    took = drain_with_kills(folders, url, written)
    print(f"drained in {took.wall_s:.1f} s with {took.kills} drains killed: {came / took.wall_s:.0f} events/s", flush=True)
    print(f"CPU time of the drains {took.cpu_s:.1f} s: {took.cpu_s / came * 1e6:.0f} µs an event", flush=True)
    faults = compare(plan, url)
    for fault in faults[:20]:
        print(f"WRONG: {fault}")
    print("the ledger is not the truth" if faults else "the ledger equals the truth: every row, every rollup, every grant")
    return int(bool(faults))


def drain_with_kills(folders: list[Path], url: str, journal_bytes: int) -> "Drain":
    """Drain journals in a process each; all are killed at a quarter of the way, and again further on."""
    engine = open_database(url)
    began, kills = time.perf_counter(), 0
    cpu = resource.getrusage(resource.RUSAGE_CHILDREN)
    for share in (*_KILL_AT, None):
        drains = [_start(folder, url) for folder in folders]
        while any(one.poll() is None for one in drains):
            if share is not None and _drained_bytes(folders, engine, journal_bytes) > share * journal_bytes:
                for one in drains:
                    one.send_signal(signal.SIGKILL)
                    kills += 1
                break
            time.sleep(0.05)
        for one in drains:
            one.wait()
    took_s = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    for folder in folders:
        drain(folder, LedgerStore(engine), meter=meter)  # nothing is left: it matches what two hosts set aside at one moment
    engine.dispose()
    return Drain(took_s, used.ru_utime + used.ru_stime - cpu.ru_utime - cpu.ru_stime, kills)


@dataclass(frozen=True, slots=True)
class Drain:
    """What it took."""

    wall_s: float
    cpu_s: float
    """Of the draining processes alone; PostgreSQL's own is beside it."""
    kills: int


def _start(folder: Path, url: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "bench.drain_events", str(folder)], env=os.environ | {"DRAIN_URL": url})


def _drained_bytes(folders: list[Path], engine: sa.Engine, journal_bytes: int) -> int:
    with reading(engine) as connection:
        offsets = dict(connection.execute(sa.select(DRAIN_OFFSETS.c.segment, DRAIN_OFFSETS.c.offset)).all())  # pyright: ignore[reportArgumentType, reportUnknownVariableType]
    there = [path for folder in folders for path in (folder / "journal").iterdir()]
    left = 0
    for path in there:
        with contextlib.suppress(FileNotFoundError):
            left += path.stat().st_size - int(offsets.get(path.name, 0))
    return journal_bytes - left


def compare(plan: Plan, url: str) -> list[str]:
    """Hold a ledger against the truth; returns what differs."""
    engine = open_database(url)
    store = LedgerStore(engine)
    faults: list[str] = []
    rows = 0
    for row in store.iterate():
        rows += 1
        number = int(row.receipt_id.removeprefix("rcpt_")) + (row.attempt - 1)
        opened, outcome, counts = row_truth(plan, number)
        true = as_texts({name: amount for name, amount in counts.items() if amount is not None})
        have = {name: getattr(row, name, None) if hasattr(row, name) else getattr(row.usage, name) for name in counts}
        if row.outcome is not outcome or row.opened_us != opened.at_us or have != dict.fromkeys(counts) | true:
            faults.append(f"row {number}: {have} and {row.outcome}, not {true} and {outcome}")
    if rows != plan.events:
        faults.append(f"{rows} rows, not {plan.events}")
    truth = work_out(plan)
    hours = {RollupKey(*key): Rollup(**RollupKey(*key)._asdict(), **as_texts(sums)) for key, sums in truth.rollups.items()}  # pyright: ignore[reportArgumentType]
    if {RollupKey(*(getattr(one, name) for name in RollupKey._fields)): one for one in store.rollups()} != hours:
        faults.append("rollups by hours differ")
    with reading(engine) as connection:
        days = {
            tuple(one[column.name] for column in DAY_ROLLUPS.c) for one in connection.execute(sa.select(DAY_ROLLUPS)).mappings()
        }
        burnt = {one.grant_id: one.burnt_usd for one in connection.execute(sa.select(GRANT_BURNS))}
    if days != {tuple(day[column.name] for column in DAY_ROLLUPS.c) for day in by_days(hours.values())}:
        faults.append("rollups by days differ")
    if burnt != {grant: text_of(amount, 12) for grant, amount in truth.burnt.items()}:
        faults.append(f"grants differ: {burnt}")
    engine.dispose()
    return faults


if __name__ == "__main__":
    main()
