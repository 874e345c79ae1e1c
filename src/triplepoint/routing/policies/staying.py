"""Where a request is not free to go elsewhere: in a tool loop, and in a conversation that has little to gain."""

from collections.abc import Sequence

from triplepoint.routing.model import Decision, Question
from triplepoint.routing.policies.weighing import Weight


def stay_in_loop(question: Question, policy: str, available: tuple[str, ...]) -> Decision | None:
    """Keep a tool loop at the model that began it; None: it is no loop, or that model is no candidate."""
    before = question.served_before
    if before is None or not question.signals.tool_loop or before not in available:
        return None
    return Decision(before, f"its tool loop is at {before}", policy, available)


def stay_in_talk(allowed: Sequence[Weight], before: str | None, margin: float) -> Sequence[Weight]:
    """Return those that a conversation may be with next: all, or its model and whoever gains more than the margin over it.

    Whether the gain is worth the prompt cache that a change loses is in the weights: for its own model the conversation's
    prompt counts as cached. That set does not depend on thrift.

    Args:
        allowed: Candidates that the decision may take; those that gain too little are told so, in place.
        before: Model that gave the conversation's last answer; None, or not among the allowed: they are all free.
        margin: Gain in the probability of a good answer.
    """
    at = next((one for one in allowed if one.model == before), None)
    if at is None:
        return allowed
    free = [one for one in allowed if one is at or one.quality - at.quality > margin]
    if len(free) < len(allowed):
        why = f"gains no more than {margin * 100:g} points over {before}, which the conversation is with"
        for one in allowed:
            if one is not at and not one.quality - at.quality > margin:
                one.why_not = why
    return free
