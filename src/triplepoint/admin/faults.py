"""How a fault is told: ``{"error": {"code", "message", "param"}}``, with the problems of files where files are wrong.

What the caller sent is never repeated: it may be a password in the wrong field. What we did not foresee is a bare 500; the
log has it.
"""

import math
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from triplepoint.foundation.errors import SettingsInvalid, TriplepointError

_CODES = {404: "not_found", 405: "method_not_allowed", 413: "request_too_large"}
_MESSAGES = {
    404: "there is nothing here; GET /api/docs shows what there is",
    405: "this is called with another method; GET /api/docs shows which",
}


def install(app: FastAPI) -> None:
    """Have an application tell its faults so."""
    app.add_exception_handler(TriplepointError, _tell_ours)
    app.add_exception_handler(RequestValidationError, _tell_invalid)
    app.add_exception_handler(HTTPException, _tell_http)
    app.add_exception_handler(Exception, _tell_unforeseen)


def fault_body(code: str, message: str, *, param: str | None = None, **more: object) -> dict[str, object]:
    """Make the body of a fault."""
    return {"error": {"code": code, "message": message, "param": param, **more}}


async def _tell_ours(_: Request, fault: Exception) -> Response:
    if not isinstance(fault, TriplepointError):
        raise fault
    headers: dict[str, str] = {}
    if fault.retry_after_s is not None:
        headers["Retry-After"] = str(math.ceil(fault.retry_after_s))
    if fault.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    more = {"problems": [str(problem) for problem in fault.problems]} if isinstance(fault, SettingsInvalid) else {}
    return JSONResponse(fault_body(fault.code, fault.message, param=fault.param, **more), fault.status, headers)


async def _tell_invalid(_: Request, fault: Exception) -> Response:
    if not isinstance(fault, RequestValidationError):
        raise fault
    problems: Sequence[Any] = fault.errors()
    first = problems[0]
    message = "; ".join(f"{_place(problem)}: {problem['msg']}" for problem in problems[:5])
    return JSONResponse(
        fault_body("invalid_request", message, param=_place(first), fix="GET /api/docs shows what this call takes"), 400
    )


async def _tell_http(_: Request, fault: Exception) -> Response:
    if not isinstance(fault, HTTPException):
        raise fault
    code = _CODES.get(fault.status_code, "invalid_request")
    message = fault.detail if fault.status_code == 413 else _MESSAGES.get(fault.status_code, "the request cannot be understood")
    return JSONResponse(fault_body(code, message), fault.status_code, dict(fault.headers or {}))


async def _tell_unforeseen(_: Request, __: Exception) -> Response:
    return JSONResponse(fault_body("internal_error", "this was not foreseen; the log of the control plane has it"), 500)


def _place(problem: dict[str, Any]) -> str:
    # ("body", "models", 0) reads models[0]; only names that the schema has are repeated, but for a key nobody knows.
    if problem["type"] == "json_invalid":
        return "body"
    names = [part for part in problem["loc"] if part not in {"body", "query", "path"}]
    if problem["type"] == "extra_forbidden":
        names = names[:-1]
    text = ""
    for name in names:
        text += f"[{name}]" if isinstance(name, int) else f".{name}" if text else str(name)
    return text or "body"
