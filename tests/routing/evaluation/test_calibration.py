"""Expected calibration error and reliability."""

import numpy as np
import pytest

from triplepoint.routing.evaluation.calibration import reliability


def test_by_hand() -> None:
    """Two bins: 0.1 said and nothing came, 0.9 said and half came."""
    found = reliability(np.array([0.1, 0.1, 0.9, 0.9]), np.array([0.0, 0, 1, 0]), bins=2)
    np.testing.assert_allclose(found.predicted, [0.1, 0.9])
    np.testing.assert_allclose(found.observed, [0.0, 0.5])
    np.testing.assert_allclose(found.counts, [2, 2])
    assert found.error == pytest.approx((0.1 + 0.4) / 2)


def test_certainty_has_a_bin() -> None:
    """Exactly 0 and exactly 1 are inside."""
    assert reliability(np.array([0.0, 1.0]), np.array([0.0, 1.0])).error == 0


def test_true_probabilities_are_nearly_calibrated_and_squared_ones_are_not() -> None:
    """With ten thousand labels chance gives about a hundredth; a wrong scale shows."""
    generator = np.random.default_rng(1)
    probability = generator.random(10_000)
    came = (generator.random(10_000) < probability).astype(float)
    assert reliability(probability, came).error < 0.02
    assert reliability(probability**2, came).error > 0.1
