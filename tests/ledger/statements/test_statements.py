"""Statements on either kind of database."""

import msgspec
import pytest
import sqlalchemy as sa
from tests.ledger.conftest import make_closed
from tests.ledger.statements.conftest import ANYONE, DAY_US, HOUR_US, NOV_US, Attempt, Books

from triplepoint.foundation.errors import RequestInvalid
from triplepoint.ledger.framing import SegmentName
from triplepoint.ledger.intake import Intake, Progress
from triplepoint.ledger.reader import Batch
from triplepoint.ledger.statements.model import Statement
from triplepoint.ledger.statements.reckon import digest
from triplepoint.ledger.tables import ATTEMPTS
from triplepoint.plans.fees import Fee, FeeSchedule, Revision
from triplepoint.plans.model import Calendar
from triplepoint.storage.engine import reading


def _codes(statement: Statement) -> dict[str, int]:
    return {note.code: note.count for note in statement.notes}


def test_a_month_of_everything(books: Books) -> None:
    """Fees, usage, credit and entries are lines, each rounded once, and the total is the sum of what is shown."""
    who = books.customer()
    books.assign(who, "plus", NOV_US + 15 * DAY_US)
    day = NOV_US + 3 * DAY_US
    books.serve(
        who, [Attempt(day, "0.004", plan="free"), Attempt(day, "0.0011", plan="free"), Attempt(day, "2.5", plan="plus")]
    )
    (refunded,) = books.serve(who, [Attempt(day, "0.5", model="nano")])
    books.enter(who, "credit", "1.005", day)
    books.enter(who, "refund", "0.5", day + 1, receipt_id=refunded)
    books.enter(who, "adjustment", "3.015", day + 2)
    made = books.make(who)
    assert [(line.plan, line.exact_usd, line.amount_usd) for line in made.fees] == [
        ("free", "0", "0.00"),
        ("plus", "10", "10.00"),
    ]
    usage = [(line.plan, line.served_model, line.requests, line.exact_usd, line.amount_usd) for line in made.usage]
    assert usage == [
        ("free", "regular", 2, "0.0051", "0.01"),
        ("plus", "nano", 1, "0.5", "0.50"),
        ("plus", "regular", 1, "2.5", "2.50"),
    ]
    entries = [(line.kind, line.exact_usd, line.amount_usd) for line in made.entries]
    assert entries == [("credit", "-1.005", "-1.00"), ("refund", "-0.5", "-0.50"), ("adjustment", "3.015", "3.02")]
    totals = made.totals
    assert (totals.fees_usd, totals.usage_usd, totals.credits_usd, totals.adjustments_usd) == ("10.00", "3.01", "-1.50", "3.02")
    assert (totals.due_usd, totals.exact_due_usd, totals.unknown_charges) == ("14.53", "14.5151", 0)
    assert (made.is_provisional, made.notes, made.plans) == (False, [], ["abc123", "f" * 12])
    assert made.prices == ["here/m@2026-01-01#1f3a"]


def test_credit_cancels_what_it_paid_to_the_cent(books: Books) -> None:
    """Lines paid wholly from credit come to nothing, however they round; grants are told beside, and are not due."""
    who = books.customer()
    grant = books.enter(who, "grant", "5", NOV_US)
    attempts = [Attempt(NOV_US + n, "0.004", model=model, burnt={grant: "0.004"}) for n, model in enumerate("abc")]
    books.serve(who, [*attempts, Attempt(NOV_US + 9, "0.02", model="c", burnt={grant: "0.01"})])
    made = books.make(who)
    assert [(line.served_model, line.exact_usd, line.amount_usd) for line in made.credit] == [
        ("a", "-0.004", "0.00"),
        ("b", "-0.004", "0.00"),
        ("c", "-0.014", "-0.01"),
    ]
    assert (made.totals.usage_usd, made.totals.credit_burnt_usd, made.totals.due_usd) == ("0.02", "-0.01", "0.01")
    assert [(line.id, line.granted_usd, line.burnt_usd) for line in made.grants] == [(grant, "5", "0.022")]


