"""Random line-ups, plans, outages and requests for routers of every kind, and what a decision upon them may never do.

What must hold is worked out here from the world alone, by other code than the policies'.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.routing.policies.families import SCORER, certificate, promised

from triplepoint.foundation.errors import NotEntitled
from triplepoint.lineups.model import (
    FixedRouter,
    LearnedRouter,
    Promise,
    Rule,
    RuleCondition,
    RulesRouter,
    ThresholdRouter,
)
from triplepoint.routing.facts import ModelFacts
from triplepoint.routing.guarantee.model import Certificates
from triplepoint.routing.model import Decision, Estimate, Question, Scores, Signals
from triplepoint.routing.policies.compile import AnyRouter, RouterSetup
from triplepoint.routing.ports import Router

CAPABILITIES = ("tools", "json", "images")
GROUPS = ("", "maths", "law")


class RandomScorer:
    """Says what it is given; on some requests it knows little, nothing, or what is no number."""

    digest = "cd" * 32

    def __init__(self, models: tuple[str, ...]) -> None:
        self.models = models
        self.scores = Scores({})

    def score(self, question: Question) -> Scores:
        """Say it."""
        return self.scores


@dataclass(frozen=True, slots=True)
class World:
    """A line-up, a plan and a router."""

    setup: RouterSetup
    router: Router
    scorer: RandomScorer
    capabilities: dict[str, frozenset[str]]
    entitled: frozenset[str]
    floor: str | None

    @property
    def names(self) -> list[str]:
        """Return the line-up, weakest first."""
        return list(self.setup.models)


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, and who can answer it."""

    question: Question
    needs: frozenset[str]
    up: frozenset[str]


def make_world(rng: random.Random) -> World:
    """Make a world."""
    names = [f"m{place}" for place in range(rng.randint(1, 6))]
    rng.shuffle(names)
    models = {name: _facts(rng) for name in names}
    scorer = RandomScorer(tuple(names))
    lapsed = {(name, rng.choice(GROUPS)) for name in names if rng.random() < 0.2}
    setup = RouterSetup(_router(rng, names), models, scorer, _certificates(rng, names), lapsed)
    return World(
        setup,
        setup.compile(),
        scorer,
        {name: frozenset(one for one in CAPABILITIES if rng.random() < 0.7) for name in names},
        frozenset(name for name in names if rng.random() < 0.8),
        rng.choice([None, *names]),
    )


def make_ask(world: World, rng: random.Random) -> Ask:
    """Make a request, and set what the scorer will say of it."""
    names = world.names
    world.scorer.scores = _scores(rng, names)
    question = Question(
        signals=Signals(
            input_tokens=rng.choice([0, 10, 1000, 5000, 50_000]),
            code=rng.random() < 0.5,
            tool_loop=rng.random() < 0.2,
            turns=rng.randint(0, 5),
        ),
        thrift=rng.choice([None, 0, 100, -7, 300, rng.randint(0, 100)]),
        served_before=rng.choice([None, "of another line-up", *names]),
        draw=rng.random(),
        waits={name: (rng.random(), rng.random() / 100) for name in names if rng.random() < 0.7}
        if rng.random() < 0.5
        else None,
    )
    needs = frozenset(one for one in CAPABILITIES if rng.random() < 0.2)
    return Ask(question, needs, frozenset(name for name in names if rng.random() < 0.8))


def candidates_of(world: World, ask: Ask) -> frozenset[str]:
    """Return who may and can answer."""
    return frozenset(name for name in world.names if not _bars(world, ask, name))


def violations(world: World, ask: Ask) -> list[str]:
    """Decide, and return what was done that may never be; empty where all holds."""
    candidates = candidates_of(world, ask)
    try:
        decision = world.router.decide(ask.question, candidates)
    except NotEntitled:
        return ["refused though somebody could answer"] if candidates else []
    if not candidates:
        return ["answered by nobody's leave"]
    return [*_bars(world, ask, decision.model), *_odd(world, ask, decision, candidates)]


def _bars(world: World, ask: Ask, model: str) -> list[str]:
    """Return what stands against a model's answering."""
    found: list[str] = []
    if model not in world.entitled:
        found.append("not entitled")
    if world.floor is not None and world.names.index(model) < world.names.index(world.floor):
        found.append("below the floor")
    if ask.question.signals.input_tokens >= world.setup.models[model].context_tokens:
        found.append("beyond the window")
    if not ask.needs <= world.capabilities[model]:
        found.append("not capable")
    if model not in ask.up:
        found.append("down")
    return found


def _odd(world: World, ask: Ask, decision: Decision, candidates: frozenset[str]) -> Iterator[str]:
    """Return what else of a decision contradicts what policies promise."""
    router, question = world.setup.router, ask.question
    if decision.candidates != tuple(name for name in world.names if name in candidates):
        yield "other candidates than there are"
    if not 0 < decision.propensity <= 1 or math.isnan(decision.propensity):
        yield "no propensity"
    if decision.explored and not question.draw < router.explore:
        yield "chance beyond its share"
    if question.signals.tool_loop:
        if question.served_before in candidates and decision.model != question.served_before:
            yield "a tool loop moved"
        if decision.explored or decision.propensity != 1:
            yield "chance in a tool loop"
    elif isinstance(router, LearnedRouter):
        yield from _odd_of_learned(world, router, question, decision)


