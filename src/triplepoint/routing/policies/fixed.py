"""``auto`` is always the same model; where that is no candidate, the first in line-up order: the cheapest mistake."""

from collections.abc import Container, Iterable

from triplepoint.lineups.model import RouterModel
from triplepoint.routing.model import Decision, Question
from triplepoint.routing.policies.exploration import explore
from triplepoint.routing.policies.ordered import in_order
from triplepoint.routing.policies.staying import stay_in_loop

FIXED = "fixed"


class Fixed:
    """A fixed router, and the base of those that end at a default as it does."""

    reads_text = False
    is_sticky = False
    takes_thrift = False
    reads_waits = False
    policy = FIXED

    def __init__(self, router: RouterModel, models: Iterable[str]) -> None:
        self._default = router.default
        self._share = router.explore
        self._models = tuple(models)

    def decide(self, question: Question, candidates: Container[str]) -> Decision:
        """Choose as the policy has it, within tool loops and the share of chance."""
        available = in_order(self._models, candidates)
        kept = stay_in_loop(question, self.policy, available) if question.signals.tool_loop else None
        if kept is not None:
            return kept
        model, reason = self._choose(question, available)
        if not self._share or question.signals.tool_loop:
            return Decision(model, reason, self.policy, available)
        choice = explore(model, available, share=self._share, draw=question.draw)
        why = f"explored: one of {len(available)} by chance" if choice.explored else reason
        return Decision(choice.model, why, self.policy, available, choice.propensity, choice.explored)

    def _choose(self, question: Question, available: tuple[str, ...]) -> tuple[str, str]:
        """Return the model, and why."""
        return self._fall_back(FIXED, available)

    def _fall_back(self, reason: str, available: tuple[str, ...]) -> tuple[str, str]:
        if self._default in available:
            return self._default, reason
        return available[0], f"{self._default} is no candidate, first in line-up order"
