"""What another router would have been worth on traffic that was routed already: off-policy value.

The router that was in force left a little to chance and logged with which probability it chose; so what came of the choices
that the other router shares can stand for what would have come of all of its choices, each counted as often as it is rare.
Three estimators, by what they trust:

- *IPS* (inverse propensity scoring) trusts the logged probabilities alone; unbiased, and wide where the two routers differ.
- *SNIPS* divides by the weights instead of the requests: a little biased, much narrower, and never outside of what was seen.
- *DR* (doubly robust) begins with what the scorer expected and corrects it by what came: unbiased if either the probabilities
  or the expectations are right, and narrow where the expectations are good.

An outcome is seen for a share of requests only (audits, feedback); that share is part of the probability. An audit shows two
outcomes of one request, its own and the served one: both count.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from triplepoint.routing.evaluation.resampling import Measured, Vector

THIN: Final = 50.0
"""Effective outcomes below which an interval holds the truth noticeably less often than it says."""
_Z: Final = 1.959964

Units = NDArray[np.intp]
"""Number of the unit of each decision."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of one model's answer to a request."""

    model: str
    score: float
    """0…1."""
    probability: float
    """With which this outcome was to be seen, before chance chose: propensity of the choice times share that is looked at; of
    an audit's own answer, the share of audits."""


@dataclass(frozen=True, slots=True)
class LoggedDecision:
    """One decision of the past, as the ledger has it, with what became known of it."""

    expected: Mapping[str, float]
    """By candidate: expected quality, 0…1."""
    costs: Mapping[str, float]
    """By candidate: expected cost, USD; those that are not known are left out."""
    chosen: str
    seen: tuple[Seen, ...] = ()
    served: Seen | None = None
    """What came of the choice as it was made, with the probability of being looked at once it was; None: nobody looked."""
    group: str = ""
    unit: str = ""
    """What decisions of one conversation or customer share: they are no independent evidence. Empty: it stands alone."""


Policy = Callable[[LoggedDecision], Mapping[str, float]]
"""Probability of each candidate; those left out have 0."""


@dataclass(frozen=True, slots=True)
class Value:
    """What a policy would have been worth."""

    ips: Measured
    snips: Measured
    dr: Measured
    expected: float
    """What the scorer expected, uncorrected."""
    cost_usd: float
    """Mean expected cost of a request; NaN: of some choice it is not known."""
    agreement: float
    """Mean probability with which it chooses what was chosen."""
    effective: float
    """Outcomes that count, by Kish: (Σw)² / Σw². Below fifty the intervals are too narrow."""
    mean_weight: Measured
    """1 in expectation; an interval without 1 says that the log never tries what this policy would do."""

    @property
    def is_thin(self) -> bool:
        """Too few outcomes count."""
        return self.effective < THIN

    @property
    def is_supported(self) -> bool:
        """Nothing shows that the policy does what the log never tried."""
        return self.mean_weight.low <= 1 <= self.mean_weight.high


def value_of(policy: Policy, decisions: Sequence[LoggedDecision]) -> Value:
    """Estimate the mean score of a policy on logged decisions.

    Args:
        policy: What would have decided; it may use chance.
        decisions: All that were logged, with and without outcomes; at least one.

    Source: Horvitz and Thompson 1952, doi 10.1080/01621459.1952.10483446 (IPS); Swaminathan and Joachims 2015, NeurIPS
    (SNIPS); Dudík, Langford and Li 2011, arXiv 1103.4601 (DR). Each outcome that is seen counts by its own probability, so that
    audits, which show two, fit in. Intervals: Student's with as many degrees of freedom as outcomes count, less one, around the
    jackknife's error over units (Efron and Stein 1981, doi 10.1214/aos/1176345462). With few outcomes they still hold the
    truth less often than they say, since weights are skewed: 92 to 95 in a hundred at a hundred that count, 89 to 95 at 35.
    """
    chances = [policy(decision) for decision in decisions]
    pairs = list(zip(decisions, chances, strict=True))
    expected, weight, gained, corrected, cost = np.array([_terms(one, chance) for one, chance in pairs]).T
    weights = np.array([counted for one, chance in pairs for counted in _weights(one, chance)])
    effective = float(weights.sum() ** 2 / np.square(weights).sum()) if weights.any() else 0.0
    units, each = _units(decisions), np.ones(len(decisions))
    return Value(
        ips=_ratio(gained, each, units, effective),
        snips=_ratio(gained, weight, units, effective),
        dr=_ratio(expected + corrected, each, units, effective),
        expected=float(expected.mean()),
        cost_usd=float(cost.mean()),
        agreement=float(np.mean([chance.get(one.chosen, 0.0) for one, chance in pairs])),
        effective=effective,
        mean_weight=_ratio(weight, each, units, effective),
    )


def as_it_was(decisions: Sequence[LoggedDecision]) -> Value:
    """Estimate the mean score of what was chosen, by what was looked at; the log's own router, its chance included."""
    looked = [replace(one, seen=() if one.served is None else (one.served,)) for one in decisions]
    return value_of(lambda decision: {decision.chosen: 1.0}, looked)


def always(model: str) -> Policy:
    """Return the policy that takes one model wherever it is a candidate, else what was chosen."""
    return lambda decision: {model if model in decision.expected else decision.chosen: 1.0}


def _terms(decision: LoggedDecision, chance: Mapping[str, float]) -> tuple[float, float, float, float, float]:
    """Return what is expected, the weight, the weighed outcome, the weighed surprise, and the cost."""
    weight = gained = corrected = 0.0
    for seen, one in zip(decision.seen, _weights(decision, chance), strict=True):
        weight += one
        gained += one * seen.score
        corrected += one * (seen.score - decision.expected.get(seen.model, 0.0))
    expected = sum(share * decision.expected.get(model, 0.0) for model, share in chance.items())
    cost = sum(share * decision.costs.get(model, np.nan) for model, share in chance.items())
    return expected, weight, gained, corrected, cost


def _weights(decision: LoggedDecision, chance: Mapping[str, float]) -> list[float]:
    return [chance.get(seen.model, 0.0) / seen.probability for seen in decision.seen]


def _units(decisions: Sequence[LoggedDecision]) -> Units:
    numbers: defaultdict[str, int] = defaultdict(lambda: len(numbers))
    return np.array([numbers[one.unit or f"\0{place}"] for place, one in enumerate(decisions)], dtype=np.intp)


def _ratio(over: Vector, under: Vector, units: Units, effective: float) -> Measured:
    """Return the ratio of two sums with its jackknife interval, leaving out one unit at a time."""
    total, base = np.bincount(units, weights=over), np.bincount(units, weights=under)
    if not base.any():
        return Measured(np.nan, np.nan, np.nan)
    value = float(total.sum() / base.sum())
    rest = base.sum() - base
    without = np.divide(total.sum() - total, rest, out=np.full(len(rest), value), where=rest > 0)
    count = len(without)
    error = float(np.sqrt((count - 1) / count * np.square(without - without.mean()).sum()))
    width = _student(max(min(effective, count) - 1, 1.0)) * error
    return Measured(value, value - width, value + width)


def _student(freedom: float) -> float:
    """Return the 97.5 % quantile of Student's distribution: to a thousandth from six degrees of freedom on.

    Source: Abramowitz and Stegun 1964, 26.7.5: expansion around the normal quantile.
    """
    z = _Z
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3
