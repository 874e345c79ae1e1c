"""Everything that a request may be decided upon, compiled once, never changed, swapped as one reference.

A request takes the snapshot that is active when it arrives and keeps it to its last byte, so an answer is served wholly
under one line-up. Names, prices and entitlements are looked up in dictionaries here; nothing is read from files or
databases while a request waits.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from triplepoint.access.model import Key
from triplepoint.configuration.model import Configuration, LoadedLineup, LoadedPlans, LoadedScorer
from triplepoint.economics.energy import Meter
from triplepoint.economics.model import Profile
from triplepoint.foundation.ids import CustomerId, KeyId
from triplepoint.foundation.money import money_text
from triplepoint.foundation.secret import Secret
from triplepoint.gateway.eligible import Eligible, Rights
from triplepoint.gateway.escalation.terms import Watch, compile_watch
from triplepoint.gateway.retirement import Ending, compile_ending
from triplepoint.lineups.model import Audit, Capability, Model, Target
from triplepoint.lineups.resolve import Names
from triplepoint.plans.model import Holder
from triplepoint.plans.terms import TermsBook
from triplepoint.pricing.price import Price
from triplepoint.routing.facts import USUAL_OUTPUT_TOKENS, ModelFacts
from triplepoint.routing.policies.compile import AnyRouter, RouterSetup
from triplepoint.routing.ports import Router
from triplepoint.settings import Settings, Upstream


@dataclass(frozen=True, slots=True)
class KeyGrant:
    """What a live key opens."""

    key_id: KeyId
    customer_id: CustomerId
    models: frozenset[str] | None
    """Models of the line-up that it may call; None: all."""
    expires_us: int | None


@dataclass(frozen=True, slots=True)
class TargetRoute:
    """One upstream of a model, with the price in force."""

    upstream: str
    upstream_model: str
    price: Price
    input_usd_per_mtok: str
    """Of the price, as the journal writes it."""
    tools_by_schema: bool
    energy: Profile | None = None
    """What a token takes there; None: no model runs there."""
    region: str | None = None
    """Where the upstream is, for plans that name regions; None: it does not say."""


@dataclass(frozen=True, slots=True)
class ModelRoute:
    """One model of the line-up."""

    name: str
    model: Model
    capabilities: frozenset[Capability]
    targets: tuple[TargetRoute, ...]
    header: tuple[bytes, bytes]
    """By which an answer says that this model has served it."""
    ending: Ending | None = None
    """Its retirement, once that is decided."""


@dataclass(frozen=True, slots=True)
class LineupRoutes:
    """A line-up, ready to be served from."""

    name: str
    hash: str
    models: Mapping[str, ModelRoute]
    """In line-up order, weakest first."""
    router: Router | None
    """Compiled from `setup`."""
    setup: RouterSetup | None
    headers: tuple[tuple[bytes, bytes], ...]
    """That every answer under this line-up carries."""
    audit: Audit | None = None
    """Whether a sample of what its router answers is answered twice."""
    watch: Watch | None = None
    """What is looked at of its router's answers before they are given; None: nothing."""
    eligible: dict[Rights, Eligible] = field(default_factory=dict[Rights, Eligible], repr=False, compare=False)
    """What rights leave of it, once worked out."""
    regional: dict[tuple[str, frozenset[str]], ModelRoute | None] = field(
        default_factory=dict[tuple[str, frozenset[str]], ModelRoute | None], repr=False, compare=False
    )
    """Models as they are within regions, once worked out; None: they have no upstream there."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the control plane publishes."""

    settings: Settings
    active: LineupRoutes
    lineups: Mapping[str, LineupRoutes]
    """By name, the active one included; for pins."""
    names: Names
    """What callers may ask for."""
    upstreams: Mapping[str, Upstream]
    secrets: Mapping[str, Secret]
    """Keys of upstreams, by upstream."""
    keys: Mapping[bytes, KeyGrant]
    """By digest."""
    made_us: int
    meter: Meter
    """Says what attempts took in energy."""
    terms: TermsBook
    """What each key may do on its customer's plan."""