def test_unknown_charges_are_counted_and_never_zero(books: Books) -> None:
    """What nobody can charge is told with its number, on its line and in the totals."""
    who = books.customer()
    books.serve(who, [Attempt(NOV_US, None), Attempt(NOV_US + 1, "1"), Attempt(NOV_US + 2, None, model="nano")])
    made = books.make(who)
    assert [(line.served_model, line.uncharged, line.amount_usd) for line in made.usage] == [
        ("nano", 1, "0.00"),
        ("regular", 1, "1.00"),
    ]
    assert (made.totals.unknown_charges, _codes(made)["charges_unknown"]) == (2, 2)


def test_an_unknown_fee_is_told(books: Books) -> None:
    """A plan that plans.yaml does not have leaves its fee unknown."""
    who = books.customer()
    books.assign(who, "gold", 0)
    made = books.make(who)
    assert [(line.plan, line.exact_usd, line.amount_usd) for line in made.fees] == [("gold", None, None)]
    assert (made.totals.unknown_fees, made.totals.due_usd, list(_codes(made))) == (1, "0.00", ["fees_unknown"])


def test_what_runs_makes_a_statement_provisional_until_it_ends(books: Books) -> None:
    """An attempt belongs to the period in which it was opened, however late it ends; until then it is pending."""
    who = books.customer()
    end_us = NOV_US + 30 * DAY_US
    (late,) = books.serve(who, [Attempt(end_us - 1, outcome=None)])
    before = books.make(who)
    assert (before.is_provisional, before.usage, _codes(before)) == (True, [], {"pending": 1})
    assert [(one.receipt_id, one.opened_us) for one in before.pending] == [(late, end_us - 1)]
    closed = make_closed(int(late.removeprefix("rcpt_")), at_us=end_us + HOUR_US, charge_usd="7")
    Intake(books.ledger.engine).take(SegmentName("boot_late", 1), Progress(0, 0), Batch([closed], next_offset=1, is_end=True))
    after = books.make(who)
    assert (after.is_provisional, after.totals.usage_usd, after.pending) == (False, "7.00", [])
    assert (books.make(who, "2026-12").usage, before.id, before.digest != after.digest) == ([], after.id, True)


def test_an_interruption_ends_what_was_pending(books: Books) -> None:
    """It is charged its estimated input and told in a note; so is what went on without a reservation, or was downgraded."""
    who = books.customer()
    books.serve(who, [Attempt(NOV_US, "1", unreserved=True, downgraded_from="large"), Attempt(NOV_US + 1, outcome=None)])
    (boot,) = {f"boot_{n}" for n in range(20)} & _boots(books)
    Intake(books.ledger.engine).interrupt(boot)
    made = books.make(who)
    assert _codes(made) == {"usage_unknown": 1, "downgraded": 1, "interrupted": 1, "unreserved": 1}
    assert made.usage[0].exact_usd.startswith("1.0001")


def _boots(books: Books) -> set[str]:

    with reading(books.ledger.engine) as connection:
        return set(connection.execute(sa.select(ATTEMPTS.c.boot).distinct()).scalars())


def test_refunds_above_a_charge_are_told(books: Books) -> None:
    """Usage stays what it was; a receipt that was paid back more than once over is named, and so is a balance in favour."""
    who = books.customer()
    (small,) = books.serve(who, [Attempt(NOV_US, "0.10")])
    books.enter(who, "refund", "0.10", NOV_US + 1, receipt_id=small)
    assert books.make(who).notes == []
    books.enter(who, "refund", "0.05", NOV_US + 2, receipt_id=small)
    made = books.make(who)
    assert (made.usage[0].exact_usd, made.totals.due_usd) == ("0.1", "-0.05")
    assert [note.code for note in made.notes] == ["refund_above_charge", "in_favour"]
    assert "0.1 USD" in made.notes[0].text
    assert "0.15 USD" in made.notes[0].text


