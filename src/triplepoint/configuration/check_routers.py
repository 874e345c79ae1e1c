"""What a line-up's router says, held against the line-up itself: names, order, and what contradicts itself."""

from collections.abc import Iterable, Iterator

from triplepoint.files.checked import Reading
from triplepoint.files.nearest import suggest
from triplepoint.foundation.errors import Problem
from triplepoint.lineups.model import (
    Capability,
    Check,
    Escalation,
    FixedRouter,
    LearnedRouter,
    Lineup,
    Rule,
    RuleCondition,
    RulesRouter,
    ThresholdRouter,
)
from triplepoint.lineups.rules import unreachable

_NEEDED = (("tools", Capability.TOOLS), ("json_output", Capability.JSON), ("images", Capability.IMAGES))
"""Conditions of a rule, and what the model that it uses must therefore be capable of."""

Path = tuple[str | int, ...]


def check_router(reading: Reading[Lineup], lineup: Lineup) -> Iterator[Problem]:
    """Check a line-up's router, where it has one."""
    router = lineup.router
    if router is None:
        return
    yield from _names(reading, lineup, [(("router", "default"), router.default)])
    if router.audit is not None and router.audit.judge is not None:
        yield from _names(reading, lineup, [(("router", "audit", "judge"), router.audit.judge)])
    if router.escalation is not None:
        yield from _escalation(reading, lineup, router.escalation)
    match router:
        case FixedRouter():
            return
        case RulesRouter():
            for position, rule in enumerate(router.rules):
                yield from _rule(reading, lineup, position, rule)
            yield from _unreachable(reading, router)
        case ThresholdRouter():
            yield from _scorer_names(reading, lineup, router.scorer.models)
            yield from _threshold(reading, lineup, router)
        case LearnedRouter():
            yield from _scorer_names(reading, lineup, router.scorer.models)
            if not router.good_answer_usd:
                fix = "write what a good answer is worth, such as 0.01; for the cheapest model always, write thrift: 100"
                yield reading.problem(
                    ("router", "good_answer_usd"), "a good answer that is worth nothing is never paid for", fix
                )


def _names(reading: Reading[Lineup], lineup: Lineup, named: Iterable[tuple[Path, str]]) -> Iterator[Problem]:
    for path, name in named:
        if name not in lineup.models:
            yield reading.problem(path, *_no_model(name, lineup))


def _escalation(reading: Reading[Lineup], lineup: Lineup, escalation: Escalation) -> Iterator[Problem]:
    path: Path = ("router", "escalation")
    models, to = escalation.models or [], escalation.to
    named: list[tuple[Path, str]] = [((*path, "models", position), name) for position, name in enumerate(models)]
    yield from _names(reading, lineup, [*named, *([((*path, "to"), to)] if to is not None else [])])
    order = list(lineup.models)
    for spot, name in named:
        if name in lineup.models and to in lineup.models and order.index(name) >= order.index(to):
            fix = f"leave it out, or name a stronger model as to; weakest first, the line-up has {', '.join(order)}"
            yield reading.problem(spot, f"{name} is not weaker than {to}, which would be asked instead", fix)
    is_confidence = Check.CONFIDENCE in escalation.checks
    if is_confidence and escalation.min_logprob is None:
        fix = "write min_logprob, such as -0.5, or take confidence out of the checks"
        yield reading.problem((*path, "checks"), "confidence has nothing to be held against", fix)
    if not is_confidence and escalation.min_logprob is not None:
        fix = "add confidence to the checks, or leave it out"
        yield reading.problem((*path, "min_logprob"), "no check looks at it", fix)


def _scorer_names(reading: Reading[Lineup], lineup: Lineup, names: Iterable[str]) -> Iterator[Problem]:
    yield from _names(reading, lineup, [(("router", "scorer", "models", name), name) for name in names])


def _threshold(reading: Reading[Lineup], lineup: Lineup, router: ThresholdRouter) -> Iterator[Problem]:
    pair: list[tuple[Path, str]] = [(("router", "weak"), router.weak), (("router", "strong"), router.strong)]
    unknown = list(_names(reading, lineup, pair))
    yield from unknown
    order = list(lineup.models)
    if not unknown and order.index(router.weak) >= order.index(router.strong):
        fix = f"name two models in the order of the line-up, weakest first: {', '.join(order)}"
        yield reading.problem(("router", "weak"), f"{router.weak} is not weaker than {router.strong}", fix)


def _rule(reading: Reading[Lineup], lineup: Lineup, position: int, rule: Rule) -> Iterator[Problem]:
    path: Path = ("router", "rules", position)
    model = lineup.models.get(rule.use)
    if model is None:
        yield reading.problem((*path, "use"), *_no_model(rule.use, lineup))
        return
    for condition, capability in _NEEDED:
        if getattr(rule.when, condition) is True and capability not in model.capabilities:
            fix = f"add {capability} to models.{rule.use}.capabilities, or use another model"
            yield reading.problem((*path, "use"), f"asks for {capability}, which {rule.use} is not capable of", fix)


def _unreachable(reading: Reading[Lineup], router: RulesRouter) -> Iterator[Problem]:
    for dead in unreachable(router.rules):
        path = ("router", "rules", dead.position)
        if dead.contradicts_itself:
            yield reading.problem(path, *_contradiction(router.rules[dead.position].when))
            continue
        by = "the rules before it together hold" if dead.shadowed_by is None else f"rule {dead.shadowed_by + 1} holds"
        fix = (
            "remove it, or move it before them"
            if dead.shadowed_by is None
            else f"remove it, or move it before rule {dead.shadowed_by + 1}"
        )
        yield reading.problem(path, f"rule {dead.position + 1} is never reached: whenever it holds, {by} first", fix)


def _contradiction(when: RuleCondition) -> tuple[str, str]:
    for least, most in (("min_input_tokens", "max_input_tokens"), ("min_turns", "max_turns")):
        low, high = getattr(when, least), getattr(when, most)
        if low is not None and high is not None and low > high:
            return "can never hold: its least is above its most", f"correct {least} or {most}"
    return "can never hold: a first turn goes on with nothing", "write max_turns: 2 or more, or leave out earlier_hard"


def _no_model(name: str, lineup: Lineup) -> tuple[str, str]:
    if name in lineup.aliases:
        return f"{name} is an alias", f"write the model: {lineup.aliases[name]}"
    return f"there is no model {name}", suggest(name, lineup.models, "models")
