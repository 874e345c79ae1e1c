"""Off-policy value: worked by hand, and by simulation where the truth is known."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from triplepoint.routing.evaluation.off_policy import LoggedDecision, Policy, Seen, Value, always, value_of
from triplepoint.routing.evaluation.resampling import Measured

MODELS = ("small", "big")
EXPLORED = 0.2


def one(chosen: str, score: float, probability: float, unit: str = "") -> LoggedDecision:
    """Make a decision with one outcome."""
    return LoggedDecision(
        {"small": 0.5, "big": 0.8}, {"small": 1.0, "big": 4.0}, chosen, (Seen(chosen, score, probability),), unit=unit
    )


def test_by_hand() -> None:
    """Two of four chose big, at a quarter and at a half: weights 4 and 2; one of them went well."""
    decisions = [one("big", 1, 0.25), one("big", 0, 0.5), one("small", 1, 0.75), one("small", 0, 0.5)]
    found = value_of(always("big"), decisions)
    assert found.ips.value == pytest.approx((4 * 1 + 2 * 0) / 4)
    assert found.snips.value == pytest.approx(4 / 6)
    assert found.dr.value == pytest.approx(0.8 + (4 * 0.2 + 2 * -0.8) / 4)
    assert (found.expected, found.cost_usd, found.agreement) == pytest.approx((0.8, 4.0, 0.5))
    assert found.effective == pytest.approx(36 / 20)
    assert found.mean_weight.value == pytest.approx(1.5)
    assert found.is_thin


def test_the_policy_that_was_in_force_has_the_mean_that_was_seen() -> None:
    """Where every outcome is seen and the policy is the logged one, all weights are 1 and SNIPS is the mean."""
    decisions = [replace(one("big", score, 1.0)) for score in (1.0, 1.0, 0.0, 1.0)]
    found = value_of(always("big"), decisions)
    assert found.ips.value == found.snips.value == found.dr.value == 0.75
    assert found.effective == 4


def test_a_policy_may_choose_only_what_was_a_candidate() -> None:
    """Always one model means what was chosen, where it could not be."""
    assert always("huge")(one("big", 1, 1.0)) == {"big": 1.0}


def test_an_unknown_cost_is_not_nothing() -> None:
    """The mean cost is unknown then, and the value is not."""
    found = value_of(always("big"), [replace(one("big", 1, 1.0), costs={"small": 1.0})])
    assert np.isnan(found.cost_usd)
    assert found.dr.value == 1.0


def greedy(price: float) -> Policy:
    """Return the policy that takes the greatest expected quality less cost at a price of a dollar in quality."""

    def choose(decision: LoggedDecision) -> dict[str, float]:
        worth = {model: quality - price * decision.costs[model] for model, quality in decision.expected.items()}
        return {max(worth, key=lambda model: worth[model]): 1.0}

    return choose


def test_nothing_seen_is_no_value() -> None:
    """Only the expectation is left; ratios are unknown, and no outcome counts."""
    found = value_of(always("big"), [LoggedDecision({"big": 0.8}, {"big": 4.0}, "big")] * 3)
    assert np.isnan(found.snips.value)
    assert (found.effective, found.ips.value) == (0.0, 0.0)
    assert found.dr.value == pytest.approx(0.8)
    assert not found.is_supported


def simulate(
    seed: int, *, n: int = 1500, audited: float = 0.3, expects: Callable[[float], float] = lambda p: p
) -> list[LoggedDecision]:
    """Draw requests, let a router with chance decide, and see the outcomes of a share; half of those also of the big model.

    Hardness h is uniform: small succeeds with 1 - h, big with 1 - h²; the logged router takes big from h > 0.7 on, and with
    0.2 one of both by chance.
    """
    generator = np.random.default_rng(seed)
    decisions: list[LoggedDecision] = []
    for _ in range(n):
        hard = generator.random()
        success = {"small": 1 - hard, "big": 1 - hard**2}
        best = "big" if hard > 0.7 else "small"
        chance = {model: EXPLORED / 2 + (1 - EXPLORED) * (model == best) for model in MODELS}
        chosen = "big" if generator.random() < chance["big"] else "small"
        outcome = {model: float(generator.random() < p) for model, p in success.items()}
        seen: list[Seen] = []
        if generator.random() < audited:
            seen.append(Seen(chosen, outcome[chosen], chance[chosen] * audited))
            if chosen != "big":  # the audit asks the strongest, which is seen then whoever was chosen
                seen.append(Seen("big", outcome["big"], audited))
            else:
                seen = [Seen("big", outcome["big"], audited)]
        decisions.append(
            LoggedDecision({m: expects(p) for m, p in success.items()}, {"small": 1, "big": 9}, chosen, tuple(seen))
        )
    return decisions


TRUTHS = [
    ("always big", always("big"), 2 / 3),
    ("always small", always("small"), 1 / 2),
    # big from h > 0.4 on: where 1 - h² less 1 - h, which is h - h², exceeds 0.03 · (9 - 1) = 0.24
    ("greedy", greedy(0.03), None),
]


def _true_greedy() -> float:
    hard = (np.arange(200_000) + 0.5) / 200_000
    return float(np.where(hard - hard**2 > 0.24, 1 - hard**2, 1 - hard).mean())


@pytest.mark.parametrize(
    ("policy", "truth"), [(policy, truth) for _, policy, truth in TRUTHS], ids=[name for name, _, _ in TRUTHS]
)
def test_intervals_cover_the_true_value(policy: Policy, truth: float | None) -> None:
    """Over 150 logs, nearly 95 % of the intervals of each estimator hold the truth, and the means are unbiased."""
    true = _true_greedy() if truth is None else truth
    found = [value_of(policy, simulate(seed, n=800)) for seed in range(150)]
    readings: dict[str, Callable[[Value], Measured]] = {
        "ips": lambda v: v.ips,
        "snips": lambda v: v.snips,
        "dr": lambda v: v.dr,
    }
    for name, reading in readings.items():
        values = [reading(one) for one in found]
        covered = np.mean([value.low <= true <= value.high for value in values])
        error = np.std([value.value for value in values]) / np.sqrt(len(values))
        assert np.mean([value.value for value in values]) == pytest.approx(true, abs=3.5 * float(error)), name
        assert 0.88 <= covered <= 0.99, (name, covered)
    widths = [np.mean([reading(one).high - reading(one).low for one in found]) for reading in readings.values()]
    assert widths[2] < 0.85 * min(widths[:2])  # DR knows what was expected


def test_dr_is_unbiased_with_wrong_expectations() -> None:
    """An optimistic scorer widens DR, and does not move it: the probabilities are right."""
    found = [value_of(always("small"), simulate(seed, n=600, expects=lambda p: min(1.0, p + 0.3))) for seed in range(100)]
    mean, error = np.mean([one.dr.value for one in found]), np.std([one.dr.value for one in found]) / 10
    assert mean == pytest.approx(0.5, abs=3.5 * float(error))
    assert np.mean([one.expected for one in found]) > 0.7


def test_more_chance_makes_more_outcomes_count() -> None:
    """The effective number grows with the share that is looked at."""
    few, many = (value_of(always("small"), simulate(1, audited=audited)).effective for audited in (0.1, 0.6))
    assert few < many / 3


def test_what_the_log_never_tried_is_found_out() -> None:
    """Without chance on hard requests, always small is not supported; with it, it is."""
    decisions = [one("big", 1.0, 1.0) for _ in range(80)] + [one("small", 1.0, 1.0) for _ in range(80)]
    assert not value_of(always("small"), decisions).is_supported
    assert value_of(always("small"), simulate(3)).is_supported


def test_decisions_of_one_unit_are_one_piece_of_evidence() -> None:
    """Ten copies of each decision in one unit leave the interval as wide as one copy; as strangers they would narrow it."""
    singles = [one("big", float(score), 0.5, unit=str(place)) for place, score in enumerate([1, 0, 1, 1, 0, 1, 0, 1])]
    copies = [decision for decision in singles for _ in range(10)]
    strangers = [replace(decision, unit="") for decision in copies]
    widths = [value_of(always("big"), those).dr for those in (singles, copies, strangers)]
    spans = [width.high - width.low for width in widths]
    assert spans[1] == pytest.approx(spans[0])
    assert spans[2] < spans[0] / 2
