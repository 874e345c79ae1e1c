"""``python -m bench [NAME]``: overhead, streaming (both without a name), or another of those below; each has --help."""

import runpy
import sys

_ALL = (
    *(
        "overhead",
        "calls",
        "streaming",
        "soak",
        "transport",
        "energy",
        "prices",
        "counters",
        "ledger",
        "margins",
        "changes",
        "alarms",
        "audits",
    ),
    *("decisions", "signals", "scorer", "choices"),
)


def main() -> None:
    """Run what is named."""
    if len(sys.argv) > 1 and sys.argv[1] in {"-h", "--help"}:
        sys.exit(f"{__doc__}\n\nEach has --help of its own.")
    names = [sys.argv.pop(1)] if len(sys.argv) > 1 and sys.argv[1] in _ALL else ["overhead", "streaming"]
    for name in names:
        print(f"# {name}", flush=True)
        runpy.run_module(f"bench.{name}", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
