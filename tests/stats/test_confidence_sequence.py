"""A running interval holds the mean at all looks at once, and is narrow."""

import itertools
import math

import msgspec
import numpy as np
import pytest

from triplepoint.stats.confidence_sequence import Checkpoint, ConfidenceSequence


def _run(values: np.ndarray, confidence: float = 0.95) -> list[tuple[float, float]]:
    sequence = ConfidenceSequence(confidence)
    seen: list[tuple[float, float]] = []
    for value in values:
        sequence.add(float(value))
        seen.append(sequence.interval)
    return seen


@pytest.mark.parametrize("mean", [0.03, 0.5])
def test_it_holds_the_mean_at_every_look(mean: float) -> None:
    """Of 100 streams at 90 % confidence at most 10 (and chance) ever leave the mean out; each narrows all the time."""
    generator = np.random.default_rng(11)
    left_out = 0
    for _ in range(100):
        seen = _run(generator.random(250) < mean, 0.9)
        left_out += any(not low <= mean <= high for low, high in seen)
        assert all(later[0] >= sooner[0] and later[1] <= sooner[1] for sooner, later in itertools.pairwise(seen))
    assert left_out <= 10 + 3 * math.sqrt(9)


def test_it_is_nearly_as_narrow_as_a_single_look_allows() -> None:
    """After 4,000 values at most twice as wide as the interval of one look, for rare and for continuous values."""
    generator = np.random.default_rng(12)
    for values in (generator.random(4000) < 0.05, generator.beta(10, 30, 4000)):
        low, high = _run(values)[-1]
        assert low < float(np.mean(values)) < high
        assert high - low < 2 * (2 * 1.96 * float(np.std(values)) / math.sqrt(4000)) + 0.002


def test_weights_undo_a_lopsided_sample() -> None:
    """Bad values are drawn five times as often; weighted, the interval holds the mean of all."""
    generator = np.random.default_rng(13)
    bad = generator.random(20_000) < 0.04
    sampled = generator.random(20_000) < np.where(bad, 0.5, 0.1)
    plain, weighted = ConfidenceSequence(), ConfidenceSequence()
    for is_bad in bad[sampled]:
        plain.add(float(is_bad))
        weighted.add(float(is_bad), weight=0.2 if is_bad else 1.0)
    assert weighted.interval.low < 0.04 < weighted.interval.high
    assert plain.interval.low > 0.04


def test_a_checkpoint_goes_on_bit_for_bit() -> None:
    """Through JSON."""
    generator = np.random.default_rng(14)
    straight, halted = ConfidenceSequence(), ConfidenceSequence()
    for value in generator.random(40):
        straight.add(value)
        halted.add(value)
        halted = ConfidenceSequence.restore(msgspec.json.decode(msgspec.json.encode(halted.checkpoint()), type=Checkpoint))
    assert halted.checkpoint() == straight.checkpoint()


def test_nothing_seen_is_nothing_known_and_impossible_values_are_refused() -> None:
    """The interval begins as [0, 1]."""
    sequence = ConfidenceSequence()
    assert sequence.interval == (0.0, 1.0)
    for value, weight in ((1.5, 1.0), (0.5, 0.0), (math.nan, 1.0)):
        with pytest.raises(ValueError, match="weight"):
            sequence.add(value, weight=weight)
    with pytest.raises(ValueError, match="confidence"):
        ConfidenceSequence(1.0)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_stream_of_one_value_ends_at_that_value(value: float) -> None:
    """The end on its side stays open: the mean may be exactly there."""
    low, high = _run(np.full(2000, value))[-1]
    assert (low if value == 0.0 else 1 - high) == 0.0
    assert high - low < 0.02
