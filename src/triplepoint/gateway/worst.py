"""The worst case of a request at a model: what is reserved before it is sent.

*Input*: a token is at least one byte of the body, so the body's bytes are a bound, whatever the tokenizer; an upstream's
template adds some. *Output*: the longest answer that the request allows, for as many answers as it asks for; where it allows
any length, the model's longest, which the upstream is then told. Both together never exceed the model's context.

If a request is lost with its process, it counts its estimated input, which is what an interruption is charged (decision 0007).
All is whole numbers in smallest units (`plans.amounts`).
"""

import msgspec

from triplepoint.foundation.usage import Usage
from triplepoint.gateway.request import Request, whole_number
from triplepoint.gateway.snapshot import ModelRoute
from triplepoint.plans.model import Unit
from triplepoint.plans.terms import Terms
from triplepoint.pricing.charge import ChargeTerms

_EMBEDDINGS = "/v1/embeddings"
_TEMPLATE_TOKENS = 64
"""That an upstream's template may add beyond what the body's own marks come to."""


class Worst(msgspec.Struct, frozen=True, gc=False):
    """The worst case of a request."""

    amounts: tuple[int, ...]
    """By `plans.limits.Measure`; money and energy are 0 where no limit asks for them."""
    least: tuple[int, ...]
    """What counts if it is lost."""
    longest: int
    """Tokens that each answer may have."""
    asked: int | None
    """Tokens that the request would let it have; None: any."""


def worst_case(request: Request, route: ModelRoute, terms: Terms, charge: ChargeTerms) -> Worst:
    """Work out the worst case of a request at a model.

    Args:
        charge: By which it would be charged: the plan's, or that of its overage.
    Raises: RequestInvalid: a bound of the answer is no whole number.
    """
    estimate, context = request.input_estimate, route.model.context_tokens
    asked, longest, answers = None, 0, 1
    if request.endpoint != _EMBEDDINGS:
        asked = request.output_bound()
        longest = route.model.max_output_tokens if asked is None else asked
        if terms.max_output_tokens is not None and longest > terms.max_output_tokens:
            longest = terms.max_output_tokens
        if "n" in request.fields:
            answers = _answers(request)
    output = longest * answers
    bound = len(request.body) + _TEMPLATE_TOKENS
    if bound > context:
        bound = context
    tokens = min(bound + output, context * answers)
    if not terms.needs_money:
        amounts, least = (1, estimate + output, 1, tokens, 0, 0, 0), (1, estimate, 1, estimate, 0, 0, 0)
        return Worst(amounts, least, longest, asked)
    cost, least_cost = _worst_cost(route, bound, output, estimate)
    worst_charge = charge.worst_units(route.name, cost, bound, output)
    least_charge = charge.worst_units(route.name, least_cost, estimate, 0)
    energy, least_energy = _energy(route, bound, output, estimate) if Unit.ENERGY_WH in terms.units else (0, 0)
    if least_charge > worst_charge:
        least_charge = worst_charge
    return Worst(
        (1, estimate + output, 1, tokens, worst_charge, cost * 1000, energy),
        (1, estimate, 1, estimate, least_charge, least_cost * 1000, least_energy),
        longest,
        asked,
    )


def _worst_cost(route: ModelRoute, bound: int, output: int, estimate: int) -> tuple[int, int]:
    """Return the most that a request can cost, and what it costs if it is lost, at the dearest of the model's upstreams.

    Returns: Both in 10⁻¹⁵ dollars.
    """
    cost = least_cost = 0
    for target in route.targets:
        price = target.price
        most, least = price.worst_units(bound, output), estimate * price.units[0].input
        cost = most if most > cost else cost
        least_cost = least if least > least_cost else least_cost
    return cost, least_cost


def known_part(usage: Usage) -> Usage:
    """Return a usage whose unknown output is none: what cannot be shown is not charged (decision 0007)."""
    return usage if usage.output_tokens is not None else msgspec.structs.replace(usage, output_tokens=0)


def _energy(route: ModelRoute, bound: int, output: int, estimate: int) -> tuple[int, int]:
    profiles = [target.energy for target in route.targets if target.energy is not None]
    most = max((one.worst_energy_nwh(bound, output) for one in profiles), default=0)
    return most, max((one.worst_energy_nwh(estimate, 0) for one in profiles), default=0)


def _answers(request: Request) -> int:
    raw = request.fields["n"]
    return 1 if bytes(raw) == b"null" else whole_number(raw, "n")
