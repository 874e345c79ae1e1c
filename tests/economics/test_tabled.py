import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools import energy as tool

from triplepoint.economics.decode import features, load_fit, predict
from triplepoint.economics.tabled import Curve, curves, interpolate, serving, table_parts
from triplepoint.upstreams.measured import measurements

POINTS = st.lists(st.floats(-5, 5), min_size=2, max_size=8)


@given(POINTS, st.floats(0, 1))
def test_a_curve_never_leaves_its_neighbours(ys: list[float], share: float):
    """Between two points the curve stays between their values, so it is monotone wherever they are."""
    xs = [float(i * i + i) for i in range(len(ys))]
    x = share * xs[-1]
    i = next(k for k in range(1, len(xs)) if xs[k] >= x)
    low, high = sorted((ys[i - 1], ys[i]))
    assert low - 1e-9 <= interpolate(xs, ys, x) <= high + 1e-9


@given(POINTS)
def test_a_curve_goes_through_its_points(ys: list[float]):
    """What was measured is what is read."""
    xs = [1.5**i for i in range(len(ys))]
    assert [interpolate(xs, ys, x) for x in xs] == pytest.approx(ys, abs=1e-9)


def test_every_measurement_is_in_one_curve():
    """No run is lost, and batches ascend strictly, also where one was measured twice."""
    found = curves(measurements())
    assert len(found) > 50
    for curve in found:
        assert all(a < b for a, b in zip(curve.ln_batch, curve.ln_batch[1:], strict=False))
    assert sum(len(curve.ln_batch) for curve in found) == pytest.approx(len(measurements()), abs=3)


def test_beyond_the_measured_batches_the_error_grows():
    """A batch far outside has a wider part than one inside, and more so the farther it is."""
    curve = _curve()
    inside, outside, farther = (table_parts([curve], [(batch, 1.0)])[0].sigma for batch in (64.0, 6000.0, 30_000.0))
    assert inside < outside < farther


def test_chat_and_reasoning_count_alike():
    """Two curves of chat and one of reasoning weigh a half each in the mixture."""
    chat = _curve()
    reasoning = replace(chat, serving=replace(chat.serving, is_reasoning=True))
    parts = table_parts([chat, chat, reasoning], [(64.0, 1.0)])
    assert sorted(part.weight for part in parts) == pytest.approx([0.25, 0.25, 0.5])


def test_what_was_not_measured_is_worked_out_from_the_other():
    """A model of which only chat was measured takes more for reasoning, and its part is wider."""
    chat, reasoning = table_parts([_curve()], [(64.0, 1.0)])
    assert reasoning.ln - chat.ln == pytest.approx(math.log(1.3))
    assert reasoning.sigma > chat.sigma


def test_left_out_batches_are_met():
    """With each inner batch left out in turn, three quarters are met within 5 % and nine tenths within 10 %."""
    errors = tool.left_out(curves(measurements()), interpolate)
    assert sum(error <= 0.05 for error in errors) / len(errors) >= 0.75
    assert sum(error <= 0.10 for error in errors) / len(errors) >= 0.90


def test_the_coefficients_are_those_of_a_new_fit():
    """The packaged regression is what the packaged table gives."""
    rows = tool.fitted_rows()
    fit, held = tool.fit_ridge(rows), load_fit()
    for row in rows[::20]:
        told = features(serving(row))
        assert predict(held, told) == pytest.approx(predict(fit, told), abs=1e-5)


def test_intervals_hold_an_unseen_family_nine_times_in_ten():
    """With each family held back, intervals learned from the others cover 85 to 95 % of its rows and are at most 1.8 wide."""
    covered, factors = tool.coverage(tool.fitted_rows())
    assert 0.85 <= covered <= 0.95
    assert sorted(factors)[len(factors) // 2] <= 1.8


def test_the_packaged_interval_is_that_of_unseen_families():
    """What the regression says of its error is measured on families that it had not seen."""
    errors = [error for of_family in tool.residuals(tool.fitted_rows()).values() for error in of_family]
    within = sum(abs(error) <= math.log(load_fit().within) for error in errors) / len(errors)
    assert within == pytest.approx(0.9, abs=0.01)


def _curve() -> Curve:
    return next(
        curve
        for curve in curves(measurements())
        if not curve.serving.is_reasoning and curve.serving.total_params_b == 70 and curve.serving.gpus == 4
    )
