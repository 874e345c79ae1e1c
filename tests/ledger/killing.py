"""Run by test_killing as a process of its own: starts children, kills them with SIGKILL, and says what they had been promised.

Children are forked from this small process and not started afresh, so that hundreds of lives fit into seconds. Each
child tells its parent through a pipe what it has finished; whatever it was doing when it died, it told nothing of.
"""

import json
import os
import random
import signal
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path

from triplepoint.foundation.clock import SystemClock
from triplepoint.foundation.ids import IdFactory
from triplepoint.foundation.usage import Usage, UsageSource
from triplepoint.ledger.drain import drain
from triplepoint.ledger.journal import Journal
from triplepoint.ledger.model import Closed, Opened, Outcome
from triplepoint.ledger.store import LedgerStore
from triplepoint.settings import JournalSettings
from triplepoint.storage.engine import open_database, sqlite_url

_TOLD = struct.Struct("<I?")
_SETTINGS = JournalSettings.model_validate({"fsync": "2ms", "segment": "32KiB"})
_LONGEST_S = 0.005


def live_and_die(live: Callable[[int], None], *, after_s: float) -> bytes:
    """Let a child live, kill it, and return what it told."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            live(writing)
        finally:
            os._exit(0)
    os.close(writing)
    told = _read_until(reading, time.monotonic() + after_s)
    os.kill(child, signal.SIGKILL)
    while more := os.read(reading, 65536):
        told += more
    os.close(reading)
    os.waitpid(child, 0)
    return told


def _read_until(fd: int, moment_s: float) -> bytes:
    """Keep the pipe from filling up, so that the child is never waiting when it dies."""
    os.set_blocking(fd, False)
    told = b""
    while time.monotonic() < moment_s:
        try:
            more = os.read(fd, 65536)
        except BlockingIOError:
            time.sleep(0.0005)
            continue
        if not more:
            break
        told += more
    os.set_blocking(fd, True)
    return told


def write_until_killed(data: Path, life: int, told: int) -> None:
    """Be a gateway: open attempts and close two of three, as fast as can be, and tell of each record that was taken."""
    journal = Journal(data, boot=f"boot_{life:04d}", settings=_SETTINGS)
    for number in range(1_000_000):
        journal.write(opened(life, number))
        os.write(told, _TOLD.pack(number, False))
        if number % 3:
            journal.write(closed(life, number))
            os.write(told, _TOLD.pack(number, True))


def opened(life: int, number: int) -> Opened:
    """Make an opened record."""
    return Opened(
        receipt_id=f"rcpt_{life:04d}_{number}",
        attempt=1,
        at_us=1_767_960_000_000_000 + number,
        customer_id=f"cust_{number % 3}",
        key_id="key_1",
        request_id=f"req_{number}",
        endpoint="/v1/chat/completions",
        asked_model="auto",
        served_model="regular",
        upstream="here",
        upstream_model="m.gguf",
        lineup="f" * 64,
        decision="rule: holds code",
        stream=True,
        price_id="here/m@2026-01-01#1f3a",
        input_estimate=number + 1,
        input_usd_per_mtok="0.15",
    )


def closed(life: int, number: int) -> Closed:
    """Make its closed record; the cost says which."""
    return Closed(
        receipt_id=f"rcpt_{life:04d}_{number}",
        attempt=1,
        at_us=1_767_960_001_000_000 + number,
        outcome=Outcome.FINISHED,
        status=200,
        error=None,
        usage=Usage(input_tokens=number, output_tokens=1, source=UsageSource.REPORTED),
        cost_usd=f"0.{number + 1:012d}",
        first_byte_us=1,
        total_us=2,
    )


def kill_gateways(data: Path, lives: int) -> dict[str, object]:
    """Kill gateways; drain now and then while the next lives, as a control plane does."""
    promised: dict[str, bool] = {}
    draw = random.Random(7)
    for life in range(lives):
        told = live_and_die(
            lambda pipe, life=life: write_until_killed(data, life, pipe), after_s=draw.uniform(0.001, _LONGEST_S)
        )
        for number, is_closed in _TOLD.iter_unpack(told[: len(told) - len(told) % _TOLD.size]):
            promised[f"rcpt_{life:04d}_{number}"] = is_closed
    engine = open_database(sqlite_url(data / "triplepoint.db"))
    done = drain(data, LedgerStore(engine))
    engine.dispose()
    return {"promised": promised, "opened": done.opened, "damaged": done.damaged, "unmatched": done.unmatched}


def kill_drains(data: Path, kills: int) -> dict[str, object]:
    """Fill a journal in several lives, then drain it with drains that are killed; the last one may finish."""
    new_id = IdFactory(SystemClock().now_us)
    count = 0
    for life in range(6):
        journal = Journal(data, boot=new_id("boot"), settings=_SETTINGS)
        for number in range(400):
            journal.write(opened(life, number))
            if number % 3:
                journal.write(closed(life, number))
        count += 400
        journal.close()
    url = sqlite_url(data / "triplepoint.db")
    open_database(url).dispose()
    draw = random.Random(7)
    survived = 0
    for _ in range(kills):
        told = live_and_die(lambda pipe: _drain_and_tell(data, pipe), after_s=draw.uniform(0.03, 0.09))
        survived += told == b"done"
    engine = open_database(url)
    drain(data, LedgerStore(engine))
    engine.dispose()
    return {"attempts": count, "survived": survived}


def _drain_and_tell(data: Path, pipe: int) -> None:
    engine = open_database(sqlite_url(data / "triplepoint.db"))
    drain(data, LedgerStore(engine))
    os.write(pipe, b"done")
    time.sleep(1)


if __name__ == "__main__":
    folder, victims, times = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    seen = kill_gateways(folder, times) if victims == "gateways" else kill_drains(folder, times)
    sys.stdout.write(json.dumps(seen))
