"""How a router's decision reads to people: a few facts, and a table of the models with what spoke for and against each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from triplepoint.ledger.model import AttemptRow
from triplepoint.ledger.routed import Candidate, Routed

CHOSEN = "chosen"
"""How the reason of the model begins that was chosen."""
_NUMBERS: Sequence[tuple[str, Callable[[Candidate], str]]] = (
    ("good", lambda one: "" if one.quality is None else f"{one.quality * 100:.1f} %"),
    ("tokens", lambda one: "" if one.output_tokens is None else f"{one.output_tokens:,.0f}"),
    ("cost", lambda one: _usd(one.cost_usd)),
    ("energy", lambda one: "" if one.energy_wh is None else f"{one.energy_wh:.3g} Wh"),
    ("time", lambda one: "" if one.latency_s is None else f"{one.latency_s:.3g} s"),
    ("worth", lambda one: _usd(one.worth_usd)),
)
"""Columns of numbers; one of which nothing is known is left out."""


@dataclass(frozen=True, slots=True)
class CandidateTable:
    """The models of a decision, as text."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """In line-up order."""


def decision_facts(routed: Routed) -> dict[str, str]:
    """Say who decided, by what, and how far it is to be trusted."""
    facts = {"router": routed.policy + (f", scorer {routed.scorer}" if routed.scorer else "")}
    if routed.group:
        facts["group"] = routed.group
    if routed.thrift is not None:
        facts["thrift"] = str(routed.thrift)
    chance = "explored: chosen by chance" if routed.explored else "chosen by the policy"
    facts["chance"] = f"{chance}; this model has probability {routed.propensity:.4g}"
    if routed.scorer:
        facts["certificate"] = "the choice stands under one that holds" if routed.is_certified else "none that holds"
    facts["signals"] = ", ".join(_signal(name, value) for name, value in routed.signals.items()) or "none"
    return facts


def candidate_table(first: AttemptRow) -> CandidateTable:
    """Lay out the models of a decision.

    Args:
        first: First attempt of a request that a router decided.
    """
    return lay_out(first.routed.candidates if first.routed is not None else (), first.downgraded_from or first.served_model)


def lay_out(candidates: Sequence[Candidate], chosen: str) -> CandidateTable:
    """Lay out models, of which one was chosen."""
    known = [(name, text) for name, text in _NUMBERS if any(text(one) for one in candidates)]
    rows = tuple((one.model, *(text(one) for _, text in known), _why(one, chosen)) for one in candidates)
    return CandidateTable(("model", *(name for name, _ in known), "why"), rows)


def _why(one: Candidate, chosen: str) -> str:
    if one.model == chosen:
        return CHOSEN + (f"; {one.why_not}" if one.why_not else "")
    if one.why_not:
        return one.why_not
    return "could have been chosen"


def _signal(name: str, value: bool | int | str) -> str:
    return name if value is True else f"{name} {value:,}" if isinstance(value, int) else f"{name} {value}"


def _usd(value: float | None) -> str:
    return "" if value is None else f"{'-' if value < 0 else ''}${Decimal(f'{abs(value):.3g}'):f}"
