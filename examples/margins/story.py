"""``python examples/margins/story.py``: what the story's plans earn, by how much their subscribers use.

A message of the thinking model costs 0.02 dollars. Plus costs 20 a month and gives 3,000 of them a week, then thinking-mini,
then mini; Pro costs 200 and has no limit. How much people use is not known: the spread (sigma 1.5) and the means are
assumptions, and so are the costs of the two smaller models.
"""

import random
import sys
from dataclasses import asdict

from triplepoint.economics.plan_simulation import (
    WEEKS_A_MONTH,
    PlanOffer,
    PlanOutcome,
    Step,
    break_even_messages,
    expect,
    simulate,
)
from triplepoint.economics.usage import LognormalUsage

SIGMA = 1.5
SUBSCRIBERS = 200_000


def plus(weekly: float) -> PlanOffer:
    """Return Plus with so many messages of the thinking model a week."""
    steps = (Step("thinking", 0.02, weekly), Step("thinking-mini", 0.004, 3000), Step("mini", 0.001))
    return PlanOffer(20 / WEEKS_A_MONTH, steps)


PRO = PlanOffer(200 / WEEKS_A_MONTH, (Step("thinking", 0.02),))
CASES = [
    *(("Plus, 3,000 a week", plus(3000), mean) for mean in (60, 120, 231, 400, 800)),
    *(("Plus, 200 a week", plus(200), mean) for mean in (120, 400, 800)),
    *(("Pro, no limit", PRO, mean) for mean in (400, 1200, 2308, 4000)),
]


def main() -> None:
    """Print a table, the break-even points, and how far the simulation is from the formulas."""
    _say("| plan | messages a week, mean | margin | loss-makers | downgraded | top 1% of cost |")
    _say("| --- | ---: | ---: | ---: | ---: | ---: |")
    furthest = 0.0
    for name, plan, mean in CASES:
        usage = LognormalUsage.of_mean(mean, sigma=SIGMA)
        found = expect(plan, usage)
        walked = simulate(plan, usage, subscribers=SUBSCRIBERS, draw=random.Random(20))  # noqa: S311 - no secret
        furthest = max(furthest, _difference(found, walked))
        shares = (found.margin_share or 0, found.loss_makers, found.downgraded, found.top_share)
        _say(f"| {name} | {mean:,} | " + " | ".join(f"{round(100 * share, 1) + 0.0:.1f}%" for share in shares) + " |")
    _say("")
    for name, plan in (("Plus", plus(3000)), ("Pro", PRO)):
        _say(f"{name} loses on a subscriber from {break_even_messages(plan):,.0f} messages a week on.")
    _say(f"{SUBSCRIBERS:,} simulated subscribers differ from the formulas by at most {100 * furthest:.2f}%.")


def _difference(one: PlanOutcome, other: PlanOutcome) -> float:
    """Return the largest relative difference of two outcomes, of what is not nothing."""
    pairs = [(value, getattr(other, name)) for name, value in asdict(one).items()]
    return max(abs(b - a) / abs(a) for a, b in pairs if abs(a) > 1e-3)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
