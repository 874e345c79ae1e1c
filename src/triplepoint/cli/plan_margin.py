"""``triplepoint plan margin`` and ``simulate``: what plans earned, and what they would."""

from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.markup import escape
from rich.table import Table

from triplepoint.app import Installation, open_installation
from triplepoint.cli.local import local_actor, print_table, say
from triplepoint.cli.options import AsJson, Folder
from triplepoint.economics.earnings import MarginLine, MarginReport
from triplepoint.economics.forecast import SUBSCRIBERS, Forecast, ForecastStep, ObservedUse, Question, StatedUse, read_amounts
from triplepoint.economics.margin import OtherCosts
from triplepoint.economics.offers import Other
from triplepoint.foundation.errors import RequestInvalid
from triplepoint.ledger.drain import drain_if_free
from triplepoint.plans.model import Calendar, Plan, Quota, Unit
from triplepoint.plans.rules import checked_plan, parse_amount


class MarginBy(StrEnum):
    """What to list."""

    PLAN = "plan"
    CUSTOMER = "customer"


PaymentShare = Annotated[float, typer.Option(min=0, max=0.99, help="Share of what is paid that payment costs, such as 0.029.")]
PaymentUsd = Annotated[float, typer.Option(min=0, help="What each payment costs beside.")]
OverheadUsd = Annotated[float, typer.Option(min=0, help="What a customer costs beside: support, storage.")]


def margin(
    period: Annotated[
        str | None, typer.Option("--period", help="As of statements: 2026-11, 2026-W48, …", show_default="the month that runs")
    ] = None,
    by: Annotated[MarginBy, typer.Option(help="What to list.")] = MarginBy.PLAN,
    zone: Annotated[str, typer.Option(help="Time zone of the period.")] = "UTC",
    payment_share: PaymentShare = 0.0,
    payment_usd: PaymentUsd = 0.0,
    overhead_usd: OverheadUsd = 0.0,
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """Show what plans or customers paid, cost and left, and how many cost more than they pay."""
    other = OtherCosts(*(Fraction(str(amount)) for amount in (payment_share, payment_usd, overhead_usd)))
    with open_installation(folder) as installation:
        _take_in(installation)
        report = installation.earnings.margins(local_actor(), period, time_zone=zone, costs=other)
    if as_json:
        print(msgspec.json.encode(report).decode())
        return
    print_table(_margins(report, by))
    _tell(report)


def simulate(
    plan: Annotated[str | None, typer.Argument(metavar="[PLAN]", help="Of plans.yaml.", show_default=False)] = None,
    mean_messages: Annotated[float | None, typer.Option(min=0.001, help="Of a subscriber in a period of the quotas.")] = None,
    sigma: Annotated[float, typer.Option(min=0.01, max=10, help="Standard deviation of the logarithm; 1 to 2 is usual.")] = 1.5,
    zero_share: Annotated[float, typer.Option(min=0, max=0.99, help="Share of subscribers who use nothing.")] = 0.0,
    fit: Annotated[bool, typer.Option("--fit", help="Fit the use to the ledger's last whole period.")] = False,
    as_it_was: Annotated[bool, typer.Option("--as-it-was", help="Take that period's use itself, not a fit to it.")] = False,
    fee: Annotated[
        str | None, typer.Option(metavar="USD", help="Another fee; of a plan that is not in plans.yaml, its fee.")
    ] = None,
    per: Annotated[Calendar, typer.Option(help="Period of --quota, without PLAN.")] = Calendar.WEEK,
    cost: Annotated[
        list[str] | None,
        typer.Option(metavar="MODEL=USD", help="Of a message; without, by the ledger. Without PLAN, the ladder."),
    ] = None,
    charge: Annotated[
        list[str] | None, typer.Option(metavar="MODEL=USD", help="Charged for a message, of plans with prices of their own.")
    ] = None,
    quota: Annotated[
        list[str] | None, typer.Option(metavar="MODEL=N", help="Messages in a period, in place of the plan's.")
    ] = None,
    payment_share: PaymentShare = 0.0,
    payment_usd: PaymentUsd = 0.0,
    overhead_usd: OverheadUsd = 0.0,
    subscribers: Annotated[
        int, typer.Option(min=1, max=5_000_000, help="Simulated, as a check of the formulas.")
    ] = SUBSCRIBERS,
    folder: Folder = Path(),
    as_json: AsJson = False,
) -> None:
    """Forecast what a plan earns: expected margin, loss-makers and downgrades, by formula and by simulation."""
    if (mean_messages is None) == (not fit and not as_it_was):
        raise typer.BadParameter("state the use with --mean-messages, or take the ledger's with --fit or --as-it-was")
    costs, quotas = read_amounts(cost or (), "cost"), read_amounts(quota or (), "quota")
    with open_installation(folder) as installation:
        _take_in(installation)
        name, offered, models = _offered(installation, plan, list(costs))
        question = Question(
            name,
            _changed(offered, fee, quotas, per),
            models,
            ObservedUse(as_it_was) if mean_messages is None else StatedUse(mean_messages, sigma, zero_share),
            costs=costs,
            charges=read_amounts(charge or (), "charge"),
            other=Other(payment_share, payment_usd, overhead_usd),
            subscribers=subscribers,
        )
        forecast = installation.forecasts.answer(local_actor(), question)
    if as_json:
        print(msgspec.json.encode(forecast).decode())
    else:
        _tell_forecast(forecast)


def _offered(installation: Installation, plan: str | None, ladder: list[str]) -> tuple[str, Plan, list[str]]:
    """Return the plan that is asked about, its name, and the models there are, weakest first."""
    if plan is not None:
        sold = installation.plans.sold()
        name = checked_plan(sold, plan)
        if sold is not None:
            return name, sold.plans[name], installation.models()
    if not ladder:
        raise RequestInvalid("name a plan of plans.yaml, or its ladder: --cost thinking=0.02 --cost mini=0.004", param="plan")
    steps = dict(pairwise(ladder))
    made = Plan.model_validate({"charge": {"kind": "included"}, "models": ladder, "ladder": steps})
    return "(stated)", made, ladder[::-1]


def _changed(plan: Plan, fee: str | None, quotas: dict[str, float], per: Calendar) -> Plan:
    changes: dict[str, Any] = {}
    if fee is not None:
        changes["fee_usd"] = parse_amount(fee, param="fee")
    if quotas:
        changes["quotas"] = {model: _quota(model, limit, per) for model, limit in quotas.items()}
    return plan.model_copy(update=changes)


def _quota(model: str, limit: float, per: Calendar) -> Quota:
    return Quota(unit=Unit.MESSAGES, limit=Decimal(int(limit)), per=per, models=[model])


def _take_in(installation: Installation) -> None:
    drain_if_free(installation.data, installation.ledger, meter=installation.meter)


def _margins(report: MarginReport, by: MarginBy) -> Table:
    is_by_plan = by is MarginBy.PLAN
    table = Table("plan" if is_by_plan else "customer", *(() if is_by_plan else ("plan",)))
    for name in ("customers" if is_by_plan else "verdict", "requests", "revenue", "cost", "margin", "of revenue"):
        table.add_column(name, justify="right")
    for name in ("cost more than they pay", "unknown") if is_by_plan else ("unknown",):
        table.add_column(name, justify="right")
    for line in [*report.plans, report.total] if is_by_plan else report.customers:
        table.add_row(*(_plan_row(line) if is_by_plan else _customer_row(line)))
    return table


def _plan_row(line: MarginLine) -> list[str]:
    losing = f"{line.loss_makers} ({_percent(line.loss_share)})" if line.customers else ""
    name = "all" if line.plan is None else line.plan or "(none)"
    return [escape(name), f"{line.customers:,}", *_figures(line), losing, _unknown(line)]


def _customer_row(line: MarginLine) -> list[str]:
    who = line.customer_name or line.customer_id or ""
    return [escape(who), escape(line.plan or "(none)"), line.verdict or "", *_figures(line), _unknown(line)]


def _figures(line: MarginLine) -> list[str]:
    amounts = (line.revenue_usd, line.cost_usd, line.margin_usd)
    return [f"{line.requests:,}", *(f"{float(amount):,.2f}" for amount in amounts), _percent(line.margin_share)]


def _unknown(line: MarginLine) -> str:
    parts = [(line.unpriced, "costs"), (line.uncharged, "charges"), (line.unknown_fees, "fees")]
    return ", ".join(f"{count:,} {what}" for count, what in parts if count)


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f} %"


