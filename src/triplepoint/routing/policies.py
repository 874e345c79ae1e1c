"""Turn a line-up's router into something that decides.

Both kinds end alike: the model they want serves if it is a candidate; else the default; else the first candidate in line-up
order, which is the weakest and so the cheapest mistake. The reason says which of these it was, in words that stand in the
receipt. There is no path that returns a model outside the candidates.
"""

from collections.abc import Callable, Container, Iterable
from typing import assert_never

from triplepoint.foundation.errors import NotEntitled
from triplepoint.lineups.model import FixedRouter, Rule, RulesRouter
from triplepoint.routing.conditions import hold
from triplepoint.routing.model import Decision, Question, Signals
from triplepoint.routing.ports import Router

FIXED, RULES = "fixed", "rules"


def compile_router(router: FixedRouter | RulesRouter, models: Iterable[str]) -> Router:
    """Compile a line-up's router.

    Args:
        models: Every model of the line-up, in its order.
    """
    match router:
        case FixedRouter():
            return _Fallbacks(FIXED, "fixed", router.default, models)
        case RulesRouter():
            return _Rules(router, models)
        case _:
            assert_never(router)


class _Fallbacks:
    """The default, and what comes after it; all of a fixed router."""

    reads_text = False
    is_sticky = False
    takes_thrift = False
    reads_waits = False

    def __init__(self, policy: str, reason: str, default: str, models: Iterable[str]) -> None:
        self._policy = policy
        self._reason = reason
        self._default = default
        self._models = tuple(models)

    def decide(self, question: Question, candidates: Container[str]) -> Decision:
        """Choose the default, or the first candidate where it is none."""
        available = self.available(candidates)
        if self._default in available:
            return Decision(self._default, self._reason, self._policy, available)
        return Decision(available[0], f"{self._default} is no candidate, first in line-up order", self._policy, available)

    def available(self, candidates: Container[str]) -> tuple[str, ...]:
        """Return the candidates in line-up order.

        Raises: NotEntitled: there is none.
        """
        available = tuple([model for model in self._models if model in candidates])
        if not available:
            raise NotEntitled(
                "no model of this line-up may and can answer this request; ask for one by name to learn what stands against it",
                param="model",
            )
        return available


class _Rules(_Fallbacks):
    """The first rule that holds, and whose model is a candidate."""

    def __init__(self, router: RulesRouter, models: Iterable[str]) -> None:
        super().__init__(RULES, "default", router.default, models)
        self._rules = [_compile_rule(rule) for rule in router.rules]

    def decide(self, question: Question, candidates: Container[str]) -> Decision:
        """Choose the model of the first rule that holds; the default where none does."""
        available = self.available(candidates)
        for use, reason, holds in self._rules:
            if holds(question.signals) and use in available:
                return Decision(use, reason, RULES, available)
        return super().decide(question, candidates)


def _compile_rule(rule: Rule) -> tuple[str, str, Callable[[Signals], bool]]:
    return rule.use, f"rule: {rule.why}", hold(rule.when)
