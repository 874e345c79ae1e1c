"""What callers are told of their limits: headers before one binds, and refusals that say when to come back.

- OpenAI's rate-limit family, where the plan has rates.
- ``x-triplepoint-quota`` from 80 % on, one item for each quota: ``"week";r=480;l=3000;t=86400;next="mini"`` (what is left, the
  limit, seconds to the reset, the next model down), in the shape of RFC 9651, as the IETF's draft of RateLimit headers has it.
"""

import datetime
import math
from collections.abc import Sequence
from functools import lru_cache

from triplepoint.foundation.errors import QuotaExhausted, RateLimited
from triplepoint.gateway.pace import duration_text
from triplepoint.gateway.wire import HeaderList
from triplepoint.plans.amounts import of_units
from triplepoint.plans.counters.model import Bound, Claim, Kind, Standing
from triplepoint.plans.limits import REQUESTS, Limit
from triplepoint.plans.model import Unit
from triplepoint.plans.periods import zone
from triplepoint.plans.terms import Terms

_RATE = Kind.RATE  # a look into an Enum costs as much as a sum
_REQUESTS, _TOKENS = (
    (b"x-ratelimit-limit-" + what, b"x-ratelimit-remaining-" + what, b"x-ratelimit-reset-" + what)
    for what in (b"requests", b"tokens")
)

TOLD_FROM_PERCENT = 80
"""From here on a caller hears of a quota."""


def standing_headers(
    terms: Terms, model: str, limits: Sequence[Limit | None], standings: Sequence[Standing], now_us: int
) -> HeaderList:
    """Return the headers that say how a key's limits stand: its rates always, a quota once most of it is used."""
    headers: HeaderList = []
    announced: list[str] = []
    for limit, standing in zip(limits, standings, strict=False):
        if limit is None:
            continue
        if limit.kind is _RATE:
            headers += _rate_headers(limit, standing)
        elif standing.used * 100 >= standing.limit * TOLD_FROM_PERCENT:
            announced.append(_announced(limit, standing, terms.ladder.get(model), now_us))
    if announced:
        headers.append((b"x-triplepoint-quota", ", ".join(announced).encode()))
    return headers


def _rate_headers(limit: Limit, standing: Standing) -> tuple[tuple[bytes, bytes], ...]:
    """Return the OpenAI rate-limit headers of a rate."""
    most, used = standing.limit, standing.used
    names = _REQUESTS if limit.name == REQUESTS else _TOKENS
    full_ms = -(-used * 60_000 // most) if most else 60_000
    reset = b"%dms" % full_ms if full_ms < 1000 else duration_text(full_ms / 1000)
    left = most - used if most > used else 0
    return (names[0], _number(most)), (names[1], b"%d" % left), (names[2], reset)


@lru_cache(maxsize=1024)
def _number(limit: int) -> bytes:
    """Write a limit, of which there are few."""
    return b"%d" % limit


def _announced(limit: Limit, standing: Standing, below: str | None, now_us: int) -> str:
    """Return the item that announces a quota.

    Args:
        below: The next model down.
    """
    seconds = math.ceil((limit.reset_us(now_us) - now_us) / 1e6)
    then = f';next="{below}"' if below is not None else ""
    left, most = (format(of_units(amount, limit.unit).normalize(), "f") for amount in (standing.remaining, standing.limit))
    return f'"{limit.name}";r={left};l={most};t={seconds}{then}'


def rate_refusal(limits: Sequence[Limit | None], answer: Bound, binding: Sequence[int], now_us: int) -> RateLimited:
    """Return the fault of a request that comes too fast."""
    waits = {n: max(0.0, (answer.standings[n].retry_us - now_us) / 1e6) for n in binding}
    slowest = max(waits, key=lambda n: waits[n])
    limit = limits[slowest]
    what = "requests" if limit is None or limit.name == REQUESTS else "tokens"
    standing = answer.standings[slowest]
    return RateLimited(
        f"This plan allows {standing.limit} {what} a minute; try again in {waits[slowest]:.1f} s.",
        code="rate_limit_exceeded",
        retry_after_s=waits[slowest],
    )


def why_bound(
    terms: Terms, limits: Sequence[Limit | None], claims: Sequence[Claim], answer: Bound, now_us: int
) -> tuple[str, int | None]:
    """Say in words which quota has no room, and when there will be some again.

    Returns: The words, and the moment in microseconds; None where waiting does not help.
    """
    resets = {n: _fresh_us(limits[n], claims[n], answer.standings[n], now_us) for n in answer.binding}
    last = max(answer.binding, key=lambda n: math.inf if (reset := resets[n]) is None else reset)
    if limits[last] is None:
        return _why_no_credit(terms, limits, claims, answer), None
    return _why(terms, limits[last], claims[last], answer.standings[last], resets[last]), resets[last]


def quota_refusal(
    model: str, why: str, reset_us: int | None, now_us: int, *, in_loop: bool, could_be: str | None
) -> QuotaExhausted:
    """Return the fault of a request that some quota has no room for, with the true moment of the reset.

    Args:
        in_loop: It was not moved, because it goes on with a tool loop.
        could_be: Model that it would have been moved to, had its caller not refused that.
    """
    words = f"{model}: {why}."
    if could_be is not None:
        words += f" It could have gone to {could_be}, but asked not to be moved."
    elif in_loop:
        words += " A request in a tool loop is not moved to another model."
    return QuotaExhausted(words, retry_after_s=None if reset_us is None else max(1.0, (reset_us - now_us) / 1e6))


def _fresh_us(limit: Limit | None, claim: Claim, standing: Standing, now_us: int) -> int | None:
    """Return from when on the request would have room; None where waiting does not help."""
    if limit is None or claim.amount > claim.limit:
        return None
    if claim.kind is Kind.SLIDING and standing.retry_us:
        return standing.retry_us
    return limit.reset_us(now_us)


def _why_no_credit(terms: Terms, limits: Sequence[Limit | None], claims: Sequence[Claim], answer: Bound) -> str:
    pool = [n for n, limit in enumerate(limits) if limit is None]
    left = sum(answer.standings[n].remaining for n in pool)
    if not left:
        return f"the credit of plan {terms.plan} is used up; more must be granted"
    rest, need = (of_units(amount, Unit.CHARGE_USD).normalize() for amount in (left, claims[pool[0]].amount))
    return (
        f"{rest:f} USD of credit are left on plan {terms.plan}, and the request may come to {need:f} USD; ask for a shorter "
        "answer, or have more granted"
    )


def _why(terms: Terms, limit: Limit | None, claim: Claim, standing: Standing, reset_us: int | None) -> str:
    assert limit is not None  # noqa: S101 - that of credit is told elsewhere
    allowance = f"quota {limit.name} of plan {terms.plan} ({limit.text(claim.limit)} {limit.how_often()})"
    if reset_us is None:
        most = limit.text(claim.amount)
        return f"the request may need up to {most}, more than the whole {allowance}; ask for a shorter answer or send less"
    when = datetime.datetime.fromtimestamp(reset_us / 1e6, tz=zone(limit.time_zone))
    left = standing.remaining
    if left and claim.amount > 1:
        need, rest = limit.text(claim.amount), limit.text(left)
        return f"{rest} are left of the {allowance}, and the request may need {need}; it is fresh at {when:%Y-%m-%dT%H:%M:%S%z}"
    return f"the {allowance} is used up until {when:%Y-%m-%dT%H:%M:%S%z}"
