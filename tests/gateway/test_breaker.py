"""The circuit breaker: opens after enough failures in a row, lets one try after its rest, and never lets two."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from triplepoint.gateway.breaker import Breaker
from triplepoint.settings import BreakerSettings

SETTINGS = BreakerSettings.model_validate({"failures": 3, "rest": "10s"})


def broken() -> Breaker:
    """Return a breaker that opened at second 0."""
    breaker = Breaker(SETTINGS)
    for _ in range(3):
        breaker.failed(0.0)
    return breaker


def test_it_opens_after_failures_in_a_row() -> None:
    """A success in between begins the count anew."""
    breaker = Breaker(SETTINGS)
    breaker.failed(0.0)
    breaker.failed(0.0)
    breaker.succeeded()
    breaker.failed(0.0)
    breaker.failed(0.0)
    assert (breaker.allows(0.0), breaker.state(0.0)) == (True, "closed")
    breaker.failed(0.0)
    assert (breaker.allows(0.0), breaker.state(0.0), breaker.rest_s(4.0)) == (False, "open", 6.0)


def test_after_its_rest_one_may_try() -> None:
    """The first to ask gets the one try; the others wait for its end."""
    breaker = broken()
    assert not breaker.allows(9.9)
    assert breaker.state(10.0) == "half-open"
    assert [breaker.allows(10.0) for _ in range(3)] == [True, False, False]


def test_the_try_decides() -> None:
    """Success closes it at once, failure opens it for another rest."""
    breaker = broken()
    breaker.allows(10.0)
    breaker.failed(11.0)
    assert (breaker.allows(20.9), breaker.allows(21.0)) == (False, True)
    breaker.succeeded()
    assert [breaker.allows(21.0) for _ in range(3)] == [True, True, True]


def test_a_try_that_told_nothing_is_given_back() -> None:
    """A caller that leaves within the try takes nothing with it: the next may try."""
    breaker = broken()
    assert breaker.allows(10.0)
    breaker.abandoned()
    assert breaker.allows(10.0)


def test_giving_up_an_attempt_does_not_close_it() -> None:
    """An abandoned attempt is neither a success nor a failure."""
    breaker = broken()
    breaker.abandoned()
    assert (breaker.state(5.0), breaker.allows(5.0)) == ("open", False)


class Life(RuleBasedStateMachine):
    """A breaker beside a model of it that is too simple to be wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.breaker = Breaker(SETTINGS)
        self.now_s = 0.0
        self.in_a_row = 0
        self.failed_s = 0.0
        self.trying = 0

    @rule(seconds=st.floats(0, 12))
    def wait(self, seconds: float) -> None:
        """Time only goes on."""
        self.now_s += seconds

    @rule()
    def ask(self) -> None:
        """Whoever asks is let through if it is closed, or rested and untried."""
        is_closed = self.in_a_row < 3
        may = is_closed or (self.now_s >= self.failed_s + 10 and not self.trying)
        assert self.breaker.allows(self.now_s) == may
        if may and not is_closed:
            self.trying = 1

    @rule()
    def fail(self) -> None:
        """An attempt fails."""
        self.breaker.failed(self.now_s)
        self.in_a_row, self.failed_s, self.trying = self.in_a_row + 1, self.now_s, 0

    @rule()
    def succeed(self) -> None:
        """An attempt succeeds."""
        self.breaker.succeeded()
        self.in_a_row = self.trying = 0

    @rule()
    def abandon(self) -> None:
        """A caller leaves."""
        self.breaker.abandoned()
        self.trying = 0

    @invariant()
    def says_how_it_is(self) -> None:
        """State and rest agree with what it would answer."""
        state = self.breaker.state(self.now_s)
        assert (state == "closed") == (self.in_a_row < 3)
        assert (self.breaker.rest_s(self.now_s) > 0) == (state == "open")


TestLife = Life.TestCase
