"""Pauses between restarts."""

import random

from hypothesis import given
from hypothesis import strategies as st

from triplepoint.upstreams.local.backoff import Backoff


def backoff(seed: int) -> Backoff:
    """Return the supervisor's usual back-off."""
    return Backoff(first_s=0.5, longest_s=30.0, settled_s=60.0, rng=random.Random(seed))


@given(seed=st.integers())
def test_pauses_double_up_to_the_longest(seed: int):
    """Each span is twice the one before, up to the longest, and each pause lies in the upper half of its span."""
    tested = backoff(seed)
    for number in range(12):
        span_s = min(30.0, 0.5 * 2**number)
        assert span_s / 2 <= tested.next_s(well_s=1.0) <= span_s


@given(seed=st.integers(), deaths=st.integers(0, 10))
def test_a_long_life_starts_anew(seed: int, deaths: int):
    """After a minute of health the next pause is a first one."""
    tested = backoff(seed)
    for _ in range(deaths):
        tested.next_s(well_s=0.0)
    assert tested.next_s(well_s=60.0) <= 0.5
    assert tested.next_s(well_s=0.0) <= 1.0
