"""What goes to the scripts in Valkey and what comes back, as MessagePack.

Lua counts in doubles, which are exact up to 2⁵³; money in 10⁻¹⁸ dollars is far beyond. So an amount travels and lies there as
two *limbs*, ``hi · 10¹⁵ + lo`` with ``0 <= lo < 10¹⁵``, of which sums and comparisons are exact up to ``LARGEST``. Whatever
needs a product or a quotient (the intervals of a rate, the number of a slice) is worked out here, on Python's whole numbers.
The places of each array are described where they are read: in ``lua/books.lua`` and the scripts beside it.
"""

from collections.abc import Sequence
from functools import cache
from importlib import resources

import msgspec

from triplepoint.plans.counters import rate
from triplepoint.plans.counters.model import Answer, Bound, Claim, Hold, Kind, Reserved, Seed, Standing, Unknown
from triplepoint.plans.counters.sliding import first_slice, frees_us, slice_length_us

LIMB = 10**15
LARGEST = 10**30
"""Most that an amount may be: 10¹² dollars in units of 10⁻¹⁸."""

UNKNOWN, BOUND, RESERVED = 0, 1, 2
_SCRIPTS = ("reserve", "settle", "seed", "look", "cancel")
_NONE_PASSES = -1
"""Upper limb of the burst of a rate that lets nothing pass."""

_encode = msgspec.msgpack.Encoder().encode


