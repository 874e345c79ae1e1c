"""Traces and metrics to an OpenTelemetry collector, over HTTP; an optional extra, imported only where an endpoint is set.

The caller's ``traceparent`` is continued, each attempt sends its own on to the upstream, and ``baggage`` is not passed, since
it may hold anything. Spans are queued in memory and sent by a thread of the SDK: a collector that is slow or gone costs spans,
never an answer. Attributes are names, numbers and codes; no content, no headers, no exception messages.
"""

from collections.abc import Mapping
from typing import Final

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

from triplepoint.foundation.usage import Usage
from triplepoint.telemetry import genai
from triplepoint.telemetry.records import ClosedRecord, OpenedRecord
from triplepoint.telemetry.tracing import TraceHeaders

EXPORT_TIMEOUT_S: Final = 5.0
METRICS_EVERY_S: Final = 15.0
_SCOPE: Final = "triplepoint"
_PROPAGATED: Final = (b"traceparent", b"tracestate")
_W3C: Final = TraceContextTextMapPropagator()

Attributes = dict[str, AttributeValue]


class OtelTracing:
    """Spans and metrics by the GenAI conventions.

    Args:
        endpoint: Base address of the collector, such as ``http://127.0.0.1:4318``.
        version: Of this program.
    """

    def __init__(self, endpoint: str, *, version: str) -> None:
        base = endpoint.rstrip("/")
        resource = Resource.create({"service.name": "triplepoint", "service.version": version})
        self._traces = TracerProvider(resource=resource, shutdown_on_exit=False)
        spans = OTLPSpanExporter(endpoint=f"{base}/v1/traces", timeout=EXPORT_TIMEOUT_S)
        self._traces.add_span_processor(BatchSpanProcessor(spans))
        measured = OTLPMetricExporter(endpoint=f"{base}/v1/metrics", timeout=EXPORT_TIMEOUT_S)
        reader = PeriodicExportingMetricReader(measured, export_interval_millis=METRICS_EVERY_S * 1000)
        self._metrics = MeterProvider(metric_readers=[reader], resource=resource, shutdown_on_exit=False)
        self._tracer = self._traces.get_tracer(_SCOPE, version)
        self._instruments = _Instruments(self._metrics, version)

    def request(self, endpoint: str, headers: Mapping[bytes, bytes], *, receipt_id: str) -> "_Request":
        """Begin the span of a request, as a child of the caller's where it sends a ``traceparent``."""
        carrier = {name.decode(): headers[name].decode("latin-1") for name in _PROPAGATED if name in headers}
        context = _W3C.extract(carrier)
        attributes: Attributes = {genai.HTTP_METHOD: "POST", genai.HTTP_ROUTE: endpoint, genai.RECEIPT: receipt_id}
        span = self._tracer.start_span(f"POST {endpoint}", context, kind=SpanKind.SERVER, attributes=attributes)
        return _Request(self._tracer, self._instruments, span, set_span_in_context(span, context))

    def close(self) -> None:
        """Send what is left and stop."""
        self._traces.shutdown()
        self._metrics.shutdown(timeout_millis=EXPORT_TIMEOUT_S * 1000)


class _Instruments:
    def __init__(self, provider: MeterProvider, version: str) -> None:
        meter = provider.get_meter(_SCOPE, version)
        self._tokens = meter.create_histogram(
            genai.CLIENT_TOKEN_USAGE,
            "{token}",
            "Number of input and output tokens used.",
            explicit_bucket_boundaries_advisory=genai.TOKEN_BUCKETS,
        )
        self._duration = meter.create_histogram(
            genai.CLIENT_OPERATION_DURATION,
            "s",
            "GenAI operation duration.",
            explicit_bucket_boundaries_advisory=genai.DURATION_BUCKETS_S,
        )
        self._first_chunk = meter.create_histogram(
            genai.CLIENT_TIME_TO_FIRST_CHUNK,
            "s",
            "Time to receive the first chunk of a streamed answer.",
            explicit_bucket_boundaries_advisory=genai.DURATION_BUCKETS_S,
        )

    def record(self, opened: OpenedRecord, closed: ClosedRecord, common: Attributes) -> None:
        """Record an attempt; usage that nobody knows is left out, as the convention asks."""
        failed: Attributes = {} if closed.error is None else {genai.ERROR_TYPE: closed.error}
        self._duration.record(closed.total_us / 1e6, {**common, **failed})
        if opened.stream and closed.first_byte_us is not None:
            self._first_chunk.record(closed.first_byte_us / 1e6, common)
        for kind, tokens in (("input", closed.usage.input_tokens), ("output", closed.usage.output_tokens)):
            if tokens is not None:
                self._tokens.record(tokens, {**common, genai.TOKEN_TYPE: kind})


