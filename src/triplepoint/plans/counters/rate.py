"""The generic cell rate algorithm on whole numbers: one number for each rate, nothing to sweep up.

The number is the *theoretical arrival time*: when the next unit would be due if all so far had come evenly. Units move it on by
an interval each; it may run ahead of the clock by one minute (the burst), no further. So in any stretch of ``t`` seconds at
most ``limit + limit · t / 60`` units are let through. Times are nanoseconds and intervals are rounded up, so no sum of
fractions lets one unit too many pass.
Source: ITU-T Recommendation I.371, "virtual scheduling algorithm".
"""

from triplepoint.plans.counters.model import Claim, Standing

MINUTE_NS = 60 * 10**9


def interval_ns(limit: int) -> int:
    """Return the time between units of a rate of so many a minute; limit at least 1."""
    return -(-MINUTE_NS // limit)


def next_due_ns(due_ns: int, now_ns: int, *, amount: int, limit: int) -> int:
    """Return the theoretical arrival time after so many units more."""
    return (due_ns if due_ns > now_ns else now_ns) + amount * interval_ns(limit)


def replay(slices: tuple[tuple[int, int], ...], limit: int) -> int:
    """Return the theoretical arrival time (ns) after what came in the past.

    Args:
        slices: (moment in microseconds, units), ascending.
        limit: Units a minute.
    """
    due_ns = 0
    for at_us, amount in slices:
        due_ns = next_due_ns(due_ns, at_us * 1000, amount=amount, limit=limit)
    return due_ns


def standing(claim: Claim, due_ns: int, now_ns: int) -> Standing:
    """Say how a rate stands, with the claim's amount as what one would like to have."""
    limit = claim.limit
    if limit < 1:
        return Standing(claim.counter, limit, limit)
    ahead_ns, interval = due_ns - now_ns if due_ns > now_ns else 0, -(-MINUTE_NS // limit)
    waits_ns = ahead_ns + (claim.amount - limit) * interval
    retry_us = -(-(now_ns + waits_ns) // 1000) if waits_ns > 0 else 0
    return Standing(claim.counter, limit, -(-ahead_ns // interval), retry_us)
