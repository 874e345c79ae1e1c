"""Certificates keep their promise whatever is chosen among the allowed, agree with MAPIE, and say what they do not know."""

import datetime
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mapie.risk_control import BinaryClassificationController, BinaryRisk

from triplepoint.routing.guarantee.calibrate import GRID, Judged, Stamp, calibrate, choose_threshold, fewest_labels, risks_below
from triplepoint.routing.guarantee.model import POOLED, Certificate, Certificates, risk
from triplepoint.stats.binomial import upper_bound

_STAMP = Stamp("d" * 64, "5" * 64, datetime.date(2026, 11, 26))


def _family(n: int, seed: int, models: int = 3, groups: list[str] | None = None) -> Judged:
    """Answers of a family whose estimates are too sure of themselves, and whose failures go together."""
    generator = np.random.default_rng(seed)
    ease = generator.normal(size=(n, 1))
    logits = 1.5 * ease + np.linspace(0.0, 2.0, models) + generator.normal(0, 0.5, (n, models))
    quality = 1 / (1 + np.exp(-2 * logits))
    good = (generator.random((n, models)) < 1 / (1 + np.exp(-logits))).astype(float)
    names = tuple(f"model-{place}" for place in range(models))
    novel = generator.random(n) < 0.1
    return Judged(names, quality, good, groups or [""] * n, novel)


def _calibrate(judged: Judged, misroute: float = 0.05, **changes: Any) -> list[Certificate]:
    return calibrate(judged, misroute=misroute, confidence=0.95, stamp=_STAMP, **changes)


def _marginal(is_misroute: Any, is_down: Any) -> Any:
    return (is_misroute == 1) & (is_down == 1)


def _down(is_misroute: Any, is_down: Any) -> Any:
    return is_down == 1


def _of_all(is_misroute: Any, is_down: Any) -> Any:
    return np.full(len(is_misroute), True)


def _probabilities(scores: Any) -> Any:
    return np.hstack([scores, 1 - scores])


@pytest.mark.parametrize(("misroute", "confidence"), [(0.02, 0.95), (0.05, 0.95), (0.1, 0.9)])
def test_thresholds_agree_with_mapie(misroute: float, confidence: float) -> None:
    """Learn-then-test by fixed sequence of another hand, on the same labels and grid: the same threshold.

    2,048 labels, for MAPIE turns a rate back into a count by rounding up, which is exact only at a power of two.
    """
    judged = _family(2048, 1, models=2)
    scores = judged.quality[:, 1] * (1 - judged.quality[:, 0])
    is_misroute = judged.good[:, 1] > judged.good[:, 0]
    oracle: Any = BinaryClassificationController  # its types do not cover what its description allows
    controller = oracle(
        predict_function=_probabilities,
        risk=BinaryRisk(_marginal, _of_all, higher_is_better=False),
        target_level=misroute,
        confidence_level=confidence,
        best_predict_param_choice=BinaryRisk(_down, _of_all, higher_is_better=True),
        list_predict_params=1 - GRID,
        fwer_method="fixed_sequence",
    )
    controller.calibrate(scores[:, None], is_misroute.astype(int))
    ours = choose_threshold(risks_below(judged, 1).harms, misroute=misroute, confidence=confidence)
    assert ours == pytest.approx(1 - min(controller.valid_predict_params), abs=1e-9)


@given(st.integers(0, 10**6), st.integers(1, 2), st.sampled_from([0.02, 0.05, 0.2]))
@settings(max_examples=60)
def test_no_choice_among_the_allowed_is_worse_than_what_is_certified(seed: int, reference: int, misroute: float) -> None:
    """Any dial, any plan with this reference, any outage: misroutes among the labels are at most the certificate's count."""
    judged = _family(300, seed)
    (certificate,) = _calibrate(judged, misroute, references=[judged.models[reference]])
    generator = np.random.default_rng(seed)
    misroutes = down = 0
    for quality, good in zip(judged.quality, judged.good, strict=True):
        allowed = [
            place
            for place in range(reference)
            if certificate.allows(judged.models[place], risk(float(quality[reference]), float(quality[place])))
        ]
        down += bool(allowed)
        chosen = int(generator.choice([*allowed, reference]))
        misroutes += bool(good[reference] and not good[chosen])
    assert misroutes <= certificate.misroutes
    assert down == round(certificate.downgraded * 300)
    assert certificate.bound <= misroute or certificate.threshold is None


