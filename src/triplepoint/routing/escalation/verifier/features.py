"""All numbers that a learnt check goes by, in one order."""

from typing import Final

from triplepoint.routing.escalation.asked import ends_of
from triplepoint.routing.escalation.symbols import normalised, tokens_of
from triplepoint.routing.escalation.verifier.manner import manner_features
from triplepoint.routing.escalation.verifier.question import question_features
from triplepoint.routing.escalation.verifier.working import take_apart, working_features


def features_of(question: str, answer: str) -> dict[str, float]:
    """Count what can be counted in a question and an answer to it.

    Returns: Finite numbers by name, the same names in the same order for every pair. Never raises.
    """
    asked, said = ends_of(question), ends_of(answer)
    lower, tokens = asked.lower(), tokens_of(normalised(asked))
    return {
        **question_features(lower, tokens),
        **manner_features(said),
        **working_features(take_apart(said), lower, tokens),
    }


FEATURES: Final = tuple(features_of("", ""))
"""Their names."""
