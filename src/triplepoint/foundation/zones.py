"""Time zones by their names in the tz database."""

from functools import lru_cache
from zoneinfo import ZoneInfo

from triplepoint.foundation.errors import RequestInvalid


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """Return a time zone of the tz database.

    Raises: RequestInvalid: there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise RequestInvalid(f"{name!r} is no time zone; write one such as Europe/Paris or UTC", param="time_zone") from error
