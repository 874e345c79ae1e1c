"""What must always hold of statements: the receipts add up to them, to the last digit, in every zone and order."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from random import Random

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.ledger.statements.conftest import DAY_US, NOV_US, SCHEDULE, Attempt, Books

from triplepoint.foundation.ids import CustomerId
from triplepoint.ledger.model import Counts, Outcome
from triplepoint.ledger.rollups import HOUR_US
from triplepoint.ledger.statements.amounts import cents, cents_text, exact_text, read_cents, rounded
from triplepoint.ledger.statements.model import Burn, Facts, RefundedReceipt, Statement, UsageKey
from triplepoint.ledger.statements.reckon import Party, reckon
from triplepoint.ledger.statements.span import month_at, read_span
from triplepoint.ledger.statements.store import split
from triplepoint.plans.entries import Entry, EntryKind
from triplepoint.plans.fees import Revision, Tenure
from triplepoint.plans.model import Assignment
from triplepoint.plans.periods import Period

ZONES = (
    "UTC",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Africa/Monrovia",
)
PERIODS = (
    "2026-11",
    "2026-10",
    "2026-W45",
    "2026-11-01",
    "2026-10-31..2026-11-01",
    "2026-11-01T00:00:00.000001Z..2026-11-01T00:59Z",
)
EDGES_US = (NOV_US - 31 * DAY_US, NOV_US, NOV_US + DAY_US, NOV_US + 30 * DAY_US)


def _moment(edge_us: int, minutes: int, extra_us: int) -> int:
    return edge_us + minutes * 60_000_000 + extra_us


moments = st.builds(
    _moment,
    st.sampled_from(EDGES_US),
    st.integers(-15 * 60, 15 * 60),
    st.sampled_from([-1, 0, 1]),
)
CUSTOMER = CustomerId("cust_1")
zones, periods, seeds = st.sampled_from(ZONES), st.sampled_from(PERIODS), st.integers(0, 99)
charges = st.none() | st.decimals(0, 10, places=15, allow_nan=False).map(lambda amount: format(amount, "f"))
attempts = st.builds(
    Attempt,
    at_us=moments,
    charge_usd=charges,
    outcome=st.sampled_from([Outcome.FINISHED, Outcome.CUT, Outcome.FAILED, None]),
    plan=st.sampled_from(["free", "plus"]),
    model=st.sampled_from(["nano", "regular"]),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    served=st.lists(attempts, max_size=25),
    zone=st.sampled_from(ZONES),
    period=st.sampled_from(PERIODS),
    seed=st.integers(0, 99),
)
def test_receipts_add_up_to_the_statement(
    new_books: Callable[[], Books], served: list[Attempt], zone: str, period: str, seed: int
) -> None:
    """Usage lines are the sum of the receipts of the period, whatever the zone, the edges and the order of their coming."""
    books = new_books()
    who, other = books.customer(time_zone=zone), books.customer(time_zone=zone)
    Random(seed).shuffle(served)
    books.serve(who, served[::2])
    books.serve(other, [Attempt(NOV_US, "99")])
    books.serve(who, served[1::2])
    made = books.make(who, period)
    span = read_span(period, zone).period
    mine = [one for one in served if span.holds(one.at_us)]
    ended = [one for one in mine if one.outcome is not None]
    known = [Fraction(one.charge_usd) for one in ended if one.charge_usd is not None]
    assert sum((Fraction(line.exact_usd) for line in made.usage), start=Fraction(0)) == sum(known, start=Fraction(0))
    receipts = [row for row in books.ledger.iterate(since_us=span.start_us, until_us=span.end_us) if row.customer_id == who]
    owed = sum((Decimal(row.charge_usd) for row in receipts if row.charge_usd is not None), start=Decimal(0))
    assert Fraction(owed) == sum(known, start=Fraction(0))
    assert sum(line.attempts for line in made.usage) == len(ended)
    assert sum(line.uncharged for line in made.usage) == len(ended) - len(known) == made.totals.unknown_charges
    assert made.is_provisional == (len(mine) > len(ended))


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(served=st.lists(attempts, max_size=20), zone=st.sampled_from(ZONES))
def test_months_leave_nothing_out_and_count_nothing_twice(
    new_books: Callable[[], Books], served: list[Attempt], zone: str
) -> None:
    """The months of a customer together have every receipt, and each once."""
    books = new_books()
    who = books.customer(time_zone=zone)
    books.serve(who, served)
    months = [books.make(who, month) for month in ("2026-09", "2026-10", "2026-11", "2026-12")]
    assert [earlier.end_us for earlier in months[:-1]] == [later.start_us for later in months[1:]]
    total = sum((Fraction(line.exact_usd) for made in months for line in made.usage), start=Fraction(0))
    known = [Fraction(one.charge_usd) for one in served if one.outcome is not None and one.charge_usd is not None]
    assert total == sum(known, start=Fraction(0))


entries = st.builds(
    Entry,
    id=st.integers(0, 10**6).map(lambda number: f"ent_{number}"),
    customer_id=st.just(CUSTOMER),
    kind=st.sampled_from(list(EntryKind)),
    amount_usd=st.decimals("0.000001", 50, places=6),
    at_us=st.integers(NOV_US, NOV_US + 30 * DAY_US - 1),
    expires_us=st.none(),
    priority=st.just(0),
    receipt_id=st.none() | st.just("rcpt_1"),
    reason=st.just("said so"),
    idempotency_key=st.none(),
    made_us=st.just(NOV_US),
)
usages = st.dictionaries(
    st.builds(UsageKey, st.sampled_from(["free", "plus"]), st.sampled_from(["nano", "regular"])),
    st.decimals(0, 50, places=12).map(lambda amount: Counts(requests=1, attempts=1, charge_usd=format(amount, "f"))),
)
burns = st.builds(
    Burn,
    st.builds(UsageKey, st.sampled_from(["free", "plus"]), st.sampled_from(["nano", "regular"])),
    st.sampled_from(["grt_1", "grt_2"]),
    st.decimals(0, 5, places=12).map(lambda amount: format(amount, "f")),
)
moves = st.lists(
    st.tuples(st.integers(NOV_US - DAY_US, NOV_US + 31 * DAY_US), st.sampled_from(["free", "plus", "gold"])), max_size=5
)


def _reckon(facts: Facts, moved: list[tuple[int, str]], zone: str) -> Statement:
    assigned = [Assignment(f"asg_{n}", CUSTOMER, plan, at, at) for n, (at, plan) in enumerate(sorted(moved))]
    party = Party(CUSTOMER, "acme", Tenure(0, zone, tuple(assigned)))
    span = month_at(zone, NOV_US + 15 * DAY_US)
    return reckon(party, span, facts, revisions=(Revision(0, "d" * 64, SCHEDULE),), now_us=NOV_US + 99 * DAY_US)


@given(
    usage=usages,
    burnt=st.lists(burns, max_size=6),
    entered=st.lists(entries, max_size=6, unique_by=lambda entry: entry.id),
    moved=moves,
    zone=st.sampled_from(ZONES),
    seed=st.integers(0, 99),
)
def test_lines_are_rounded_once_and_add_up(
    usage: dict[UsageKey, Counts], burnt: list[Burn], entered: list[Entry], moved: list[tuple[int, str]], zone: str, seed: int
) -> None:
    """Each amount is its exact one rounded half to even, the total is their sum, and the order of the facts changes nothing."""
    refunded = [RefundedReceipt("rcpt_1", "1", "2")]
    facts = Facts(
        usage=usage,
        burns=burnt,
        entries=entered,
        refunded=refunded,
        pending=[],
        pending_count=0,
        interrupted=0,
        unreserved=0,
        plans=[],
        prices=["b", "a"],
    )
    made = _reckon(facts, moved, zone)
    lines = [*made.fees, *made.usage, *made.credit, *made.entries]
    known = [(line.exact_usd, line.amount_usd) for line in lines if line.exact_usd is not None and line.amount_usd is not None]
    for exact_usd, amount_usd in known:
        assert Decimal(amount_usd) == _halves(Fraction(exact_usd))
    assert sum(read_cents(amount) for _, amount in known) == read_cents(made.totals.due_usd)
    assert sum((Fraction(exact_usd) for exact_usd, _ in known), start=Fraction(0)) == Fraction(made.totals.exact_due_usd)
    assert all(line.exact_usd == usage[UsageKey(line.plan, line.served_model)].charge_usd for line in made.usage)
    shuffled = Random(seed)
    changed = Facts(
        usage=dict(shuffled.sample(list(usage.items()), len(usage))),
        burns=shuffled.sample(burnt, len(burnt)),
        entries=shuffled.sample(entered, len(entered)),
        refunded=refunded,
        pending=[],
        pending_count=0,
        interrupted=0,
        unreserved=0,
        plans=[],
        prices=["a", "b"],
    )
    assert _reckon(changed, moved, zone) == made


def _halves(amount: Fraction) -> Decimal:
    """Round half to even by the definition: to the nearer cent, and of two that are as near to the even one."""
    below = amount * 100 // 1
    rest = amount * 100 - below
    is_up = rest > Fraction(1, 2) or (rest == Fraction(1, 2) and below % 2 == 1)
    return Decimal(below + is_up).scaleb(-2)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0.005", "0.00"),
        ("0.015", "0.02"),
        ("0.025", "0.02"),
        ("-0.005", "0.00"),
        ("-0.015", "-0.02"),
        ("2.675", "2.68"),
        ("1/3", "0.33"),
    ],
)
def test_half_a_cent_goes_to_the_even_one(amount: str, text: str) -> None:
    """Half-even, the same on both sides of zero, and never by way of a float."""
    assert rounded(Fraction(amount)) == text


@given(st.fractions() | st.decimals(allow_nan=False, allow_infinity=False, places=18).map(Fraction))
@example(Fraction(0))
@example(Fraction(-1, 8))
@example(Fraction(1000))
def test_amounts_are_written_as_they_are(amount: Fraction) -> None:
    """The exact text is the amount again, a decimal where there is one; cents are read as they were written."""
    text = exact_text(amount)
    assert Fraction(text) == amount
    assert "e" not in text.lower()
    assert read_cents(cents_text(cents(amount))) == cents(amount)


@given(start=st.integers(0, 10 * HOUR_US), length=st.integers(1, 10 * HOUR_US))
def test_a_span_is_whole_hours_and_edges(start: int, length: int) -> None:
    """Cut into hours and edges, a span loses nothing, and hours are whole."""
    hours, edges = split(Period(start, start + length))
    whole: list[Period] = [] if hours is None else [hours]
    parts = sorted([*edges, *whole], key=lambda part: part.start_us)
    assert (parts[0].start_us, parts[-1].end_us) == (start, start + length)
    assert all(earlier.end_us == later.start_us for earlier, later in pairwise(parts))
    if hours is not None:
        assert hours.start_us % HOUR_US == hours.end_us % HOUR_US == 0
    assert all(edge.end_us - edge.start_us > 0 for edge in edges)