def compile_snapshot(
    configuration: Configuration, keys: Iterable[Key], *, made_us: int, holders: Iterable[Holder] = ()
) -> Snapshot:
    """Compile what the files and the stores say.

    Args:
        configuration: Checked, so every name in it resolves.
        keys: Live keys.
        made_us: Wall clock, microseconds since 1970.
        holders: Customers with plans, limits or credit of their own.
    """
    meter = Meter(configuration.settings)
    upstreams = configuration.settings.upstreams
    lineups = {name: _compile_lineup(loaded, meter, upstreams) for name, loaded in configuration.lineups.items()}
    found = {name: configuration.api_key(upstream) for name, upstream in upstreams.items()}
    return Snapshot(
        settings=configuration.settings,
        active=lineups[configuration.lineup.lineup],
        lineups=lineups,
        names=configuration.names,
        upstreams=upstreams,
        secrets={name: secret for name, secret in found.items() if secret is not None},
        keys=grants(keys),
        made_us=made_us,
        meter=meter,
        terms=compile_terms_book(configuration.plans, holders),
    )


def compile_terms_book(plans: LoadedPlans | None, holders: Iterable[Holder]) -> TermsBook:
    """Compile what customers may do on their plans."""
    book = TermsBook(plans.file, plans_hash=plans.hash, prices=plans.prices) if plans is not None else TermsBook(None)
    return book.with_holders(holders)


def _compile_lineup(loaded: LoadedLineup, meter: Meter, upstreams: Mapping[str, Upstream]) -> LineupRoutes:
    lineup = loaded.lineup
    models = {name: _compile_model(name, model, loaded, meter, upstreams) for name, model in lineup.models.items()}
    facts = {name: facts_of(route) for name, route in models.items()}
    setup = _setup(lineup.router, facts, loaded.learnt) if lineup.router is not None else None
    router = setup.compile() if setup is not None else None
    header = (b"x-triplepoint-lineup", loaded.hash.encode())
    said = lineup.router
    audit = said.audit if said is not None else None
    watch = compile_watch(said.escalation) if said is not None and said.escalation is not None else None
    return LineupRoutes(lineup.lineup, loaded.hash, models, router, setup, (header,), audit, watch)


def _compile_model(
    name: str, model: Model, loaded: LoadedLineup, meter: Meter, upstreams: Mapping[str, Upstream]
) -> ModelRoute:
    targets = tuple(
        _compile_target(target, loaded.prices[target.price], meter, upstreams[target.upstream].region)
        for target in model.upstreams
    )
    ending = compile_ending(name, model.retires) if model.retires is not None else None
    header = (b"x-triplepoint-model", name.encode())
    return ModelRoute(name, model, frozenset(model.capabilities), targets, header, ending)


def _setup(router: AnyRouter, facts: Mapping[str, ModelFacts], learnt: LoadedScorer | None) -> RouterSetup:
    if learnt is None:
        return RouterSetup(router, facts)
    return RouterSetup(router, facts, learnt.scorer, learnt.certificates)


def facts_of(route: ModelRoute) -> ModelFacts:
    """Return what a decision must know of a model, as its first upstream runs it."""
    first = route.targets[0]
    rates, energy = first.price.rates[0], first.energy
    has_cache = "cache_read" in first.price.standard.stated
    return ModelFacts(
        input_usd_per_mtok=float(rates.input),
        output_usd_per_mtok=float(rates.output) if rates.output is not None else None,
        cached_usd_per_mtok=float(rates.cache_read) if has_cache else None,
        input_wh=energy.wh.input.median if energy is not None else None,
        output_wh=energy.wh.output.median if energy is not None else None,
        context_tokens=route.model.context_tokens,
        usual_output_tokens=min(USUAL_OUTPUT_TOKENS, route.model.max_output_tokens),
    )


def _compile_target(target: Target, price: Price, meter: Meter, region: str | None) -> TargetRoute:
    return TargetRoute(
        target.upstream,
        target.model,
        price,
        money_text(price.input_usd_per_mtok),
        target.tools_by_schema,
        meter.profile(target.upstream, target.model),
        region,
    )


def grants(keys: Iterable[Key]) -> dict[bytes, KeyGrant]:
    """Compile live keys."""
    return {
        key.digest: KeyGrant(key.id, key.customer_id, frozenset(key.models) if key.models is not None else None, key.expires_us)
        for key in keys
    }
