"""The router of the active line-up: what it is, and what would become of a request that nobody sends."""

from fastapi import Response

from triplepoint.admin.reference import answers
from triplepoint.admin.routes.common import CurrentActor, Services, guarded_router, json_answer
from triplepoint.admin.routing_shapes import EnquiryBody
from triplepoint.routing.description import RouterDescription
from triplepoint.routing.enquiry import Reply

router = guarded_router("routing")


@router.get("/api/routing", responses=answers(RouterDescription))
def show_router(services: Services) -> Response:
    """Show the active line-up's router: what decides, what it was made from and how good that is, and its certificates."""
    return json_answer(services.routing.describe())


@router.post("/api/routing/explain", responses=answers(Reply))
def explain_request(body: EnquiryBody, actor: CurrentActor, services: Services) -> Response:
    """Say what auto would choose for a request, why, and what would lead elsewhere. Nothing is sent or kept."""
    return json_answer(services.routing.explain(actor, body.enquiry()))
