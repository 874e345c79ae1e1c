"""Speaks to the caller in its own dialect: heads, answers, and errors as the official clients understand them.

Clients map errors by status and obey ``x-should-retry`` before anything else, then ``retry-after-ms`` and ``retry-after``.
What an upstream says in a 5xx never reaches a caller; what we say never describes our insides.
"""

import math
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec

from triplepoint.foundation.errors import (
    NotAuthenticated,
    NotEntitled,
    NotFound,
    Overloaded,
    QuotaExhausted,
    RateLimited,
    RequestInvalid,
    RequestTooLarge,
    Retired,
    TriplepointError,
    UpstreamOverloaded,
    UpstreamTimeout,
)
from triplepoint.upstreams.dialects.model import Dialect, Event
from triplepoint.upstreams.dialects.sse import write

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
HeaderList = list[tuple[bytes, bytes]]

JSON = (b"content-type", b"application/json")
EVENT_STREAM: HeaderList = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]
_encode = msgspec.json.Encoder().encode

# Order matters: the first class that fits names the type.
_OPENAI_TYPES: list[tuple[type[TriplepointError], str]] = [
    (NotAuthenticated, "authentication_error"),
    (NotEntitled, "permission_error"),
    (QuotaExhausted, "insufficient_quota"),
    (RateLimited, "rate_limit_error"),
    (RequestInvalid, "invalid_request_error"),
    (NotFound, "invalid_request_error"),
    (Retired, "invalid_request_error"),
]
_ANTHROPIC_TYPES: list[tuple[type[TriplepointError], str]] = [
    (NotAuthenticated, "authentication_error"),
    (NotEntitled, "permission_error"),
    (NotFound, "not_found_error"),
    (Retired, "not_found_error"),
    (RequestTooLarge, "request_too_large"),
    (RequestInvalid, "invalid_request_error"),
    (QuotaExhausted, "rate_limit_error"),
    (RateLimited, "rate_limit_error"),
    (UpstreamOverloaded, "overloaded_error"),
    (Overloaded, "overloaded_error"),
    (UpstreamTimeout, "timeout_error"),
]
_ANTHROPIC_OVERLOADED = 529


def error_status(error: TriplepointError, dialect: Dialect) -> int:
    """Return the HTTP status; Anthropic's clients know overload as 529."""
    if dialect is Dialect.MESSAGES and isinstance(error, UpstreamOverloaded | Overloaded):
        return _ANTHROPIC_OVERLOADED
    return error.status


def error_body(error: TriplepointError, dialect: Dialect, request_id: str) -> bytes:
    """Return the error as the dialect's JSON body."""
    if dialect is Dialect.MESSAGES:
        return _encode({"type": "error", "error": _anthropic_error(error), "request_id": request_id})
    return _encode({"error": _openai_error(error)})


def error_event(error: TriplepointError, dialect: Dialect) -> bytes:
    """Return the error as the event that makes an official client raise inside a stream that had begun with 200."""
    match dialect:
        case Dialect.CHAT:
            return write(Event(b"", _encode({"error": _openai_error(error)})))
        case Dialect.RESPONSES:
            inner = _openai_error(error)
            named = {"type": "error", "code": inner["code"], "message": inner["message"], "param": None, "error": inner}
            return write(Event(b"error", _encode(named)))
        case Dialect.MESSAGES:
            return write(Event(b"error", _encode({"type": "error", "error": _anthropic_error(error)})))


def error_headers(error: TriplepointError) -> HeaderList:
    """Return what tells clients whether and when to come back."""
    headers: HeaderList = []
    if isinstance(error, QuotaExhausted | RequestInvalid | NotFound | NotEntitled | NotAuthenticated | Retired):
        headers.append((b"x-should-retry", b"false"))
    elif isinstance(error, RateLimited | Overloaded):
        headers.append((b"x-should-retry", b"true"))
    if error.retry_after_s is not None:
        headers.append((b"retry-after", b"%d" % max(1, math.ceil(error.retry_after_s))))
        if not isinstance(error, QuotaExhausted):
            headers.append((b"retry-after-ms", b"%d" % max(1, math.ceil(error.retry_after_s * 1000))))
    if isinstance(error, NotAuthenticated):
        headers.append((b"www-authenticate", b"Bearer"))
    return headers


async def send_whole(send: Send, status: int, headers: HeaderList, body: bytes) -> None:
    """Send an answer of known length."""
    headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def send_error(send: Send, error: TriplepointError, dialect: Dialect, request_id: str, headers: HeaderList) -> None:
    """Send an error of ours in the caller's dialect."""
    status = error_status(error, dialect)
    await send_whole(send, status, [JSON, *headers, *error_headers(error)], error_body(error, dialect, request_id))


def _openai_error(error: TriplepointError) -> dict[str, str | None]:
    kind = next((name for known, name in _OPENAI_TYPES if isinstance(error, known)), "server_error")
    return {"message": error.message, "type": kind, "param": error.param, "code": error.code}


def _anthropic_error(error: TriplepointError) -> dict[str, str]:
    kind = next((name for known, name in _ANTHROPIC_TYPES if isinstance(error, known)), "api_error")
    return {"type": kind, "message": error.message if error.param is None else f"{error.param}: {error.message}"}
