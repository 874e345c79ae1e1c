"""Counts are exact, unknown is never zero, labels are bounded, and the text is what Prometheus reads."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from tests.telemetry.records import CLOSED, OPENED, STATUS, closed, opened

from triplepoint.foundation.usage import Usage
from triplepoint.ledger.model import Outcome
from triplepoint.ledger.routed import RoutedRecord
from triplepoint.telemetry.counters import OTHER, Counts, Histogram
from triplepoint.telemetry.genai import DURATION_BUCKETS_S
from triplepoint.telemetry.metrics import GatewayMetrics

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


class FixedClock:
    """A clock that stands at six seconds."""

    def now_us(self) -> int:
        return 6_000_000

    def steady_s(self) -> float:
        return 0.0


def samples(metrics: GatewayMetrics, *, journal_backlog: int | None = None) -> Samples:
    """Render and parse."""
    text = metrics.render(STATUS, journal_backlog=journal_backlog).decode()
    families = text_string_to_metric_families(text)
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def value(found: Samples, name: str, **labels: str) -> float:
    """Return one sample."""
    return found[name, frozenset(labels.items())]


def test_attempt() -> None:
    """An attempt counts once with its labels, its tokens by kind, its cost, and its durations."""
    metrics = GatewayMetrics()
    metrics.attempt(OPENED, CLOSED)
    metrics.attempt(OPENED, CLOSED)
    found = samples(metrics)
    labels = {"endpoint": "/v1/chat/completions", "model": "nano"}
    assert (
        value(found, "triplepoint_attempts_total", **labels, upstream="here", status="2xx", outcome="finished", error="") == 2
    )
    tokens = {kind: value(found, "triplepoint_tokens_total", model="nano", kind=kind) for kind in ("input", "output")}
    assert tokens == {"input": 824, "output": 96}
    assert value(found, "triplepoint_tokens_total", model="nano", kind="cache_read") == 200
    assert value(found, "triplepoint_tokens_total", model="nano", kind="cache_write") == 14
    assert value(found, "triplepoint_tokens_total", model="nano", kind="reasoning") == 6
    assert value(found, "triplepoint_cost_usd_total", model="nano") == pytest.approx(0.000246)
    assert value(found, "triplepoint_attempt_duration_seconds_sum", **labels) == pytest.approx(1.68)
    assert value(found, "triplepoint_attempt_duration_seconds_bucket", **labels, le="0.64") == 0
    assert value(found, "triplepoint_attempt_duration_seconds_bucket", **labels, le="1.28") == 2
    assert value(found, "triplepoint_time_to_first_byte_seconds_count", **labels) == 2


def test_the_mix_of_a_plan() -> None:
    """A request counts once, by the model of its first attempt; a decision with its policy, and whether chance made it."""
    metrics = GatewayMetrics()
    by_chance = RoutedRecord("learned", explored=True, is_certified=True)
    metrics.attempt(opened(plan="pro", routed=by_chance), CLOSED)
    metrics.attempt(opened(plan="pro", attempt=2), CLOSED)
    metrics.attempt(opened(plan="pro", asked_model="nano"), CLOSED)
    metrics.attempt(opened(audit_of="rcpt_0"), CLOSED)  # no request of a customer's
    found = samples(metrics)
    labels = {"plan": "pro", "model": "nano"}
    decisions = "triplepoint_decisions_total"
    assert value(found, decisions, **labels, policy="learned", explored="yes", certified="yes") == 1
    assert value(found, "triplepoint_served_total", **labels, asked="auto") == 1
    assert value(found, "triplepoint_served_total", **labels, asked="name") == 1
    assert sum(count for (name, _), count in found.items() if name in {decisions, "triplepoint_served_total"}) == 3


def test_audits_and_feedback_are_counted() -> None:
    """By outcome, by why nothing came of one, and by label; what an audit of unknown cost has cost is in no sum."""
    metrics = GatewayMetrics()
    metrics.audited("fine", Decimal("0.0015"))
    metrics.audited("under_route", None)
    metrics.audit_dropped("budget")
    metrics.rated("nano", "wrong")
    found = samples(metrics)
    assert value(found, "triplepoint_audits_total", outcome="fine") == 1
    assert value(found, "triplepoint_audits_total", outcome="under_route") == 1
    assert value(found, "triplepoint_audits_dropped_total", why="budget") == 1
    assert value(found, "triplepoint_audit_cost_usd_total") == pytest.approx(0.0015)
    assert value(found, "triplepoint_feedback_total", model="nano", label="wrong") == 1


def test_unknown_is_not_zero() -> None:
    """Unknown usage and cost are counted as unknown, and add neither tokens nor money."""
    metrics = GatewayMetrics()
    metrics.attempt(OPENED, closed(usage=Usage(input_tokens=5), cost_usd=None, first_byte_us=None))
    found = samples(metrics)
    assert value(found, "triplepoint_usage_unknown_total", model="nano", kind="input") == 0
    assert value(found, "triplepoint_usage_unknown_total", model="nano", kind="output") == 1
    assert value(found, "triplepoint_unpriced_total", model="nano") == 1
    assert value(found, "triplepoint_tokens_total", model="nano", kind="input") == 5
    labels = {"endpoint": "/v1/chat/completions", "model": "nano"}
    assert value(found, "triplepoint_time_to_first_byte_seconds_count", **labels) == 0


def test_state() -> None:
    """The state of gateway, journal, line-up and upstreams is told as it is now."""
    metrics = GatewayMetrics(FixedClock())
    metrics.refused("invalid_api_key")
    found = samples(metrics, journal_backlog=3)
    assert value(found, "triplepoint_snapshot_age_seconds") == 1.0
    assert value(found, "triplepoint_requests_total") == 9
    assert value(found, "triplepoint_requests_in_flight") == 2
    assert value(found, "triplepoint_refused_total", code="invalid_api_key") == 1
    assert value(found, "triplepoint_journal_ok") == 1
    assert value(found, "triplepoint_journal_backlog") == 3
    assert value(found, "triplepoint_lineup_info", lineup="embedded", hash="abc123") == 1
    states = {
        state: value(found, "triplepoint_upstream_breaker", upstream="here", state=state) for state in ("open", "half-open")
    }
    assert states == {"open": 0, "half-open": 1}


def test_backlog_that_nobody_told() -> None:
    """A backlog that is not known is left out, not shown as none."""
    assert not [name for name, _ in samples(GatewayMetrics()) if "backlog" in name]


@pytest.mark.parametrize(("status", "label"), [(0, "none"), (204, "2xx"), (429, "4xx"), (599, "5xx"), (999, "other")])
def test_status_classes(status: int, label: str) -> None:
    """A status is told by its class; no answer is a class of its own, and so is nonsense."""
    metrics = GatewayMetrics()
    metrics.attempt(OPENED, closed(status=status, outcome=Outcome.FAILED, error="upstream_error"))
    assert any(dict(labels).get("status") == label for name, labels in samples(metrics) if name == "triplepoint_attempts_total")


def test_labels_are_bounded() -> None:
    """However many names come, the series stay few; the rest is counted under other, and none is lost."""
    metrics = GatewayMetrics()
    for number in range(3_000):
        metrics.attempt(opened(served_model=f"m{number}"), CLOSED)
        metrics.refused(f"code{number}")
    found = samples(metrics)
    for name in ("triplepoint_attempts_total", "triplepoint_refused_total"):
        counts = [count for (sample, _), count in found.items() if sample == name]
        assert len(counts) == 1_001
        assert sum(counts) == 3_000
    assert value(found, "triplepoint_tokens_total", model=OTHER, kind="input") == 412 * 2_000


@given(st.lists(st.decimals(0, 1000, places=9), max_size=50))
def test_cost_is_exact(costs: list[Decimal]) -> None:
    """Money is summed without rounding; only the text is a float."""
    metrics = GatewayMetrics()
    for cost in costs:
        metrics.attempt(OPENED, closed(cost_usd=str(cost)))
    if costs:
        assert value(samples(metrics), "triplepoint_cost_usd_total", model="nano") == float(sum(costs))


@given(st.lists(st.integers(0, 200_000_000), min_size=1))
def test_histogram(durations: list[int]) -> None:
    """Every duration lies in exactly one bucket, whose bound it does not exceed."""
    histogram = Histogram(DURATION_BUCKETS_S)
    for duration in durations:
        histogram.observe(duration)
    assert sum(histogram.counts) == len(durations)
    assert histogram.sum_us == sum(durations)
    for index, bound in enumerate(DURATION_BUCKETS_S):
        assert sum(histogram.counts[: index + 1]) == sum(duration <= round(bound * 1e6) for duration in durations)


def test_counts() -> None:
    """A counter adds what it is given."""
    counts = Counts(("a",), limit=1)
    counts.add(("x",), 2)
    counts.add(("x",))
    counts.add(("y",), 5)
    counts.add(("z",))
    assert dict(counts) == {("x",): 3, (OTHER,): 6}