def _tell(report: MarginReport) -> None:
    if report.is_running:
        say(f"{report.period} is not over: this is so far.")
    total = report.total
    if total.unpriced or total.uncharged or total.unknown_fees:
        say(f"Unknown and in no sum: {_unknown(total)}. Of {total.undecided} customers it cannot be said whether they pay.")


def _tell_forecast(forecast: Forecast) -> None:
    table = Table("", title=f"{forecast.plan}, for one {forecast.period}", title_justify="left")
    table.add_column("expected", justify="right")
    table.add_column("simulated", justify="right")
    for name, value in forecast.expected.items():
        write = _percent if name in _SHARES else _number
        table.add_row(name.removesuffix("_usd").replace("_", " "), write(value), write(forecast.simulated[name]))
    print_table(table)
    steps = "; ".join(_step(step) for step in forecast.steps)
    say(f"Fee {forecast.fee_usd:.4f} a {forecast.period}; ladder: {steps}.")
    use = forecast.use
    fitted = f", fitted to {use.customers} customers, off by {use.distance:.3f} at most" if use.distance is not None else ""
    say(f"Use: mean {use.mean_messages:,.1f} messages a {forecast.period}{fitted}.")
    if forecast.break_even_messages is not None:
        say(f"From {forecast.break_even_messages:,.1f} messages on a subscriber costs more than it pays.")
    say(f"{forecast.subscribers:,} simulated subscribers differ by {100 * forecast.largest_difference:.3f} % at most.")
    for note in forecast.notes:
        say(f"Note: {note}.")


def _step(step: ForecastStep) -> str:
    quota = "no limit" if step.quota is None else f"{step.quota:,.0f} messages"
    return f"{step.model} at {step.cost_usd:g}, {quota}"


_SHARES = frozenset({"margin_share", "loss_makers", "downgraded", "refused", "reach_ladder", "top_share"})


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.4f}"
