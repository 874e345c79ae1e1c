"""``auto`` is the model of the first rule that holds and whose model is a candidate; then the default; then line-up order."""

from collections.abc import Callable, Iterable

from triplepoint.lineups.model import Rule, RulesRouter
from triplepoint.routing.conditions import hold
from triplepoint.routing.model import Question, Signals
from triplepoint.routing.policies.fixed import Fixed

RULES = "rules"


class Rules(Fixed):
    """A rules router."""

    policy = RULES

    def __init__(self, router: RulesRouter, models: Iterable[str]) -> None:
        super().__init__(router, models)
        self._rules = [_compile_rule(rule) for rule in router.rules]

    def _choose(self, question: Question, available: tuple[str, ...]) -> tuple[str, str]:
        for use, reason, holds in self._rules:
            if use in available and holds(question.signals):
                return use, reason
        return self._fall_back("default", available)


def _compile_rule(rule: Rule) -> tuple[str, str, Callable[[Signals], bool]]:
    return rule.use, f"rule: {rule.why}", hold(rule.when)
