"""The lazy timer: rings at its moment, never before, and touches the loop's timers seldom."""

import asyncio
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from triplepoint.upstreams.transport.alarm import Alarm


class _Handle:
    def __init__(self, at: float, callback: Callable[[], None]) -> None:
        self.at = at
        self.callback = callback
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


class _Loop(asyncio.AbstractEventLoop):
    """A loop whose time is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[_Handle] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[[], None], *args: object, context: object = None) -> _Handle:  # pyright: ignore[reportIncompatibleMethodOverride]
        timer = _Handle(when, callback)
        self.timers.append(timer)
        return timer

    def go(self, to: float) -> None:
        while due := sorted(
            (timer for timer in self.timers if not timer.is_cancelled and timer.at <= to), key=lambda timer: timer.at
        ):
            self.timers.remove(due[0])
            self.now = max(self.now, due[0].at)
            due[0].callback()
        self.now = to


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 20)), min_size=1, max_size=30))
def test_it_rings_at_the_last_moment_set(moves: list[tuple[int, int]]) -> None:
    """However the moment is moved, the alarm rings where it was last, unless it came before the next move."""
    loop = _Loop()
    rung: list[float] = []
    alarm = Alarm(loop, lambda: rung.append(loop.now))
    expected: list[float] = []
    for pause, ahead in moves:
        at = loop.now + ahead
        alarm.move(at)
        if pause >= ahead:
            expected.append(at)
        loop.go(loop.now + pause)
    if alarm.at != float("inf"):
        expected.append(alarm.at)
    loop.go(loop.now + 1000)
    assert len(rung) == len(expected)
    assert all(abs(was - should) <= 0.001 for was, should in zip(rung, expected, strict=True))
    assert not [timer for timer in loop.timers if not timer.is_cancelled]


def test_requests_share_a_timer() -> None:
    """A thousand requests that end long before their limits cost two timers, not a thousand."""
    loop = _Loop()
    alarm = Alarm(loop, lambda: None)
    made = 0
    call_at = loop.call_at

    def counting(when: float, callback: Callable[[], None]) -> _Handle:
        nonlocal made
        made += 1
        return call_at(when, callback)

    loop.call_at = counting  # pyright: ignore[reportAttributeAccessIssue]
    for _ in range(1000):
        alarm.move(loop.now + 120)
        loop.go(loop.now + 0.01)
        alarm.move(loop.now + 60)
        alarm.rest()
    assert made == 2


def test_a_stopped_alarm_is_silent() -> None:
    """`stop` lets go of the timer; `rest` keeps it and rings no more."""
    loop = _Loop()
    rung: list[float] = []
    alarm = Alarm(loop, lambda: rung.append(loop.now))
    alarm.move(1.0)
    alarm.rest()
    loop.go(2.0)
    alarm.move(3.0)
    alarm.stop()
    loop.go(4.0)
    assert rung == []
