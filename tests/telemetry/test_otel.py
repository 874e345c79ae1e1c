"""Spans and metrics reach a collector by the GenAI conventions, join the caller's trace, and cost nothing when off."""

import socket
import sys
import time
from collections.abc import Iterable

import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from tests.telemetry.conftest import Collector
from tests.telemetry.records import CLOSED, OPENED, closed, opened

from triplepoint.foundation.errors import SettingsInvalid
from triplepoint.foundation.usage import Usage
from triplepoint.ledger.model import Outcome
from triplepoint.telemetry import genai, otel
from triplepoint.telemetry.tracing import NO_TRACING, open_tracing

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
CALLER = {b"traceparent": f"00-{TRACE_ID}-b7ad6b7169203331-01".encode(), b"tracestate": b"vendor=1", b"baggage": b"user=alice"}

FAILED = closed(outcome=Outcome.FAILED, status=0, error="connect_failed", usage=Usage(), cost_usd=None, finish_reason=None)


def attributes(pairs: Iterable[KeyValue]) -> dict[str, object]:
    """Read attributes into plain values."""
    return {pair.key: plain_value(pair.value) for pair in pairs}


def plain_value(value: AnyValue) -> object:
    """Read one value."""
    kind = value.WhichOneof("value")
    assert kind is not None
    return [plain_value(element) for element in value.array_value.values] if kind == "array_value" else getattr(value, kind)


def trace_one(collector: Collector, headers: dict[bytes, bytes]) -> tuple[dict[str, Span], list[tuple[bytes, bytes]]]:
    """Trace a request of two attempts, the first failing, and return its spans by name."""
    tracing = open_tracing(collector.endpoint, version="0.1.0")
    request = tracing.request("/v1/chat/completions", headers, receipt_id="rcpt_1")
    failed = request.attempt(opened(upstream_model="broken"), kind="openai")
    failed.end(
        closed(outcome=Outcome.FAILED, status=0, error="connect_failed", usage=Usage(), cost_usd=None, finish_reason=None)
    )
    attempt = request.attempt(OPENED, kind="azure")
    sent = list(attempt.headers)
    attempt.end(CLOSED)
    request.end(status=200, error=None)
    tracing.close()
    return {span.name: span for span in collector.spans()}, sent


def test_spans(collector: Collector) -> None:
    """A request is a server span, each attempt a client span below it, with usage, cost and outcome."""
    spans, _ = trace_one(collector, {})
    request, attempt = spans["POST /v1/chat/completions"], spans["chat smollm2"]
    assert request.kind == Span.SPAN_KIND_SERVER
    assert attempt.kind == Span.SPAN_KIND_CLIENT
    assert attempt.parent_span_id == request.span_id
    assert request.parent_span_id == b""
    assert attributes(request.attributes) == {
        genai.HTTP_METHOD: "POST",
        genai.HTTP_ROUTE: "/v1/chat/completions",
        genai.RECEIPT: "rcpt_1",
        genai.HTTP_STATUS: 200,
    }
    assert attributes(attempt.attributes) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "azure.ai.openai",
        "gen_ai.request.model": "smollm2",
        "gen_ai.request.stream": True,
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.response.time_to_first_chunk": 0.03,
        "gen_ai.usage.input_tokens": 412,
        "gen_ai.usage.output_tokens": 48,
        "gen_ai.usage.cache_read.input_tokens": 100,
        "gen_ai.usage.cache_creation.input_tokens": 7,
        "gen_ai.usage.reasoning.output_tokens": 3,
        genai.HTTP_STATUS: 200,
        genai.RECEIPT: "rcpt_1",
        genai.ATTEMPT: 1,
        genai.CUSTOMER: "cust_1",
        genai.SERVED_MODEL: "nano",
        genai.UPSTREAM: "here",
        genai.LINEUP: "abc123",
        genai.OUTCOME: "finished",
        genai.COST_USD: "0.000123",
        genai.USAGE_SOURCE: "reported",
    }


def test_failed_attempt(collector: Collector) -> None:
    """A failed attempt's span is in error with our code, and claims no usage and no cost."""
    spans, _ = trace_one(collector, {})
    span = spans["chat broken"]
    found = attributes(span.attributes)
    assert span.status.code == Status.STATUS_CODE_ERROR
    assert span.status.message == ""
    assert found[genai.ERROR_TYPE] == "connect_failed"
    assert not {genai.USAGE_INPUT_TOKENS, genai.USAGE_OUTPUT_TOKENS, genai.COST_USD, genai.HTTP_STATUS} & set(found)


