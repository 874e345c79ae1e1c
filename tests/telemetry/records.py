"""Records as the gateway writes them, and a gateway's status."""

from typing import Any

import msgspec

from triplepoint.foundation.usage import Usage, UsageSource
from triplepoint.ledger.model import Closed, Opened, Outcome
from triplepoint.telemetry.status import GatewayStatus, UpstreamStatus

OPENED = Opened(
    receipt_id="rcpt_1",
    attempt=1,
    at_us=1_000_000,
    customer_id="cust_1",
    key_id="key_1",
    request_id="req_1",
    endpoint="/v1/chat/completions",
    asked_model="auto",
    served_model="nano",
    upstream="here",
    upstream_model="smollm2",
    lineup="abc123",
    decision="default",
    stream=True,
    price_id="local/smollm2@2026-11-01#1",
    input_estimate=400,
    input_usd_per_mtok="0.1",
)
CLOSED = Closed(
    receipt_id="rcpt_1",
    attempt=1,
    at_us=2_000_000,
    outcome=Outcome.FINISHED,
    status=200,
    error=None,
    usage=Usage(
        input_tokens=412,
        output_tokens=48,
        cache_read_tokens=100,
        cache_write_tokens=7,
        reasoning_tokens=3,
        source=UsageSource.REPORTED,
    ),
    cost_usd="0.000123",
    first_byte_us=30_000,
    total_us=840_000,
    finish_reason="stop",
)
STATUS = GatewayStatus(
    version="0.1.0",
    pid=7,
    started_us=0,
    lineup="embedded",
    lineup_hash="abc123",
    snapshot_us=5_000_000,
    in_flight=2,
    requests=9,
    journal="ok",
    upstreams=[
        UpstreamStatus(
            name="here",
            kind="local",
            state="ready",
            breaker="half-open",
            in_flight=1,
            attempts=3,
            failures=1,
            last_error=None,
        )
    ],
)


def opened(**changes: Any) -> Opened:
    """Return an opened record with changes."""
    return msgspec.structs.replace(OPENED, **changes)


def closed(**changes: Any) -> Closed:
    """Return a closed record with changes."""
    return msgspec.structs.replace(CLOSED, **changes)
