"""Fees: who held which plan when, and what that comes to."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.foundation.ids import CustomerId
from triplepoint.plans.fees import Fee, FeeSchedule, Revision, Tenure, held_parts, plan_held, pro_rated
from triplepoint.plans.model import Assignment, Calendar, PlansFile
from triplepoint.plans.periods import Period, period_at

DAY_US = 86_400_000_000
NOV_US = 1_793_491_200_000_000  # 2026-11-01 00:00 UTC
NOVEMBER = Period(NOV_US, NOV_US + 30 * DAY_US)
ZONES = ("UTC", "Asia/Kolkata", "Asia/Kathmandu", "America/New_York", "Australia/Lord_Howe", "Pacific/Chatham")
PLUS, PRO = Fee("20", Calendar.MONTH), Fee("200", Calendar.MONTH)
SCHEDULE = FeeSchedule(default="free", fees={"free": Fee("0", Calendar.MONTH), "plus": PLUS, "pro": PRO})
ALWAYS = (Revision(0, "d1", SCHEDULE),)


def tenure(*moves: tuple[int, str], created_us: int = 0, time_zone: str = "UTC") -> Tenure:
    """Make a tenure with plans assigned at moments."""
    given_ = [Assignment(f"asg_{n}", CustomerId("cust_1"), plan, at_us, at_us) for n, (at_us, plan) in enumerate(moves)]
    return Tenure(created_us, time_zone, tuple(sorted(given_, key=lambda one: one.since_us)))


def test_a_plan_held_all_the_time_costs_its_fee() -> None:
    """A month of a monthly fee is the fee, in one part."""
    (part,) = held_parts(tenure((0, "plus")), ALWAYS, NOVEMBER)
    assert (part.plan, part.span, part.fee) == ("plus", NOVEMBER, PLUS)
    assert pro_rated(PLUS, part.span, "UTC") == 20


def test_a_move_splits_the_fee_by_the_microsecond() -> None:
    """Before the move the old plan's share is owed, after it the new one's."""
    move_us = NOV_US + 10 * DAY_US + 1
    old, new = held_parts(tenure((0, "plus"), (move_us, "pro")), ALWAYS, NOVEMBER)
    assert (old.plan, old.span.end_us, new.plan, new.span.start_us) == ("plus", move_us, "pro", move_us)
    assert pro_rated(PLUS, old.span, "UTC") == Fraction(20 * (10 * DAY_US + 1), 30 * DAY_US)
    assert pro_rated(PRO, new.span, "UTC") == Fraction(200 * (20 * DAY_US - 1), 30 * DAY_US)


def test_the_default_is_held_from_the_beginning_of_the_customer() -> None:
    """Who was given no plan holds the default since it exists; and since there is a default."""
    (part,) = held_parts(tenure(created_us=NOV_US + DAY_US), ALWAYS, NOVEMBER)
    assert (part.plan, part.span.start_us) == ("free", NOV_US + DAY_US)
    later = (Revision(NOV_US + 2 * DAY_US, "d1", SCHEDULE),)
    assert held_parts(tenure(created_us=0), later, NOVEMBER)[0].span.start_us == NOV_US + 2 * DAY_US
    assert held_parts(tenure(), (), NOVEMBER) == []
    assert plan_held(tenure((5, "plus")), ALWAYS, 4) == "free"
    assert plan_held(tenure((5, "plus")), ALWAYS, 5) == "plus"


def test_who_gave_up_its_plan_holds_the_default_again() -> None:
    """From the end of a customer's own plan the default is owed; without a default nothing is, and nothing is unknown."""
    left_us = NOV_US + 10 * DAY_US
    own, default = held_parts(tenure((0, "plus"), (left_us, "")), ALWAYS, NOVEMBER)
    assert (own.plan, own.span.end_us, default.plan, default.span.start_us) == ("plus", left_us, "free", left_us)
    without = (Revision(0, "d1", FeeSchedule(default=None, fees={"plus": PLUS})),)
    (only,) = held_parts(tenure((0, "plus"), (left_us, "")), without, NOVEMBER)
    assert (only.plan, only.span.end_us) == ("plus", left_us)
    assert plan_held(tenure((0, "plus"), (left_us, "")), without, left_us) is None


