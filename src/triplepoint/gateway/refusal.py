"""What an upstream's refusal means: pure rules from status, headers and body to a failure.

What a 4xx says about the request may help the caller and is passed on; what a 5xx says, and what concerns our credentials,
is not for callers.
"""

import email.utils
import math
from datetime import UTC, datetime

import msgspec

from triplepoint.foundation.errors import (
    NotImplementedHere,
    RateLimited,
    RequestInvalid,
    RequestTooLarge,
    TriplepointError,
    UpstreamFault,
    UpstreamOverloaded,
    UpstreamTimeout,
)
from triplepoint.gateway.retry import Failure

_MAX_MESSAGE = 2000
_REQUEST_AT_FAULT = {400, 411, 413, 414, 415, 422, 431}
_OURS_AT_FAULT = {401, 402, 403, 404, 405, 410}
_TOO_LONG = {"context_length_exceeded", "exceed_context_size_error"}
"""Codes of a prompt that an upstream has no room for; another one may have."""
_HEALTHY = {400, 408, 409, 411, 413, 414, 415, 422, 425, 429, 431, 501}
"""Statuses of a server that works; others count against its breaker."""


class UpstreamRefused(RequestInvalid):
    """The upstream found the request wrong; its words are passed on."""

    def __init__(self, message: str, *, status: int, param: str | None, code: str | None) -> None:
        super().__init__(message, param=param, code=code or "invalid_request")
        self.status = status


def is_healthy(status: int) -> bool:
    """Tell whether a server that answers so works."""
    return status < 400 or status in _HEALTHY


def failure_of(status: int, body: bytes, *, retry_after: bytes | None, retry_after_ms: bytes | None, now: datetime) -> Failure:
    """Read an answer that is no success.

    Args:
        status: 300 or more.
        body: As far as it was read.
        retry_after, retry_after_ms: Headers.
        now: Wall clock, UTC, for a Retry-After that is a date.
    """
    wait = _pause_s(retry_after, retry_after_ms, now)
    if status in _REQUEST_AT_FAULT:
        refused = _refused(status, body)
        return Failure(refused, may_retry=False, may_fall_back=refused.code in _TOO_LONG)
    if status in _OURS_AT_FAULT or status < 400:
        error = UpstreamFault(
            "The model's upstream is not set up rightly; whoever runs this gateway can see why.", code="upstream_misconfigured"
        )
        return Failure(error, may_retry=False, may_fall_back=True)
    if status == 429:
        limited = RateLimited(
            "The model is at its rate limit; try again later.", code="upstream_rate_limited", retry_after_s=wait
        )
        return Failure(limited, may_retry=_code_of(body) != "insufficient_quota", may_fall_back=True, retry_after_s=wait)
    if status == 501:
        return Failure(NotImplementedHere("The model's upstream does not offer this."), may_retry=False, may_fall_back=True)
    return Failure(_server_error(status, wait), may_retry=True, may_fall_back=True, retry_after_s=wait)


def in_our_words(error: UpstreamFault, *, has_begun: bool = False) -> UpstreamFault:
    """Return a fault in words for callers: what went wrong between us and an upstream, at which address, is for the log.

    Args:
        error: As the transport or a reader of answers raised it.
        has_begun: The caller has got a part of the answer.
    """
    if has_begun:
        message = "The model's answer broke off; what came of it is not whole."
    elif error.status == UpstreamTimeout.status:
        message = "The model did not answer in time."
    else:
        message = "The model's upstream failed."
    told = type(error)(message, code=error.code)
    told.__cause__ = error
    return told


def _server_error(status: int, wait: float | None) -> TriplepointError:
    match status:
        case 503 | 529:
            return UpstreamOverloaded("The model is overloaded; try again later.", retry_after_s=wait)
        case 408 | 504:
            return UpstreamTimeout("The model did not answer in time.", retry_after_s=wait)
        case _:
            return UpstreamFault("The model's upstream failed.", retry_after_s=wait)


def _refused(status: int, body: bytes) -> TriplepointError:
    error = _error_of(body)
    message = error.get("message")
    text = message[:_MAX_MESSAGE] if isinstance(message, str) and message else "The model's upstream refused the request."
    if status == 413:
        return RequestTooLarge(text)
    param, code = error.get("param"), error.get("code")
    if not isinstance(code, str):  # llama.cpp has a number there, and the word in type
        code = error.get("type") if error.get("type") in _TOO_LONG else None
    return UpstreamRefused(
        text, status=status, param=param if isinstance(param, str) else None, code=code if isinstance(code, str) else None
    )


def _error_of(body: bytes) -> dict[str, object]:
    """Return the ``error`` member of either vendor's shape; some servers put a string there, or none."""
    try:
        value = msgspec.json.decode(body, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    error = value.get("error", value)
    if isinstance(error, str):
        return {"message": error}
    return error if isinstance(error, dict) else {}  # pyright: ignore[reportUnknownVariableType]


def _code_of(body: bytes) -> object:
    return _error_of(body).get("code")


def _pause_s(seconds: bytes | None, milliseconds: bytes | None, now: datetime) -> float | None:
    """Return the pause that the upstream asks for, in seconds; None for none or nonsense."""
    for value, unit in ((milliseconds, 1e-3), (seconds, 1.0)):
        if value is not None:
            try:
                pause = float(value) * unit
            except ValueError:
                continue
            if math.isfinite(pause):
                return max(0.0, pause)
    if seconds is None:
        return None
    try:
        at = email.utils.parsedate_to_datetime(seconds.decode("latin-1"))
    except ValueError:
        return None
    return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds())
