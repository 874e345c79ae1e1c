"""Sums of the last minute and hour, from looks at rollups that grow."""

from dataclasses import dataclass, field
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from triplepoint.console.sums import HOUR_US, History, Tally, add_up, first_hour, floor_hour
from triplepoint.ledger.model import Rollup

BEGUN_US = 1_795_298_400_000_000  # a full hour
MODELS = ("nano", "regular")


@dataclass
class Books:
    """A ledger that adds up hours, on a clock that is moved by hand."""

    now_us: int = BEGUN_US + 600_000_000
    steady_s: float = 50.0
    hours: dict[tuple[int, str], Tally] = field(default_factory=dict[tuple[int, str], Tally])
    settled: list[tuple[int, Tally]] = field(default_factory=list[tuple[int, Tally]])
    history: History = field(default_factory=History)

    def settle(self, model: str, *, cost: str = "0.25", failed: int = 0) -> None:
        """Let an attempt of this moment end."""
        tally = Tally(requests=1, attempts=1, failed=failed, cost=Decimal(cost))
        key = (floor_hour(self.now_us), model)
        self.hours[key] = self.hours.get(key, Tally()) + tally
        self.settled.append((self.now_us, tally))

    def look(self) -> None:
        """Look at the rollups, as the console does."""
        since_us = first_hour(self.now_us)
        rollups = [
            Rollup(
                hour_us=hour,
                customer_id="cust_1",
                key_id="k",
                plan="",
                served_model=model,
                lineup="x",
                requests=tally.requests,
                attempts=tally.attempts,
                failed=tally.failed,
                cost_usd=str(tally.cost),
            )
            for (hour, model), tally in self.hours.items()
            if hour >= since_us
        ]
        self.history.observe(add_up(rollups), at_s=self.steady_s, now_us=self.now_us)

    def pass_s(self, seconds: float) -> None:
        """Let time pass."""
        self.now_us += round(seconds * 1e6)
        self.steady_s += seconds

    def truth(self, seconds: float) -> Tally:
        """Add up what was settled in the last seconds."""
        return sum((tally for at, tally in self.settled if at > self.now_us - seconds * 1e6), Tally())


def test_the_first_look_knows_the_running_hour() -> None:
    """A console that has just started shows what the running hour cost so far, and says since when."""
    books = Books()
    books.settle("nano")
    books.look()
    hour, minute = books.history.hour(), books.history.minute()
    assert hour.total == Tally(1, 1, 0, Decimal("0.25"), 0)
    assert not hour.is_whole
    assert hour.seconds == 600
    assert minute.total == Tally()


def test_what_came_before_the_running_hour_is_not_in_it() -> None:
    """The sum of the running hour leaves the hour before out."""
    books = Books(now_us=BEGUN_US - 1_000_000)
    books.settle("nano")
    books.pass_s(11)
    books.settle("regular")
    books.look()
    assert set(books.history.hour().models) == {"regular"}


def test_customers_and_lineups_are_added_up() -> None:
    """Rollups of one hour and model become one tally, whoever paid."""
    rollups = [
        Rollup(
            hour_us=0,
            customer_id=customer,
            key_id="k",
            plan="",
            served_model="nano",
            lineup="x",
            attempts=2,
            cost_usd="0.1",
            unpriced=1,
        )
        for customer in ("cust_1", "cust_2")
    ]
    assert add_up(rollups) == {(0, "nano"): Tally(attempts=4, cost=Decimal("0.2"), unpriced=2)}


_STEPS = st.lists(st.tuples(st.sampled_from([2.0, 3.0, 5.0]), st.sampled_from(MODELS), st.integers(0, 3)), max_size=60)


@given(steps=_STEPS, begin_s=st.integers(0, 3599))
def test_the_minute_is_exact(steps: list[tuple[float, str, int]], begin_s: int) -> None:
    """What a look reports for its span is what was settled in it, to the last digit, also across the full hour."""
    books = Books(now_us=BEGUN_US + begin_s * 1_000_000)
    books.look()
    for seconds, model, count in steps:
        books.pass_s(seconds)
        for _ in range(count):
            books.settle(model, cost="0.000001")
        books.look()
        span = books.history.minute()
        assert span.total == books.truth(span.seconds)
        assert span.seconds <= 60 + 5


def test_the_hour_slides() -> None:
    """After an hour the sum is of the last hour, half a minute more or less, across the full hour too."""
    books = Books(now_us=BEGUN_US + 1800 * 1_000_000)
    books.look()
    for _ in range(5400 // 10):
        books.pass_s(10)
        books.settle("nano", failed=1)
        books.look()
    span = books.history.hour()
    assert span.is_whole
    assert 3600 <= span.seconds <= 3630
    assert span.total == books.truth(span.seconds)


def test_the_history_stays_small() -> None:
    """However long the console runs, it keeps about a hundred and fifty looks."""
    books = Books()
    for _ in range(3 * 1800):
        books.pass_s(2)
        books.look()
    looks = books.history._dense, books.history._sparse  # pyright: ignore[reportPrivateUsage] - what must stay small
    assert sum(map(len, looks)) < 160
    assert HOUR_US == 3_600_000_000