def test_the_certificate_is_the_last_threshold_that_the_exact_test_passes() -> None:
    """At the threshold the bound holds; one step of the grid further it does not."""
    judged = _family(1500, 3)
    for certificate in _calibrate(judged):
        assert certificate.threshold is not None
        assert certificate.bound == upper_bound(certificate.misroutes, 1500, confidence=0.95) <= 0.05
        harms = risks_below(judged, judged.models.index(certificate.reference)).harms
        further = int((harms <= certificate.threshold + 1e-4).sum())
        assert upper_bound(further, 1500, confidence=0.95) > 0.05


def test_every_model_but_the_weakest_can_be_a_reference() -> None:
    """For each plan has another strongest model, and covers only what is weaker than that."""
    judged = _family(1000, 4)
    covered = {certificate.reference: certificate.models for certificate in _calibrate(judged)}
    assert covered == {"model-1": ("model-0",), "model-2": ("model-0", "model-1")}


def test_groups_with_enough_labels_are_certified_by_themselves_and_the_others_together() -> None:
    """The pooled one is worked out from the small groups alone: labels of the large ones say nothing about them."""
    sizes = {"law": 400, "maths": 250, "art": 120, "music": 130, "": 60}
    groups = [group for group, size in sizes.items() for _ in range(size)]
    judged = _family(len(groups), 5, models=2, groups=groups)
    found = {certificate.group: certificate for certificate in _calibrate(judged, 0.1)}
    assert list(found) == ["law", "maths", POOLED]
    assert {group: certificate.labels for group, certificate in found.items()} == {"law": 400, "maths": 250, POOLED: 310}
    assert found[POOLED].groups == ("", "art", "music")
    assert "promises nothing of each" in found[POOLED].note
    assert found["law"].note == ""
    small = [row for row, group in enumerate(groups) if group in {"art", "music", ""}]
    assert found[POOLED].novel == judged.novel[small].sum()
    alone = Judged(judged.models, judged.quality[small], judged.good[small], [groups[i] for i in small], judged.novel[small])
    assert found[POOLED].threshold == _calibrate(alone, 0.1)[0].threshold
    promised = Certificates(tuple(found.values())).promised(misroute=0.1, confidence=0.95)
    assert promised.threshold("model-1", "music") == found[POOLED].threshold


def test_a_group_that_keeps_no_promise_is_certified_to_have_none() -> None:
    """Its weak answers fail however low the risk is said to be, so no threshold passes and only the reference serves."""
    groups = ["bad"] * 300 + ["fine"] * 300
    quality = np.tile([0.99, 0.99], (600, 1))
    quality[:, 0] = 1.0
    good = np.ones((600, 2))
    good[:300, 0] = 0
    found = _calibrate(Judged(("weak", "strong"), quality, good, groups, np.zeros(600, dtype=bool)))
    assert [(c.group, c.threshold, c.bound, c.downgraded) for c in found] == [
        ("bad", None, 1.0, 0.0),
        ("fine", 1.0, upper_bound(0, 300, confidence=0.95), 1.0),
    ]


def test_too_few_labels_certify_nothing() -> None:
    """58 labels without a single misroute do not show 5 % at 95 % confidence; 59 do."""
    assert fewest_labels(0.05, 0.95) == 59
    expected: list[tuple[int, float | None]] = [(58, None), (59, 1.0)]
    for n, threshold in expected:
        judged = Judged(("weak", "strong"), np.full((n, 2), 0.5), np.ones((n, 2)), [""] * n, np.zeros(n, dtype=bool))
        assert [c.threshold for c in _calibrate(judged)] == [threshold]


@given(st.floats(0.0001, 0.5), st.floats(0.5, 0.9999))
def test_the_fewest_labels_are_the_fewest(misroute: float, confidence: float) -> None:
    """With one less even a clean record has a bound above the promise. A strict promise is never tested on a group below
    that.
    """
    labels = fewest_labels(misroute, confidence)
    assert upper_bound(0, labels, confidence=confidence) <= misroute * (1 + 1e-9)
    if labels > 1:
        assert upper_bound(0, labels - 1, confidence=confidence) > misroute * (1 - 1e-9)


