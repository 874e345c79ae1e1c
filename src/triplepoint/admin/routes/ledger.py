"""Receipts, attempts and rollups, to read."""

from typing import Annotated

import msgspec
from fastapi import Query, Response

from triplepoint.admin.reference import answers
from triplepoint.admin.routes.common import (
    CurrentActor,
    Customer,
    Id,
    Limit,
    OptionalMoment,
    Services,
    guarded_router,
    json_answer,
)
from triplepoint.admin.shapes import NO_NUL
from triplepoint.foundation.errors import NotFound
from triplepoint.ledger.model import AttemptRow, Outcome, Receipt, Rollup
from triplepoint.ledger.receipts import full_row

router = guarded_router("ledger")


@router.get("/api/receipts/{receipt_id}", responses=answers(Receipt))
def show_receipt(receipt_id: Id, services: Services) -> Response:
    """Show a receipt with its attempts."""
    receipt = services.ledger.receipt(receipt_id)
    if receipt is None:
        raise NotFound(
            "there is no receipt with this id; one of the last second may not have reached the ledger yet", param="id"
        )
    return json_answer({**msgspec.structs.asdict(receipt), "attempts": [full_row(row) for row in receipt.attempts]})


@router.get("/api/ledger/attempts", responses=answers(AttemptRow, many=True))
def list_attempts(
    actor: CurrentActor,
    services: Services,
    customer: Customer = None,
    model: Annotated[str | None, Query(max_length=128, pattern=NO_NUL, description="Served by this model.")] = None,
    outcome: Annotated[Outcome | None, Query(description="That ended so.")] = None,
    since_us: OptionalMoment = None,
    before_us: OptionalMoment = None,
    limit: Limit = 100,
) -> Response:
    """List attempts, newest first."""
    customer_id = None if customer is None else services.access.customers.find(actor, customer).id
    rows = services.ledger.attempts(
        customer_id=customer_id, model=model, outcome=outcome, since_us=since_us, before_us=before_us, limit=limit
    )
    return json_answer([full_row(row) for row in rows])


@router.get("/api/ledger/rollups", responses=answers(Rollup, many=True))
def list_rollups(services: Services, since_us: OptionalMoment = None, until_us: OptionalMoment = None) -> Response:
    """List hourly sums per customer, model and line-up, oldest first."""
    return json_answer(services.ledger.rollups(since_us=since_us, until_us=until_us))
