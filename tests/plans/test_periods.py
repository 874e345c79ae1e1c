"""Periods of the calendar, whatever clocks do."""

import datetime
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.foundation.errors import RequestInvalid
from triplepoint.plans.model import Calendar
from triplepoint.plans.periods import following, period_at

ODD_ZONES = (
    "America/Havana",  # goes forward at midnight
    "America/Sao_Paulo",  # did, until 2019
    "Asia/Kathmandu",  # 45 minutes
    "Australia/Lord_Howe",  # changes by half an hour
    "Pacific/Apia",  # left out a whole day in 2011
    "Africa/Cairo",
    "Asia/Beirut",
    "America/Scoresbysund",
    "Europe/Paris",
    "UTC",
)


def us(text: str) -> int:
    """Read a moment."""
    return int(datetime.datetime.fromisoformat(text).timestamp()) * 1_000_000


def test_a_week_begins_on_monday_where_the_customer_is() -> None:
    """In Paris a week of November begins on Sunday, 23:00 UTC."""
    week = period_at(Calendar.WEEK, "Europe/Paris", us("2026-11-25T12:00:00+00:00"))
    assert (week.start_us, week.end_us) == (us("2026-11-22T23:00:00+00:00"), us("2026-11-29T23:00:00+00:00"))


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)], ids=["forward", "back", "plain"]
)
def test_a_day_has_as_many_hours_as_it_has(day: str, hours: int) -> None:
    """A day of a clock change is shorter or longer, and still one day."""
    period = period_at(Calendar.DAY, "Europe/Paris", us(f"{day}T12:00:00+00:00"))
    assert period.end_us - period.start_us == hours * 3_600_000_000


def test_a_midnight_that_is_left_out_is_the_change_itself() -> None:
    """In Havana clocks go from 23:59:59 to 01:00 on 8 March 2026; the day begins at that moment."""
    day = period_at(Calendar.DAY, "America/Havana", us("2026-03-08T12:00:00+00:00"))
    assert day.start_us == us("2026-03-08T05:00:00+00:00")


def test_a_midnight_that_comes_twice_begins_the_day_once() -> None:
    """In Havana 1 November 2026 begins at 04:00 UTC; the hour before 01:00 comes twice and is of that day both times."""
    for moment in ("2026-11-01T04:00:00+00:00", "2026-11-01T04:30:00+00:00", "2026-11-01T05:30:00+00:00"):
        assert period_at(Calendar.DAY, "America/Havana", us(moment)).start_us == us("2026-11-01T04:00:00+00:00")


@pytest.mark.parametrize("name", ["Mars/Olympus", "../etc/passwd", "", "europe paris"])
def test_an_unknown_zone_is_said(name: str) -> None:
    """What is no time zone is refused with an example of one."""
    with pytest.raises(RequestInvalid, match="is no time zone; write one such as Europe/Paris"):
        period_at(Calendar.DAY, name, 0)


@given(
    zone=st.one_of(st.sampled_from(ODD_ZONES), st.sampled_from(sorted(available_timezones() - {"localtime"}))),
    calendar=st.sampled_from(Calendar),
    at_s=st.integers(us("1990-01-01T00:00:00+00:00") // 10**6, us("2037-01-01T00:00:00+00:00") // 10**6),
)
def test_a_moment_belongs_to_exactly_one_period(zone: str, calendar: Calendar, at_s: int) -> None:
    """The period of a moment holds it, is the period of its own first and last moment, and the next begins where it ends."""
    at_us = at_s * 1_000_000
    period = period_at(calendar, zone, at_us)
    assert period.holds(at_us)
    if calendar is Calendar.HOUR:
        return  # an hour in which a clock changes may be cut
    assert period_at(calendar, zone, period.start_us) == period
    assert period_at(calendar, zone, period.end_us - 1) == period
    assert following(calendar, zone, period).start_us == period.end_us
