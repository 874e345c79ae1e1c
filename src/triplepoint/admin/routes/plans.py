"""Plans, who is on which, with which limits, and how much is used."""

from typing import Annotated

from fastapi import Query, Response

from triplepoint.admin.plan_shapes import AssignmentBody, OverrideBody, TimeZoneBody
from triplepoint.admin.reference import answers
from triplepoint.admin.routes.common import CurrentActor, Customer, Id, Services, guarded_router, json_answer
from triplepoint.admin.shapes import CustomerView
from triplepoint.plans.rules import checked_plan, parse_amount
from triplepoint.plans.views import (
    AssignmentView,
    OverrideView,
    PlanView,
    UsageView,
    view_assignments,
    view_override,
    view_plans,
    view_usage,
)

router = guarded_router("plans")


@router.get("/api/plans", responses=answers(PlanView, many=True))
def list_plans(services: Services) -> Response:
    """List the plans of plans.yaml, with how many customers are on each; empty where there is no such file."""
    return json_answer(_plans(services))


@router.get("/api/plans/{plan}", responses=answers(PlanView))
def show_plan(plan: Id, services: Services) -> Response:
    """Show a plan."""
    name = checked_plan(services.plans.sold(), plan)
    return json_answer(next(view for view in _plans(services) if view.name == name))


@router.get("/api/assignments", responses=answers(AssignmentView, many=True))
def list_assignments(actor: CurrentActor, services: Services, customer: Customer = None) -> Response:
    """List which plans customers were given, in the order in which they take hold."""
    return json_answer(view_assignments(services.plans.assignments.history(actor, customer)))


@router.post("/api/assignments", status_code=201, responses=answers(AssignmentView, status=201))
def assign_plan(body: AssignmentBody, actor: CurrentActor, services: Services) -> Response:
    """Put a customer on a plan, or take it off its own; of several for one moment the one made last holds."""
    assignments = services.plans.assignments
    if body.plan is None:
        made = assignments.end(actor, body.customer, since_us=body.since_us)
    else:
        made = assignments.assign(actor, body.customer, body.plan, since_us=body.since_us)
    return json_answer(view_assignments([made])[0], status=201)


@router.get("/api/customers/{customer_id}/usage", responses=answers(UsageView))
def show_usage(customer_id: Id, actor: CurrentActor, services: Services) -> Response:
    """Show a customer's plan, how much of each quota is used and when it begins anew, and its credit; by the ledger."""
    return json_answer(view_usage(services.plans.usage(actor, customer_id)))


@router.post("/api/customers/{customer_id}/time-zone")
def set_time_zone(customer_id: Id, body: TimeZoneBody, actor: CurrentActor, services: Services) -> CustomerView:
    """Say where a customer's days, weeks and months begin, from now on."""
    return CustomerView.of(services.access.customers.set_time_zone(actor, customer_id, body.time_zone))


@router.get("/api/overrides", responses=answers(OverrideView, many=True))
def list_overrides(
    actor: CurrentActor,
    services: Services,
    customer: Customer = None,
    with_ended: Annotated[bool, Query(description="Those that have ended too.")] = False,
) -> Response:
    """List overrides of quotas, oldest first."""
    found = services.plans.overrides.all(actor, customer, with_ended=with_ended)
    return json_answer([view_override(one, services.plans.now_us()) for one in found])


@router.post("/api/overrides", status_code=201, responses=answers(OverrideView, status=201))
def override_quota(body: OverrideBody, actor: CurrentActor, services: Services) -> Response:
    """Set another limit for a customer or a key of theirs."""
    made = services.plans.overrides.add(
        actor,
        body.customer,
        body.quota,
        parse_amount(body.limit, param="limit"),
        reason=body.reason,
        key_id=body.key_id,
        since_us=body.since_us,
        until_us=body.until_us,
    )
    return json_answer(view_override(made, services.plans.now_us()), status=201)


@router.post("/api/overrides/{override_id}/end", responses=answers(OverrideView))
def end_override(override_id: Id, actor: CurrentActor, services: Services) -> Response:
    """End an override now."""
    return json_answer(view_override(services.plans.overrides.end(actor, override_id), services.plans.now_us()))


def _plans(services: Services) -> list[PlanView]:
    return view_plans(services.plans.sold(), services.plans.holders(), services.plans.now_us())
