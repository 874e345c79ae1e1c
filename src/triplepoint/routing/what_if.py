"""What would have to be otherwise for another choice: the compiled router, asked again with one thing changed.

Four things are tried, each alone: the dial, over its whole range; the probability of a good answer of each other model, raised
until it is chosen; each rule that was tried and did not hold; the conversation, which may hold a request where it is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import msgspec

from triplepoint.lineups.model import RulesRouter
from triplepoint.routing.conditions import examine
from triplepoint.routing.model import Change, Estimate, Question, Scores
from triplepoint.routing.policies.compile import RouterSetup
from triplepoint.routing.policies.staying import stay_in_loop
from triplepoint.routing.ports import Router, Scorer

_STEP = 0.001
"""To which a gain in quality is found."""


def changes(setup: RouterSetup, question: Question, candidates: tuple[str, ...]) -> Iterator[Change]:
    """Return ways to another choice.

    Args:
        question: Without a draw: chance is no way.
        candidates: In line-up order.
    """
    router = setup.compile()
    chosen = router.decide(question, candidates).model
    yield from _by_conversation(router, question, candidates, chosen)
    if isinstance(setup.router, RulesRouter):
        yield from _by_rules(setup.router, router, question, candidates, chosen)
    if setup.scorer is None:
        return
    scores = setup.scorer.score(question)
    fixed = replace(setup, scorer=_Fixed(setup.scorer, scores))
    if router.takes_thrift:
        yield from _by_thrift(fixed.compile(), question, candidates, chosen)
    for model in candidates:
        if model != chosen and model in scores.estimates:
            yield from _by_quality(fixed, question, candidates, model, scores)


def _by_conversation(router: Router, question: Question, candidates: tuple[str, ...], chosen: str) -> Iterator[Change]:
    if question.served_before is None:
        return
    if question.signals.tool_loop:
        outside = msgspec.structs.replace(question.signals, tool_loop=False)
        other = router.decide(msgspec.structs.replace(question, signals=outside), candidates).model
        if other != chosen:
            yield Change(other, "outside its tool loop")
    alone = router.decide(msgspec.structs.replace(question, served_before=None), candidates).model
    if alone != chosen:
        yield Change(alone, "in a conversation of its own")


def _by_rules(
    rules: RulesRouter, router: Router, question: Question, candidates: tuple[str, ...], chosen: str
) -> Iterator[Change]:
    """Return rules before the one that decided which would have led elsewhere."""
    if stay_in_loop(question, rules.kind, candidates) is not None:
        return
    for number, rule in enumerate(rules.rules, start=1):
        failed = [condition for condition in examine(rule.when, question.signals) if not condition.holds]
        if not failed and rule.use in candidates:
            return
        if failed and rule.use != chosen and rule.use in candidates:
            how = f"if rule {number} held: {', '.join(map(str, failed))}"
            yield Change(rule.use, how, rule=number)


def _by_thrift(router: Router, question: Question, candidates: tuple[str, ...], chosen: str) -> Iterator[Change]:
    now = router.decide(question, candidates).thrift
    assert now is not None  # noqa: S101 - the router takes the dial
    settings: dict[str, list[int]] = {}
    for thrift in range(101):
        model = router.decide(msgspec.structs.replace(question, thrift=thrift), candidates).model
        settings.setdefault(model, []).append(thrift)
    for model, found in settings.items():
        if model != chosen:
            nearest = min(found, key=lambda thrift: abs(thrift - now))
            yield Change(model, f"with thrift {_span(found)}", thrift=nearest)


def _span(found: list[int]) -> str:
    """Write settings of the dial, which follow one another."""
    first, last = found[0], found[-1]
    if first == 0:
        return "0" if last == 0 else f"{last} or less"
    if last == 100:
        return "100" if first == 100 else f"{first} or more"
    return str(first) if first == last else f"{first} to {last}"


def _by_quality(
    setup: RouterSetup, question: Question, candidates: tuple[str, ...], model: str, scores: Scores
) -> Iterator[Change]:
    """Return the gain in quality from which on a model would be chosen; nothing where even certainty would not do."""
    most = 1 - scores.estimates[model].quality

    def is_chosen(gain: float) -> bool:
        raised = replace(setup, scorer=_Fixed(setup.scorer, _raised(scores, model, gain)))
        return raised.compile().decide(question, candidates).model == model

    if most <= 0 or not is_chosen(most):
        return
    low, high = 0.0, most
    while high - low > _STEP:
        middle = (low + high) / 2
        low, high = (low, middle) if is_chosen(middle) else (middle, high)
    yield Change(model, f"if its good answer were {high * 100:.1f} points likelier", quality_gain=high)


def _raised(scores: Scores, model: str, gain: float) -> Scores:
    def raised(of: Mapping[str, Estimate]) -> dict[str, Estimate]:
        old = of[model]
        return {**of, model: Estimate(min(old.quality + gain, 1.0), old.output_tokens)}

    means = scores.means if scores.means is None or model not in scores.means else raised(scores.means)
    return msgspec.structs.replace(scores, estimates=raised(scores.estimates), means=means)


class _Fixed:
    """A scorer that has one answer."""

    def __init__(self, scorer: Scorer | None, scores: Scores) -> None:
        self.digest = scorer.digest if scorer is not None else ""
        self.models = tuple(scores.estimates)
        self._scores = scores

    def score(self, question: Question) -> Scores:
        """Return the answer."""
        return self._scores
