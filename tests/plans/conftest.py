"""Counters of each kind, to hold both to the same promises."""

import pytest

from triplepoint.plans.counters.memory import MemoryCounters
from triplepoint.plans.counters.ports import Counters


@pytest.fixture(params=["memory"])
def counters(request: pytest.FixtureRequest) -> Counters:
    """Give a test counters that know nothing yet."""
    assert request.param == "memory"
    return MemoryCounters()
