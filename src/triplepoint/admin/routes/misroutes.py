"""What audits and customers say of the router's decisions, to read."""

from typing import Annotated

from fastapi import Query, Response

from triplepoint.admin.reference import answers
from triplepoint.admin.routes.common import Id, Limit, OptionalMoment, Services, guarded_router, json_answer
from triplepoint.admin.shapes import NO_NUL
from triplepoint.foundation.errors import NotFound
from triplepoint.ledger.audits.model import Audit, Feedback
from triplepoint.routing.audits.model import Outcome
from triplepoint.routing.audits.report import MisrouteReport
from triplepoint.routing.feedback import Opinion

router = guarded_router("routing")

Name = Annotated[str | None, Query(max_length=128, pattern=NO_NUL)]


@router.get("/api/routing/misroutes", responses=answers(MisrouteReport))
def show_misroutes(services: Services) -> Response:
    """Show how often the active line-up's router is wrong, by its audits: rates with intervals, alarms, lapsed certificates."""
    report = services.misroutes.report()
    if report is None:
        raise NotFound("the active line-up's router has no audit; add router.audit to its file", code="no_audit")
    return json_answer(report)


@router.get("/api/routing/audits", responses=answers(Audit, many=True))
def list_audits(
    services: Services,
    plan: Name = None,
    model: Annotated[str | None, Query(max_length=128, pattern=NO_NUL, description="That answered the caller.")] = None,
    outcome: Annotated[Outcome | None, Query(description="That came out so.")] = None,
    before_us: OptionalMoment = None,
    limit: Limit = 100,
) -> Response:
    """List audits, of the newest request first; they hold no words."""
    wanted = outcome.value if outcome is not None else None
    found = services.misroutes.findings.latest(plan=plan, model=model, outcome=wanted, before_us=before_us, limit=limit)
    return json_answer(found)


@router.get("/api/routing/feedback", responses=answers(Opinion, many=True))
def list_opinions(services: Services, since_us: OptionalMoment = None, until_us: OptionalMoment = None) -> Response:
    """Say what customers think of models: robust means, and by how much one customer can move each."""
    return json_answer(services.misroutes.opinions(since_us=since_us, until_us=until_us))


@router.get("/api/routing/feedback/{receipt_id}", responses=answers(Feedback, many=True))
def show_ratings(receipt_id: Id, services: Services) -> Response:
    """Show every rating of a receipt, the oldest first; the last one counts."""
    return json_answer(services.misroutes.findings.history(receipt_id))
