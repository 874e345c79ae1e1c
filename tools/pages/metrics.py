"""The page of metrics: what ``/metrics`` shows, read from an exposition of a gateway that has answered one request."""

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from tools.pages.markdown import code, table

from triplepoint.foundation.usage import Usage, UsageSource
from triplepoint.ledger.model import Closed, Opened, Outcome
from triplepoint.telemetry import genai
from triplepoint.telemetry.metrics import GatewayMetrics
from triplepoint.telemetry.misroutes import MisrouteSample, MisrouteSums, misroute_page
from triplepoint.telemetry.status import GatewayStatus, UpstreamStatus

_INTRODUCTION = """\
# Metrics

`GET /metrics` on the control plane (127.0.0.1:8081) shows the gateway's metrics in Prometheus' text format, and what the audits
of the active line-up say (`triplepoint_misroute_…`), to callers on this machine and to operators. Labels are names from the
line-up, paths and codes of ours: no customer, no key, nothing that a caller wrote. Unknown is never zero: an answer without
usage is counted as unknown and adds no tokens, one without a price is counted as unpriced and adds no money.

Counters begin at zero when the gateway starts. Times are histograms: `_bucket`, `_sum` and `_count`.
"""

_TRACES = """\
## OpenTelemetry

With `telemetry.otlp_endpoint` set, traces and metrics go to a collector by the GenAI conventions (status: development). A
request is a span, each attempt a span within it; the caller's `traceparent` is continued and passed on. No content, no
header, no message of an exception is an attribute.
"""

_OPENED = Opened(
    receipt_id="rcpt_1", attempt=1, at_us=0, customer_id="cust_1", key_id="key_1", request_id="req_1",
    endpoint="/v1/chat/completions", asked_model="auto", served_model="nano", upstream="nano", upstream_model="nano",
    lineup="embedded", decision="default", stream=False, price_id="local/nano", input_estimate=1, input_usd_per_mtok="1",
)  # fmt: skip
_CLOSED = Closed(
    receipt_id="rcpt_1", attempt=1, at_us=1, outcome=Outcome.FINISHED, status=200, error=None, cost_usd="0.000002",
    usage=Usage(input_tokens=1, output_tokens=1, source=UsageSource.REPORTED), first_byte_us=1, total_us=1,
)  # fmt: skip
_STATUS = GatewayStatus(
    version="0", pid=1, started_us=0, lineup="embedded", lineup_hash="0", snapshot_us=0, in_flight=0, requests=1, journal="ok",
    upstreams=[UpstreamStatus(name="nano", kind="local", state="ready", breaker="closed", in_flight=0, attempts=1, failures=0,
                              last_error=None)],
)  # fmt: skip


def render() -> str:
    """Return the page."""
    rows = [[code(_shown_name(one)), one.type, ", ".join(map(code, _labels(one))), one.documentation] for one in families()]
    names = [[code(name)] for name in otel_names()]
    parts = [_INTRODUCTION, table(["metric", "type", "labels", "meaning"], rows), _TRACES]
    return "\n".join([*parts, table(["attribute or metric"], names)])


def families() -> Iterator[Metric]:
    """Yield every family that a gateway shows."""
    metrics = GatewayMetrics()
    metrics.attempt(_OPENED, _CLOSED)
    metrics.refused("invalid_api_key")
    metrics.rated("nano", "wrong")
    metrics.audited("fine", None)
    metrics.audit_dropped("budget")
    yield from text_string_to_metric_families(metrics.render(_STATUS, journal_backlog=0).decode())
    page = misroute_page([MisrouteSample("all", "", 1, 0.0, 0.0, 1.0, 0.0)], MisrouteSums(0, 0, 0))
    yield from text_string_to_metric_families(page.decode())


def otel_names() -> list[str]:
    """Return the names that go to a collector, as `telemetry.genai` has them."""
    values = [value for name, value in vars(genai).items() if name.isupper() and not name.startswith("_")]
    return [value for value in values if isinstance(value, str) and "." in value]


def _shown_name(family: Metric) -> str:
    return {"counter": f"{family.name}_total", "info": f"{family.name}_info"}.get(family.type, family.name)


def _labels(family: Metric) -> list[str]:
    return list(dict.fromkeys(label for sample in family.samples for label in sample.labels if label != "le"))
