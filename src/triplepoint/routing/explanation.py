"""Say how a decision came about: every rule up to the one that decided, and which of its conditions failed.

Slower than deciding, and never on a request's path; the decision itself comes from the compiled router, so what is explained is
what happens.
"""

from collections.abc import Container, Iterable

from triplepoint.lineups.model import FixedRouter, Rule, RulesRouter
from triplepoint.routing.conditions import examine
from triplepoint.routing.model import Explanation, Question, Signals, Trial
from triplepoint.routing.policies import compile_router


def explain(
    router: FixedRouter | RulesRouter, models: Iterable[str], *, signals: Signals, candidates: Container[str]
) -> Explanation:
    """Decide as the gateway would, and keep what was tried.

    Args:
        models: Every model of the line-up, in its order.
        candidates: As for `ports.Router.decide`.
    Raises: NotEntitled: there is no candidate.
    """
    decision = compile_router(router, models).decide(Question(signals=signals), candidates)
    rules = router.rules if isinstance(router, RulesRouter) else []
    return Explanation(signals, tuple(_try_rules(rules, signals, candidates)), decision)


def _try_rules(rules: Iterable[Rule], signals: Signals, candidates: Container[str]) -> Iterable[Trial]:
    for number, rule in enumerate(rules, start=1):
        trial = Trial(number, rule.use, rule.why, examine(rule.when, signals), rule.use in candidates)
        yield trial
        if trial.holds() and trial.is_candidate:
            return
