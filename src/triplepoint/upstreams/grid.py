"""How much carbon a kilowatt-hour carries, by the grid that an upstream hangs on.

Yearly averages, location-based: what the grid's power stations give off, whatever contracts say. The table has countries (Our
World in Data), states of the USA (EPA eGRID), Nordic bidding zones (ENTSO-E) and regions of Google's cloud (Google).
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Zone:
    """One grid."""

    name: str
    """As settings name it: ``FRA``, ``US-CA``, ``SE3``, ``europe-west4``."""
    title: str
    """For people."""
    g_per_kwh: float
    """Average over a year, gCO₂e for a kilowatt-hour."""
    twh: float | None
    """Electricity made in that year; None where the source does not say."""


@cache
def zones() -> Mapping[str, Zone]:
    """Return every zone of the table, by name."""
    text = resources.files("triplepoint.upstreams").joinpath("data/grid_zones.csv").read_text("utf-8")
    rows = [
        Zone(row["zone"], row["name"], float(row["g_per_kwh"]), float(row["twh"]) if row["twh"] else None)
        for row in csv.DictReader(text.splitlines())
    ]
    return MappingProxyType({zone.name: zone for zone in rows})
