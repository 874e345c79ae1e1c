import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.gateway.pace import Pace, duration_text

GAPS = st.lists(st.floats(0, 90) | st.sampled_from([0.0, 0.0, 0.001, 0.5, 1.0]), min_size=1, max_size=80)
RATES = st.integers(1, 5) | st.integers(1, 100_000)


def admitted_at(gaps: Sequence[float], rate: int) -> list[float]:
    """Return the moments at which requests, each so long after the one before, are let through."""
    pace, moments = Pace(), list(itertools.accumulate(gaps, initial=1000.0))
    return [moment for moment in moments if not pace.admit("key", rate, moment).wait_s]


@given(GAPS, RATES)
def test_never_more_than_burst_and_rate_allow(gaps: list[float], rate: int) -> None:
    """In any stretch of time no more requests pass than the burst and what the rate brings in that time."""
    moments = admitted_at(gaps, rate)
    for first in range(len(moments)):
        for last in range(first, len(moments)):
            assert last - first + 1 <= rate + rate / 60 * (moments[last] - moments[first]) + 1e-6


@given(RATES.filter(lambda rate: rate <= 2000))
def test_a_fresh_key_has_its_whole_burst_at_once(rate: int) -> None:
    """As many requests as the minute allows pass at one moment, the next one does not."""
    assert len(admitted_at([0.0] * (rate + 3), rate)) == rate


@given(GAPS, RATES)
def test_it_says_when_and_keeps_its_word(gaps: list[float], rate: int) -> None:
    """A refused request passes after the wait that it was told, and not a good deal earlier."""
    pace, now_s = Pace(), 1000.0
    for gap in gaps:
        now_s += gap
        standing = pace.admit("key", rate, now_s)
        if standing.wait_s:
            if standing.wait_s > 1e-3:
                assert pace.admit("key", rate, now_s + standing.wait_s - 1e-3).wait_s
            assert not pace.admit("key", rate, now_s + standing.wait_s + 1e-6).wait_s
            return


@given(GAPS, RATES)
def test_what_remains_is_what_passes(gaps: list[float], rate: int) -> None:
    """As many requests pass at once as the last answer said would, and all of them after its reset."""
    pace, now_s = Pace(), 1000.0
    standing = pace.admit("key", rate, now_s)
    for gap in gaps:
        now_s += gap
        standing = pace.admit("key", rate, now_s)
    rest = min(standing.remaining, 50)
    assert all(not pace.admit("key", rate, now_s).wait_s for _ in range(rest))
    if standing.remaining == rest:
        assert pace.admit("key", rate, now_s).wait_s
    fresh = pace.admit("key", rate, now_s + 60.001)
    assert fresh.remaining >= rate - 1 - rest


def test_keys_do_not_share_their_pace() -> None:
    """One key's haste costs another nothing."""
    pace = Pace()
    assert not pace.admit("a", 1, 5.0).wait_s
    assert pace.admit("a", 1, 5.0).wait_s == pytest.approx(60.0)
    assert not pace.admit("b", 1, 5.0).wait_s


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, b"0ms"),
        (0.0001, b"1ms"),
        (0.25, b"250ms"),
        (0.9999, b"1s"),
        (1, b"1s"),
        (59.2, b"1m0s"),
        (360, b"6m0s"),
        (61, b"1m1s"),
    ],
)
def test_durations_are_written_as_openai_does(seconds: float, text: bytes) -> None:
    """A duration is told in the units of OpenAI's headers, rounded up."""
    assert duration_text(seconds) == text
