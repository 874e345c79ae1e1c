"""Which models of a line-up a key may be given at all: by the key itself, its plan, the plan's floor and its regions.

Worked out once for each combination of rights that calls; what the request asks for and what is up come after it (`auto`).
Where a plan names regions, a model has only those of its upstreams that are in one of them, for its fallbacks too; an upstream
that says no region is in none.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from triplepoint.ledger.routed import NOT_ENTITLED
from triplepoint.plans.terms import Terms

if TYPE_CHECKING:
    from triplepoint.gateway.snapshot import KeyGrant, LineupRoutes, ModelRoute

Rights = tuple[frozenset[str] | None, frozenset[str] | None, str | None, frozenset[str] | None]
"""Models of the key, models of the plan, floor, regions."""
NO_KEY, NO_PLAN = f"{NOT_ENTITLED}key", f"{NOT_ENTITLED}plan"


class Dropped(msgspec.Struct, frozen=True, gc=False):
    """A model that a request cannot be given."""

    model: str
    why: str
    """In words: ``below the floor mini``, ``lacks images``."""


class Eligible(msgspec.Struct, frozen=True, gc=False):
    """What a key's rights leave of a line-up."""

    routes: "dict[str, ModelRoute]"
    """In line-up order."""
    dropped: tuple[Dropped, ...]
    """The others."""


def may_call(grant: "KeyGrant", terms: Terms, route: "ModelRoute") -> bool:
    """Tell whether a key may call a model: both the key and the plan must allow it."""
    return (grant.models is None or route.name in grant.models) and (terms.models is None or route.name in terms.models)


def in_regions(lineup: "LineupRoutes", route: "ModelRoute", terms: Terms) -> "ModelRoute | None":
    """Return a model with its upstreams in the plan's regions; None where it has none there."""
    regions = terms.regions
    if regions is None:
        return route
    place = (route.name, regions)
    if place not in lineup.regional:
        targets = tuple(target for target in route.targets if target.region in regions)
        is_whole = len(targets) == len(route.targets)
        lineup.regional[place] = route if is_whole else replace(route, targets=targets) if targets else None
    return lineup.regional[place]


def eligible(lineup: "LineupRoutes", grant: "KeyGrant", terms: Terms) -> Eligible:
    """Return the models of a line-up that ``auto`` and the ladder may give to a key."""
    rights = (grant.models, terms.models, terms.floor, terms.regions)
    known = lineup.eligible.get(rights)
    if known is None:
        known = lineup.eligible[rights] = _work_out(lineup, grant, terms)
    return known


def _work_out(lineup: "LineupRoutes", grant: "KeyGrant", terms: Terms) -> Eligible:
    routes: dict[str, ModelRoute] = {}
    dropped: list[Dropped] = []
    # A line-up without the floor's model, such as an old one behind a pin, has no model that is known to be below it.
    is_below = terms.floor in lineup.models
    for name, route in lineup.models.items():
        is_below = is_below and name != terms.floor
        within = in_regions(lineup, route, terms)
        if not may_call(grant, terms, route):
            dropped.append(Dropped(name, NO_KEY if grant.models is not None and name not in grant.models else NO_PLAN))
        elif is_below:
            dropped.append(Dropped(name, f"below the floor {terms.floor}"))
        elif within is None:
            dropped.append(Dropped(name, f"no upstream in {regions_text(terms)}"))
        else:
            routes[name] = within
    return Eligible(routes, tuple(dropped))


def regions_text(terms: Terms) -> str:
    """Name a plan's regions."""
    return ", ".join(sorted(terms.regions or ()))
