"""What comes of an audit."""

from enum import StrEnum
from typing import Final

import msgspec

MATERIAL: Final = 0.5
"""By how much the stronger model's answer must score above the weaker one's before it was worth its price."""


class AuditScorer(StrEnum):
    """What decided."""

    FORM = "form"
    """Whole, and in the form that was asked for."""
    EXACT = "exact"
    """Word for word the same, or the same JSON."""
    FINAL = "final"
    """Both state the same number or letter as their result."""
    REFUSAL = "refusal"
    """One refuses, or both do."""
    CALLS = "calls"
    """The same tools would be called, in the same way."""
    JUDGE = "judge"
    """A model compared them, and said the same in both orders."""


class Outcome(StrEnum):
    """What an audit says of a decision."""

    FINE = "fine"
    UNDER_ROUTE = "under_route"
    """The reference's answer was materially better."""
    OVER_ROUTE = "over_route"
    """The reference was chosen, and the next weaker model would have done."""
    UNDECIDED = "undecided"
    """Nothing could tell: no judge, or one that contradicts itself."""


class Score(msgspec.Struct, frozen=True, gc=False):
    """How two answers to one request compare; both 0…1, and only their difference means anything."""

    weaker: float
    """Of the weaker model's answer."""
    stronger: float
    by: AuditScorer


def outcome(score: Score | None, *, chosen_is_reference: bool) -> Outcome:
    """Say what a comparison says of the decision.

    Args:
        score: None: nothing decided.
        chosen_is_reference: The stronger of the two is the one that the caller's answer came from.
    """
    if score is None:
        return Outcome.UNDECIDED
    is_worth_it = score.stronger - score.weaker >= MATERIAL
    if chosen_is_reference:
        return Outcome.FINE if is_worth_it else Outcome.OVER_ROUTE
    return Outcome.UNDER_ROUTE if is_worth_it else Outcome.FINE
