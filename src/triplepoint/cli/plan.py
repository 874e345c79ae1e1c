"""``triplepoint plan``: what is sold, to whom, and how much of it is used.

What is sold stands here; who is on which plan in ``plan_customers``. Commands with a file of their own are put onto `app` here,
one line each.
"""

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.markup import escape
from rich.table import Table

from triplepoint.app import Installation, load_today, open_installation
from triplepoint.cli import plan_customers, plan_margin
from triplepoint.cli.local import customer_names, print_json, print_table, say
from triplepoint.cli.options import AsJson, Folder
from triplepoint.configuration.load import PLANS
from triplepoint.foundation.errors import SettingsInvalid
from triplepoint.foundation.money import money_text
from triplepoint.plans.model import AtCostCharge, IncludedCharge, Plan, PlansFile, PricesCharge, Quota
from triplepoint.plans.rules import checked_plan
from triplepoint.plans.views import view_plans

app = typer.Typer(help="Plans: what is sold, to whom, and how much of it is used.", no_args_is_help=True)
app.command()(plan_customers.assign)
app.command()(plan_customers.end)
app.command()(plan_customers.history)
app.command()(plan_customers.usage)
app.command()(plan_margin.margin)
app.command()(plan_margin.simulate)

_FAILED = 1
NO_FILE = "There is no plans.yaml: every customer may call everything and is charged what it costs."


@app.command("list")
def list_command(folder: Folder = Path(), as_json: AsJson = False) -> None:
    """List the plans of plans.yaml, with how many customers are on each."""
    with open_installation(folder) as installation:
        sold = installation.plans.sold()
        views = view_plans(sold, installation.plans.holders(), installation.clock.now_us())
    if as_json:
        print_json(msgspec.to_builtins(views))
        return
    if sold is None:
        say(NO_FILE)
        return
    table = Table("plan", "fee", "charge", "quotas", "customers", "about")
    for view in views:
        plan = sold.plans[view.name]
        name = f"{view.name} (default)" if view.is_default else view.name
        quotas = "; ".join(f"{_amount(quota)} {_period(quota)}" for quota in plan.quotas.values())
        table.add_row(name, _fee(plan), _charge(plan), quotas or "none", str(view.customers), escape(plan.about))
    print_table(table)


@app.command()
def show(
    plan: Annotated[str, typer.Argument(help="Name in plans.yaml.")], folder: Folder = Path(), as_json: AsJson = False
) -> None:
    """Show a plan: what it entitles to, its quotas, what comes when they are used up, and who is on it."""
    with open_installation(folder) as installation:
        sold = installation.plans.sold()
        name = checked_plan(sold, plan)
        views = view_plans(sold, installation.plans.holders(), installation.clock.now_us())
        view = next(one for one in views if one.name == name)
    if as_json:
        print_json(msgspec.to_builtins(view))
    elif sold is not None:
        print_table(_rights(name, sold.plans[name], view.customers, is_default=view.is_default))
        if sold.plans[name].quotas:
            print_table(_quotas(sold.plans[name]))


@app.command()
def check(folder: Folder = Path(), as_json: AsJson = False) -> None:
    """Hold plans.yaml against line-up, prices, and the customers who are on its plans.

    Exits with 2 where the file is wrong, and with 1 where it is right but does not have what customers were given.
    """
    plans = _load_plans(folder)
    with open_installation(folder) as installation:
        missing = [] if plans is None else _missing(installation, plans)
    if as_json:
        print_json({"plans": [] if plans is None else list(plans.plans), "missing": missing})
    elif plans is None:
        say(NO_FILE)
    else:
        print(f"{PLANS}: {len(plans.plans)} plans, nothing wrong in the file")
        for line in missing:
            say(line)
    if missing:
        raise typer.Exit(_FAILED)