def test_caller_trace_goes_on(collector: Collector) -> None:
    """The caller's trace is continued and passed upstream with its state; baggage is not."""
    spans, sent = trace_one(collector, CALLER)
    request, attempt = spans["POST /v1/chat/completions"], spans["chat smollm2"]
    assert {span.trace_id.hex() for span in spans.values()} == {TRACE_ID}
    assert request.parent_span_id.hex() == "b7ad6b7169203331"
    assert dict(sent) == {
        b"traceparent": f"00-{TRACE_ID}-{attempt.span_id.hex()}-01".encode(),
        b"tracestate": b"vendor=1",
    }


@pytest.mark.parametrize("value", [b"", b"garbage", b"00-" + b"0" * 32 + b"-b7ad6b7169203331-01", b"\xff\xfe", b"0" * 9_000])
def test_broken_traceparent(collector: Collector, value: bytes) -> None:
    """A traceparent that is none begins a trace of our own."""
    spans, sent = trace_one(collector, {b"traceparent": value})
    assert spans["POST /v1/chat/completions"].parent_span_id == b""
    assert dict(sent)[b"traceparent"].startswith(b"00-")


def test_metrics(collector: Collector) -> None:
    """Durations, first chunk and tokens are histograms with the conventions' buckets; unknown usage is left out."""
    trace_one(collector, {})
    (resource,) = collector.metrics().resource_metrics
    assert attributes(resource.resource.attributes)["service.name"] == "triplepoint"
    points = {metric.name: list(metric.histogram.data_points) for metric in resource.scope_metrics[0].metrics}
    tokens = {
        (attributes(p.attributes)["gen_ai.request.model"], attributes(p.attributes)["gen_ai.token.type"]): p.sum
        for p in points["gen_ai.client.token.usage"]
    }
    assert tokens == {("smollm2", "input"): 412, ("smollm2", "output"): 48}
    durations = points["gen_ai.client.operation.duration"]
    assert tuple(durations[0].explicit_bounds) == genai.DURATION_BUCKETS_S
    assert {attributes(p.attributes).get("error.type") for p in durations} == {None, "connect_failed"}
    assert sum(p.count for p in points["gen_ai.client.operation.time_to_first_chunk"]) == 2


def test_collector_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a collector, requests go on and closing ends soon."""
    monkeypatch.setattr(otel, "EXPORT_TIMEOUT_S", 0.5)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    tracing = open_tracing(f"http://127.0.0.1:{port}", version="0.1.0")
    start = time.monotonic()
    request = tracing.request("/v1/messages", {}, receipt_id="rcpt_1")
    request.attempt(OPENED, kind="anthropic").end(CLOSED)
    request.end(status=502, error="upstream_error")
    assert time.monotonic() - start < 0.5
    tracing.close()
    assert time.monotonic() - start < 5


def test_off() -> None:
    """Without an endpoint nothing is made, sent or passed on, and the same objects serve every request."""
    tracing = open_tracing(None, version="0.1.0")
    assert tracing is NO_TRACING
    request = tracing.request("/v1/messages", CALLER, receipt_id="rcpt_1")
    assert request is tracing.request("/v1/messages", {}, receipt_id="rcpt_2")
    attempt = request.attempt(OPENED, kind="openai")
    assert attempt is request.attempt(OPENED, kind="openai")
    assert list(attempt.headers) == []
    attempt.end(CLOSED)
    request.end(status=200, error=None)
    tracing.close()


def test_missing_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """An endpoint without the optional packages is refused with the command that installs them."""
    monkeypatch.delitem(sys.modules, "triplepoint.telemetry.otel", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(SettingsInvalid) as caught:
        open_tracing("http://127.0.0.1:4318", version="0.1.0")
    (problem,) = caught.value.problems
    assert problem.key == "telemetry.otlp_endpoint"
    assert "pip install 'triplepoint[otel]'" in problem.fix


@pytest.mark.parametrize(
    ("endpoint", "operation"),
    [("/v1/chat/completions", "chat"), ("/v1/messages", "chat"), ("/v1/embeddings", "embeddings")],
)
def test_operation(endpoint: str, operation: str) -> None:
    """A path stands for one of the conventions' operations."""
    assert genai.operation(endpoint) == operation
