import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.economics.allocation import Weights, Window, Work, allocate, learn_weights

TRUTH = Weights(input_j=0.2, output_j=0.8, context_j=0.0001, idle_w=110.0)
COUNTS = st.floats(0, 1e6)
WORK = st.builds(Work, COUNTS, COUNTS, COUNTS)
WINDOWS = st.builds(Window, st.floats(1, 100), st.floats(0, 1e7), st.dictionaries(st.text(max_size=3), WORK, max_size=6))
WEIGHTS = st.builds(Weights, st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1000))


@given(WINDOWS, WEIGHTS)
def test_shares_and_idle_rest_are_what_was_counted(window: Window, weights: Weights):
    """Whatever the work and the weights, no joule is lost or made up, and none is negative."""
    shared = allocate(window, weights)
    assert shared.requests.keys() == window.work.keys()
    assert math.fsum([*shared.requests.values(), shared.idle_j]) == pytest.approx(window.joules, rel=1e-9, abs=1e-9)
    assert all(joules >= 0 for joules in shared.requests.values())
    assert shared.idle_j >= -1e-9 * window.joules


def test_a_window_without_work_is_idle():
    """What nobody asked for is nobody's."""
    assert allocate(Window(10, 1100.0), TRUTH).idle_j == 1100.0


def test_weights_are_learned_from_a_noisy_counter():
    """From 600 windows of a counter that refreshes every 100 ms and errs by 5 %, each class of work is met within 5 %."""
    draw = random.Random(11)
    windows = [_window(draw) for _ in range(600)]
    learned = learn_weights(windows)
    assert learned.idle_w == pytest.approx(TRUTH.idle_w, rel=0.05)
    for kind in ("a", "b", "c"):
        true = math.fsum(_truth(window.work[kind]) for window in windows)
        told = math.fsum(allocate(window, learned).requests[kind] for window in windows)
        assert told == pytest.approx(true, rel=0.05)


def test_no_weight_is_below_zero():
    """Where noise would make one kind of token give energy back, it weighs nothing."""
    draw = random.Random(3)
    windows = [
        Window(1.0, 100 + output * 2 - context * 0.001, {"r": Work(0.0, output, context)})
        for output, context in ((draw.uniform(0, 500), draw.uniform(0, 1000)) for _ in range(50))
    ]
    learned = learn_weights(windows)
    assert learned.context_j == 0
    assert learned.output_j == pytest.approx(2, rel=0.01)


def test_too_few_windows_are_refused():
    """Four weights are not learned from three windows, nor from any number without energy or work."""
    with pytest.raises(ValueError, match="too few"):
        learn_weights([_window(random.Random(i)) for i in range(3)])


def _window(draw: random.Random) -> Window:
    work = {
        "a": Work(draw.uniform(0, 5000), draw.uniform(0, 100), draw.uniform(0, 1e5)),
        "b": Work(draw.uniform(0, 200), draw.uniform(0, 2000), draw.uniform(0, 4e6)),
        "c": Work(draw.uniform(0, 1000), draw.uniform(0, 500), draw.uniform(0, 5e5)),
    }
    seconds = draw.uniform(1, 20)
    counted = seconds + draw.uniform(-0.1, 0.1)  # the counter's last refresh is not the window's end
    joules = (TRUTH.idle_w * seconds + math.fsum(map(_truth, work.values()))) * counted / seconds
    return Window(seconds, joules * draw.uniform(0.95, 1.05), work)


def _truth(work: Work) -> float:
    return TRUTH.input_j * work.input_tokens + TRUTH.output_j * work.output_tokens + TRUTH.context_j * work.context_tokens
