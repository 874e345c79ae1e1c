"""``python -m bench margins``: time to work a plan out, and to walk 200,000 subscribers down its ladder."""

import argparse
import random
import time
from dataclasses import asdict

from triplepoint.economics.plan_simulation import WEEKS_A_MONTH, PlanOffer, Step, expect, simulate
from triplepoint.economics.usage import LognormalUsage

_SUBSCRIBERS = 200_000
_LIMIT_S = 1.0
_PLAN = PlanOffer(
    20 / WEEKS_A_MONTH,
    (Step("thinking", 0.02, 3000), Step("thinking-mini", 0.004, 3000), Step("mini", 0.001)),
    payment_share=0.029,
    payment_usd=0.07,
    overhead_usd=0.2,
)


def main() -> None:
    """Measure and print."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    usage = LognormalUsage.of_mean(400, sigma=1.5, zero_share=0.1)
    begun = time.perf_counter()
    found = expect(_PLAN, usage)
    formula_s = time.perf_counter() - begun
    best_s = float("inf")
    for seed in range(5):
        begun = time.perf_counter()
        walked = simulate(_PLAN, usage, subscribers=_SUBSCRIBERS, draw=random.Random(seed))
        best_s = min(best_s, time.perf_counter() - begun)
        pairs = [(value, getattr(walked, name)) for name, value in asdict(found).items()]
        furthest = max(abs(b - a) / abs(a) for a, b in pairs if abs(a) > 1e-6)
        print(f"seed {seed}: largest difference {100 * furthest:.3f} %")
    verdict = "within" if best_s <= _LIMIT_S else "ABOVE"
    print(f"formulas {formula_s * 1e6:.0f} µs; {_SUBSCRIBERS:,} subscribers {best_s:.2f} s ({verdict} {_LIMIT_S:g} s)")


if __name__ == "__main__":
    main()
