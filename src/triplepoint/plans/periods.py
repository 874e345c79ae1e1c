"""Where the periods of the calendar begin and end, in a customer's time zone.

A day lasts from one local midnight to the next: 23, 24 or 25 hours. A midnight that a clock change leaves out is the moment
of the change; one that comes twice is the first of the two. So periods follow each other without gap and without overlap,
whatever the zone does, and a moment always belongs to exactly one.
"""

import datetime
from zoneinfo import ZoneInfo

import msgspec

from triplepoint.foundation.zones import zone
from triplepoint.plans.model import Calendar

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MICROSECOND = datetime.timedelta(microseconds=1)
_HOUR_US = 3_600_000_000


class Period(msgspec.Struct, frozen=True, gc=False):
    """From a moment to a moment; microseconds since 1970, UTC."""

    start_us: int
    end_us: int
    """First moment of the next."""

    def holds(self, at_us: int) -> bool:
        """Tell whether a moment is in it."""
        return self.start_us <= at_us < self.end_us


def period_at(calendar: Calendar, time_zone: str, at_us: int) -> Period:
    """Return the period that a moment is in.

    Raises: RequestInvalid: there is no such time zone.
    """
    if calendar is Calendar.HOUR:
        return _hour(zone(time_zone), at_us)
    there = zone(time_zone)
    first = _first_day(calendar, _local(there, at_us).date())
    period = _from(calendar, first, there)
    if at_us >= period.end_us:  # the clock went back over midnight: by its date it is yesterday, but today has begun
        return _from(calendar, _next(calendar, first), there)
    return period


def following(calendar: Calendar, time_zone: str, period: Period) -> Period:
    """Return the period after one."""
    return period_at(calendar, time_zone, period.end_us)


def _from(calendar: Calendar, first: datetime.date, there: ZoneInfo) -> Period:
    return Period(_midnight_us(first, there), _midnight_us(_next(calendar, first), there))


def _hour(there: ZoneInfo, at_us: int) -> Period:
    offset = _local(there, at_us).utcoffset() or datetime.timedelta()
    start_us = at_us - (at_us + offset // _MICROSECOND) % _HOUR_US
    return Period(start_us, start_us + _HOUR_US)


def _local(there: ZoneInfo, at_us: int) -> datetime.datetime:
    return (_EPOCH + datetime.timedelta(microseconds=at_us)).astimezone(there)


def _first_day(calendar: Calendar, day: datetime.date) -> datetime.date:
    match calendar:
        case Calendar.WEEK:
            return day - datetime.timedelta(days=day.weekday())
        case Calendar.MONTH:
            return day.replace(day=1)
        case Calendar.YEAR:
            return day.replace(month=1, day=1)
        case _:
            return day


def _next(calendar: Calendar, first: datetime.date) -> datetime.date:
    match calendar:
        case Calendar.WEEK:
            return first + datetime.timedelta(days=7)
        case Calendar.MONTH:
            return (first + datetime.timedelta(days=31)).replace(day=1)
        case Calendar.YEAR:
            return first.replace(year=first.year + 1)
        case _:
            return first + datetime.timedelta(days=1)


def _midnight_us(day: datetime.date, there: ZoneInfo) -> int:
    local = datetime.datetime.combine(
        day, datetime.time(), tzinfo=there
    )  # fold 0: the first of two, or the moment of the change
    return (local.astimezone(datetime.UTC) - _EPOCH) // _MICROSECOND
