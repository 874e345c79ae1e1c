"""A family with known estimates, for policies to choose from."""

import datetime
from collections.abc import Mapping
from typing import Any

from triplepoint.lineups.model import LearnedRouter, Promise, ScorerFile, ThresholdRouter
from triplepoint.routing.facts import ModelFacts
from triplepoint.routing.guarantee.model import Certificate, Certificates
from triplepoint.routing.model import Estimate, Question, Scores, Signals
from triplepoint.routing.policies.compile import RouterSetup

SCORER = ScorerFile(file="routers/family.safetensors", sha256="ab" * 32)
PLAIN = Question(signals=Signals(input_tokens=1000))


class ScriptedScorer:
    """Answers what it is told."""

    digest = "ab" * 32

    def __init__(
        self,
        qualities: Mapping[str, float],
        *,
        output_tokens: Mapping[str, float | None] | None = None,
        means: Mapping[str, Estimate] | None = None,
        has_signal: bool = True,
        group: str = "maths",
        least_gap: float = 0.0,
    ) -> None:
        lengths = output_tokens or {}
        self.models = tuple(qualities)
        self.asked = 0
        self._scores = Scores(
            {name: Estimate(quality, lengths.get(name)) for name, quality in qualities.items()},
            group,
            has_signal,
            means,
            least_gap,
        )

    def score(self, question: Question) -> Scores:
        """Answer."""
        self.asked += 1
        return self._scores


def facts(input_usd: float | None, output_usd: float | None, **more: Any) -> ModelFacts:
    """Make facts of a model."""
    return ModelFacts(input_usd_per_mtok=input_usd, output_usd_per_mtok=output_usd, context_tokens=8192, **more)


FAMILY = {"nano": facts(0.05, 0.4), "mini": facts(0.25, 2.0), "regular": facts(1.25, 10.0)}
"""For 1,000 tokens of prompt and 400 of answer: 0.00021, 0.00105 and 0.00525 dollars."""


def learned(**fields: Any) -> LearnedRouter:
    """Make a learned router; its default is mini."""
    given: dict[str, Any] = {"kind": "learned", "default": "mini", "scorer": SCORER}
    return LearnedRouter(**(given | fields))


def threshold(**fields: Any) -> ThresholdRouter:
    """Make a threshold router between nano and regular; its default is mini."""
    pair: dict[str, Any] = {"weak": "nano", "strong": "regular", "threshold": 0.2}
    given: dict[str, Any] = {"kind": "threshold", "default": "mini", "scorer": SCORER}
    return ThresholdRouter(**(given | pair | fields))


def setup(
    router: LearnedRouter | ThresholdRouter,
    scorer: ScriptedScorer,
    models: Mapping[str, ModelFacts] = FAMILY,
    certificates: Certificates | None = None,
) -> RouterSetup:
    """Put a router together with what it has learnt."""
    return RouterSetup(router, models, scorer, certificates or Certificates())


def promised(misroute: float = 0.05, **fields: Any) -> Promise:
    """Make a promise."""
    return Promise(misroute=misroute, **fields)


def certificate(threshold: float | None, **fields: Any) -> Certificates:
    """Make the one certificate of regular, over nano and mini, for maths."""
    given: dict[str, Any] = {
        "misroute": 0.05,
        "confidence": 0.95,
        "reference": "regular",
        "models": ("nano", "mini"),
        "group": "maths",
        "threshold": threshold,
        "labels": 2000,
        "misroutes": 80,
        "bound": 0.048,
        "downgraded": 0.4,
        "data": "0" * 64,
        "scorer": "ab" * 32,
        "date": datetime.date(2026, 11, 20),
    }
    return Certificates((Certificate(**(given | fields)),))
