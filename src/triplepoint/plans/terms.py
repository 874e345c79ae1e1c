"""What one key of one customer may do: its plan with everything that is the customer's own, compiled.

Made once for each snapshot and key, when the key first calls; a request only reads it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from triplepoint.foundation.errors import NotEntitled
from triplepoint.foundation.ids import CustomerId
from triplepoint.foundation.money import ZERO
from triplepoint.plans.amounts import to_units
from triplepoint.plans.charging import compile_charge
from triplepoint.plans.counters.model import Claim, Kind
from triplepoint.plans.limits import REQUESTS, TOKENS, Limit, quota_limit, rate_limit
from triplepoint.plans.model import Away, Beyond, Grant, Holder, Plan, PlansFile, Scope, Unit
from triplepoint.pricing.charge import AT_COST, ChargeTerms
from triplepoint.pricing.price import Price

POOL = "credit"
"""Name of the pool that a customer's grants make."""

_NEVER_US = 1 << 62
_NO_CREDIT = Grant(id="none", amount_usd=ZERO, at_us=0, expires_us=None, priority=0)
"""Stands for the grants of a customer that has none: it holds nothing, so whatever costs something binds on it."""
_BY_PRICE = frozenset({Unit.CHARGE_USD, Unit.COST_USD, Unit.ENERGY_WH})
_BY_WORST_CASE = frozenset({Unit.TOKENS, Unit.CHARGE_USD, Unit.COST_USD, Unit.ENERGY_WH})


@dataclass(frozen=True, slots=True)
class Terms:
    """What a key may do, at what price, how much and how fast."""

    plan: str
    """Name; empty where there are no plans."""
    hash: str
    """Of the plans in force."""
    charge: ChargeTerms
    overage: ChargeTerms
    models: frozenset[str] | None = None
    """Models that the plan entitles to; None: all."""
    endpoints: frozenset[str] | None = None
    max_context_tokens: int | None = None
    max_output_tokens: int | None = None
    dials: frozenset[str] | None = None
    thrift: int | None = None
    """Dial of ``auto``, where its caller does not turn it; None: as the line-up has it."""
    floor: str | None = None
    regions: frozenset[str] | None = None
    """Regions of the upstreams that requests may be sent to; None: all, and those without a region."""
    limits: tuple[Limit, ...] = ()
    """Rates first, then quotas in the order of the plan."""
    ladder: Mapping[str, str] = field(default_factory=dict[str, str])
    is_open_when_away: bool = False
    is_prepaid: bool = False
    grants: tuple[Grant, ...] = ()
    """In the order in which they are burnt; those that have not begun or are over by now are left out when they are claimed."""
    units: frozenset[Unit] = frozenset()
    """Units whose worst case some limit asks for."""
    bounds_output: bool = False
    """The length of an answer must be bounded, for something is reserved by it."""
    needs_money: bool = False
    """Some limit counts money or energy, whose worst case follows from prices and profiles."""
    has_pace: bool = False
    """It has a rate of requests of its own."""
    has_quotas: bool = False
    has_grace: bool = False
    charge_rates: dict[tuple[str, str, bool], str] = field(
        default_factory=dict[tuple[str, str, bool], str], repr=False, compare=False
    )
    """What a million tokens of input are charged, once worked out: by model, price, and whether it is no overage."""
    _by_model: dict[str, tuple[Limit, ...]] = field(default_factory=dict[str, tuple[Limit, ...]], repr=False, compare=False)
    """Of `limits_of`, once asked for."""

    def limits_of(self, model: str) -> tuple[Limit, ...]:
        """Return the limits that use of a model counts on."""
        known = self._by_model.get(model)
        if known is None:
            known = self._by_model[model] = tuple(limit for limit in self.limits if limit.is_about(model))
        return known

    def credit(self, now_us: int, *, amount: int, if_lost: int) -> tuple[Claim, ...]:
        """Claim an amount of credit from the grants that are live, in the order in which they are burnt."""
        live = [one for one in self.grants if one.at_us <= now_us and (one.expires_us is None or now_us < one.expires_us)]
        return tuple(
            Claim(
                counter=grant.id,
                kind=Kind.WINDOW,
                limit=to_units(grant.amount_usd, Unit.CHARGE_USD),
                amount=amount,
                if_lost=if_lost,
                since_us=grant.at_us,
                until_us=grant.expires_us or _NEVER_US,
                pool=POOL,
            )
            for grant in live or [_NO_CREDIT]
        )


UNBOUND = Terms(plan="", hash="", charge=AT_COST, overage=AT_COST)
"""Where there are no plans: everything, without limit, at what it costs."""


