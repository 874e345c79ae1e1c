"""What a gateway counts, and how it looks to Prometheus.

Counting happens on the path of every request, so it is a handful of additions (`counters`); the text format is made when
somebody asks for it. Attempts are counted a few at a time: one by one, each would find that all it needs has left the
processor's caches since the last. Every label is a name from line-up or plans, a path of ours, or one of our codes: no
customer, no key, nothing that a caller wrote. Unknown is never zero: an answer without usage is counted as unknown and adds
no tokens, one without a cost is counted as unpriced and adds no money.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from triplepoint.foundation.clock import Clock, SystemClock
from triplepoint.foundation.money import EXACT, ZERO
from triplepoint.telemetry.counters import Bounded, Counts, Histogram
from triplepoint.telemetry.genai import DURATION_BUCKETS_S
from triplepoint.telemetry.records import ClosedRecord, OpenedRecord
from triplepoint.telemetry.status import GatewayStatus

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_STATUS_CLASSES: Final = ("none", "1xx", "2xx", "3xx", "4xx", "5xx")
_KINDS: Final = ("input", "cache_read", "cache_write", "output", "reasoning")
_BREAKER_STATES: Final = ("closed", "half-open", "open")
_MODEL: Final = ("endpoint", "model")
_AT_ONCE: Final = 32
"""Attempts that are counted together."""


class _ModelTotals:
    """Sums of one model, in the order of `_KINDS`."""

    __slots__ = ("cost_usd", "estimated", "tokens", "unknown_input", "unknown_output", "unpriced")

    def __init__(self) -> None:
        self.tokens = [0, 0, 0, 0, 0]
        self.cost_usd: Decimal = ZERO
        self.unpriced = 0
        self.estimated = 0
        self.unknown_input = 0
        self.unknown_output = 0


class _Times:
    """Durations of one endpoint and model."""

    __slots__ = ("first_byte", "total")

    def __init__(self) -> None:
        self.total = Histogram(DURATION_BUCKETS_S)
        self.first_byte = Histogram(DURATION_BUCKETS_S)


class GatewayMetrics:
    """The counts of one gateway process; used from its event loop only.

    Args:
        clock: Dates the age of the snapshot.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._attempts = Counts(("endpoint", "model", "upstream", "status", "outcome", "error"))
        self._refused = Counts(("code",))
        self._limited = Counts(("limit",))
        self._downgraded = Counts(("model", "served"))
        self._looked = Counts(("model", "found"))
        self._escalated = Counts(("model", "to", "check", "outcome"))
        self._rated = Counts(("model", "label"))
        self._served = Counts(("plan", "model", "asked"))
        self._decisions = Counts(("plan", "model", "policy", "explored", "certified"))
        self._audited = Counts(("outcome",))
        self._undone_audits = Counts(("why",))
        self._audits_usd: Decimal = ZERO
        self._caller_retries = 0
        self._totals = Bounded[_ModelTotals](("model",))
        self._times = Bounded[_Times](_MODEL)
        self._ended: list[tuple[OpenedRecord, ClosedRecord]] = []
        """Attempts that are yet to be counted."""

    def attempt(self, opened: OpenedRecord, closed: ClosedRecord) -> None:
        """Count an attempt that has ended; it shows in what is rendered from now on."""
        self._ended.append((opened, closed))
        if len(self._ended) >= _AT_ONCE:
            self._count_ended()

    def _count_ended(self) -> None:
        ended, self._ended = self._ended, []
        for opened, closed in ended:
            self._count(opened, closed)

    def _count(self, opened: OpenedRecord, closed: ClosedRecord) -> None:
        model, endpoint = opened.served_model, opened.endpoint
        status = _STATUS_CLASSES[closed.status // 100] if closed.status < 600 else "other"
        labels = (endpoint, model, opened.upstream, status, closed.outcome, closed.error or "")
        if labels in self._attempts.series:
            self._attempts.series[labels] += 1
        else:
            self._attempts.add(labels)
        times = self._times.series.get((endpoint, model)) or self._add_times((endpoint, model))
        times.total.observe(closed.total_us)
        if (first_byte_us := closed.first_byte_us) is not None:
            times.first_byte.observe(first_byte_us)
        if opened.attempt == 1 and not opened.audit_of:
            routed = opened.routed
            served = (opened.plan, model, "name" if routed is None else "auto")
            if served in self._served.series:
                self._served.series[served] += 1
            else:
                self._served.add(served)
            if routed is not None:
                flags = (_flag(routed.explored), _flag(routed.is_certified))
                self._decisions.add((opened.plan, model, routed.policy, *flags))
        self._count_usage(self._totals.series.get((model,)) or self._add_totals((model,)), closed)

    def refused(self, code: str) -> None:
        """Count a request that was answered with an error of ours."""
        self._refused.add((code,))

    def limited(self, kind: str) -> None:
        """Count a request that a limit of its plan refused: ``rate`` or ``quota``."""
        self._limited.add((kind,))

    def downgraded(self, asked: str, served: str) -> None:
        """Count a request that a used-up quota moved down its plan's ladder."""
        self._downgraded.add((asked, served))

    def rated(self, model: str, label: str) -> None:
        """Count a rating of a model's answer; the label is one of a closed set, or empty."""
        self._rated.add((model, label))

    def audited(self, outcome: str, cost_usd: Decimal | None) -> None:
        """Count an audit and what it cost."""
        self._audited.add((outcome,))
        if cost_usd is not None:
            self._audits_usd = EXACT.add(self._audits_usd, cost_usd)

    def audit_dropped(self, why: str) -> None:
        """Count a request that was drawn for an audit of which nothing came."""
        self._undone_audits.add((why,))

    def looked(self, model: str, found: str) -> None:
        """Count an answer that was held: ``sound``, the check that failed, or ``let_go`` where it was given unseen."""
        self._looked.add((model, found))

    def escalated(self, model: str, to: str, check: str, outcome: str) -> None:
        """Count an answer that would not do.

        Args:
            model: Whose it was.
            to: Model that was to answer instead; empty: there was none.
            check: That failed.
            outcome: ``answered``, ``failed``, ``no_room``, ``no_time`` or ``nobody_up``.
        """
        self._escalated.add((model, to, check, outcome))

    def caller_retried(self) -> None:
        """Count a request that an official client sends again, so that a storm of retries is told from new demand."""
        self._caller_retries += 1

    def render(self, status: GatewayStatus, *, journal_backlog: int | None = None) -> bytes:
        """Write everything in Prometheus' text format.

        Args:
            status: How the gateway is at this moment.
            journal_backlog: Records that wait in memory because the journal cannot be written; left out where not known.
        """
        self._count_ended()
        registry = CollectorRegistry()
        registry.register(_Exposition([*self._families(), *_state_families(status, self._clock.now_us(), journal_backlog)]))
        return generate_latest(registry)

    def _count_usage(self, totals: _ModelTotals, closed: ClosedRecord) -> None:
        usage, tokens = closed.usage, totals.tokens
        if usage.input_tokens is None:
            totals.unknown_input += 1
        else:
            tokens[0] += usage.input_tokens
            tokens[1] += usage.cache_read_tokens
            tokens[2] += usage.cache_write_tokens
        if usage.output_tokens is None:
            totals.unknown_output += 1
        else:
            tokens[3] += usage.output_tokens
            tokens[4] += usage.reasoning_tokens
        if usage.source == "estimated":
            totals.estimated += 1
        if (cost := closed.cost_usd) is None:
            totals.unpriced += 1
        elif cost != "0":
            totals.cost_usd = EXACT.add(totals.cost_usd, Decimal(cost))

    def _add_times(self, labels: tuple[str, str]) -> _Times:
        return self._times.series.setdefault(self._times.place(labels), _Times())

    def _add_totals(self, labels: tuple[str]) -> _ModelTotals:
        return self._totals.series.setdefault(self._totals.place(labels), _ModelTotals())

    def _families(self) -> Iterable[Metric]:
        yield _counter("triplepoint_attempts", "Attempts that have ended, at upstreams.", self._attempts)
        yield _counter(
            "triplepoint_served",
            "Requests by plan, model that they were first sent to, and how it was asked for.",
            self._served,
        )
        yield _counter("triplepoint_decisions", "Requests that a router decided, by what they got.", self._decisions)
        yield _counter("triplepoint_looked", "Answers that were held until they were looked at.", self._looked)
        yield _counter("triplepoint_escalated", "Answers that would not do, and what came of it.", self._escalated)
        yield _counter("triplepoint_refused", "Requests answered with an error of ours, by code.", self._refused)
        yield _counter("triplepoint_limited", "Requests that a limit of their plan refused.", self._limited)
        yield _counter("triplepoint_downgraded", "Requests that were moved down their plan's ladder.", self._downgraded)
        yield _counter("triplepoint_feedback", "Ratings of answers by customers.", self._rated)
        yield _counter("triplepoint_audits", "Requests to auto that were answered twice and compared.", self._audited)
        yield _counter("triplepoint_audits_dropped", "Requests drawn for an audit of which nothing came.", self._undone_audits)
        yield CounterMetricFamily("triplepoint_audit_cost_usd", "Cost of audits in US dollars.", value=float(self._audits_usd))
        yield CounterMetricFamily(
            "triplepoint_caller_retries", "Requests that official clients sent again.", value=self._caller_retries
        )
        yield from self._usage_families()
        durations = ("triplepoint_attempt_duration_seconds", "From sending an attempt to its end.")
        yield _histogram(*durations, [(labels, times.total) for labels, times in self._times])
        first_bytes = ("triplepoint_time_to_first_byte_seconds", "From sending an attempt to the first byte of its answer.")
        yield _histogram(*first_bytes, [(labels, times.first_byte) for labels, times in self._times])

    def _usage_families(self) -> Iterable[Metric]:
        tokens = CounterMetricFamily("triplepoint_tokens", "Tokens; cache parts are within input.", labels=("model", "kind"))
        unknown = CounterMetricFamily("triplepoint_usage_unknown", "Attempts of unknown usage.", labels=("model", "kind"))
        estimated = CounterMetricFamily("triplepoint_usage_estimated", "Attempts of estimated usage.", labels=("model",))
        cost = CounterMetricFamily("triplepoint_cost_usd", "Cost in US dollars, of what is priced.", labels=("model",))
        unpriced = CounterMetricFamily("triplepoint_unpriced", "Attempts of unknown cost.", labels=("model",))
        for (model,), totals in self._totals:
            for kind, count in zip(_KINDS, totals.tokens, strict=True):
                tokens.add_metric((model, kind), count)
            unknown.add_metric((model, "input"), totals.unknown_input)
            unknown.add_metric((model, "output"), totals.unknown_output)
            estimated.add_metric((model,), totals.estimated)
            cost.add_metric((model,), float(totals.cost_usd))
            unpriced.add_metric((model,), totals.unpriced)
        return (tokens, unknown, estimated, cost, unpriced)


class _Exposition(Collector):
    """Families that were made already."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        """Return them."""
        return self._families


def _state_families(status: GatewayStatus, now_us: int, journal_backlog: int | None) -> Iterable[Metric]:
    yield InfoMetricFamily("triplepoint_build", "This gateway.", value={"version": status.version})
    lineup = {"lineup": status.lineup, "hash": status.lineup_hash}
    yield InfoMetricFamily("triplepoint_lineup", "The active line-up.", value=lineup)
    age_s = max(0, now_us - status.snapshot_us) / 1e6
    yield GaugeMetricFamily("triplepoint_snapshot_age_seconds", "Since the snapshot was swapped in.", value=age_s)
    yield CounterMetricFamily("triplepoint_requests", "Requests to a model's endpoint.", value=status.requests)
    yield GaugeMetricFamily("triplepoint_requests_in_flight", "Requests under way.", value=status.in_flight)
    is_ok = status.journal == "ok"
    yield GaugeMetricFamily("triplepoint_journal_ok", "1 while the journal can be written.", value=is_ok)
    if journal_backlog is not None:
        yield GaugeMetricFamily("triplepoint_journal_backlog", "Records that wait in memory.", value=journal_backlog)
    yield from _upstream_families(status)


def _upstream_families(status: GatewayStatus) -> Iterable[Metric]:
    ready = GaugeMetricFamily("triplepoint_upstream_ready", "1 while it can be called.", labels=("upstream", "kind"))
    flying = GaugeMetricFamily("triplepoint_upstream_in_flight", "Attempts under way.", labels=("upstream",))
    breaker = GaugeMetricFamily("triplepoint_upstream_breaker", "1 for the state it is in.", labels=("upstream", "state"))
    for upstream in status.upstreams:
        ready.add_metric((upstream.name, upstream.kind), upstream.state == "ready")
        flying.add_metric((upstream.name,), upstream.in_flight)
        for state in _BREAKER_STATES:
            breaker.add_metric((upstream.name, state), upstream.breaker == state)
    return (ready, flying, breaker)


def _counter(name: str, about: str, counts: Counts) -> CounterMetricFamily:
    family = CounterMetricFamily(name, about, labels=counts.names)
    for labels, count in counts:
        family.add_metric(labels, count)
    return family


def _flag(claim: bool) -> str:
    return "yes" if claim else "no"


def _histogram(name: str, about: str, series: Iterable[tuple[tuple[str, ...], Histogram]]) -> HistogramMetricFamily:
    family = HistogramMetricFamily(name, about, labels=_MODEL)
    for labels, histogram in series:
        buckets: list[tuple[str, float]] = []
        total = 0
        for bound, count in zip((*map(str, DURATION_BUCKETS_S), "+Inf"), histogram.counts, strict=True):
            total += count
            buckets.append((bound, total))
        family.add_metric(labels, buckets, sum_value=histogram.sum_us / 1e6)
    return family