def test_a_strict_promise_pools_groups_that_could_never_show_it() -> None:
    """At 1 % a group of 250 labels shows nothing by itself: 299 are needed, so it is pooled rather than given up."""
    judged = _family(1000, 6, models=2, groups=["law"] * 750 + ["maths"] * 250)
    assert [(c.group, c.groups) for c in _calibrate(judged, 0.01)] == [("law", ()), (POOLED, ("maths",))]


def test_estimates_that_are_no_numbers_allow_nothing() -> None:
    """As on the request's path."""
    quality = np.full((300, 2), np.nan)
    judged = Judged(("weak", "strong"), quality, np.zeros((300, 2)), [""] * 300, np.zeros(300, dtype=bool))
    (certificate,) = _calibrate(judged)
    assert certificate.downgraded == 0.0


def test_answers_of_high_risk_need_no_judgement() -> None:
    """Half of the requests, those of highest risk, were not judged: the certificate is the same to the last bit of the
    bound.
    """
    judged = _family(1500, 8)
    risks = risks_below(judged, 2)
    hidden = risks.opens > np.quantile(risks.opens, 0.5)
    good = np.where(hidden[:, None], np.nan, judged.good)
    full = _calibrate(judged, references=["model-2"])[0]
    half = _calibrate(Judged(judged.models, judged.quality, good, judged.groups, judged.novel), references=["model-2"])[0]
    assert (half.unjudged, half.labels) == (750, 1500)
    assert (half.threshold, half.misroutes, half.bound) == (full.threshold, full.misroutes, full.bound)
    assert full.downgraded < 0.5


@given(st.integers(0, 10**6), st.floats(0, 1))
@settings(max_examples=40)
def test_a_missing_judgement_never_allows_more(seed: int, share: float) -> None:
    """Whichever are missing: what nobody knows counts as whatever would hurt, and so the promise does not hang on it."""
    judged = _family(400, seed)
    missing = np.random.default_rng(seed).random(judged.good.shape) < share
    partly = Judged(judged.models, judged.quality, np.where(missing, np.nan, judged.good), judged.groups, judged.novel)
    for known, unknown in zip(_calibrate(judged, 0.1), _calibrate(partly, 0.1), strict=True):
        assert (unknown.threshold or -1.0) <= (known.threshold or -1.0)


def test_shapes_that_do_not_fit_are_refused() -> None:
    """A column too many would be some other model's."""
    with pytest.raises(ValueError, match="2 rows"):
        Judged(("weak", "strong"), np.zeros((2, 3)), np.zeros((2, 2)), ["", ""], np.zeros(2, dtype=bool))


def test_the_promise_is_kept_as_often_as_it_says_and_a_plug_in_threshold_breaks_it() -> None:
    """400 calibrations with 600 labels each, on a population whose true misroute rate at every threshold is known.

    Three standard errors are allowed. The plug-in threshold, at which the labels themselves show the promised rate, breaks the
    promise about every second time; a test that missed a wrong bound would miss that too.
    """
    truth = _family(100_000, 7)
    harms, opens = (np.sort(column) for column in reversed(risks_below(truth, 2)))
    broken = naive = 0
    down: list[float] = []
    for seed in range(400):
        sample = risks_below(_family(600, 1000 + seed), 2).harms
        threshold = choose_threshold(sample, misroute=0.05, confidence=0.95)
        assert threshold is not None
        broken += float(np.searchsorted(harms, threshold, side="right")) / len(harms) > 0.05
        down.append(float(np.searchsorted(opens, threshold, side="right")) / len(opens))
        plug_in = float(np.sort(sample)[30])  # the 31st misroute is one too many: 30 of 600 are 5 %
        naive += float(np.searchsorted(harms, plug_in, side="left")) / len(harms) > 0.05
    assert broken <= 20 + 3 * math.sqrt(400 * 0.05 * 0.95)
    assert naive >= 120
    assert np.mean(down) > 0.2
