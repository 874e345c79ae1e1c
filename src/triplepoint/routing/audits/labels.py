"""Training rows from audits and ratings: what each model made of a request, in the wide layout that `routing.evaluation` reads.

An audit scores two models on one request; a rating scores the one that answered. Words are not there, for none are kept: what a
scorer can learn from these rows are the groups and the signals.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from triplepoint.ledger.audits.model import Answered, Audit, Feedback
from triplepoint.ledger.routed import Routed
from triplepoint.routing.feedback import Rating, counted

_DAY_US = 86_400_000_000


def label_rows(
    audits: Iterable[Audit],
    ratings: Iterable[Feedback],
    *,
    decisions: Mapping[str, Routed],
    answers: Iterable[Answered],
) -> Iterator[dict[str, Any]]:
    """Write rows, those of audits first.

    Args:
        audits: Those that nothing decided are left out.
        ratings: Of each receipt the latest; beyond a customer's cap of a day they are left out.
        decisions: Of the router, by receipt; where one is missing its signals are.
        answers: Of both models, for their lengths and costs.
    """
    known = {(one.receipt_id, one.model): one for one in answers}
    for audit in audits:
        if audit.chosen_score is not None and audit.other_score is not None:
            scores = {audit.chosen: audit.chosen_score, audit.other: audit.other_score}
            row = _row(audit.receipt_id, audit.group, scores, decisions, known)
            yield {
                **row,
                "source": "audit",
                "scored_by": audit.scored_by,
                "plan": audit.plan,
                "share": audit.share,
                "weight": 1.0,
            }
    yield from _of_ratings(list(ratings), decisions, known)


def _of_ratings(
    ratings: list[Feedback], decisions: Mapping[str, Routed], known: Mapping[tuple[str, str], Answered]
) -> Iterator[dict[str, Any]]:
    """Write rows of ratings; those of one customer, model and day weigh together as much as one."""
    plans = {one.receipt_id: one.plan for one in ratings}
    kept = counted(Rating(one.receipt_id, one.customer_id, one.model, one.asked_us, one.score) for one in ratings)
    together = Counter(_whose(one) for one in kept)
    for one in kept:
        decided = decisions.get(one.receipt_id)
        row = _row(one.receipt_id, decided.group if decided is not None else "", {one.model: one.score}, decisions, known)
        weight = 1 / together[_whose(one)]
        yield {**row, "source": "feedback", "scored_by": "customer", "plan": plans[one.receipt_id], "weight": weight}


def _whose(rating: Rating) -> tuple[str, str, int]:
    return rating.customer_id, rating.model, rating.at_us // _DAY_US


def _row(
    receipt_id: str,
    group: str,
    scores: Mapping[str, float],
    decisions: Mapping[str, Routed],
    known: Mapping[tuple[str, str], Answered],
) -> dict[str, Any]:
    decided = decisions.get(receipt_id)
    row: dict[str, Any] = {"receipt_id": receipt_id, "prompt": "", "group": group}
    row["signals"] = decided.signals if decided is not None else None
    for model, score in scores.items():
        row[f"score:{model}"] = score
        answer = known.get((receipt_id, model))
        if answer is not None and answer.output_tokens is not None:
            row[f"output_tokens:{model}"] = answer.output_tokens
        if answer is not None and answer.cost_usd is not None:
            row[f"cost:{model}"] = float(Decimal(answer.cost_usd))
    return row
