"""The evidence of bets is a fair game under the hypothesis, grows against it, and is replayed bit for bit."""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.stats.betting import STAKES, EProcess, deposit_at

_UNIT = st.floats(0, 1)
_WEIGHT = st.floats(0.01, 1)
_HISTORY = st.lists(st.tuples(_UNIT, _WEIGHT), max_size=30)


def _after(process: EProcess, history: list[tuple[float, float]]) -> EProcess:
    for value, weight in history:
        process = process.after(value, weight=weight)
    return process


@given(st.floats(0.01, 0.99), _HISTORY, st.floats(0, 1), _WEIGHT)
def test_no_value_with_a_mean_at_the_threshold_is_expected_to_add_evidence(
    threshold: float, history: list[tuple[float, float]], spread: float, weight: float
) -> None:
    """Any history, then a value that is low or high with a mean of exactly the threshold: on average nothing changes."""
    before = _after(EProcess(threshold), history)
    low, high = threshold * (1 - spread), threshold + (1 - threshold) * spread
    up = (threshold - low) / (high - low) if high > low else 0.0
    mean = up * before.after(high, weight=weight).evidence + (1 - up) * before.after(low, weight=weight).evidence
    assert mean == pytest.approx(before.evidence, rel=1e-9)


@given(st.floats(0.01, 0.99), _HISTORY, _UNIT, _UNIT)
def test_a_higher_value_is_more_evidence(
    threshold: float, history: list[tuple[float, float]], one: float, other: float
) -> None:
    """So a mean below the threshold is expected to lose, and the hypothesis covers all of them."""
    before = _after(EProcess(threshold), history)
    low, high = sorted((one, other))
    assert before.after(low).evidence <= before.after(high).evidence * (1 + 1e-12)


@given(st.floats(0.01, 0.99), _HISTORY, _HISTORY)
def test_a_checkpoint_goes_on_bit_for_bit(
    threshold: float, early: list[tuple[float, float]], late: list[tuple[float, float]]
) -> None:
    """Through JSON, at any moment."""
    checkpoint = msgspec.json.encode(_after(EProcess(threshold), early))
    assert _after(msgspec.json.decode(checkpoint, type=EProcess), late) == _after(EProcess(threshold), early + late)


def test_what_is_staked_is_one() -> None:
    """Shares are of the whole, and deposits never come to more than it: else the promise would be that many times weaker."""
    assert math.fsum(stake.share for stake in STAKES) == pytest.approx(1.0)
    assert all(0 < stake.fraction < 1 for stake in STAKES)
    deposits = [deposit_at(n) for n in range(10**6)]
    assert min(deposits) > 0
    assert 0.99 < math.fsum(deposits) < 1


def test_by_hand() -> None:
    """One bad answer at a threshold of 10 %: a stake of half is paid 0.5 × 9 on top."""
    process = EProcess(0.1).after(1.0)
    assert process.evidence == pytest.approx(0.3 + 0.7 * sum(stake.share * (1 + stake.fraction * 9) for stake in STAKES))
    assert process.highest == process.evidence
    after_good = process.after(0.0)
    assert after_good.evidence < process.evidence
    assert after_good.highest == process.evidence


def test_false_alarms_are_as_rare_as_promised_and_true_ones_come() -> None:
    """500 streams at exactly the threshold pass evidence of 20 in at most 5 %; 60 at three times the threshold pass 1,000."""
    generator = np.random.default_rng(20261126)
    passed = sum(_highest(generator.random(600) < 0.05) >= 20 for _ in range(500))
    assert 1 <= passed <= 25 + 3 * math.sqrt(500 * 0.05 * 0.95)
    assert all(_highest(generator.random(600) < 0.15) >= 1000 for _ in range(60))


def _highest(values: np.ndarray) -> float:
    process = EProcess(0.05)
    for value in values:
        process = process.after(float(value))
    return process.highest


def test_a_long_good_time_does_not_blunt_it() -> None:
    """After 3,000 values at 2 % a rise to 20 % is seen within 250 more; bets that are all made at once take more than that."""
    generator = np.random.default_rng(3)
    for _ in range(10):
        process = EProcess(0.05)
        at_once = [stake.share for stake in STAKES]
        for value in np.concatenate([generator.random(3000) < 0.02, generator.random(250) < 0.2]):
            process = process.after(float(value))
            factors = [1 + stake.fraction * (float(value) - 0.05) / 0.05 for stake in STAKES]
            at_once = [capital * factor for capital, factor in zip(at_once, factors, strict=True)]
        assert process.highest >= 1000
        assert sum(at_once) < 1000


def test_weights_undo_a_lopsided_sample() -> None:
    """Bad requests are audited five times as often: unweighted the sample is above the threshold, weighted it is not."""
    generator = np.random.default_rng(7)
    bad = generator.random(40_000) < 0.03
    sampled = generator.random(40_000) < np.where(bad, 0.5, 0.1)
    plain, weighted = EProcess(0.05), EProcess(0.05)
    for is_bad in bad[sampled]:
        plain = plain.after(float(is_bad))
        weighted = weighted.after(float(is_bad), weight=0.1 / (0.5 if is_bad else 0.1))
    assert plain.highest >= 1000
    assert weighted.highest < 20


def test_it_neither_overflows_nor_ends() -> None:
    """Ten thousand bad values and then as many good ones leave finite numbers."""
    process = EProcess(0.001)
    for value in (1.0, 0.0):
        for _ in range(10_000):
            process = process.after(value)
    assert math.isfinite(process.highest)
    assert 0 <= process.evidence < process.highest


@pytest.mark.parametrize(
    ("value", "weight"), [(-0.1, 1.0), (1.1, 1.0), (math.nan, 1.0), (0.5, 0.0), (0.5, 1.1), (0.5, math.nan)]
)
def test_values_out_of_bounds_are_refused(value: float, weight: float) -> None:
    """For they would void the promise."""
    with pytest.raises(ValueError, match="weight"):
        EProcess(0.05).after(value, weight=weight)


@pytest.mark.parametrize("threshold", [0.0, 1.0, -1.0, math.nan])
def test_thresholds_out_of_bounds_are_refused(threshold: float) -> None:
    """Nothing is above 1, and everything may be above 0."""
    with pytest.raises(ValueError, match="threshold"):
        EProcess(threshold)
