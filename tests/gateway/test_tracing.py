"""Traces of a real gateway, as a collector gets them."""

from pathlib import Path

from tests.gateway.harness import free_port, model, openai_upstream, start_gateway, write_configuration
from tests.gateway.raw import post, question
from tests.telemetry.conftest import Collector

from triplepoint.upstreams.simulated.model import Script
from triplepoint.upstreams.simulated.server import SimulatedServer

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
PROMPT = "a prompt that no trace may hold"


async def test_a_request_is_traced_through_the_gateway(tmp_path: Path) -> None:
    """The caller's trace goes on: a span for the request, below it one for its attempt, of which the upstream is told."""
    collector, upstream_port = Collector(), free_port()
    port = write_configuration(
        tmp_path,
        upstreams={"a": openai_upstream(upstream_port)},
        models={"chat": model("a")},
        settings={"telemetry": {"otlp_endpoint": collector.endpoint}},
    )
    try:
        async with SimulatedServer(Script(), port=upstream_port) as upstream:
            with start_gateway(tmp_path, port) as running:
                answer = await post(running, question(PROMPT), f"traceparent: 00-{TRACE}-{PARENT}-01")
                assert answer.status == 200
            told = upstream.seen[0].headers["traceparent"]
        spans = {span.span_id.hex(): span for span in collector.spans()}
        request = next(span for span in spans.values() if span.parent_span_id.hex() == PARENT)
        attempt = next(span for span in spans.values() if span.parent_span_id == request.span_id)
        assert {span.trace_id.hex() for span in (request, attempt)} == {TRACE}
        assert told == f"00-{TRACE}-{attempt.span_id.hex()}-01"
        assert not any(PROMPT.encode() in body for _, body in collector.bodies)
    finally:
        collector.close()
