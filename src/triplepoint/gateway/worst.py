"""The worst case of a request at a model: what is reserved before it is sent.

*Input*: a token is at least one byte of the body, so the body's bytes are a bound, whatever the tokenizer; an upstream's
template adds some. *Output*: the longest answer that the request allows, for as many answers as it asks for; where it allows
any length, the model's longest, which the upstream is then told. Both together never exceed the model's context.

If a request is lost with its process, it counts its estimated input, which is what an interruption is charged (decision 0007).
"""

from decimal import Decimal

import msgspec

from triplepoint.foundation.errors import RequestInvalid
from triplepoint.foundation.money import per_mtok
from triplepoint.foundation.usage import Usage
from triplepoint.gateway.request import OUTPUT_LIMITS, Request
from triplepoint.gateway.snapshot import ModelRoute
from triplepoint.plans.amounts import to_units
from triplepoint.plans.model import Unit
from triplepoint.plans.terms import Terms
from triplepoint.pricing.charge import ChargeTerms

_EMBEDDINGS = "/v1/embeddings"
_TEMPLATE_TOKENS = 64
"""That an upstream's template may add beyond what the body's own marks come to."""
_decode_any = msgspec.json.Decoder().decode


class Worst(msgspec.Struct, frozen=True, gc=False):
    """The worst case of a request, in smallest units; where no limit asks for a unit, it is not worked out and 0."""

    estimate: int
    """Tokens of input, as the receipt has it."""
    output_tokens: int
    """Longest answers, added up."""
    each_output_tokens: int
    """Longest answer; what the upstream is told where the request does not say, or says more."""
    tokens: int
    charge: int = 0
    cost: int = 0
    energy: int = 0
    least_charge: int = 0
    least_cost: int = 0
    least_energy: int = 0

    @property
    def likely_tokens(self) -> int:
        """Return what a rate of tokens is asked for: the estimated input and the longest answer."""
        return self.estimate + self.output_tokens

    def amount(self, unit: Unit) -> int:
        """Return the worst case in a unit."""
        match unit:
            case Unit.MESSAGES:
                return 1
            case Unit.TOKENS:
                return self.tokens
            case Unit.CHARGE_USD:
                return self.charge
            case Unit.COST_USD:
                return self.cost
            case Unit.ENERGY_WH:
                return self.energy

    def least(self, unit: Unit) -> int:
        """Return what counts in a unit if the request is lost."""
        match unit:
            case Unit.MESSAGES:
                return 1
            case Unit.TOKENS:
                return self.estimate
            case Unit.CHARGE_USD:
                return self.least_charge
            case Unit.COST_USD:
                return self.least_cost
            case Unit.ENERGY_WH:
                return self.least_energy


def worst_case(request: Request, route: ModelRoute, terms: Terms, charge: ChargeTerms) -> Worst:
    """Work out the worst case of a request at a model.

    Args:
        charge: By which it would be charged: the plan's, or that of its overage.
    Raises: RequestInvalid: a bound of the answer is no whole number.
    """
    estimate = request.input_estimate
    each, answers = _longest_answer(request, route, terms)
    context = route.model.context_tokens
    output = each * answers
    bound = min(len(request.body) + _TEMPLATE_TOKENS, context)
    tokens = min(bound + output, context * answers)
    units = terms.units
    if units.isdisjoint(_PRICED):
        return Worst(estimate, output, each, tokens)
    return _priced(Worst(estimate, output, each, tokens), route, units, charge, bound)


_PRICED = frozenset({Unit.CHARGE_USD, Unit.COST_USD, Unit.ENERGY_WH})


def _priced(worst: Worst, route: ModelRoute, units: frozenset[Unit], charge: ChargeTerms, bound: int) -> Worst:
    """Add what tokens come to in money and energy, at the dearest of the model's upstreams."""
    money = energy = least_energy = 0
    cost = least = Decimal(0)
    for target in route.targets:
        cost = max(cost, target.price.worst_usd(bound, worst.output_tokens))
        least = max(least, per_mtok(worst.estimate, target.price.input_usd_per_mtok))
        if Unit.ENERGY_WH in units and target.energy is not None:
            energy = max(energy, target.energy.worst_energy_nwh(bound, worst.output_tokens))
            least_energy = max(least_energy, target.energy.worst_energy_nwh(worst.estimate, 0))
    if Unit.CHARGE_USD in units:
        money = to_units(charge.worst_usd(route.name, cost, bound, worst.output_tokens), Unit.CHARGE_USD)
    return msgspec.structs.replace(
        worst,
        charge=money,
        cost=to_units(cost, Unit.COST_USD),
        energy=energy,
        least_charge=to_units(charge.worst_usd(route.name, least, worst.estimate, 0), Unit.CHARGE_USD),
        least_cost=to_units(least, Unit.COST_USD),
        least_energy=least_energy,
    )


def _longest_answer(request: Request, route: ModelRoute, terms: Terms) -> tuple[int, int]:
    """Return how long each answer may be, and how many there may be."""
    if request.endpoint == _EMBEDDINGS:
        return 0, 1
    asked = asked_output_tokens(request)
    longest = route.model.max_output_tokens if asked is None else asked
    if terms.max_output_tokens is not None:
        longest = min(longest, terms.max_output_tokens)
    return longest, _answers(request)


def asked_output_tokens(request: Request) -> int | None:
    """Return the bound that a request sets to its answer; None: none.

    Raises: RequestInvalid: it is no whole number of at least 1.
    """
    for name in OUTPUT_LIMITS[request.dialect]:
        raw = request.fields.get(name)
        if raw is not None and bytes(raw) != b"null":
            return _whole(raw, name)
    return None


def _answers(request: Request) -> int:
    raw = request.fields.get("n")
    return 1 if raw is None or bytes(raw) == b"null" else _whole(raw, "n")


def _whole(raw: msgspec.Raw, name: str) -> int:
    value = _decode_any(raw)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise RequestInvalid("A whole number of at least 1 is expected.", param=name)
    return value


def known_part(usage: Usage) -> Usage:
    """Return a usage whose unknown output is none: what cannot be shown is not charged (decision 0007)."""
    return usage if usage.output_tokens is not None else msgspec.structs.replace(usage, output_tokens=0)
