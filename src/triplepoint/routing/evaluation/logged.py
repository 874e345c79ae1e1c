"""Decisions of the ledger with what audits say of them, ready for off-policy values.

An audit compares, so a score here is *as good as the reference*: 1 for the reference itself, by definition and without any
audit; of a weaker model 1 unless the reference's answer was materially better, else 0. The value of a policy is then the share
of requests that are answered as well as the strongest model would have; 1 less it is its rate of under-routes.

A weaker model's answer is seen in two ways: it was chosen and the request was drawn for an audit; or the reference was chosen,
the request was drawn, and the model is the next weaker one, which such an audit asks. How likely either was follows from the
logged propensity, since chance takes each allowed candidate alike. What counts is the answer that the caller got: where a
weaker model's was sent up to the reference after a look at it, choosing that model was as good as the reference, and dearer.
Ratings by customers are not taken: who rates is no chance.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from triplepoint.ledger.audits.model import Audit
from triplepoint.ledger.model import AttemptRow
from triplepoint.ledger.routed import Candidate, Routed
from triplepoint.routing.audits.model import Outcome
from triplepoint.routing.evaluation.off_policy import LoggedDecision, Seen

_WORTH: Final = "learned"
"""Policy whose candidates say what they are worth, so that it is known whom it would have chosen without chance."""


class Log(NamedTuple):
    """What a ledger has to say."""

    decisions: list[LoggedDecision]
    rows: list[AttemptRow]
    """The attempt of each decision."""
    audited: int
    """Decisions whose audit decided something."""
    left_out: Counter[str]
    """Why attempts are not among them, and how many."""


def read_log(rows: Iterable[AttemptRow], audits: Iterable[Audit]) -> Log:
    """Join first attempts with the audits of their requests.

    Args:
        rows: Attempts of the ledger; those that the router did not decide are counted and left out.
        audits: Of the same span.
    """
    by_receipt = {audit.receipt_id: audit for audit in audits}
    log = Log([], [], 0, Counter())
    audited = 0
    for row in rows:
        if row.attempt != 1 or row.audit_of:
            continue
        why = _why_not(row)
        if why:
            log.left_out[why] += 1
            continue
        decision = _decision(row, by_receipt.get(row.receipt_id))
        audited += len(decision.seen) > 1
        log.decisions.append(decision)
        log.rows.append(row)
    return log._replace(audited=audited)


def _why_not(row: AttemptRow) -> str:
    if row.routed is None:
        return "asked for by name"
    if row.downgraded_from is not None:
        return "sent down by the plan's ladder, not by the router"
    names = [one.model for one in row.routed.candidates if one.is_allowed]
    return "" if row.served_model in names else "served by none of the router's candidates"


def _decision(row: AttemptRow, audit: Audit | None) -> LoggedDecision:
    routed, chosen = row.routed or Routed(""), row.served_model
    candidates = [one for one in routed.candidates if one.is_allowed]
    reference = audit.reference if audit is not None else _strongest(routed)
    return LoggedDecision(
        expected=_expected(candidates, reference),
        costs={one.model: one.cost_usd for one in candidates if one.cost_usd is not None},
        chosen=chosen,
        seen=tuple(_seen(chosen, routed, reference, audit)),
        served=_served(chosen, reference, audit),
        group=routed.group,
        unit=row.conversation or "",
    )


def _strongest(routed: Routed) -> str:
    """Return the last of those that could answer, in line-up order: allowed, or weighed and then not."""
    able = [one.model for one in routed.candidates if one.is_allowed or one.quality is not None]
    return able[-1] if able else ""


def _expected(candidates: list[Candidate], reference: str) -> dict[str, float]:
    """Return with which probability each is as good as the reference: not so where that is good and it is bad.

    Both are taken as independent, as `guarantee.model.risk` does; what nobody expected anything of is taken for as good.
    """
    quality = {one.model: one.quality for one in candidates}
    strongest = quality.get(reference)
    best = 1.0 if strongest is None else strongest
    return {model: 1.0 if model == reference or said is None else 1.0 - best * (1.0 - said) for model, said in quality.items()}


def _served(chosen: str, reference: str, audit: Audit | None) -> Seen | None:
    """Return whether what the caller got for this choice was as good as the reference; None: nothing tells."""
    if chosen == reference:
        return Seen(chosen, 1.0, 1.0)
    if audit is None:
        return None
    if audit.chosen == reference:  # it was sent up after a look at its answer, or another one stood in
        return Seen(chosen, 1.0, audit.share)
    return (
        None if audit.outcome == Outcome.UNDECIDED else Seen(chosen, float(audit.outcome != Outcome.UNDER_ROUTE), audit.share)
    )


def _seen(chosen: str, routed: Routed, reference: str, audit: Audit | None) -> Iterator[Seen]:
    yield Seen(reference, 1.0, 1.0)
    if audit is None:
        return
    chances, next_weaker = _chances(chosen, routed), _next_weaker(routed, reference)
    served = _served(chosen, reference, audit)
    if chosen != reference and served is not None:
        chance = chances[chosen] + (chances.get(reference, 0.0) if chosen == next_weaker else 0.0)
        yield Seen(chosen, served.score, chance * audit.share)
    is_over = chosen == reference == audit.chosen and audit.other == next_weaker and routed.policy == _WORTH
    if is_over and audit.outcome != Outcome.UNDECIDED:
        chance = chances.get(next_weaker, 0.0) + chances[reference]
        yield Seen(next_weaker, float(audit.outcome == Outcome.OVER_ROUTE), chance * audit.share)


def _next_weaker(routed: Routed, reference: str) -> str:
    """Return whom an audit asks where the reference was chosen; empty: nobody."""
    able = [one.model for one in routed.candidates if one.is_allowed or one.quality is not None]
    place = able.index(reference) if reference in able else 0
    return able[place - 1] if place > 0 else ""


def _chances(chosen: str, routed: Routed) -> Mapping[str, float]:
    """Return with which probability each candidate was to be chosen, as far as it can be told: at least the chosen one's.

    Source: `policies.exploration`: of n models each has ε/n, and 1 − ε more has the one that the policy would choose.
    """
    if routed.policy != _WORTH:
        return {chosen: routed.propensity}
    allowed = [one for one in routed.candidates if one.is_allowed]
    count, propensity = len(allowed), routed.propensity
    if count < 2:
        return {chosen: propensity}
    if propensity * count >= 1 or not routed.explored:
        others = (1 - propensity) / (count - 1)
        return {one.model: propensity if one.model == chosen else others for one in allowed}
    meant = max((one for one in allowed if one.model != chosen), key=lambda one: one.worth_usd or 0.0).model
    return {one.model: 1 - (count - 1) * propensity if one.model == meant else propensity for one in allowed}
