"""Adding up: exact, complete, and the same in whatever order."""

from collections.abc import Callable
from decimal import Decimal
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from triplepoint.foundation.usage import Usage
from triplepoint.ledger.model import Closed, Counts, Opened, Outcome
from triplepoint.ledger.receipts import join
from triplepoint.ledger.rollups import HOUR_US, By, RollupKey, count, key_of, roll_up, total

MakeOpened = Callable[..., Opened]
MakeClosed = Callable[..., Closed]


def test_an_attempt_counts_what_is_known(opened: MakeOpened, closed: MakeClosed) -> None:
    """Known tokens are summed; an unknown count and an unknown cost are counted as such, and never as zero."""
    assert count(join(opened(1), closed(1, cost_usd="0.5"))) == Counts(
        requests=1,
        attempts=1,
        answered=1,
        input_tokens=412,
        output_tokens=48,
        cache_read_tokens=7,
        cost_usd="0.5",
        uncharged=1,
        unmetered=1,
    )
    cut = closed(1, 2, outcome=Outcome.CUT, usage=Usage(input_tokens=9, reasoning_tokens=4), cost_usd=None)
    assert count(join(opened(1, 2), cut)) == Counts(
        attempts=1,
        failed=1,
        answered=1,
        input_tokens=9,
        reasoning_tokens=4,
        unknown_usage=1,
        unpriced=1,
        uncharged=1,
        unmetered=1,
    )


def test_an_escalation_counts_where_it_was_answered(opened: MakeOpened, closed: MakeClosed) -> None:
    """Both models answered one request; less the escalated ones, the answered attempts are the requests that were answered."""
    second = opened(1, 2, served_model="thinking", escalated_from="nano")
    answered = count(join(second, closed(1, 2)))
    assert (answered.requests, answered.answered, answered.escalated) == (0, 1, 1)
    failed = count(join(second, closed(1, 2, outcome=Outcome.FAILED)))
    assert (failed.answered, failed.escalated) == (0, 0)
    both = total(roll_up([join(opened(1), closed(1)), join(second, closed(1, 2))]).values(), By.CUSTOMER)[0]
    assert (both.requests, both.answered, both.escalated) == (1, 2, 1)


def test_only_what_ended_badly_has_failed(opened: MakeOpened, closed: MakeClosed) -> None:
    """A caller that leaves is no failure of ours or of the upstream."""
    failed = {outcome for outcome in Outcome if count(join(opened(1), closed(1, outcome=outcome))).failed}
    assert failed == {Outcome.CUT, Outcome.FAILED, Outcome.INTERRUPTED}


def test_an_attempt_counts_in_the_hour_of_its_opening(opened: MakeOpened) -> None:
    """The key is the hour in which it was opened, whose customer it is, what served it and under which line-up."""
    at_us = 5 * HOUR_US + 1
    row = join(opened(1, at_us=at_us), None)
    assert key_of(row) == RollupKey(5 * HOUR_US, "cust_1", row.key_id, "", "regular", "f" * 64)


@given(
    numbers=st.lists(st.integers(0, 40), max_size=30),
    costs=st.lists(st.integers(0, 10**18), min_size=30, max_size=30),
    seed=st.integers(0, 999),
)
def test_totals_are_the_sum_of_the_attempts(
    opened: MakeOpened, closed: MakeClosed, numbers: list[int], costs: list[int], seed: int
) -> None:
    """Whatever the order and the grouping, the totals hold every attempt once and every digit of its cost."""
    rows = [
        join(opened(number, at_us=number * HOUR_US // 3), closed(number, cost_usd=str(Decimal(cost).scaleb(-15))))
        for number, cost in zip(numbers, costs, strict=False)
    ]
    expected = sum((Decimal(row.cost_usd or "") for row in rows), Decimal(0))
    shuffled = list(rows)
    Random(seed).shuffle(shuffled)
    assert roll_up(rows) == roll_up(shuffled)
    for by in By:
        totals = total(roll_up(rows).values(), by)
        assert [group.group for group in totals] == sorted({group.group for group in totals})
        assert sum((Decimal(group.cost_usd) for group in totals), Decimal(0)) == expected
        assert sum(group.attempts for group in totals) == len(rows)


def test_groups_have_the_names_of_what_they_share(opened: MakeOpened, closed: MakeClosed) -> None:
    """Customers, models and line-ups are grouped by their names, days by their date in UTC."""
    rows = [join(opened(number), closed(number)) for number in range(4)]
    groups = {by: [group.group for group in total(roll_up(rows).values(), by)] for by in By}
    assert groups == {
        By.CUSTOMER: ["cust_0", "cust_1", "cust_2"],
        By.KEY: ["key_1"],
        By.PLAN: [""],
        By.MODEL: ["nano", "regular"],
        By.LINEUP: ["f" * 64],
        By.DAY: ["2026-01-09"],
    }
