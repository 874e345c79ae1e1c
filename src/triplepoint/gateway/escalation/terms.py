"""What a line-up says of looking at answers, compiled."""

from dataclasses import dataclass

from triplepoint.lineups.model import Check, Escalation


@dataclass(frozen=True, slots=True)
class Watch:
    """What a line-up says of looking at answers."""

    checks: frozenset[Check]
    min_logprob: float | None
    models: frozenset[str] | None
    """Whose answers are looked at; None: all that have a stronger one above them."""
    to: str | None
    """Model that is asked instead; None: the strongest."""


def compile_watch(escalation: Escalation) -> Watch:
    """Compile what the line-up's file says."""
    models = frozenset(escalation.models) if escalation.models is not None else None
    return Watch(frozenset(escalation.checks), escalation.min_logprob, models, escalation.to)
