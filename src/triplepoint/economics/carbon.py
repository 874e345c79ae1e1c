"""Carbon of a watt-hour, by the grid that it is taken from.

Location-based: the average of the grid's year, whatever contracts an operator has. The hour of a request and the marginal
power station are not in it; how far the average of one source is from another's says something of the error.
"""

import math

from triplepoint.economics.mixture import Part, factor, merged
from triplepoint.upstreams.grid import zones

_SOURCES_WITHIN = 1.4
"""Nine of ten countries lie within this between two tables of yearly averages that disagree on year and method (0.69 to 1.17,
compared for 212 countries)."""


def grid_g_per_wh(zone: str | None) -> list[Part]:
    """Return the carbon of a watt-hour.

    Args:
        zone: Name of a zone in the table; None, or one that it does not have: somewhere in the world, each country by the
            electricity that it makes.
    Returns: gCO₂e for a watt-hour.
    """
    known = zones().get(zone) if zone is not None else None
    if known is not None:
        return factor(known.g_per_kwh / 1000, within=_SOURCES_WITHIN)
    sigma = factor(1.0, within=_SOURCES_WITHIN)[0].sigma
    return merged(Part(country.twh, math.log(country.g_per_kwh / 1000), sigma) for country in zones().values() if country.twh)
