"""Choose a million times in random worlds, and count what was given that may not be.

    python -m bench choices [--requests 1000000] [--seed 1]

Line-ups, keys, plans (entitlements, floors, regions, ladders, lengths), outages and requests are random; each world is asked 50
times and each choice goes down its ladder as far as that leads. What must hold is written down apart from the gateway's own
code (`tests.gateway.generated`).
"""

import argparse
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.gateway.generated import make_world, violations
from tests.gateway.harness import model, openai_upstream
from tests.gateway.making import snapshot_of

_A_WORLD = 50


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng, found, begun = random.Random(args.seed), Counter[str](), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        lineup = {"router": {"kind": "fixed", "default": "m"}}
        snapshot = snapshot_of(Path(folder), upstreams={"a": openai_upstream(1)}, models={"m": model("a")}, lineup=lineup)
        worlds = -(-args.requests // _A_WORLD)
        for _ in range(worlds):
            found.update(violations(make_world(snapshot, rng), rng, _A_WORLD))
    print(f"requests={worlds * _A_WORLD}  violations={found.total()}  seconds={time.monotonic() - begun:.0f}")
    for what, count in found.most_common():
        print(f"{count:8}  {what}")


if __name__ == "__main__":
    main()
