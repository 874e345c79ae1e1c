"""What ``plans.yaml`` says, held against the active line-up, the price book and itself.

A plan that can serve nobody, a ladder that goes round, a quota that never binds: each is found here, with its line, and not by
a customer.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from triplepoint.files.checked import Reading
from triplepoint.files.nearest import suggest
from triplepoint.foundation.errors import Problem
from triplepoint.lineups.model import Capability, Lineup
from triplepoint.plans.amounts import is_whole
from triplepoint.plans.model import Beyond, IncludedCharge, Plan, PlansFile, PricesCharge, Quota, Unit
from triplepoint.pricing.book import PriceBook
from triplepoint.settings import Settings, SimulatedUpstream, Upstream

_SHORTEST_S, _LONGEST_S = 60.0, 366 * 86_400.0
_Path = tuple[str | int, ...]


def check(
    reading: Reading[PlansFile], lineup: Lineup | None, settings: Settings | None, book: PriceBook, today: date
) -> list[Problem]:
    """Check every plan.

    Args:
        lineup: The active one; None where it is wrong itself: then names of models are not looked up.
        settings: Upstreams; None where that file is wrong.
        book, today: Prices, and the day on which they must be in force.
    """
    plans = reading.value
    if plans is None:
        return []
    problems: list[Problem] = []
    if plans.default is not None and plans.default not in plans.plans:
        fix = suggest(plans.default, plans.plans, "plans")
        problems.append(reading.problem(("default",), f"there is no plan {plans.default}", fix))
    for name, plan in plans.plans.items():
        path: _Path = ("plans", name)
        problems += _quotas(reading, path, plan)
        if lineup is not None:
            problems += _names(reading, path, plan, lineup)
            problems += _service(reading, path, plan, lineup)
            problems += _ladder(reading, path, plan, lineup)
            problems += _prices(reading, path, plan, lineup, book, today)
            upstreams = settings.upstreams if settings is not None else {}
            problems += _unreported(reading, path, plan, lineup, upstreams)
            problems += _regions(reading, path, plan, lineup, upstreams)
    return problems


def entitled(plan: Plan, lineup: Lineup) -> list[str]:
    """Return the models of a line-up that a plan entitles to, weakest first."""
    return [name for name in lineup.models if plan.models is None or name in plan.models]


def _quotas(reading: Reading[PlansFile], path: _Path, plan: Plan) -> Iterator[Problem]:
    seen: dict[object, str] = {}
    for name, quota in plan.quotas.items():
        place = (*path, "quotas", name)
        yield from _period(reading, place, quota)
        counts = (quota.unit, quota.per, quota.sliding, quota.scope, frozenset(quota.models or ()))
        if counts in seen:
            message = f"counts the same as {seen[counts]}, so only the smaller limit would ever bind"
            yield reading.problem(place, message, "remove one of them, or give it another period, unit, scope or models")
        seen[counts] = name
        for key, amount in (("limit", quota.limit), ("grace", quota.grace)):
            if is_whole(quota.unit) and amount != amount.to_integral_value():
                yield reading.problem((*place, key), f"{amount} {quota.unit} cannot be", "write a whole number")
        if quota.unit is Unit.CHARGE_USD and isinstance(plan.charge, IncludedCharge):
            fix = "count cost_usd instead, which is what the use costs you; or charge at_cost or by prices"
            yield reading.problem((*place, "unit"), "never binds: under charge 'included' each charge is zero", fix)


def _unreported(
    reading: Reading[PlansFile], path: _Path, plan: Plan, lineup: Lineup, upstreams: Mapping[str, Upstream]
) -> Iterator[Problem]:
    """Find quotas in a unit that nobody can say of their models: energy, where no model runs."""
    for name, quota in plan.quotas.items():
        if quota.unit is not Unit.ENERGY_WH:
            continue
        for model in entitled(plan, lineup):
            if quota.models is not None and model not in quota.models:
                continue
            for target in lineup.models[model].upstreams:
                upstream = upstreams.get(target.upstream)
                if isinstance(upstream, SimulatedUpstream) and upstream.energy is None:
                    message = f"nobody can say what {model} takes: its upstream {target.upstream} is a script"
                    fix = f"write energy: for {target.upstream} in triplepoint.yaml, or count another unit"
                    yield reading.problem((*path, "quotas", name, "unit"), message, fix)


def _regions(
    reading: Reading[PlansFile], path: _Path, plan: Plan, lineup: Lineup, upstreams: Mapping[str, Upstream]
) -> Iterator[Problem]:
    """Find regions that no upstream is in, and what a plan promises of models that are in none of its regions."""
    if plan.regions is None or not upstreams:
        return
    declared = {name: upstream.region for name, upstream in upstreams.items() if upstream.region is not None}
    for position, region in enumerate(plan.regions):
        if region not in declared.values():
            fix = suggest(region, sorted(set(declared.values())), "regions of upstreams in triplepoint.yaml")
            yield reading.problem((*path, "regions", position), f"no upstream is in the region {region}", fix)
    names = {name for name, region in declared.items() if region in plan.regions}
    within = [m for m in entitled(plan, lineup) if any(target.upstream in names for target in lineup.models[m].upstreams)]
    fix = "write region: for the upstreams that are there in triplepoint.yaml, or add the region in which they are"
    if not within and names:
        message = "can never be served: no model that it entitles to has an upstream in these regions"
        yield reading.problem((*path, "regions"), message, fix)
    elif names and plan.floor is not None and plan.floor in entitled(plan, lineup) and plan.floor not in within:
        yield reading.problem((*path, "floor"), f"{plan.floor} has no upstream in the plan's regions", fix)


def _period(reading: Reading[PlansFile], place: _Path, quota: Quota) -> Iterator[Problem]:
    if (quota.per is None) == (quota.sliding is None):
        message = "has no period" if quota.per is None else "has two periods"
        yield reading.problem(place, message, "write per: week (hour, day, month, year), or sliding: 3h; one of them")
    elif quota.sliding is not None and not _SHORTEST_S <= quota.sliding <= _LONGEST_S:
        fix = "write between 1m and 366d; for less there are rates"
        yield reading.problem((*place, "sliding"), "is no length for a quota", fix)


def _names(reading: Reading[PlansFile], path: _Path, plan: Plan, lineup: Lineup) -> Iterator[Problem]:
    named: list[tuple[_Path, str]] = [((*path, "models", n), model) for n, model in enumerate(plan.models or ())]
    if plan.floor is not None:
        named.append(((*path, "floor"), plan.floor))
    for name, quota in plan.quotas.items():
        named += [((*path, "quotas", name, "models", n), model) for n, model in enumerate(quota.models or ())]
    for model, below in plan.ladder.items():
        named += [((*path, "ladder", model), model), ((*path, "ladder", model), below)]
    for key, charge in (("charge", plan.charge), ("overage", plan.overage)):
        if isinstance(charge, PricesCharge):
            named += [((*path, key, "prices", model), model) for model in charge.prices]
    for place, model in named:
        if model not in lineup.models:
            yield reading.problem(place, *_no_model(model, lineup))


def _no_model(model: str, lineup: Lineup) -> tuple[str, str]:
    if model in lineup.aliases:
        return f"{model} is an alias", f"write the model: {lineup.aliases[model]}"
    return f"there is no model {model} in the line-up {lineup.lineup}", suggest(model, lineup.models, "models")


def _service(reading: Reading[PlansFile], path: _Path, plan: Plan, lineup: Lineup) -> Iterator[Problem]:
    """Find what makes a plan one that can never be served."""
    models = entitled(plan, lineup)
    if not models:
        fix = f"name at least one of {', '.join(lineup.models)}, or leave 'models' out"
        yield reading.problem((*path, "models"), "can never be served: it entitles to no model of the line-up", fix)
        return
    if plan.endpoints == []:
        fix = "name at least one of chat, responses, messages, embeddings, or leave it out"
        yield reading.problem((*path, "endpoints"), "can never be served: it entitles to no way to call", fix)
    if plan.floor is not None and plan.floor in lineup.models and plan.floor not in models:
        yield reading.problem(
            (*path, "floor"), f"the plan does not entitle to {plan.floor}", f"write one of {', '.join(models)}"
        )
    shut = _shut(plan, models)
    if shut is not None:
        fix = "raise the limit, narrow its models, or name a model in 'ladder' that has a quota"
        yield reading.problem((*path, "quotas", shut, "limit"), "can never be served: no model has anything left", fix)


def _shut(plan: Plan, models: Sequence[str]) -> str | None:
    """Return a quota of nothing under which no model is left to serve; None where there is none."""
    nothing = {
        name: quota
        for name, quota in plan.quotas.items()
        if quota.limit == 0 and quota.grace == 0 and quota.beyond is not Beyond.CREDIT
    }
    closed = {
        model: name for name, quota in nothing.items() for model in models if quota.models is None or model in quota.models
    }
    return next(iter(closed.values())) if closed and all(model in closed for model in models) else None


def _ladder(reading: Reading[PlansFile], path: _Path, plan: Plan, lineup: Lineup) -> Iterator[Problem]:
    order, models = list(lineup.models), entitled(plan, lineup)
    floor = order.index(plan.floor) if plan.floor in order else 0
    for model, below in plan.ladder.items():
        place = (*path, "ladder", model)
        if model not in order or below not in order:
            continue
        circle = _circle(plan.ladder, model)
        if circle:
            fix = f"remove one of these steps; the weakest should have none, then its quota refuses: {' → '.join(circle)}"
            yield reading.problem(place, "goes round in a circle", fix)
        elif order.index(below) >= order.index(model):
            fix = f"a ladder leads down; the line-up's models, weakest first: {', '.join(order)}"
            yield reading.problem(place, f"{below} is not weaker than {model}", fix)
        elif below not in models:
            yield reading.problem(place, f"the plan does not entitle to {below}", f"write one of {', '.join(models)}")
        elif order.index(below) < floor:
            fix = f"name a model from {plan.floor} on up, or lower the floor"
            yield reading.problem(place, f"{below} is below the plan's floor {plan.floor}", fix)


def _circle(ladder: Mapping[str, str], start: str) -> list[str]:
    """Return the way from a model back to itself; empty where it does not come back."""
    way, model = [start], ladder.get(start)
    while model is not None and model not in way:
        way.append(model)
        model = ladder.get(model)
    return [*way, start] if model == start else []


def _prices(
    reading: Reading[PlansFile], path: _Path, plan: Plan, lineup: Lineup, book: PriceBook, today: date
) -> Iterator[Problem]:
    for key, charge in (("charge", plan.charge), ("overage", plan.overage)):
        if isinstance(charge, PricesCharge):
            yield from _own_prices(reading, (*path, key, "prices"), charge, plan, lineup, book, today)


def _own_prices(
    reading: Reading[PlansFile],
    path: _Path,
    charge: PricesCharge,
    plan: Plan,
    lineup: Lineup,
    book: PriceBook,
    today: date,
) -> Iterator[Problem]:
    for model in entitled(plan, lineup):
        if model not in charge.prices:
            fix = f"add '{model}: ours/{model}' with a row in prices/, or charge at_cost"
            yield reading.problem(path, f"{model} has no price here, and is entitled to", fix)
    for model, row in charge.prices.items():
        price = book.price(row, today)
        place = (*path, model)
        if price is None:
            yield reading.problem(place, f"{row} has no price today", suggest(row, book.models(), "priced models"))
        elif model in lineup.models and price.row.output_usd_per_mtok is None and _talks(lineup, model):
            yield reading.problem(place, f"{price.id} has no price for output", "name a row with output_usd_per_mtok")


def _talks(lineup: Lineup, model: str) -> bool:
    return any(capability is not Capability.EMBEDDINGS for capability in lineup.models[model].capabilities)
