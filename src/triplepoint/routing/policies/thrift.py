"""What a candidate is worth at a thrift, and why turning thrift up never costs more.

With q the probability of a good answer, V what one is worth at thrift 50, c the cost, e the energy and w the waiting in
dollars, and s = thrift / 100, a candidate is worth

    U(s) = 2 (1 − s) · a − 2 s · c,    a = V·q − e − w

dollars: a − c at thrift 50, and only the price of money against all else moves with the dial. At s = 0 cost counts nothing
(quality at any price), at s = 1 nothing but cost does. The best U is chosen; of those alike the cheapest, then the one with
most a. Both ends follow: at thrift 0 the best answer and of those alike the cheapest, at 100 the cheapest and of those alike
the best answer (best after what energy and waiting count for, where the line-up counts them).

**Money falls pointwise.** Let the dial be turned from s to t > s on the same request, among the same candidates, with e and w
as they may be. Let i be chosen at s and j at t. Each is best at its dial:

    (1 − s) aᵢ − s cᵢ ≥ (1 − s) aⱼ − s cⱼ        (1 − t) aⱼ − t cⱼ ≥ (1 − t) aᵢ − t cᵢ

If t < 1, both 1 − s and 1 − t are positive: with λ = s/(1 − s) < μ = t/(1 − t) these read aᵢ − aⱼ ≥ λ (cᵢ − cⱼ) and
aᵢ − aⱼ ≤ μ (cᵢ − cⱼ), so (μ − λ)(cᵢ − cⱼ) ≥ 0 and cⱼ ≤ cᵢ. If t = 1, j is the cheapest of all. Which candidates there are does
not depend on the dial (promise, domination and switch protection do not read it), so this holds for every request, and with it
for their sum and their mean; rounding aside, which moves costs by less than 10⁻¹² dollars.
Source: monotone comparative statics for a payoff with increasing differences, Topkis 1978, doi 10.1287/opre.26.2.305.
"""

from collections.abc import Sequence

from triplepoint.routing.policies.weighing import Weight

CHEAPEST = 100


def put_worth(weights: Sequence[Weight], *, thrift: int, good_usd: float, usd_per_wh: float, usd_per_s: float) -> None:
    """Work out what each candidate is worth, in place.

    Args:
        weights: Candidates that are known.
        thrift: Dial, 0…100.
        good_usd: V, what a good answer is worth at thrift 50.
        usd_per_wh, usd_per_s: What energy and waiting count for.
    """
    most_wh = _most([one.energy_wh for one in weights]) if usd_per_wh else 0.0
    most_s = _most([one.latency_s for one in weights]) if usd_per_s else 0.0
    money = thrift / 50
    rest = 2 - money
    for one in weights:
        gain = good_usd * one.quality
        if usd_per_wh:
            gain -= usd_per_wh * (most_wh if one.energy_wh is None else one.energy_wh)
        if usd_per_s:
            gain -= usd_per_s * (most_s if one.latency_s is None else one.latency_s)
        one.gain_usd = gain
        one.worth_usd = rest * gain - money * one.cost_usd


def best(weights: Sequence[Weight]) -> Weight:
    """Return the candidate that is worth most; of those alike the cheapest, then that with most before its cost."""
    if len(weights) == 1:
        return weights[0]
    return max(weights, key=_standing)


def _standing(one: Weight) -> tuple[float, float, float]:
    return one.worth_usd or 0.0, -one.cost_usd, one.gain_usd


def _most(values: Sequence[float | None]) -> float:
    return max([value for value in values if value is not None], default=0.0)
