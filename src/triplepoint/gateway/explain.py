"""A router's decision as the journal keeps it and as an answer's headers tell it.

Both hold every model of the line-up in its order, those that were dropped before the router was asked with their reason. The
headers leave out what the caller is not entitled to, for to them it does not exist, and are cut at about a kilobyte.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

from triplepoint.gateway.choice import Choice, Decided
from triplepoint.gateway.crossing import told
from triplepoint.gateway.wire import HeaderList
from triplepoint.ledger.routed import NOT_ENTITLED, Candidate, CandidateRecord, RoutedRecord
from triplepoint.routing.recorded import record_candidates, record_decision

_NUMBERS: Final = (
    ("quality", "quality"),
    ("tokens", "output_tokens"),
    ("usd", "cost_usd"),
    ("wh", "energy_wh"),
    ("s", "latency_s"),
    ("worth", "worth_usd"),
)
"""As a header names them, and as the ledger does."""
_LONGEST: Final = 700
"""Characters of the header with the candidates; with the other two it is about a kilobyte."""
_LONGEST_WHY: Final = 120


def routed_record(choice: Choice) -> RoutedRecord | None:
    """Return a decision as the journal keeps it; None where the caller named the model."""
    decided = choice.decided
    if decided is None:
        return None
    return record_decision(decided.decision, decided.signals, _candidates(choice.lineup.models, decided))


def explanation(choice: Choice) -> HeaderList:
    """Return the headers that tell how a model was chosen."""
    headers: HeaderList = [(b"x-triplepoint-decision", told(choice.reason))]
    decided = choice.decided
    if decided is not None:
        headers.append((b"x-triplepoint-routing", told(", ".join(_facts(decided)))))
        headers.append((b"x-triplepoint-candidates", told(_listed(_candidates(choice.lineup.models, decided)))))
    return headers


def _candidates(models: Iterable[str], decided: Decided) -> tuple[CandidateRecord, ...]:
    return record_candidates(models, decided.decision, {one.model: one.why for one in decided.dropped})


def _facts(decided: Decided) -> Iterator[str]:
    decision = decided.decision
    yield f"chosen={_quoted(decision.model)}"
    yield f"policy={decision.policy}"
    if decision.thrift is not None:
        yield f"thrift={decision.thrift}"
    yield f"propensity={_short(decision.propensity)}"
    yield f"explored={_flag(decision.explored)}"
    yield f"certified={_flag(decision.is_certified)}"
    if decision.group:
        yield f"group={_quoted(decision.group)}"
    if decision.scorer:
        yield f"scorer={_quoted(decision.scorer)}"


def _listed(candidates: Iterable[Candidate]) -> str:
    """List the candidates that the caller may know of, as many as there is room for."""
    shown = [_shown(one) for one in candidates if not one.why_not.startswith(NOT_ENTITLED)]
    text = ", ".join(shown)
    while len(text) > _LONGEST and len(shown) > 1:
        shown.pop()
        text = ", ".join([*shown, "..."])
    return text


def _shown(one: Candidate) -> str:
    numbers = [f"{name}={_short(value)}" for name, field in _NUMBERS if (value := getattr(one, field)) is not None]
    if one.why_not:
        numbers.append(f"{'note' if one.is_allowed else 'not'}={_quoted(one.why_not[:_LONGEST_WHY])}")
    return ";".join([_quoted(one.model), *numbers])


def _short(value: float) -> str:
    return f"{Decimal(f'{value:.4g}'):f}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "/").replace('"', "'") + '"'


def _flag(claim: bool) -> str:
    return "yes" if claim else "no"
