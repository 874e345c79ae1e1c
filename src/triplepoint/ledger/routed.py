"""How the router decided on a request, as journal and ledger keep it.

The journal has it as arrays, so fields are only ever added at the end, with a default; the ledger's column and everything that
people see has names, and floats cut to six digits: they are estimates, and a row is kept for years.
"""

import msgspec

NOT_ENTITLED = "not entitled by the "
"""How the reason begins why a model is none of the caller's: to them it does not exist."""


class Candidate(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One model of a decision, with what was expected of it. None: not known, or not asked."""

    model: str
    quality: float | None = None
    """Probability of a good answer, 0…1."""
    output_tokens: float | None = None
    cost_usd: float | None = None
    """Expected cost of the request, an estimate: nobody is charged by it."""
    energy_wh: float | None = None
    latency_s: float | None = None
    worth_usd: float | None = None
    """What was maximised."""
    why_not: str = ""
    """What speaks against it: ``lacks images``, ``dominated by mini``."""
    is_allowed: bool = True
    """It could have been chosen, by chance at least; False: `why_not` says what forbade it."""


class Routed(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """How the router came to its decision on one request."""

    policy: str
    """Kind of the router: ``fixed``, ``rules``, ``threshold``, ``learned``."""
    scorer: str = ""
    """First characters of the scorer's digest; empty: none was asked."""
    group: str = ""
    """Group of requests that this one belongs to, as the scorer has it."""
    thrift: int | None = None
    """Dial in force; None: the policy has none."""
    propensity: float = 1.0
    """Probability with which the policy chooses what it chose."""
    explored: bool = False
    """Chance chose it, within what is allowed."""
    is_certified: bool = False
    """The choice stands under a certificate that holds."""
    candidates: tuple[Candidate, ...] = ()
    """Every model of the line-up in its order: those that were weighed, and those that were dropped before."""
    signals: dict[str, bool | int | str] = {}
    """Facts that were read of the request, without its words; those that were not found are left out."""


class CandidateRecord(Candidate, frozen=True, gc=False, array_like=True):
    """`Candidate` in the journal."""


class RoutedRecord(Routed, frozen=True, gc=False, array_like=True):
    """`Routed` in the journal."""

    candidates: tuple[CandidateRecord, ...] = ()


def kept(record: RoutedRecord | None) -> Routed | None:
    """Return what the ledger keeps of a decision in the journal."""
    if record is None:
        return None
    return Routed(
        policy=record.policy,
        scorer=record.scorer,
        group=record.group,
        thrift=record.thrift,
        propensity=_short(record.propensity),
        explored=record.explored,
        is_certified=record.is_certified,
        candidates=tuple(_kept_candidate(one) for one in record.candidates),
        signals=record.signals,
    )


def routed_json(routed: Routed | None, *, in_full: bool = False) -> dict[str, object] | None:
    """Return a decision as JSON values, every member there.

    Args:
        in_full: With models that the caller is not entitled to, for operators.
    """
    if routed is None:
        return None
    shown = [one for one in routed.candidates if in_full or not one.why_not.startswith(NOT_ENTITLED)]
    return {**msgspec.structs.asdict(routed), "candidates": [msgspec.structs.asdict(one) for one in shown]}


def _kept_candidate(one: Candidate) -> Candidate:
    return Candidate(
        model=one.model,
        quality=_short_or_none(one.quality),
        output_tokens=_short_or_none(one.output_tokens),
        cost_usd=_short_or_none(one.cost_usd),
        energy_wh=_short_or_none(one.energy_wh),
        latency_s=_short_or_none(one.latency_s),
        worth_usd=_short_or_none(one.worth_usd),
        why_not=one.why_not,
        is_allowed=one.is_allowed,
    )


def _short(value: float) -> float:
    return float(f"{value:.6g}")


def _short_or_none(value: float | None) -> float | None:
    return None if value is None else _short(value)
