"""The throttle: free tries, then waits that double, by name and by address."""

import pytest
from tests.access.helpers import HandClock

from triplepoint.access.throttle import ADDRESS, NAME, Throttle
from triplepoint.foundation.errors import RateLimited


def _fail(throttle: Throttle, clock: HandClock, name: str, address: str) -> float:
    """Fail once, waiting as long as asked; returns the wait."""
    try:
        throttle.check(name, address)
    except RateLimited as limited:
        wait_s = limited.retry_after_s or 0.0
        clock.pass_s(wait_s)
        throttle.check(name, address)
        return wait_s
    return 0.0


def test_waits_double_up_to_the_limit() -> None:
    """After the free tries each failure doubles the wait, to the longest and no further."""
    clock = HandClock()
    throttle = Throttle(clock)
    waits = [_fail(throttle, clock, "ada", f"address {turn}") for turn in range(NAME.free + 8)]
    assert waits[: NAME.free] == [0.0] * NAME.free
    assert waits[NAME.free :] == pytest.approx([1, 2, 4, 8, 16, 30, 30, 30])


def test_one_address_with_many_names_is_slowed() -> None:
    """Trying one password on many names runs into the wait of the address, which grows long."""
    clock = HandClock()
    throttle = Throttle(clock)
    waits = [_fail(throttle, clock, f"name {turn}", "one address") for turn in range(ADDRESS.free + 14)]
    assert waits[: ADDRESS.free] == [0.0] * ADDRESS.free
    assert waits[-1] == ADDRESS.longest_s


def test_tries_sent_at_once_do_not_slip_by() -> None:
    """A try counts from its beginning, so a burst gets no more than the free ones."""
    throttle = Throttle(HandClock())
    for _ in range(NAME.free):
        throttle.check("ada", "here")
    with pytest.raises(RateLimited) as caught:
        throttle.check("ada", "here")
    assert caught.value.code == "login_throttled"
    assert caught.value.retry_after_s == pytest.approx(1.0)


def test_success_forgets_the_name_but_not_the_address() -> None:
    """Who logs in is free again; the address's other failures stay."""
    clock = HandClock()
    throttle = Throttle(clock)
    for turn in range(ADDRESS.free - 1):
        throttle.check(f"name {turn}", "here")
    throttle.check("ada", "here")
    throttle.succeeded("ada", "here")
    throttle.check("bob", "here")
    with pytest.raises(RateLimited):
        throttle.check("carol", "here")


def test_failures_are_forgotten_in_time() -> None:
    """A name that nobody tried for twice the longest wait is free again."""
    clock = HandClock()
    throttle = Throttle(clock)
    for _ in range(NAME.free + 6):
        _fail(throttle, clock, "ada", "here")
    clock.pass_s(2 * max(NAME.longest_s, ADDRESS.longest_s) + 1)
    assert [_fail(throttle, clock, "ada", "here") for _ in range(NAME.free)] == [0.0] * NAME.free


def test_a_clock_that_steps_back_frees_nobody() -> None:
    """Waits are measured on the steady clock; the wall clock does not matter."""
    clock = HandClock()
    throttle = Throttle(clock)
    for _ in range(NAME.free):
        throttle.check("ada", "here")
    clock.us += 10**12
    with pytest.raises(RateLimited):
        throttle.check("ada", "here")


def test_others_are_not_held_up() -> None:
    """Failures of one name at one address cost another name elsewhere nothing."""
    clock = HandClock()
    throttle = Throttle(clock)
    for _ in range(NAME.free + ADDRESS.free):
        _fail(throttle, clock, "ada", "here")
    assert _fail(throttle, clock, "bob", "there") == 0.0
