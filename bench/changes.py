"""Measure how soon a change reaches every gateway: from before a key is made to the moment when each worker has swapped it in.

    python -m bench changes [--workers 4] [--changes 200] [--keys 1000] [--json out.json]

The workers are real processes on one port, with a PostgreSQL and a Valkey of their own. Each reports when it swapped its
snapshot; no request is under way meanwhile.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

from tests.gateway.harness import ADMIN
from tests.plans.valkey_server import ValkeyServer
from tests.postgres import PostgresServer
from tests.processes.workers import COUNTERS, DATABASE, Workers, install_shared

from triplepoint.app import GatewaySocket, Installation, open_installation

_SETTLE_S = 0.1
_GIVE_UP_S = 10.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--changes", type=int, default=200)
    parser.add_argument("--keys", type=int, default=1000, help="keys that there are already")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tp-changes-") as folder, PostgresServer(()) as server:
        valkey = ValkeyServer(Path(folder))
        valkey.start()
        environ = {DATABASE: server.make_database(), COUNTERS: valkey.url}
        os.environ |= environ
        (Path(folder) / "home").mkdir()
        home = install_shared(Path(folder) / "home")
        with open_installation(home) as installation:
            customer = installation.access.customers.create(ADMIN, "many")
            for number in range(args.keys):
                installation.access.keys.create(ADMIN, customer.id, label=f"{number}")
            workers = Workers(home, args.workers, environ)
            try:
                workers.await_all()
                delays = [delay for _ in range(args.changes) for delay in _one_change(installation, customer.id, args.workers)]
            finally:
                workers.stop()
                valkey.stop()
    found = {
        "workers": args.workers,
        "changes": args.changes,
        "keys": args.keys,
        "p50_ms": round(statistics.median(delays) * 1e3, 1),
        "p99_ms": round(statistics.quantiles(delays, n=100)[98] * 1e3, 1),
        "longest_ms": round(max(delays) * 1e3, 1),
    }
    print(json.dumps(found))
    if args.json:
        args.json.write_text(json.dumps(found), "utf-8")


def _one_change(installation: Installation, customer_id: str, workers: int) -> list[float]:
    """Make a key, and return after how many seconds each worker had it."""
    began_us = time.time_ns() // 1000
    installation.access.keys.create(ADMIN, customer_id, label="one more")
    time.sleep(_SETTLE_S)  # asking costs the workers time, so first let them be
    give_up = time.monotonic() + _GIVE_UP_S
    while True:
        status = GatewaySocket(installation.data).status()
        swapped = [one.snapshot_us for one in status.workers or [status]] if status is not None else []
        if len(swapped) == workers and min(swapped) > began_us:
            return [(at_us - began_us) / 1e6 for at_us in swapped]
        if time.monotonic() > give_up:
            raise SystemExit(f"a change did not reach every worker: {swapped}")
        time.sleep(_SETTLE_S)


if __name__ == "__main__":
    main()
