"""Turn a line-up's router into something that decides: everything that does not depend on the request is worked out here."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, assert_never

from triplepoint.lineups.model import FixedRouter, LearnedRouter, RulesRouter, ThresholdRouter
from triplepoint.routing.facts import ModelFacts
from triplepoint.routing.guarantee.model import Certificates
from triplepoint.routing.policies.fixed import Fixed
from triplepoint.routing.policies.learned import Learned
from triplepoint.routing.policies.promise import Keeper
from triplepoint.routing.policies.rules import Rules
from triplepoint.routing.policies.threshold import Threshold
from triplepoint.routing.ports import Router, Scorer

NONE: Final = Certificates()
AnyRouter = FixedRouter | RulesRouter | ThresholdRouter | LearnedRouter


@dataclass(frozen=True, slots=True)
class RouterSetup:
    """A line-up's router with all that it is compiled from; to explain its decisions, and to compile it anew on a lapse."""

    router: AnyRouter
    """As the line-up has it, checked: every model that it names is one of the line-up's."""
    models: Mapping[str, ModelFacts]
    """What is known of every model of the line-up, in its order."""
    scorer: Scorer | None = None
    """What a threshold or learned router has learnt; a checked configuration has it."""
    certificates: Certificates = NONE
    """What was calibrated for the promise of a learned router, by the scorer's names."""
    lapsed: Collection[tuple[str, str]] = ()
    """Reference and group of certificates that drift or audits contradict, by the scorer's names."""

    def compile(self) -> Router:
        """Compile it.

        Raises: ValueError: the router needs a scorer, and there is none.
        """
        match self.router:
            case FixedRouter():
                return Fixed(self.router, self.models)
            case RulesRouter():
                return Rules(self.router, self.models)
            case ThresholdRouter():
                return Threshold(self.router, self.models, self._needed())
            case LearnedRouter():
                return Learned(self.router, self.models, self._needed(), self._keeper(self.router))
            case _:
                assert_never(self.router)

    def _keeper(self, router: LearnedRouter) -> Keeper | None:
        if router.promise is None:
            return None
        return Keeper(router.promise, self.certificates, names=router.scorer.models, lapsed=self.lapsed)

    def _needed(self) -> Scorer:
        if self.scorer is None:
            raise ValueError(f"a {self.router.kind} router needs its scorer; load_configuration reads it")
        return self.scorer


def compile_router(
    router: AnyRouter,
    models: Mapping[str, ModelFacts],
    scorer: Scorer | None = None,
) -> Router:
    """Compile a line-up's router, where nothing was promised; see `RouterSetup`."""
    return RouterSetup(router, models, scorer).compile()
