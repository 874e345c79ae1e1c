"""The transport's faults, each with the code of `upstreams.ports`.

Messages name the origin and the phase. They never hold a header value or a byte of a body, which may be secret.
"""

from triplepoint.foundation.errors import UpstreamFault, UpstreamTimeout


class FramingError(Exception):
    """The upstream's bytes are not an HTTP/1.1 answer that we accept; says why, without quoting them."""


def connect_timeout(message: str) -> UpstreamTimeout:
    """No connection within the limit, or none of the pool's came free."""
    return UpstreamTimeout(message, code="connect_timeout")


def first_byte_timeout(message: str) -> UpstreamTimeout:
    """The request was sent, and nothing came back."""
    return UpstreamTimeout(message, code="first_byte_timeout")


def idle_timeout(message: str) -> UpstreamTimeout:
    """The answer began and fell silent."""
    return UpstreamTimeout(message, code="idle_timeout")


def total_timeout(message: str) -> UpstreamTimeout:
    """The attempt's or the caller's time is up."""
    return UpstreamTimeout(message, code="total_timeout")


def connect_failed(message: str) -> UpstreamFault:
    """Refused, unreachable, unknown name, or a certificate that does not hold."""
    return UpstreamFault(message, code="connect_failed")


def connection_lost(message: str) -> UpstreamFault:
    """Closed or reset before the answer was whole."""
    return UpstreamFault(message, code="connection_lost")


def protocol_error(message: str) -> UpstreamFault:
    """Not HTTP/1.1 as we accept it, or a body that does not decode."""
    return UpstreamFault(message, code="protocol_error")


def answer_too_large(message: str) -> UpstreamFault:
    """More than the caller of `read` takes, or a body that swells out of all proportion."""
    return UpstreamFault(message, code="answer_too_large")
