"""Which tools would be called? Two answers plan the same where they call the same tools with the same arguments."""

from collections import Counter

from triplepoint.routing.answers.form import same_json
from triplepoint.routing.answers.model import Call, Said


def plan_alike(one: Said, other: Said) -> bool:
    """Tell whether two answers plan the same calls; calls of one answer run in parallel, so their order says nothing."""
    if Counter(call.name for call in one.calls) != Counter(call.name for call in other.calls):
        return False
    left = list(other.calls)
    return all(_take(call, left) for call in one.calls)


def _take(call: Call, left: list[Call]) -> bool:
    """Take out of a list the call that is the same; False: there is none."""
    for position, other in enumerate(left):
        if call.name == other.name and same_json(call.arguments or "{}", other.arguments or "{}"):
            del left[position]
            return True
    return False
