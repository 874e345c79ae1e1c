"""Errors as the vendors write them: as a body, and as an event inside a stream."""

import msgspec

from triplepoint.upstreams.simulated.layout import Piece, PieceKind, event
from triplepoint.upstreams.simulated.model import Route

_OPENAI = {
    400: ("invalid_request_error", None),
    401: ("invalid_request_error", "invalid_api_key"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("rate_limit_error", "rate_limit_exceeded"),
    503: ("server_error", "overloaded"),
    529: ("server_error", "overloaded"),
}
_ANTHROPIC = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}
_ANTHROPIC_ROUTES = frozenset({Route.MESSAGES, Route.COUNT_TOKENS})


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """An error, before it is put into a dialect."""

    message: str
    type: str
    code: str | None = None
    param: str | None = None


def trouble(route: Route, status: int, message: str, *, param: str | None = None) -> Trouble:
    """Make the error that the route's vendor gives with a status."""
    if route in _ANTHROPIC_ROUTES:
        return Trouble(message=message, type=_ANTHROPIC.get(status, "api_error"))
    kind, code = _OPENAI.get(status, ("server_error" if status >= 500 else "invalid_request_error", None))
    return Trouble(message=message, type=kind, code=code, param=param)


def error_body(route: Route, error: Trouble) -> bytes:
    """Write an error as a body."""
    if route in _ANTHROPIC_ROUTES:
        return msgspec.json.encode({"type": "error", "error": {"type": error.type, "message": error.message}})
    return msgspec.json.encode({"error": _members(error)})


def error_event(route: Route, error: Trouble) -> Piece:
    """Write an error as an event of a stream."""
    if route is Route.MESSAGES:
        data = {"type": "error", "error": {"type": error.type, "message": error.message}}
        return event(PieceKind.FAULT, data, name="error")
    if route is Route.RESPONSES:
        data = {"type": "error", "sequence_number": 0, "code": error.code, "message": error.message, "param": None}
        return event(PieceKind.FAULT, data, name="error")
    return event(PieceKind.FAULT, {"error": _members(error)})


def _members(error: Trouble) -> dict[str, str | None]:
    return {"message": error.message, "type": error.type, "param": error.param, "code": error.code}
