"""Rows of a ledger, services that say what a test wants, and a clock that is moved by hand."""

from dataclasses import dataclass, field

from triplepoint.foundation.usage import Usage, UsageSource
from triplepoint.ledger.model import AttemptRow, Outcome, Receipt, Rollup
from triplepoint.ledger.receipts import to_receipt
from triplepoint.telemetry.status import GatewayStatus, UpstreamStatus

AT_US = 1_795_300_984_123_456  # 2026-11-21 22:43:04 UTC


def make_attempt(**changed: object) -> AttemptRow:
    """Make an attempt that finished."""
    fields: dict[str, object] = {
        "receipt_id": "rcpt_000001",
        "attempt": 1,
        "opened_us": AT_US,
        "closed_us": AT_US + 840_000,
        "customer_id": "cust_1",
        "key_id": "key_1",
        "request_id": "req_1",
        "endpoint": "/v1/chat/completions",
        "asked_model": "auto",
        "served_model": "nano",
        "upstream": "here",
        "upstream_model": "m.gguf",
        "lineup": "0123456789ab",
        "decision": "no rule holds",
        "stream": True,
        "outcome": Outcome.FINISHED,
        "status": 200,
        "error": None,
        "usage": Usage(input_tokens=412, output_tokens=48, source=UsageSource.REPORTED),
        "price_id": "here/m@2026-01-01#1f3a",
        "cost_usd": "0.0001",
        "first_byte_us": 120_000,
        "total_us": 840_000,
        "finish_reason": "stop",
        "conversation": None,
        "tags": {},
        "notices": [],
    }
    return AttemptRow(**(fields | changed))  # pyright: ignore[reportArgumentType] - the values come by name


def make_status(**changed: object) -> GatewayStatus:
    """Make the status of a gateway that is well."""
    upstream = UpstreamStatus(
        name="here", kind="local", state="ready", breaker="closed", in_flight=0, attempts=5, failures=0, last_error=None
    )
    fields: dict[str, object] = {
        "version": "0.1.0",
        "pid": 1,
        "started_us": AT_US - 1_000_000,
        "lineup": "embedded",
        "lineup_hash": "0123456789ab",
        "snapshot_us": AT_US,
        "in_flight": 1,
        "requests": 10,
        "journal": "ok",
        "upstreams": [upstream],
    }
    return GatewayStatus(**(fields | changed))  # pyright: ignore[reportArgumentType] - the values come by name


@dataclass
class HandClock:
    """A clock that is moved by hand."""

    us: int = AT_US
    steady: float = 100.0

    def now_us(self) -> int:
        """Return the wall clock."""
        return self.us

    def steady_s(self) -> float:
        """Return the steady clock."""
        return self.steady

    def pass_s(self, seconds: float) -> None:
        """Let time pass."""
        self.us += round(seconds * 1e6)
        self.steady += seconds


@dataclass
class ScriptedLedger:
    """A ledger with given rows, which keeps what it was asked."""

    rows: list[AttemptRow] = field(default_factory=list[AttemptRow])
    sums: list[Rollup] = field(default_factory=list[Rollup])
    fault: Exception | None = None
    asked: list[tuple[str | None, int]] = field(default_factory=list[tuple[str | None, int]])
    looks: int = 0

    def receipt(self, receipt_id: str) -> Receipt | None:
        """Return a receipt."""
        found = [row for row in self.rows if row.receipt_id == receipt_id]
        return to_receipt(found) if found else None

    def attempts(self, *, model: str | None = None, limit: int = 100) -> list[AttemptRow]:
        """Return rows, as they were given."""
        if self.fault is not None:
            raise self.fault
        self.asked.append((model, limit))
        return [row for row in self.rows if model in {None, row.served_model}][:limit]

    def rollups(self, *, since_us: int | None = None) -> list[Rollup]:
        """Return sums."""
        if self.fault is not None:
            raise self.fault
        self.looks += 1
        return [rollup for rollup in self.sums if since_us is None or rollup.hour_us >= since_us]


@dataclass
class ScriptedGateway:
    """A gateway that says what it is told to."""

    answer: GatewayStatus | None = field(default_factory=make_status)
    fault: Exception | None = None

    def status(self) -> GatewayStatus | None:
        """Say it."""
        if self.fault is not None:
            raise self.fault
        return self.answer
