"""What is asked of the counters, and what they answer."""

from enum import IntEnum

import msgspec


class Kind(IntEnum):
    """How a counter counts."""

    WINDOW = 1
    """Adds up from `Claim.since_us` to `Claim.until_us`, then is another counter: calendar periods, and grants of credit."""
    SLIDING = 2
    """Adds up over the last `Claim.span_us`, in `SLICES` slices; one counts until all of it has left, so never too little."""
    RATE = 3
    """Generic cell rate algorithm: `Claim.limit` a minute, and as much at once (ITU-T I.371, virtual scheduling)."""


SLICES = 60
"""Parts of a sliding span; what leaves late leaves at most a sixtieth of the span late."""

MINUTE_US = 60_000_000


class Claim(msgspec.Struct, frozen=True, gc=False):
    """How much of one limit a request may need at worst."""

    counter: str
    """Name within the account; a calendar period is part of it."""
    kind: Kind
    limit: int
    """Most that may be used and held together; of a rate, units a minute. At least 0."""
    amount: int
    """Worst case. At least 0; a rate is asked for no more than a minute's worth."""
    if_lost: int = 0
    """What counts as used where nobody settles; at most `amount`."""
    since_us: int = 0
    """First moment that counts, wall clock: where the counter is unknown, use before it is not asked for."""
    until_us: int = 0
    """Moment after which nobody asks for this counter any more; 0: never."""
    span_us: int = 0
    """Of a sliding window."""
    pool: str = ""
    """Claims of one pool stand for one amount, which is taken from them in their order, from each what it has: grants of
    credit. All of them carry the same `amount` and `if_lost`; what is lost is lost to the first that is held."""


class Hold(msgspec.Struct, frozen=True, gc=False):
    """What a reservation holds of one counter."""

    claim: int
    """Position of the claim."""
    counter: str
    kind: Kind
    amount: int
    if_lost: int
    slice_us: int = 0
    """Of a sliding window: length of its slices."""
    limit: int = 0
    """Of a rate."""


class Standing(msgspec.Struct, frozen=True, gc=False):
    """How one limit stands."""

    counter: str
    limit: int
    used: int
    """Used and held, this request included where it was let in."""
    retry_us: int = 0
    """Moment from which this request would have room, if nothing else comes; 0: it has, or time alone does not help."""

    @property
    def remaining(self) -> int:
        """Return what is left; never below 0."""
        return max(0, self.limit - self.used)


class Reserved(msgspec.Struct, frozen=True, gc=False):
    """There was room everywhere."""

    holds: tuple[Hold, ...]
    standings: tuple[Standing, ...]
    """One for each claim, in their order."""


class Bound(msgspec.Struct, frozen=True, gc=False):
    """Some limit has no room; nothing was held."""

    binding: tuple[int, ...]
    """Positions of the claims without room, ascending; of a pool, its last."""
    standings: tuple[Standing, ...]


class Unknown(msgspec.Struct, frozen=True, gc=False):
    """Some counters are not known here yet: `Counters.seed` them from the ledger, then ask again. Nothing was held."""

    claims: tuple[int, ...]
    """Positions of the claims whose counters are not known."""


class Seed(msgspec.Struct, frozen=True, gc=False):
    """What the ledger knows of a counter."""

    counter: str
    kind: Kind
    used: int = 0
    """Of a window. Of a rate: units that came in the last minute, spread over `slices`."""
    slices: tuple[tuple[int, int], ...] = ()
    """Of a sliding window or a rate: (moment in microseconds, amount), ascending."""
    span_us: int = 0
    limit: int = 0
    until_us: int = 0


Answer = Reserved | Bound | Unknown