class _Request:
    def __init__(self, tracer: Tracer, instruments: _Instruments, span: Span, context: Context) -> None:
        self._tracer = tracer
        self._instruments = instruments
        self._span = span
        self._context = context

    def attempt(self, opened: OpenedRecord, *, kind: str) -> "_Attempt":
        """Begin the span of an attempt."""
        common: Attributes = {
            genai.OPERATION_NAME: genai.operation(opened.endpoint),
            genai.PROVIDER_NAME: genai.provider(kind),
            genai.REQUEST_MODEL: opened.upstream_model,
        }
        attributes = common | {
            genai.REQUEST_STREAM: opened.stream,
            genai.RECEIPT: opened.receipt_id,
            genai.ATTEMPT: opened.attempt,
            genai.CUSTOMER: opened.customer_id,
            genai.SERVED_MODEL: opened.served_model,
            genai.UPSTREAM: opened.upstream,
            genai.LINEUP: opened.lineup,
        }
        name = f"{common[genai.OPERATION_NAME]} {opened.upstream_model}"
        span = self._tracer.start_span(name, self._context, kind=SpanKind.CLIENT, attributes=attributes)
        return _Attempt(self._instruments, span, self._context, opened, common)

    def end(self, *, status: int, error: str | None) -> None:
        """End it."""
        if status:
            self._span.set_attribute(genai.HTTP_STATUS, status)
        if error is not None:
            self._span.set_attribute(genai.ERROR_TYPE, error)
        if status >= 500:  # a 4xx is the caller's fault, and so no error of a server's span
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end()


class _Attempt:
    def __init__(
        self, instruments: _Instruments, span: Span, context: Context, opened: OpenedRecord, common: Attributes
    ) -> None:
        self._instruments = instruments
        self._span = span
        self._opened = opened
        self._common = common
        carrier: dict[str, str] = {}
        _W3C.inject(carrier, set_span_in_context(span, context))
        self._headers = [(name.encode(), value.encode("latin-1")) for name, value in carrier.items()]

    @property
    def headers(self) -> TraceHeaders:
        """``traceparent`` and, where the caller sent one, ``tracestate``."""
        return self._headers

    def end(self, closed: ClosedRecord) -> None:
        """End it with what the record says."""
        span = self._span
        span.set_attributes({genai.OUTCOME: str(closed.outcome), **_usage_attributes(closed.usage)})
        if closed.status:
            span.set_attribute(genai.HTTP_STATUS, closed.status)
        if closed.cost_usd is not None:
            span.set_attribute(genai.COST_USD, closed.cost_usd)
        if closed.finish_reason is not None:
            span.set_attribute(genai.RESPONSE_FINISH_REASONS, [closed.finish_reason])
        if self._opened.stream and closed.first_byte_us is not None:
            span.set_attribute(genai.RESPONSE_TIME_TO_FIRST_CHUNK, closed.first_byte_us / 1e6)
        if closed.error is not None:
            span.set_attribute(genai.ERROR_TYPE, closed.error)
            span.set_status(Status(StatusCode.ERROR))
        span.end()
        self._instruments.record(self._opened, closed, self._common)


def _usage_attributes(usage: Usage) -> Attributes:
    attributes: Attributes = {genai.USAGE_SOURCE: usage.source.value}
    if usage.input_tokens is not None:
        attributes[genai.USAGE_INPUT_TOKENS] = usage.input_tokens
        attributes[genai.USAGE_CACHE_READ] = usage.cache_read_tokens
        attributes[genai.USAGE_CACHE_WRITE] = usage.cache_write_tokens
    if usage.output_tokens is not None:
        attributes[genai.USAGE_OUTPUT_TOKENS] = usage.output_tokens
        attributes[genai.USAGE_REASONING] = usage.reasoning_tokens
    return attributes