def compile_terms(name: str, plan: Plan, *, plans_hash: str, holder: Holder, key_id: str, prices: Mapping[str, Price]) -> Terms:
    """Compile a plan for one key.

    Args:
        name: Of the plan.
        plans_hash: Of the plans in force.
        holder: Whose key it is.
        key_id: The key.
        prices: Rows that plans charge by, by their names.
    """
    quotas = [
        quota_limit(quota_name, quota, time_zone=holder.time_zone, key_id=key_id, overrides=holder.overrides)
        for quota_name, quota in plan.quotas.items()
    ]
    rates = _rates(plan, key_id)
    units = {limit.unit for limit in (*rates, *quotas)}
    turns_to_credit = plan.prepaid or any(quota.beyond is Beyond.CREDIT for quota in quotas)
    if turns_to_credit:
        units.add(Unit.CHARGE_USD)
    return Terms(
        plan=name,
        hash=plans_hash,
        charge=compile_charge(plan.charge, prices),
        overage=compile_charge(plan.overage, prices),
        models=frozenset(plan.models) if plan.models is not None else None,
        endpoints=frozenset(plan.endpoints) if plan.endpoints is not None else None,
        max_context_tokens=plan.max_context_tokens,
        max_output_tokens=plan.max_output_tokens,
        dials=frozenset(plan.dials) if plan.dials is not None else None,
        thrift=plan.thrift,
        floor=plan.floor,
        regions=frozenset(plan.regions) if plan.regions is not None else None,
        limits=(*rates, *quotas),
        ladder=dict(plan.ladder),
        is_open_when_away=plan.counters_away is Away.OPEN,
        is_prepaid=plan.prepaid,
        grants=burning_order(holder.grants) if turns_to_credit else (),
        units=frozenset(units),
        bounds_output=not units.isdisjoint(_BY_WORST_CASE),
        needs_money=not units.isdisjoint(_BY_PRICE),
        has_pace=plan.rates.requests_per_minute is not None,
        has_quotas=bool(quotas) or plan.prepaid,
        has_grace=any(quota.grace for quota in quotas),
    )


def burning_order(grants: tuple[Grant, ...]) -> tuple[Grant, ...]:
    """Order grants as they are burnt: the smaller priority first, then the sooner end, then the older."""
    return tuple(sorted(grants, key=lambda one: (one.priority, one.expires_us or _NEVER_US, one.at_us, one.id)))


def plan_of(plans: PlansFile, holder: Holder, now_us: int) -> str | None:
    """Return the plan that a customer is on; None: none, and there is no default."""
    return holder.plan_at(now_us) or plans.default


def _rates(plan: Plan, key_id: str) -> list[Limit]:
    whose = key_id if plan.rates.scope is Scope.KEY else None
    given = ((REQUESTS, plan.rates.requests_per_minute), (TOKENS, plan.rates.tokens_per_minute))
    return [rate_limit(name, per_minute, key_id=whose) for name, per_minute in given if per_minute is not None]


class TermsBook:
    """The terms of every key, compiled when a key first calls and kept for as long as they hold.

    Args:
        plans: What is sold; None: there are no plans.
        plans_hash: Of the plans in force.
        prices: Rows that plans charge by, by their names.
        holders: Customers with anything of their own, by id; the others are in UTC, on the default plan.
    """

    def __init__(
        self,
        plans: PlansFile | None,
        *,
        plans_hash: str = "",
        prices: Mapping[str, Price] | None = None,
        holders: Mapping[CustomerId, Holder] | None = None,
    ) -> None:
        self._plans = plans
        self._hash = plans_hash
        self._prices = prices or {}
        self._holders = dict(holders or {})
        self._known: dict[str, tuple[Terms, int]] = {}
        """By key, with the moment until which they hold."""

    def with_holders(self, holders: Iterable[Holder]) -> "TermsBook":
        """Return the terms of the same plans for customers as they are now."""
        by_customer = {holder.customer_id: holder for holder in holders}
        return TermsBook(self._plans, plans_hash=self._hash, prices=self._prices, holders=by_customer)

    def of(self, customer_id: CustomerId, key_id: str, now_us: int) -> Terms:
        """Return what a key may do.

        Raises: NotEntitled: its customer is on no plan, or on one that there is not any more.
        """
        known = self._known.get(key_id)
        if known is not None and now_us < known[1]:
            return known[0]
        if self._plans is None:
            return UNBOUND
        holder = self._holders.get(customer_id) or Holder(customer_id, "UTC")
        name = plan_of(self._plans, holder, now_us)
        plan = self._plans.plans.get(name) if name is not None else None
        if name is None or plan is None:
            raise NotEntitled("This key's customer is on no plan; ask who issued it.", code="no_plan")
        terms = compile_terms(name, plan, plans_hash=self._hash, holder=holder, key_id=key_id, prices=self._prices)
        self._known[key_id] = (terms, _until(holder, now_us))
        return terms


def _until(holder: Holder, now_us: int) -> int:
    """Return when the customer's next assignment begins."""
    return min((one.since_us for one in holder.assignments if one.since_us > now_us), default=_NEVER_US)
