"""The period of a statement, as people write it.

``2026-11`` is a month, ``2026`` a year, ``2026-W48`` a week from Monday (ISO 8601), ``2026-11-25`` a day;
``2026-11-01..2026-11-15`` is from the first day to the last, both in it. All of them in the customer's time zone.
``2026-11-01T00:00Z..2026-11-02T12:30Z`` is from a moment up to another, which is not in it.
"""

import datetime
import re
from dataclasses import dataclass

from triplepoint.foundation.errors import RequestInvalid
from triplepoint.plans.model import Calendar
from triplepoint.plans.periods import Period, period_at, zone

_HELP = "write a month such as 2026-11, a year, a week such as 2026-W48, a day, or FIRST..LAST of two days"
_MONTH = re.compile(r"\d{4}-\d{2}")
_WEEK = re.compile(r"\d{4}-W\d{2}")
_YEAR = re.compile(r"\d{4}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MICROSECOND = datetime.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Span:
    """A period and its name."""

    period: Period
    text: str


def month_at(time_zone: str, at_us: int) -> Span:
    """Return the calendar month that a moment is in."""
    period = period_at(Calendar.MONTH, time_zone, at_us)
    first = (_EPOCH + period.start_us * _MICROSECOND).astimezone(zone(time_zone))
    return Span(period, f"{first:%Y-%m}")


def read_span(text: str, time_zone: str) -> Span:
    """Read a period.

    Args:
        text: As above.
        time_zone: The customer's.
    Raises: RequestInvalid: it is no period, or ends before it begins.
    """
    first, dots, last = text.strip().partition("..")
    try:
        if not dots:
            return Span(_calendar(first, time_zone), first)
        if _DAY.fullmatch(first) and _DAY.fullmatch(last):
            period = Period(_calendar(first, time_zone).start_us, _calendar(last, time_zone).end_us)
        else:
            period = Period(_moment_us(first), _moment_us(last))
    except (ValueError, OverflowError) as error:
        raise RequestInvalid(f"{text!r} is no period; {_HELP}", param="period") from error
    if period.end_us <= period.start_us:
        raise RequestInvalid(f"{text!r} ends before it begins; {_HELP}", param="period")
    return Span(period, f"{first}..{last}")


def _calendar(text: str, time_zone: str) -> Period:
    for form, calendar, pattern in (
        (_MONTH, Calendar.MONTH, "{}-01"),
        (_WEEK, Calendar.WEEK, "{}-4"),
        (_YEAR, Calendar.YEAR, "{}-06-01"),
        (_DAY, Calendar.DAY, "{}"),
    ):
        if form.fullmatch(text):
            day = datetime.date.fromisoformat(pattern.format(text))
            noon = datetime.datetime.combine(day, datetime.time(12), tzinfo=zone(time_zone))
            return period_at(calendar, time_zone, (noon.astimezone(datetime.UTC) - _EPOCH) // _MICROSECOND)
    raise ValueError(text)


def _moment_us(text: str) -> int:
    moment = datetime.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return (moment - _EPOCH) // _MICROSECOND
