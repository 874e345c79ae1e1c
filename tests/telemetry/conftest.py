"""Records to count and trace, a collector to trace to, and logging put back after each test."""

import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import structlog
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class Collector:
    """An OTLP collector on loopback that keeps what it gets."""

    def __init__(self) -> None:
        self.bodies: list[tuple[str, bytes]] = []
        """Path and body of each export."""
        keep = self.bodies

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                keep.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(200)
                self.send_header("content-type", "application/x-protobuf")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name is the base class's)
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def endpoint(self) -> str:
        """Base address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def spans(self) -> list[Span]:
        """Return all spans that arrived."""
        found: list[Span] = []
        for path, body in self.bodies:
            if path == "/v1/traces":
                for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                    for scope in resource.scope_spans:
                        found.extend(scope.spans)
        return found

    def metrics(self) -> ExportMetricsServiceRequest:
        """Return the last metrics that arrived."""
        bodies = [body for path, body in self.bodies if path == "/v1/metrics"]
        return ExportMetricsServiceRequest.FromString(bodies[-1])

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    """Return a running collector."""
    running = Collector()
    yield running
    running.close()


@pytest.fixture(autouse=True)
def logging_put_back() -> Iterator[None]:
    """Leave logging as it was found, since it belongs to the process."""
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    yield
    structlog.reset_defaults()
    root.handlers[:], level = before
    root.setLevel(level)