def _load_plans(folder: Path) -> PlansFile | None:
    """Load everything, and where it fails say first what is wrong with plans."""
    try:
        loaded = load_today(folder).plans
    except SettingsInvalid as error:
        ours = [problem for problem in error.problems if problem.file == PLANS]
        raise SettingsInvalid(ours or error.problems) from error
    return None if loaded is None else loaded.file


def _missing(installation: Installation, plans: PlansFile) -> list[str]:
    now_us = installation.clock.now_us()
    customers = customer_names(installation.access)
    quotas = {name for plan in plans.plans.values() for name in plan.quotas}
    lines: list[str] = []
    for holder in installation.plans.holders():
        name = customers[holder.customer_id]
        own = holder.plan_at(now_us)
        to_come = {one.plan for one in holder.assignments if one.since_us > now_us} - {""}
        if own is None and plans.default is None:
            lines.append(f"{name} has no plan, and there is no default: it is refused; triplepoint plan assign {name} PLAN")
        for lost in sorted({own or "", *to_come} - {"", *plans.plans}):
            lines.append(f"{name} was given the plan {lost}, which the file does not have: it is refused while it holds")
        for lost in sorted({one.quota for one in holder.overrides} - quotas):
            lines.append(f"{name} has an override of the quota {lost}, which no plan has: it changes nothing")
    return lines


def _rights(name: str, plan: Plan, customers: int, *, is_default: bool) -> Table:
    table = Table(title=f"{name}{' (default)' if is_default else ''}", show_header=False, title_justify="left")
    table.add_column()
    table.add_column()
    rates = plan.rates
    pace = [(rates.requests_per_minute, "requests"), (rates.tokens_per_minute, "tokens")]
    rows = {
        "about": plan.about,
        "fee": _fee(plan),
        "charge": _charge(plan) + (", prepaid: burnt from credit" if plan.prepaid else ""),
        "models": ", ".join(plan.models) if plan.models is not None else "all of the line-up",
        "floor": plan.floor or "",
        "regions": ", ".join(plan.regions) if plan.regions is not None else "",
        "endpoints": ", ".join(plan.endpoints) if plan.endpoints is not None else "all",
        "longest prompt": f"{plan.max_context_tokens} tokens" if plan.max_context_tokens else "",
        "longest answer": f"{plan.max_output_tokens} tokens" if plan.max_output_tokens else "",
        "dials": ", ".join(plan.dials) or "none" if plan.dials is not None else "",
        "rates": ", ".join(f"{most} {what} a minute for each {rates.scope}" for most, what in pace if most),
        "ladder": ", ".join(f"{model} → {below}" for model, below in plan.ladder.items()),
        "counters away": plan.counters_away.value,
        "customers": str(customers),
    }
    for title, text in rows.items():
        if text:
            table.add_row(title, escape(text))
    return table


def _quotas(plan: Plan) -> Table:
    table = Table("quota", "limit", "period", "models", "whose", "grace in tool loops", "then")
    for name, quota in plan.quotas.items():
        models = "all" if quota.models is None else ", ".join(quota.models)
        grace = money_text(quota.grace)
        table.add_row(name, _amount(quota), _period(quota), models, quota.scope.value, grace, quota.beyond.value)
    return table


def _fee(plan: Plan) -> str:
    return f"${money_text(plan.fee_usd)} a {plan.fee_per}" if plan.fee_usd else "none"


def _charge(plan: Plan) -> str:
    match plan.charge:
        case IncludedCharge():
            return "included"
        case AtCostCharge(margin_percent=margin):
            return f"cost + {money_text(margin)} %" if margin else "cost"
        case PricesCharge():
            return "own prices"


def _amount(quota: Quota) -> str:
    return f"{money_text(quota.limit)} {quota.unit}"


def _period(quota: Quota) -> str:
    if quota.per is not None:
        return f"{'an' if quota.per.value == 'hour' else 'a'} {quota.per}"
    return f"in {(quota.sliding or 0) / 3600:g} h"
