"""A line-up's router, described: what decides, in one sentence; what was learnt, from what and how well; what is promised."""

from collections.abc import Collection, Iterator
from enum import StrEnum
from typing import Any

import msgspec

from triplepoint.lineups.model import FixedRouter, LearnedRouter, Lineup, RulesRouter, ThresholdRouter
from triplepoint.routing.guarantee.model import POOLED, Certificate, Certificates
from triplepoint.routing.ports import CardedScorer, Scorer
from triplepoint.routing.scorer.card import Card


class Standing(StrEnum):
    """What a certificate is worth now."""

    HOLDS = "holds"
    """The router's promise rests on it."""
    UNUSED = "unused"
    """Nothing contradicts it, and the router promises nothing that rests on it."""
    LAPSED = "lapsed"
    """Drift or audits contradict it; nothing rests on it any more."""


class StandingCertificate(Certificate, frozen=True, kw_only=True, gc=False):
    """A certificate, and what it is worth now."""

    state: Standing


class RouterDescription(msgspec.Struct, frozen=True, kw_only=True):
    """The router of a line-up."""

    lineup: str
    lineup_hash: str
    models: tuple[str, ...]
    """Of the line-up, weakest first."""
    says: str
    """What decides, in words."""
    promises: str
    """What is promised and what is not, in words."""
    router: dict[str, Any] | None
    """As the line-up file has it, with everything that it leaves unsaid; null: there is none, and no ``auto``."""
    takes_thrift: bool
    """It has the dial."""
    scorer: str = ""
    """SHA-256 of the scorer's file; receipts show the first twelve characters. Empty: it has learnt nothing."""
    card: Card | None = None
    """What the scorer's file says of itself."""
    certificates: tuple[StandingCertificate, ...] = ()
    """Of the scorer's file, whether the router promises anything or not."""


def describe_router(
    lineup: Lineup,
    lineup_hash: str,
    *,
    scorer: Scorer | None = None,
    certificates: Certificates | None = None,
    lapsed: Collection[tuple[str, str]] = (),
) -> RouterDescription:
    """Describe a line-up's router.

    Args:
        scorer: What it has learnt.
        certificates: Of the scorer's file.
        lapsed: Reference and group of certificates that drift or audits contradict.
    """
    router = lineup.router
    return RouterDescription(
        lineup=lineup.lineup,
        lineup_hash=lineup_hash,
        models=tuple(lineup.models),
        says=_says(lineup),
        promises=_promises(router),
        router=None if router is None else router.model_dump(mode="json", exclude_none=True),
        takes_thrift=isinstance(router, LearnedRouter),
        scorer="" if scorer is None else scorer.digest,
        card=scorer.card if isinstance(scorer, CardedScorer) else None,
        certificates=tuple(_standing(router, certificates or Certificates(), lapsed)),
    )


def _says(lineup: Lineup) -> str:
    router = lineup.router
    match router:
        case None:
            return "There is no router: the name auto is unknown, and callers ask for models by name."
        case FixedRouter():
            said = f"auto is always {router.default}"
        case RulesRouter():
            count = len(router.rules)
            rules = "one rule, if it holds" if count == 1 else f"{count} rules, the first that holds"
            said = f"auto is decided by {rules}, else it is {router.default}"
        case ThresholdRouter():
            said = (
                f"auto is {router.strong} where {router.weak} would give a bad answer and {router.strong} a good one with a "
                f"probability of {router.threshold * 100:g} % or more, else {router.weak}; a request unlike anything learnt "
                f"goes to {router.default}"
            )
        case LearnedRouter():
            said = (
                f"auto is the model whose expected answer is worth most after what it costs, at thrift {router.thrift} where "
                f"neither request nor plan says; a request unlike anything learnt goes to {router.default}"
            )
    chance = f"; {router.explore * 100:g} % of decisions are left to chance, and logged as such" if router.explore else ""
    return f"{said}{chance}."


def _promises(router: object) -> str:
    if not isinstance(router, LearnedRouter) or router.promise is None:
        return "Nothing is promised: no certificate bounds how often the strongest model would have answered better."
    promise = router.promise
    otherwise = "the strongest model answers" if promise.lapsed == "reference" else "it goes on without a promise"
    return (
        f"At most {promise.misroute * 100:g} % of the requests of each certificate's groups get a bad answer where its "
        f"reference would have given a good one, with {promise.confidence * 100:g} % confidence for each certificate by "
        f"itself. It says nothing of a single request, nor of requests unlike the labels; where no certificate holds, "
        f"{otherwise}."
    )


def _standing(router: object, certificates: Certificates, lapsed: Collection[tuple[str, str]]) -> Iterator[StandingCertificate]:
    promised = None
    if isinstance(router, LearnedRouter) and router.promise is not None:
        promised = certificates.promised(misroute=router.promise.misroute, confidence=router.promise.confidence)
    for one in certificates.entries:
        groups = one.groups if one.group == POOLED else (one.group,)
        is_used = promised is not None and any(promised.find(one.reference, group) is one for group in groups)
        state = Standing.HOLDS if is_used else Standing.UNUSED
        if (one.reference, one.group) in lapsed:
            state = Standing.LAPSED
        yield StandingCertificate(**msgspec.structs.asdict(one), state=state)
