"""Money entries: granted, given, refunded, adjusted; made and listed, never changed."""

from fastapi import Response

from triplepoint.admin.plan_shapes import GrantBody, MoneyBody, RefundBody
from triplepoint.admin.reference import answers
from triplepoint.admin.routes.common import CurrentActor, Customer, OptionalMoment, Services, guarded_router, json_answer
from triplepoint.plans.entries import Entry
from triplepoint.plans.rules import parse_amount
from triplepoint.plans.views import EntryView, view_entry

router = guarded_router("credit")

_ENTRY = answers(EntryView, status=201)


@router.get("/api/entries", responses=answers(EntryView, many=True))
def list_entries(
    actor: CurrentActor,
    services: Services,
    customer: Customer = None,
    since_us: OptionalMoment = None,
    until_us: OptionalMoment = None,
) -> Response:
    """List money entries that count in a span, oldest first; of grants, what is burnt and left by the ledger."""
    entries = services.plans.credits.entries(actor, customer, since_us=since_us, until_us=until_us)
    standings = services.plans.credits.standings(entries)
    return json_answer([view_entry(one, standings.get(one.id)) for one in entries])


@router.post("/api/grants", status_code=201, responses=_ENTRY)
def grant_credit(body: GrantBody, actor: CurrentActor, services: Services) -> Response:
    """Give prepaid credit, which charges are burnt from."""
    made = services.plans.credits.grant(
        actor,
        body.customer,
        parse_amount(body.amount_usd, param="amount_usd"),
        reason=body.reason,
        from_us=body.from_us,
        expires_us=body.expires_us,
        priority=body.priority,
        idempotency_key=body.idempotency_key,
    )
    return _answer(made)


@router.post("/api/credits", status_code=201, responses=_ENTRY)
def give_credit(body: MoneyBody, actor: CurrentActor, services: Services) -> Response:
    """Take an amount off a customer's statement."""
    amount = parse_amount(body.amount_usd, param="amount_usd")
    made = services.plans.credits.credit(actor, body.customer, amount, reason=body.reason, idempotency_key=body.idempotency_key)
    return _answer(made)


@router.post("/api/adjustments", status_code=201, responses=_ENTRY)
def adjust_statement(body: MoneyBody, actor: CurrentActor, services: Services) -> Response:
    """Add an amount to a customer's statement."""
    amount = parse_amount(body.amount_usd, param="amount_usd")
    made = services.plans.credits.adjust(actor, body.customer, amount, reason=body.reason, idempotency_key=body.idempotency_key)
    return _answer(made)


@router.post("/api/refunds", status_code=201, responses=_ENTRY)
def refund_receipt(body: RefundBody, actor: CurrentActor, services: Services) -> Response:
    """Take what a receipt charged, or a part of it, off its customer's statement; never more than it charged."""
    amount = None if body.amount_usd is None else parse_amount(body.amount_usd, param="amount_usd")
    made = services.plans.credits.refund(
        actor, body.receipt_id, amount, reason=body.reason, idempotency_key=body.idempotency_key
    )
    return _answer(made)


def _answer(made: Entry) -> Response:
    return json_answer(view_entry(made), status=201)