def _odd_of_learned(world: World, router: LearnedRouter, question: Question, decision: Decision) -> Iterator[str]:
    scores, promise = world.scorer.scores, router.promise
    told = [name for name in decision.candidates if 0 <= _quality(scores, name) <= 1]
    known = [name for name in told if world.setup.models[name].has_price]
    if known and decision.model not in known and promise is None:
        yield "unknown though another is known"
    allowed = [one.model for one in decision.weighed if one.is_allowed]
    if decision.model not in allowed:
        yield "taken though not allowed"
    certificate = _certificate(world, promise, told[-1], scores.group) if promise is not None and told else None
    if promise is not None and told and promise.lapsed == "reference" and certificate is None and decision.model != told[-1]:
        yield "not the strongest, without a certificate"
    if certificate is not None and decision.model != told[-1]:
        risk = _quality(scores, told[-1]) * (1 - _quality(scores, decision.model))
        if certificate.threshold is None or risk > certificate.threshold:
            yield "beyond the certificate's threshold"
    if decision.model in known and (len(allowed) > 1 or promise is None):
        mine = _quality(scores, decision.model), _cost(world, question, decision.model)
        others = [(_quality(scores, name), _cost(world, question, name)) for name in known]
        if scores.means is None and any(quality > mine[0] and cost < mine[1] for quality, cost in others):
            yield "dominated"


def _certificate(world: World, promise: Promise, reference: str, group: str) -> Any:
    if (reference, group) in world.setup.lapsed:
        return None
    found = [
        one
        for one in world.setup.certificates.entries
        if (one.reference, one.group) == (reference, group)
        and one.misroute <= promise.misroute
        and one.confidence >= promise.confidence
    ]
    return found[0] if found else None


def _quality(scores: Scores, model: str) -> float:
    estimate = scores.estimates.get(model)
    return math.nan if estimate is None else estimate.quality


def _cost(world: World, question: Question, model: str) -> float:
    facts, estimate = world.setup.models[model], world.scorer.scores.estimates[model]
    tokens = question.signals.input_tokens
    output = facts.usual_output_tokens if estimate.output_tokens is None else estimate.output_tokens
    entry, out = facts.input_usd_per_mtok or 0.0, facts.output_usd_per_mtok or 0.0
    if model == question.served_before:
        entry = min(entry, facts.cached_usd_per_mtok if facts.cached_usd_per_mtok is not None else entry / 2)
    return (tokens * entry + output * out) * (1 - 1e-12) / 1e6


def _facts(rng: random.Random) -> ModelFacts:
    def maybe(value: float) -> float | None:
        return value if rng.random() < 0.9 else None

    return ModelFacts(
        input_usd_per_mtok=maybe(10 ** rng.uniform(-3, 1)),
        output_usd_per_mtok=maybe(10 ** rng.uniform(-2, 2)),
        cached_usd_per_mtok=maybe(10 ** rng.uniform(-3, 1)),
        input_wh=maybe(rng.random() / 1e4),
        output_wh=maybe(rng.random() / 1e3),
        context_tokens=rng.choice([100, 4096, 128_000]),
    )


def _router(rng: random.Random, names: list[str]) -> AnyRouter:
    common: dict[str, Any] = {"default": rng.choice(names), "explore": rng.choice([0.0, 0.05, 0.5])}
    kinds = ["fixed", "rules", "learned", "learned", *(["threshold"] if len(names) > 1 else [])]
    match rng.choice(kinds):
        case "fixed":
            return FixedRouter(kind="fixed", **common)
        case "rules":
            when = RuleCondition(code=True), RuleCondition(min_input_tokens=500), RuleCondition(min_turns=2)
            rules = [Rule(when=one, use=rng.choice(names), why="why") for one in when[: rng.randint(1, 3)]]
            return RulesRouter(kind="rules", rules=rules, **common)
        case "threshold":
            weak, strong = sorted(rng.sample(range(len(names)), 2))
            pair: dict[str, Any] = {"weak": names[weak], "strong": names[strong], "threshold": rng.random()}
            return ThresholdRouter(kind="threshold", scorer=SCORER, **pair, **common)
        case _:
            lapsed = rng.choice(["reference", "continue"])
            return LearnedRouter(
                kind="learned",
                scorer=SCORER,
                thrift=rng.randint(0, 100),
                promise=promised(rng.choice([0.02, 0.05]), lapsed=lapsed) if rng.random() < 0.5 else None,
                **common,
            )


def _certificates(rng: random.Random, names: list[str]) -> Certificates:
    entries = [
        certificate(
            rng.choice([None, rng.random() / 2]),
            misroute=rng.choice([0.02, 0.05]),
            reference=name,
            models=tuple(names),
            group=group,
        ).entries[0]
        for name in names
        for group in GROUPS[1:]
        if rng.random() < 0.5
    ]
    return Certificates(tuple(entries))


def _scores(rng: random.Random, names: list[str]) -> Scores:
    def estimates(known: float) -> dict[str, Estimate]:
        return {
            name: Estimate(math.nan if rng.random() < 0.02 else rng.random(), rng.choice([None, rng.uniform(1, 5000)]))
            for name in names
            if rng.random() < known
        }

    means = {name: Estimate(rng.random(), rng.uniform(1, 5000)) for name in names} if rng.random() < 0.2 else None
    return Scores(estimates(rng.choice([0.0, 0.9, 1.0])), rng.choice(GROUPS[1:]), rng.random() < 0.8, means, rng.random() / 10)