class Reply(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What `reserve` and `look` answer."""

    outcome: int
    epoch: str
    """Changes when the server has lost what it knew of the account."""
    moment_us: int
    """When limits stood so: of a reservation that was held already, the moment of its first answer."""
    places: list[int]
    """Positions of claims: unknown, or binding."""
    takes: list[int]
    """Five places each: position of the claim, amount, what counts of it if lost."""
    standings: list[int]
    """Three places each: used (of a rate: when the next is due), and after which slice there is room."""


_decode = msgspec.msgpack.Decoder(Reply).decode


@cache
def scripts() -> dict[str, str]:
    """Return the text of each script by its name."""
    folder = resources.files("triplepoint.plans.counters") / "lua"
    books = (folder / "books.lua").read_text("utf-8")
    return {name: f"{books}\n{(folder / f'{name}.lua').read_text('utf-8')}" for name in _SCRIPTS}


def limbs(amount: int) -> tuple[int, int]:
    """Split an amount.

    Raises: ValueError: it is larger than the scripts can add exactly.
    """
    if 0 <= amount < LIMB:
        return 0, amount
    if not -LARGEST <= amount <= LARGEST:
        raise ValueError(f"amounts in Valkey reach to 10^30 units, this one has {len(str(abs(amount)))} digits")
    return divmod(amount, LIMB)


def ask_to_reserve(reservation: str, claims: Sequence[Claim], *, now_us: int, expires_us: int) -> bytes:
    """Write what ``reserve.lua`` reads."""
    rows = [_claim(claim, now_us) for claim in claims]
    return _encode((reservation, now_us, *limbs(now_us * 1000), expires_us, rows))


def ask_to_look(claims: Sequence[Claim], *, now_us: int) -> bytes:
    """Write what ``look.lua`` reads."""
    return _encode((now_us, [_claim(claim, now_us) for claim in claims]))


def ask_to_settle(reservation: str, holds: Sequence[Hold], actuals: Sequence[int], *, now_us: int, lag_us: int) -> bytes:
    """Write what ``settle.lua`` reads first.

    Args:
        lag_us: After this long the ledger has what was settled.
    """
    rows = [
        _settlement(hold, actual, now_us)
        for hold, actual in zip(holds, actuals, strict=True)
        if hold.kind is not Kind.RATE or hold.limit > 0  # a rate that lets nothing pass counts nothing
    ]
    return _encode((reservation, now_us, *limbs(now_us * 1000), lag_us, rows))


def ask_to_cancel(reservation: str, *, now_us: int) -> bytes:
    """Write what ``cancel.lua`` reads."""
    return _encode((reservation, now_us))


def ask_to_seed(seeds: Sequence[Seed], *, now_us: int, epoch: str) -> bytes:
    """Write what ``seed.lua`` reads."""
    return _encode((now_us, epoch, [_seed(seed) for seed in seeds]))


def read_answer(reply: bytes, claims: Sequence[Claim]) -> tuple[Answer, str]:
    """Read what ``reserve.lua`` answered, and in which epoch."""
    read = _decode(reply)
    if read.outcome == UNKNOWN:
        return Unknown(tuple(read.places)), read.epoch
    standings = _standings(read, claims)
    if read.outcome == BOUND:
        return Bound(tuple(sorted(read.places)), standings), read.epoch
    takes = read.takes
    holds = tuple([_hold(claims, takes[at : at + 5]) for at in range(0, len(takes), 5)])
    return Reserved(holds, standings), read.epoch


def read_standings(reply: bytes, claims: Sequence[Claim]) -> tuple[Standing, ...] | None:
    """Read what ``look.lua`` answered."""
    read = _decode(reply)
    return None if read.outcome == UNKNOWN else _standings(read, claims)


def _claim(claim: Claim, now_us: int) -> tuple[object, ...]:
    kind, limit, amount, if_lost = claim.kind, claim.limit, claim.amount, min(claim.if_lost, claim.amount)
    slice_us = first = 0
    if kind is Kind.SLIDING:
        slice_us = slice_length_us(claim.span_us)
        first = first_slice(now_us, claim.span_us)
    elif kind is Kind.RATE:
        if limit < 1:
            return claim.counter, 3, _NONE_PASSES, 0, *limbs(amount), 0, 0, claim.pool, 0, 0
        interval = rate.interval_ns(limit)
        limit, amount, if_lost = limit * interval, amount * interval, if_lost * interval
    return (
        claim.counter,
        int(kind),
        *limbs(min(limit, LARGEST)),
        *limbs(amount),
        *limbs(if_lost),
        claim.pool,
        slice_us,
        first,
    )


def _settlement(hold: Hold, actual: int, now_us: int) -> tuple[object, ...]:
    number, held, if_lost = 0, hold.amount, hold.if_lost
    if hold.kind is Kind.SLIDING:
        number = now_us // hold.slice_us
    elif hold.kind is Kind.RATE:
        interval = rate.interval_ns(hold.limit)
        actual, held, if_lost = actual * interval, held * interval, if_lost * interval
    return hold.counter, number, *limbs(actual), *limbs(held), *limbs(if_lost)


def _seed(seed: Seed) -> tuple[object, ...]:
    amount, slices = 0, list[int]()
    match seed.kind:
        case Kind.WINDOW:
            amount = seed.used
        case Kind.SLIDING:
            slice_us = slice_length_us(seed.span_us)
            for at_us, used in seed.slices:
                slices += (at_us // slice_us, *limbs(used))
        case Kind.RATE:
            amount = rate.replay(seed.slices, seed.limit)
    return seed.counter, int(seed.kind), seed.until_us, *limbs(amount), slices


def _hold(claims: Sequence[Claim], take: Sequence[int]) -> Hold:
    n, hi, lo, least_hi, least_lo = take
    claim = claims[n]
    if claim.kind is Kind.RATE:
        return Hold(n, claim.counter, claim.kind, claim.amount, min(claim.if_lost, claim.amount), 0, claim.limit)
    slice_us = slice_length_us(claim.span_us) if claim.kind is Kind.SLIDING else 0
    return Hold(n, claim.counter, claim.kind, hi * LIMB + lo, least_hi * LIMB + least_lo, slice_us)


def _standings(read: Reply, claims: Sequence[Claim]) -> tuple[Standing, ...]:
    rows, now_ns = read.standings, read.moment_us * 1000
    return tuple(
        [
            _standing(claim, rows[3 * n] * LIMB + rows[3 * n + 1], rows[3 * n + 2], now_ns=now_ns)
            for n, claim in enumerate(claims)
        ]
    )


def _standing(claim: Claim, amount: int, after_slice: int, *, now_ns: int) -> Standing:
    if claim.kind is Kind.RATE:
        return rate.standing(claim, amount, now_ns)
    retry_us = frees_us(after_slice, claim.span_us) if after_slice >= 0 else 0
    return Standing(claim.counter, claim.limit, amount, retry_us)
