"""A decision as the journal keeps it and as people read it: every model of the line-up in its order, and what was found."""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec.structs import astuple

from triplepoint.ledger.routed import CandidateRecord, RoutedRecord
from triplepoint.routing.model import Decision, Signals

_SIGNALS: Final = Signals.__struct_fields__
_UNSAID: Final = astuple(Signals())
_NO_COSTS: Final[Mapping[str, float | None]] = {}


def record_decision(decision: Decision, signals: Signals, candidates: tuple[CandidateRecord, ...]) -> RoutedRecord:
    """Return the record of a decision.

    Args:
        signals: What it was made on; those that say nothing are left out.
        candidates: As `record_candidates` has them.
    """
    return RoutedRecord(
        decision.policy,
        decision.scorer,
        decision.group,
        decision.thrift,
        decision.propensity,
        decision.explored,
        decision.is_certified,
        candidates,
        {name: value for name, value, unsaid in zip(_SIGNALS, astuple(signals), _UNSAID, strict=True) if value != unsaid},
    )


def record_candidates(
    models: Iterable[str],
    decision: Decision,
    dropped: Mapping[str, str],
    *,
    costs: Mapping[str, float | None] = _NO_COSTS,
) -> tuple[CandidateRecord, ...]:
    """Return what is known of every model.

    Args:
        models: Of the line-up, in its order.
        dropped: Why a model could not be chosen at all, by model.
        costs: Expected cost by model, where the policy weighed nothing; empty: not worked out.
    """
    if not dropped and not decision.weighed and not costs:
        return tuple([CandidateRecord(name) for name in models])
    found = {name: CandidateRecord(name, why_not=why, is_allowed=False) for name, why in dropped.items()}
    for one in decision.weighed:
        found[one.model] = CandidateRecord(
            one.model,
            one.quality,
            one.output_tokens,
            one.cost_usd,
            one.energy_wh,
            one.latency_s,
            one.worth_usd,
            one.why_not,
            one.is_allowed,
        )
    return tuple([found.get(name) or CandidateRecord(name, cost_usd=costs.get(name)) for name in models])
