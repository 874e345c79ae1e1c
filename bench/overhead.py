"""Measure what the gateway adds to a request, beside nginx as a bare proxy and any peer that runs, in one run.

    python -m bench overhead [--seconds 5] [--rounds 3] [--target NAME=URL=MODEL=KEY=PID …] [--json out.json]

An nginx with one worker plays the upstream (a fixed chat completion of 0.7 kB) and, on another port, a bare proxy in front of
it: the floor. The gateway has everything on: keys, rate limit, receipts, journal with fsync, metrics. Beside it runs a proxy of
our own server and client side and nothing else, which tells how much of the cost is HTTP. The gateway is asked for a model by
its name and, in turns, for ``auto``, which a rules router decides. A peer that already runs is named by ``--target``: URL up to
``/v1``, PID its top process; point it at the origin's URL, which is printed first. Targets take
turns, round by round; for each the median of its rounds counts:

    added_p50_us  median latency with one client, one request at a time, minus the origin's own
    rps           requests a second with 16 clients
    cpu_us        user + system CPU of its processes for each request, at 16 clients
    ratio         its cpu_us over the bare proxy's: the figure that moves least on a shared machine
    rss_mb        resident memory after the run

Needs nginx and wrk.
"""

import argparse
import json
import statistics
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from bench.rig import Target, bare, cpu_s, gateway, nginx, rss_mb, wrk


@dataclass(frozen=True)
class Row:
    """What was measured of one target."""

    name: str
    added_p50_us: float
    rps: float
    cpu_us: float
    ratio: float
    rss_mb: float
    errors: int


@dataclass(frozen=True)
class _Round:
    p50_us: float
    rps: float
    cpu_us: float
    errors: int


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--target", action="append", default=[], metavar="NAME=URL=MODEL=KEY=PID")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    with nginx() as (origin, proxy), bare(origin.url) as python, gateway(origin.url) as ours:
        print(f"origin: {origin.url}", flush=True)
        routed = replace(ours, name="triplepoint, auto", model="auto")
        targets = [origin, proxy, python, ours, routed, *map(_parse_target, args.target)]
        rounds: dict[str, list[_Round]] = {target.name: [] for target in targets}
        for _ in range(args.rounds):
            for target in targets:
                rounds[target.name].append(_measure(target, args.seconds))
        rows = _rows(targets, rounds)
    for row in rows:
        print("  ".join(f"{name}={value}" for name, value in asdict(row).items()))
    if args.json:
        args.json.write_text(json.dumps([asdict(row) for row in rows], indent=1))


def _parse_target(text: str) -> Target:
    name, url, model, key, pid = text.split("=")
    return Target(name, url, model, key, int(pid))


def _measure(target: Target, seconds: int) -> _Round:
    wrk(target, clients=16, seconds=1)
    alone = wrk(target, clients=1, seconds=seconds)
    before = cpu_s(target.pid)
    many = wrk(target, clients=16, seconds=seconds)
    return _Round(alone.p50_us, many.rps, (cpu_s(target.pid) - before) / many.requests * 1e6, alone.errors + many.errors)


def _rows(targets: list[Target], rounds: dict[str, list[_Round]]) -> list[Row]:
    def median(name: str, field: str) -> float:
        return statistics.median(getattr(one, field) for one in rounds[name])

    own_p50, own_cpu = median("origin", "p50_us"), median("origin", "cpu_us")
    floor = median("nginx proxy", "cpu_us") - own_cpu
    rows: list[Row] = []
    for target in targets:
        # nginx's one worker plays origin and proxy, so the origin's own part is taken off the proxy's
        cpu_us = floor if target.name == "nginx proxy" else median(target.name, "cpu_us")
        rows.append(
            Row(
                name=target.name,
                added_p50_us=round(median(target.name, "p50_us") - own_p50),
                rps=round(median(target.name, "rps")),
                cpu_us=round(cpu_us, 1),
                ratio=round(cpu_us / floor, 2),
                rss_mb=round(rss_mb(target.pid)),
                errors=sum(one.errors for one in rounds[target.name]),
            )
        )
    return rows


if __name__ == "__main__":
    main()