def test_made_again_it_is_the_same(books: Books) -> None:
    """Id and digest stay, whenever it is made; a late entry dated in the period changes the digest, another's does not."""
    who = books.customer()
    books.serve(who, [Attempt(NOV_US, "0.10")])
    first = books.make(who)
    books.clock.now += 90 * DAY_US
    books.enter(who, "credit", "1", NOV_US + 31 * DAY_US)
    assert books.make(who) == first
    books.enter(who, "credit", "1", NOV_US + DAY_US)
    again = books.make(who)
    assert (again.id, again.digest == first.digest, digest(again)) == (first.id, False, again.digest)
    assert msgspec.json.decode(msgspec.json.encode(again), type=Statement) == again


def test_the_running_month_is_provisional(books: Books) -> None:
    """Without a period the month that runs in the customer's zone is meant, and it says that it is not over."""
    books.clock.now = NOV_US - HOUR_US  # already November in Kolkata
    who = books.customer(time_zone="Asia/Kolkata")
    made = books.make(who, None)
    assert (made.period, made.start_us, made.is_provisional) == ("2026-11", NOV_US - 5 * HOUR_US - HOUR_US // 2, True)
    assert list(_codes(made)) == ["provisional"]


def test_months_go_back_to_the_first(books: Books) -> None:
    """A customer's list has every month from its first attempt on, newest first."""
    who = books.customer(created_us=NOV_US)
    books.serve(who, [Attempt(NOV_US - 40 * DAY_US)])
    periods = [made.period for made in books.statements.make_months(ANYONE, who)]
    assert periods == ["2026-12", "2026-11", "2026-10", "2026-09"]
    assert [made.customer_id for made in books.statements.make_all(ANYONE, "2026-11")] == [who]


def test_without_plans_there_is_usage_alone(books: Books) -> None:
    """An installation that never had plans.yaml has no fees, and a charge that is what the receipts say."""
    books.revisions.clear()
    who = books.customer()
    books.serve(who, [Attempt(NOV_US, "0.5", plan="")])
    made = books.make(who)
    assert (made.fees, made.totals.due_usd, made.usage[0].plan) == ([], "0.50", "")


def test_fees_of_the_past_stay(books: Books) -> None:
    """A fee raised in December leaves November's statement as it was."""
    who = books.customer()
    books.assign(who, "plus", 0)
    before = books.make(who)
    dearer = FeeSchedule(None, {"plus": Fee("25", Calendar.MONTH)})
    books.revisions.append(Revision(NOV_US + 30 * DAY_US, "e" * 64, dearer))
    assert books.make(who) == before
    assert books.make(who, "2026-12").totals.fees_usd == "25.00"


@pytest.mark.parametrize("text", ["", "november", "2026-13", "2026-11-01..", "2026-11-02..2026-11-01", "1..2", "9999-12"])
def test_what_is_no_period_is_refused(books: Books, text: str) -> None:
    """The message says how to write one."""
    with pytest.raises(RequestInvalid, match="2026-11"):
        books.make(books.customer(), text)


@pytest.mark.parametrize(
    ("text", "hours"),
    [("2026-11", 720), ("2026", 8760), ("2026-W48", 168), ("2026-11-25", 24), ("2026-11-01..2026-11-15", 360)],
)
def test_periods_are_written_in_many_ways(books: Books, text: str, hours: int) -> None:
    """Months, years, weeks, days and spans of days; the last day of a span is in it."""
    made = books.make(books.customer(), text)
    assert (made.end_us - made.start_us, made.period) == (hours * HOUR_US, text)


def test_a_period_may_be_two_moments(books: Books) -> None:
    """The second is not in it."""
    who = books.customer(time_zone="Asia/Kathmandu")
    made = books.make(who, "2026-11-01T00:00Z..2026-11-01T01:30+01:00")
    assert (made.start_us, made.end_us) == (NOV_US, NOV_US + HOUR_US // 2)
