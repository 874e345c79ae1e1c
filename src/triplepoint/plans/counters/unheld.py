"""Settling what was let through without being held, because the counters were away."""

from collections.abc import Sequence

from triplepoint.plans.counters.model import Claim, Hold, Kind
from triplepoint.plans.counters.sliding import slice_length_us


def unheld(claims: Sequence[Claim]) -> tuple[Hold, ...]:
    """Return a hold of nothing for each claim, in their order.

    `Counters.settle` takes them under an id that was never reserved, and counts what was used where a counter is known. Of a
    pool of grants the caller says what was used of which.
    """
    return tuple(
        [
            Hold(
                n,
                claim.counter,
                claim.kind,
                0,
                0,
                slice_length_us(claim.span_us) if claim.kind is Kind.SLIDING else 0,
                claim.limit if claim.kind is Kind.RATE else 0,
            )
            for n, claim in enumerate(claims)
        ]
    )
