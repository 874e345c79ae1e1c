"""Measure whether the gateway's memory stays flat: resident memory along a million requests.

    python -m bench soak [--requests 1000000] [--json out.json]

After a warm-up (caches, receipts kept in memory), memory is read after each twentieth of the requests. ``growth_mb`` is the
difference between the medians of the last and of the first five readings. Needs nginx and wrk.
"""

import argparse
import json
import statistics
from pathlib import Path

from bench.rig import cpu_s, gateway, nginx, rss_mb, wrk

_READINGS = 20


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    with nginx() as (origin, _), gateway(origin.url) as ours:
        rate = wrk(ours, clients=16, seconds=10).rps
        seconds = max(1, round(args.requests / _READINGS / rate))
        sent, readings, errors, before = 0, list[float](), 0, cpu_s(ours.pid)
        while sent < args.requests:
            load = wrk(ours, clients=16, seconds=seconds)
            sent, errors = sent + load.requests, errors + load.errors
            readings.append(rss_mb(ours.pid))
            print(f"{sent:>9} requests  {readings[-1]:.1f} MB  {load.rps:.0f} rps", flush=True)
        found = {
            "requests": sent,
            "errors": errors,
            "first_mb": round(statistics.median(readings[:5]), 1),
            "last_mb": round(statistics.median(readings[-5:]), 1),
            "growth_mb": round(statistics.median(readings[-5:]) - statistics.median(readings[:5]), 1),
            "cpu_us": round((cpu_s(ours.pid) - before) / sent * 1e6, 1),
        }
    print("  ".join(f"{name}={value}" for name, value in found.items()))
    if args.json:
        args.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
