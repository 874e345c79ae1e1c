"""Time a call of the price book: text in standard processing, and all that a row can say. Goal: at most 50 µs each.

Each figure is the median of several rounds, in µs of processor time a call.
"""

import argparse
import json
import time
from collections.abc import Callable
from datetime import date
from statistics import median

from triplepoint.configuration.load import load_book
from triplepoint.files.seed import seed_folder
from triplepoint.foundation.usage import Usage

_DAY = date(2026, 11, 20)
_AT_US = 1_795_140_000_000_000
_TEXT = Usage(input_tokens=5000, output_tokens=800, cache_read_tokens=3000)
_LONG = Usage(input_tokens=300_000, output_tokens=800, cache_read_tokens=3000, cache_write_tokens=100)
_BATCH = Usage(input_tokens=5000, output_tokens=800, cache_read_tokens=3000, service_tier="batch")
_SEARCH = Usage(input_tokens=5000, output_tokens=800, web_searches=2)
_SOUND = Usage(input_tokens=5000, output_tokens=800, input_audio_tokens=3000, output_audio_tokens=500)

CASES = {
    "text": ("openai/gpt-4o", _TEXT),
    "text, long context": ("openai/gpt-5.4", _LONG),
    "batch": ("openai/gpt-5.4", _BATCH),
    "web searches": ("anthropic/claude-opus-5", _SEARCH),
    "sound": ("openai/gpt-audio", _SOUND),
    "hours": ("deepseek/deepseek-v4-pro", _TEXT),
}


def main() -> None:
    """Measure, print, and fail where the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=20_000, help="calls a round")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--goal-us", type=float, default=50.0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    began = time.perf_counter()
    book = load_book(seed_folder())
    figures: dict[str, float] = {"load_ms": (time.perf_counter() - began) * 1e3}
    for name, (model, usage) in CASES.items():
        price = book.price(model, _DAY)
        if price is None or price.cost_usd(usage, _AT_US) is None:
            parser.error(f"{name}: {model} has no cost")
        figures[name] = _us(lambda price=price, usage=usage: price.cost_usd(usage, _AT_US), arguments.calls, arguments.rounds)
    price = book.price("openai/gpt-5.4", _DAY)
    if price is not None:
        figures["worst case"] = _us(lambda: price.worst_usd(5000, 4096), arguments.calls, arguments.rounds)
    figures["look-up by day"] = _us(lambda: book.price("openai/gpt-4o", _DAY), arguments.calls, arguments.rounds)
    book.resolve("gpt-4o", _DAY)
    figures["bare name"] = _us(lambda: book.resolve("gpt-4o", _DAY), arguments.calls // 10, arguments.rounds)
    if arguments.json:
        print(json.dumps(figures, indent=2))
    else:
        for name, figure in figures.items():
            print(f"{name:<20} {figure:8.2f} {'ms' if name == 'load_ms' else 'µs'}")
    slowest = max(figures[name] for name in (*CASES, "worst case", "look-up by day"))
    if slowest > arguments.goal_us:
        raise SystemExit(f"missed: {slowest:.1f} µs a call, the goal is {arguments.goal_us}")


def _us(call: Callable[[], object], calls: int, rounds: int) -> float:
    spent: list[float] = []
    for _ in range(rounds):
        began = time.process_time()
        for _ in range(calls):
            call()
        spent.append((time.process_time() - began) / calls * 1e6)
    return median(spent)


if __name__ == "__main__":
    main()
