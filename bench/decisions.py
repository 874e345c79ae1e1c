"""Decide a million times in random worlds, count what was done that may not be, and say what a decision costs.

    python -m bench decisions [--requests 1000000] [--seed 1] [--scorer routers/family.safetensors]

Line-ups, routers of all four kinds, scorers that err, certificates, plans, outages and requests are random; each world is asked
50 times. What must hold is written down apart from the policies' own code (`tests.routing.generated`). Times are processor time
of one decision, with a scorer that costs nothing, and with the one named where one is named.
"""

import argparse
import random
import statistics
import time
from collections import Counter
from pathlib import Path

from tests.routing.generated import make_ask, make_world, violations
from tests.routing.policies.families import ScriptedScorer, certificate, facts, learned, promised, setup

from triplepoint.lineups.model import LearnedRouter
from triplepoint.routing.facts import ModelFacts
from triplepoint.routing.model import Question, Signals
from triplepoint.routing.policies.compile import RouterSetup
from triplepoint.routing.ports import Router, Scorer
from triplepoint.routing.scorer.table import load_scorer

_A_WORLD = 50
_TIMED = 20_000
_MODELS = 5
_TEXT = "A tank holds 240 litres and loses 3 percent of what it holds each hour. How many litres are left after 7 hours? " * 5


def main() -> None:
    """Count, time and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scorer", type=Path, help="a scorer to time decisions with")
    args = parser.parse_args()
    for candidates in (3, 5):
        _time(f"{candidates} candidates, scorer for nothing", _plain(), candidates)
    if args.scorer is not None:
        scorer = load_scorer(args.scorer.read_bytes())
        candidates = min(_MODELS, len(scorer.models))
        _time(f"{candidates} candidates, {args.scorer.name}, {len(_TEXT)} characters", _with(scorer), candidates)
    _count(args.requests, args.seed)


def _plain() -> RouterSetup:
    names = [f"m{place}" for place in range(_MODELS)]
    scorer = ScriptedScorer({name: 0.4 + place / 10 for place, name in enumerate(names)})
    covered = certificate(0.3, reference=names[-1], models=tuple(names[:-1]))
    return setup(_router(names), scorer, _facts(names), covered)


def _with(scorer: Scorer) -> RouterSetup:
    names = list(scorer.models[:_MODELS])
    return RouterSetup(_router(names), _facts(names), scorer)


def _router(names: list[str]) -> LearnedRouter:
    return learned(
        default=names[0], explore=0.05, energy_usd_per_kwh="0.2", waiting_usd_per_hour="10", promise=promised(lapsed="continue")
    )


def _facts(names: list[str]) -> dict[str, ModelFacts]:
    return {name: facts(0.1 * 3**place, 0.4 * 3**place, input_wh=0.0001, output_wh=0.001) for place, name in enumerate(names)}


def _time(what: str, made: RouterSetup, candidates: int) -> None:
    router, names = made.compile(), list(made.models)
    waits = dict.fromkeys(names, (0.2, 0.01))
    question = Question(signals=Signals(input_tokens=1000), text=_TEXT, served_before=names[0], draw=0.5, waits=waits)
    micros = _micros(router, question, frozenset(names[:candidates]))
    print(f"{what}: p50 {statistics.median(micros):.1f} µs, p99 {statistics.quantiles(micros, n=100)[98]:.1f} µs")


def _micros(router: Router, question: Question, candidates: frozenset[str]) -> list[float]:
    taken: list[float] = []
    for _ in range(_TIMED):
        begun = time.thread_time_ns()
        router.decide(question, candidates)
        taken.append((time.thread_time_ns() - begun) / 1000)
    return taken


def _count(requests: int, seed: int) -> None:
    rng, found, begun = random.Random(seed), Counter[str](), time.monotonic()
    worlds = -(-requests // _A_WORLD)
    for _ in range(worlds):
        world = make_world(rng)
        for _ in range(_A_WORLD):
            found.update(violations(world, make_ask(world, rng)))
    print(f"decisions={worlds * _A_WORLD}  violations={found.total()}  seconds={time.monotonic() - begun:.0f}")
    for what, count in found.most_common():
        print(f"{count:8}  {what}")


if __name__ == "__main__":
    main()
