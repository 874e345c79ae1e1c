"""What the gateway asks of tracing, and the object that does nothing.

A request has a span, and each of its attempts a child, whose ``traceparent`` goes to the upstream. Where no collector is set,
`NO_TRACING` stands in: one shared object whose methods return it, so that the request's path has no *if* and pays for a call.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from triplepoint.foundation.errors import Problem, SettingsInvalid
from triplepoint.settings import SETTINGS_FILE
from triplepoint.telemetry.records import ClosedRecord, OpenedRecord

TraceHeaders = Sequence[tuple[bytes, bytes]]


class AttemptTrace(Protocol):
    """The span of one attempt."""

    @property
    def headers(self) -> TraceHeaders:
        """Headers for the upstream, so that its spans become children of this one."""
        ...

    def end(self, closed: ClosedRecord) -> None:
        """End it with what the record says."""
        ...


class RequestTrace(Protocol):
    """The span of one request."""

    def attempt(self, opened: OpenedRecord, *, kind: str) -> AttemptTrace:
        """Begin the span of an attempt.

        Args:
            kind: Of the upstream, as in the settings.
        """
        ...

    def end(self, *, status: int, error: str | None) -> None:
        """End it.

        Args:
            status: HTTP status that the caller got; 0 where it left before.
            error: Code of our error.
        """
        ...


class Tracing(Protocol):
    """Where spans go."""

    def request(self, endpoint: str, headers: Mapping[bytes, bytes], *, receipt_id: str) -> RequestTrace:
        """Begin the span of a request, as a child of the caller's where it sends a ``traceparent``.

        Args:
            headers: Of the caller, names in lower case.
        """
        ...

    def close(self) -> None:
        """Send what is left and stop; waits for the collector a few seconds at most."""
        ...


class NoTracing:
    """No collector: nothing is made, nothing is sent."""

    def request(self, endpoint: str, headers: Mapping[bytes, bytes], *, receipt_id: str) -> "_NoRequest":
        """Do nothing."""
        return _NO_REQUEST

    def close(self) -> None:
        """Do nothing."""


class _NoRequest:
    def attempt(self, opened: OpenedRecord, *, kind: str) -> AttemptTrace:
        """Do nothing."""
        return NO_TRACE

    def end(self, *, status: int, error: str | None) -> None:
        """Do nothing."""


class _NoAttempt:
    headers: TraceHeaders = ()

    def end(self, closed: ClosedRecord) -> None:
        """Do nothing."""


NO_TRACE: Final[AttemptTrace] = _NoAttempt()
_NO_REQUEST: Final = _NoRequest()
NO_TRACING: Final[Tracing] = NoTracing()


def open_tracing(endpoint: str | None, *, version: str) -> Tracing:
    """Open tracing to a collector.

    Args:
        endpoint: Base address of an OTLP collector over HTTP, such as ``http://127.0.0.1:4318``; None: no tracing.
        version: Of this program, for the resource.
    Raises: SettingsInvalid: an endpoint is set and the optional packages are missing.
    """
    if endpoint is None:
        return NO_TRACING
    try:
        from triplepoint.telemetry.otel import OtelTracing
    except ImportError as error:
        fix = "pip install 'triplepoint[otel]', or take telemetry.otlp_endpoint out"
        message = f"OpenTelemetry is not installed ({error.name} is missing)"
        raise SettingsInvalid([Problem(str(SETTINGS_FILE), 0, "telemetry.otlp_endpoint", message, fix)]) from error
    return OtelTracing(endpoint, version=version)
