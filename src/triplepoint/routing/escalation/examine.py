"""Looks at a cheap answer: the checks that a line-up asks for, cheapest first; the first that fails decides."""

from collections.abc import Callable, Collection

from triplepoint.lineups.model import Check
from triplepoint.routing.answers.model import Said
from triplepoint.routing.escalation.answers import why_no_answer
from triplepoint.routing.escalation.arithmetic import why_miscalculated
from triplepoint.routing.escalation.complete import is_cut_short, why_incomplete
from triplepoint.routing.escalation.confidence import why_unsure
from triplepoint.routing.escalation.format import why_ill_formed
from triplepoint.routing.escalation.model import Asked, Finding

_LOOKS: dict[Check, Callable[[Said, Asked], str | None]] = {
    Check.ANSWERS: why_no_answer,
    Check.FORMAT: why_ill_formed,
    Check.ARITHMETIC: why_miscalculated,
}
"""In the order in which they are taken."""


def examine(
    said: Said | None,
    asked: Asked,
    checks: Collection[Check],
    *,
    logprob: float | None = None,
    min_logprob: float | None = None,
) -> Finding | None:
    """Look at an answer.

    Args:
        said: The answer; None: what came is none, or not whole.
        asked: What was asked.
        checks: Of the line-up.
        logprob: Mean log-probability of its tokens (natural logarithm); None: the upstream did not tell.
        min_logprob: Least that will do; None: any.
    Returns: Why it will not do; None where no check fails. Never raises, whatever either side has written.
    """
    if said is not None and is_cut_short(said, asked):
        return None
    why = why_incomplete(said)
    if why is not None and (Check.COMPLETE in checks or said is None):
        return Finding(Check.COMPLETE, why)
    if said is None or said.is_empty:
        return None
    if Check.CONFIDENCE in checks and (why := why_unsure(logprob, min_logprob)) is not None:
        return Finding(Check.CONFIDENCE, why)
    for check, look in _LOOKS.items():
        if check in checks and (why := look(said, asked)) is not None:
            return Finding(check, why)
    return None
