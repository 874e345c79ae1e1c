"""How often the router is wrong, as Prometheus reads it: shown by the control plane, which looks at the audits of all gateways.

Labels are names of plans, models and groups of requests; there are few of each, and nobody but the operator makes them.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

_LABELS = ("of", "name")


class MisrouteSample(NamedTuple):
    """The rates of one slice."""

    of: str
    """``all``, ``plan``, ``model`` or ``group``."""
    name: str
    audits: int
    under: float | None
    """Share of under-routes; None: nothing is decided."""
    low: float
    """Lower end of its 95 % interval."""
    high: float
    over: float | None
    """Share of over-routes among what the strongest model answered."""


class MisrouteSums(NamedTuple):
    """What there is to count beside the rates."""

    undecided: int
    alarms: int
    """Rates that alarm now."""
    lapses: int
    """Certificates of the active scorer that hold no more."""


def misroute_page(samples: Sequence[MisrouteSample], sums: MisrouteSums) -> bytes:
    """Write them in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_Exposition([*_rates(samples), *_sums(sums)]))
    return generate_latest(registry)


class _Exposition(Collector):
    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        """Return them."""
        return self._families


def _rates(samples: Sequence[MisrouteSample]) -> list[Metric]:
    audits = GaugeMetricFamily("triplepoint_misroute_audits", "Audits of the active line-up.", labels=_LABELS)
    under = GaugeMetricFamily("triplepoint_misroute_rate", "Share of under-routes, by audits.", labels=_LABELS)
    low = GaugeMetricFamily("triplepoint_misroute_rate_low", "Lower end of its 95 % interval.", labels=_LABELS)
    high = GaugeMetricFamily("triplepoint_misroute_rate_high", "Upper end of its 95 % interval.", labels=_LABELS)
    over = GaugeMetricFamily("triplepoint_over_route_rate", "Share of over-routes of the strongest model.", labels=_LABELS)
    for one in samples:
        labels = (one.of, one.name)
        audits.add_metric(labels, one.audits)
        for family, value in ((under, one.under), (over, one.over)):
            if value is not None:  # unknown is never zero
                family.add_metric(labels, value)
        low.add_metric(labels, one.low)
        high.add_metric(labels, one.high)
    return [audits, under, low, high, over]


def _sums(sums: MisrouteSums) -> list[Metric]:
    return [
        GaugeMetricFamily("triplepoint_misroute_undecided", "Audits that nothing could decide.", value=sums.undecided),
        GaugeMetricFamily("triplepoint_misroute_alarms", "Rates of misroutes that alarm.", value=sums.alarms),
        GaugeMetricFamily("triplepoint_misroute_lapses", "Certificates that audits contradict.", value=sums.lapses),
    ]