def test_a_fee_of_the_past_stays_what_it_was() -> None:
    """A fee that changes in the middle holds from there on, and what does not change makes no second part."""
    dearer = FeeSchedule(default=None, fees={"plus": Fee("30", Calendar.MONTH), "pro": PRO})
    revisions = (Revision(NOV_US + 5 * DAY_US, "d1", SCHEDULE), Revision(NOV_US + 15 * DAY_US, "d2", dearer))
    parts = held_parts(tenure((0, "plus")), revisions, NOVEMBER)
    assert [(part.fee, part.span.start_us) for part in parts] == [(PLUS, NOV_US), (dearer.fees["plus"], NOV_US + 15 * DAY_US)]
    assert len(held_parts(tenure((0, "pro")), revisions, NOVEMBER)) == 1


def test_a_plan_that_is_gone_has_no_known_fee() -> None:
    """Unknown is not zero; and where there is no plans.yaml, nobody holds a plan."""
    (part,) = held_parts(tenure((0, "gold")), ALWAYS, NOVEMBER)
    assert (part.plan, part.fee) == ("gold", None)
    gone = (Revision(0, "d1", SCHEDULE), Revision(NOV_US + DAY_US, "", None))
    (part,) = held_parts(tenure((0, "plus")), gone, NOVEMBER)
    assert part.span.end_us == NOV_US + DAY_US


@pytest.mark.parametrize("time_zone", ZONES)
@pytest.mark.parametrize("per", [Calendar.WEEK, Calendar.MONTH, Calendar.YEAR])
def test_a_whole_period_is_the_whole_fee(per: Calendar, time_zone: str) -> None:
    """In every zone a fee's own period costs exactly the fee, daylight saving or not."""
    assert pro_rated(Fee("12.34", per), period_at(per, time_zone, NOV_US), time_zone) == Fraction("12.34")


@given(
    cuts=st.lists(st.integers(-40 * DAY_US, 70 * DAY_US), max_size=8),
    zone=st.sampled_from(ZONES),
    per=st.sampled_from(["week", "month", "year"]),
)
def test_parts_add_up_to_the_whole(cuts: list[int], zone: str, per: Calendar) -> None:
    """However a span is cut, the shares of its parts are the share of the span, exactly."""
    fee = Fee("19.99", per)
    edges = sorted({NOVEMBER.start_us, NOVEMBER.end_us, *(NOV_US + cut for cut in cuts if 0 < cut < 30 * DAY_US)})
    parts = [pro_rated(fee, Period(a, b), zone) for a, b in pairwise(edges)]
    assert sum(parts, start=Fraction(0)) == pro_rated(fee, NOVEMBER, zone)


@given(moves=st.lists(st.tuples(st.integers(-40, 40), st.sampled_from(["plus", "pro", "gold"])), max_size=8))
def test_parts_follow_each_other_without_gap(moves: list[tuple[int, str]]) -> None:
    """A customer that has some plan all the time has parts without gap or overlap, and of neighbours one differs."""
    parts = held_parts(tenure((-(10**9), "plus"), *((NOV_US + day * DAY_US, plan) for day, plan in moves)), ALWAYS, NOVEMBER)
    assert [part.span.start_us for part in parts[1:]] == [part.span.end_us for part in parts[:-1]]
    assert (parts[0].span.start_us, parts[-1].span.end_us) == (NOVEMBER.start_us, NOVEMBER.end_us)
    assert all(a.plan != b.plan for a, b in pairwise(parts))


def test_a_schedule_is_taken_from_the_file() -> None:
    """Fees and default are those of plans.yaml."""
    file = PlansFile.model_validate({"default": "a", "plans": {"a": {"fee_usd": "2.50", "fee_per": "week"}, "b": {}}})
    assert FeeSchedule.of(file) == FeeSchedule("a", {"a": Fee("2.5", Calendar.WEEK), "b": Fee("0", Calendar.MONTH)})
