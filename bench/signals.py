"""Time the reading of a request's signals, with its words, as a router asks for them. Goals: 40 µs for a chat, 700 µs for 8 kB.

    python -m bench signals [--calls 3000] [--json]

Each figure is of processor time a call, in µs: the median, and the 99th of a hundred.
"""

import argparse
import json
import time
from collections.abc import Mapping

import msgspec

from triplepoint.routing.signals.read import read_request
from triplepoint.upstreams.dialects.model import Dialect

_PROSE = (
    "Please explain to me how the harbour of a small town on the northern coast was built, who paid for it and what became of "
    "the fishermen after the railway came in the year 1887, with a short list of the sources. "
)
_CHINESE = "请告诉我北方海岸一个小镇的港口是怎么建成的，谁出的钱，铁路通车以后渔民怎么样了，并列出几个资料来源。"
_CODE = (
    "def settle(self, claim: Claim) -> None:\n    for hold in claim.holds:\n        self._counters[hold.name] -= hold.amount\n"
)
_SYSTEM = {"role": "system", "content": "You are a helpful assistant. " * 10}
_TOOLS = [
    {"type": "function", "function": {"name": f"tool_{n}", "description": _PROSE, "parameters": {"type": "object"}}}
    for n in range(20)
]


def _said(*texts: str) -> list[dict[str, str]]:
    return [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(texts)]


def _cut(text: str, characters: int) -> str:
    return (text * (characters // len(text) + 1))[:characters]


CASES = {
    "chat of 150 tokens": {"messages": [_SYSTEM, *_said(_cut(_PROSE, 600))]},
    "the same in Chinese": {"messages": [_SYSTEM, *_said(_cut(_CHINESE, 150))]},
    "yes, after a plan": {"messages": [_SYSTEM, *_said(_PROSE, f"Plan: 1. refactor 2. prove 3. test. {_PROSE}", "yes, do it")]},
    "8 kB": {"messages": [_SYSTEM, *_said(_cut(_PROSE, 8192))]},
    "8 kB of code": {"messages": [_SYSTEM, *_said(f"Explain:\n```python\n{_cut(_CODE, 8192)}\n```")]},
    "agent, 100 messages": {"messages": [_SYSTEM, *_said(*[_cut(_PROSE + _CODE, 2000)] * 99)], "tools": _TOOLS},
    "10 MB": {"messages": _said(_cut(_PROSE, 10_000_000))},
}
GOALS_US = {"chat of 150 tokens": 40.0, "8 kB": 700.0}


def main() -> None:
    """Measure, print, and fail where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=3000, help="of the shortest case; longer ones are called less often")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures = {name: _measure(body, arguments.calls) for name, body in CASES.items()}
    if arguments.json:
        print(json.dumps(figures, indent=2))
    else:
        print(f"{'':<22}{'p50':>10}{'p99':>10}  µs")
        for name, figure in figures.items():
            print(f"{name:<22}{figure['p50_us']:>10.1f}{figure['p99_us']:>10.1f}")
    missed = [name for name, goal in GOALS_US.items() if figures[name]["p50_us"] > goal]
    if missed:
        raise SystemExit(f"missed: {', '.join(missed)}")


def _measure(body: Mapping[str, object], calls: int) -> dict[str, float]:
    data = json.dumps(body, ensure_ascii=False).encode()
    fields = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    spent: list[int] = []
    for _ in range(max(5, calls * 1000 // max(1000, len(data)))):
        began = time.process_time_ns()
        read_request(fields, Dialect.CHAT, wants_text=True)
        spent.append(time.process_time_ns() - began)
    spent.sort()
    return {"bytes": len(data), "p50_us": spent[len(spent) // 2] / 1e3, "p99_us": spent[len(spent) * 99 // 100] / 1e3}


if __name__ == "__main__":
    main()
