"""Do two cheap answers to one question say the same?

A second sample is a check for offline work and for audits: on the request's path it costs a whole answer more, and on
the embedded family its agreement told less than the log-probabilities that come for nothing (areas of 0.67 to 0.83,
five samples).
"""

from triplepoint.routing.answers.final import final_answer
from triplepoint.routing.answers.form import same_json
from triplepoint.routing.answers.model import Said
from triplepoint.routing.answers.planned import plan_alike


def agree(one: Said, other: Said) -> bool | None:
    """Tell whether two answers come to the same.

    Returns: None where it cannot be seen: free text that states no result.
    """
    if one.calls or other.calls:
        return plan_alike(one, other)
    if one.text.split() == other.text.split():
        return True
    if one.text.lstrip()[:1] in {"{", "["} and other.text.lstrip()[:1] in {"{", "["}:
        return same_json(one.text, other.text)
    first, second = final_answer(one.text), final_answer(other.text)
    return first.agrees(second) if first is not None and second is not None else None
