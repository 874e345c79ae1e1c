"""What customers owe, to read."""

from typing import Annotated

from fastapi import Query, Response

from triplepoint.admin.reference import answers
from triplepoint.admin.routes.common import CurrentActor, Id, Services, guarded_router, json_answer
from triplepoint.admin.shapes import NO_NUL
from triplepoint.ledger.statements.model import Statement, StatementSummary
from triplepoint.ledger.statements.render import MEDIA_TYPES, Form

router = guarded_router("statements")

PeriodText = Annotated[
    str | None,
    Query(
        max_length=80,
        pattern=NO_NUL,
        description="Month (2026-11), year, week (2026-W48), day, or FIRST..LAST; the month that runs, where left out. In the "
        "customer's time zone.",
    ),
]
FormQuery = Annotated[Form, Query(alias="format", description="text, json, csv, html or pdf.")]


@router.get("/api/statements", responses=answers(StatementSummary, many=True))
def list_statements(actor: CurrentActor, services: Services, period: PeriodText = None) -> Response:
    """List what every customer owes for a period, oldest customer first."""
    return json_answer([StatementSummary.of(one) for one in services.statements.make_all(actor, period)])


@router.get("/api/customers/{customer_id}/statement", responses=answers(Statement))
def show_statement(
    customer_id: Id, actor: CurrentActor, services: Services, period: PeriodText = None, form: FormQuery = Form.JSON
) -> Response:
    """Make the statement of a customer, by id or name."""
    made = services.statements.make(actor, customer_id, period)
    name = f"{made.customer_id}-{made.start_us // 1_000_000}.{'txt' if form is Form.TEXT else form}"
    headers = {"content-disposition": f'inline; filename="statement-{name}"'}
    return Response(services.render_statement(made, form), media_type=MEDIA_TYPES[form], headers=headers)
