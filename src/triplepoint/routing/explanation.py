"""Say how a decision came about, and what would have to be otherwise for another one.

Slower than deciding, and never on a request's path. What is explained is what happens: the decision comes from the compiled
router, and so does every *what if*, which asks it again with one thing changed (`what_if`).
"""

from collections.abc import Container, Iterable, Mapping

import msgspec

from triplepoint.lineups.model import Rule, RulesRouter
from triplepoint.routing.conditions import examine
from triplepoint.routing.model import Decision, Explanation, LeftOut, Push, Question, Signals, Trial
from triplepoint.routing.policies.compile import RouterSetup
from triplepoint.routing.policies.staying import stay_in_loop
from triplepoint.routing.ports import TellingScorer
from triplepoint.routing.what_if import changes


def explain(
    setup: RouterSetup,
    *,
    question: Question,
    candidates: Container[str],
    left_out: Mapping[str, str] | None = None,
) -> Explanation:
    """Decide as the gateway would, and keep what was tried.

    Args:
        setup: The line-up's router.
        question: As for `ports.Router.decide`; without a draw, chance has no share.
        candidates: As for `ports.Router.decide`.
        left_out: Why the other models are no candidates, by model, where the caller can say.
    Raises: NotEntitled: there is no candidate.
    """
    decision = setup.compile().decide(question, candidates)
    said = left_out or {}
    others = [model for model in setup.models if model not in decision.candidates]
    return Explanation(
        signals=question.signals,
        trials=tuple(_try_rules(setup, question, decision.candidates)),
        decision=decision,
        left_out=tuple(LeftOut(model, said.get(model, "no candidate")) for model in others),
        costs=_costs(setup, question, decision),
        pushes=_pushes(setup, question, decision),
        changes=tuple(changes(setup, msgspec.structs.replace(question, draw=1.0), decision.candidates)),
    )


def _costs(setup: RouterSetup, question: Question, decision: Decision) -> dict[str, float | None]:
    """Return what the request is expected to cost at each candidate: as it was weighed, else with an answer of usual length."""
    weighed = {one.model: one.cost_usd for one in decision.weighed}
    usual = {
        name: facts.cost_usd(question.signals.input_tokens, facts.usual_output_tokens) for name, facts in setup.models.items()
    }
    return {name: weighed.get(name, usual[name]) for name in decision.candidates}


def _pushes(setup: RouterSetup, question: Question, decision: Decision) -> tuple[Push, ...]:
    """Return what moved the estimates of the candidates, where the decision asked for any."""
    if not decision.scorer or not isinstance(setup.scorer, TellingScorer):
        return ()
    told = setup.scorer.pushes(question)
    return tuple(Push(one.what, {name: one.by[name] for name in decision.candidates if name in one.by}) for one in told)


def _try_rules(setup: RouterSetup, question: Question, candidates: tuple[str, ...]) -> Iterable[Trial]:
    if not isinstance(setup.router, RulesRouter):
        return
    if stay_in_loop(question, setup.router.kind, candidates) is not None:
        return
    yield from _trials(setup.router.rules, question.signals, candidates)


def _trials(rules: Iterable[Rule], signals: Signals, candidates: Container[str]) -> Iterable[Trial]:
    for number, rule in enumerate(rules, start=1):
        trial = Trial(number, rule.use, rule.why, examine(rule.when, signals), rule.use in candidates)
        yield trial
        if trial.holds() and trial.is_candidate:
            return
