"""What plans and customers earned, and what plans would earn."""

from typing import Annotated

from fastapi import Query, Response

from triplepoint.admin.reference import answers
from triplepoint.admin.routes.common import CurrentActor, Id, Services, guarded_router, json_answer
from triplepoint.admin.routes.statements import PeriodText
from triplepoint.admin.shapes import NO_NUL
from triplepoint.economics.earnings import MarginReport
from triplepoint.economics.forecast import Forecast, ObservedUse, Question, StatedUse, read_amounts
from triplepoint.foundation.errors import RequestInvalid
from triplepoint.plans.model import PlansFile
from triplepoint.plans.rules import checked_plan

router = guarded_router("margins")

_MOST_SUBSCRIBERS = 200_000
ZoneText = Annotated[str, Query(max_length=64, pattern=NO_NUL, description="Where the period begins and ends.")]
Amounts = Annotated[
    list[Annotated[str, Query(max_length=200, pattern=NO_NUL)]] | None,
    Query(max_length=50, description="Of a message of a model, such as thinking=0.02; without, by the ledger of 30 days."),
]


@router.get("/api/margins", responses=answers(MarginReport))
def show_margins(actor: CurrentActor, services: Services, period: PeriodText = None, zone: ZoneText = "UTC") -> Response:
    """Show what plans and customers paid, cost and left in a period, and who costs more than it pays."""
    return json_answer(services.earnings.margins(actor, period, time_zone=zone))


@router.get("/api/plans/{plan}/forecast", responses=answers(Forecast))
def show_forecast(
    plan: Id,
    actor: CurrentActor,
    services: Services,
    mean_messages: Annotated[float | None, Query(gt=0, description="Of a subscriber in a period of the quotas.")] = None,
    sigma: Annotated[float, Query(gt=0, le=10, description="Standard deviation of the logarithm.")] = 1.5,
    zero_share: Annotated[float, Query(ge=0, lt=1, description="Share of subscribers who use nothing.")] = 0.0,
    as_it_was: Annotated[bool, Query(description="Without a mean: take last period's use itself, not a fit to it.")] = False,
    cost: Amounts = None,
    charge: Amounts = None,
    subscribers: Annotated[int, Query(ge=1, le=_MOST_SUBSCRIBERS, description="Simulated, as a check.")] = 20_000,
) -> Response:
    """Forecast what a plan earns: use as stated or, without a mean, as the ledger has it of the last whole period."""
    sold = services.plans.sold()
    name = checked_plan(sold, plan)
    use = ObservedUse(as_it_was) if mean_messages is None else StatedUse(mean_messages, sigma, zero_share)
    question = Question(
        name,
        _sold(sold).plans[name],
        services.models(),
        use,
        costs=read_amounts(cost or (), "cost"),
        charges=read_amounts(charge or (), "charge"),
        subscribers=subscribers,
    )
    return json_answer(services.forecasts.answer(actor, question))


def _sold(file: PlansFile | None) -> PlansFile:
    if file is None:
        raise RequestInvalid("there is no plans.yaml", param="plan")
    return file
