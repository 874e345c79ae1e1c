"""Who may call what: one table, and the check in front of every handler.

The check comes before the body is read, so a stranger learns nothing from a validation error and sends nothing into a parser.

A browser sends the session cookie along with requests that other sites cause. ``SameSite=Strict`` stops most of it; beside
that, a write with a cookie needs evidence that our own page sent it: the header ``x-triplepoint-csrf: 1``, which no other
site can set without a permission that we never give, or the browser's own word (``Sec-Fetch-Site``, ``Origin``).
"""

import ipaddress
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, assert_never

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.types import Message

from triplepoint.access.model import Operator, Role
from triplepoint.access.rules import require
from triplepoint.access.sessions import SESSION_COOKIE
from triplepoint.admin.ports import AdminServices
from triplepoint.foundation.errors import NotAuthenticated, NotEntitled
from triplepoint.routing.enquiry import LARGEST_BODY

CSRF_HEADER = "x-triplepoint-csrf"
MAX_BODY = 64 * 1024
"""Bytes; the largest body that means anything to most calls is a list of model names."""
LARGER_BODIES = {"/api/routing/explain": LARGEST_BODY + MAX_BODY}
"""Bytes, by path, of the calls that take more: a request to a model, and what is said beside it."""

_SAFE_METHODS = frozenset({"GET", "HEAD"})


class Need(StrEnum):
    """What a route asks of its caller."""

    NOBODY = "nobody"
    """Anyone may call it."""
    LOOPBACK = "loopback"
    """A caller on this machine, or a viewer."""
    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


RULES: dict[tuple[str, str], Need] = {
    ("GET", "/healthz"): Need.NOBODY,
    ("GET", "/metrics"): Need.LOOPBACK,
    ("GET", "/api/docs"): Need.NOBODY,
    ("GET", "/api/openapi.json"): Need.NOBODY,
    ("POST", "/api/login"): Need.NOBODY,
    ("POST", "/api/logout"): Need.VIEWER,
    ("GET", "/api/me"): Need.VIEWER,
    ("POST", "/api/me/password"): Need.VIEWER,
    ("GET", "/api/customers"): Need.VIEWER,
    ("POST", "/api/customers"): Need.OPERATOR,
    ("GET", "/api/customers/{customer_id}"): Need.VIEWER,
    ("GET", "/api/customers/{customer_id}/usage"): Need.VIEWER,
    ("POST", "/api/customers/{customer_id}/time-zone"): Need.OPERATOR,
    ("GET", "/api/keys"): Need.VIEWER,
    ("POST", "/api/keys"): Need.OPERATOR,
    ("GET", "/api/keys/{key_id}"): Need.VIEWER,
    ("POST", "/api/keys/{key_id}/revoke"): Need.OPERATOR,
    ("POST", "/api/keys/{key_id}/rotate"): Need.OPERATOR,
    ("POST", "/api/keys/{key_id}/expire"): Need.OPERATOR,
    ("GET", "/api/plans"): Need.VIEWER,
    ("GET", "/api/plans/{plan}"): Need.VIEWER,
    ("GET", "/api/plans/{plan}/forecast"): Need.VIEWER,
    ("GET", "/api/margins"): Need.VIEWER,
    ("GET", "/api/assignments"): Need.VIEWER,
    ("POST", "/api/assignments"): Need.OPERATOR,
    ("GET", "/api/overrides"): Need.VIEWER,
    ("POST", "/api/overrides"): Need.OPERATOR,
    ("POST", "/api/overrides/{override_id}/end"): Need.OPERATOR,
    ("GET", "/api/entries"): Need.VIEWER,
    ("POST", "/api/grants"): Need.OPERATOR,
    ("POST", "/api/credits"): Need.OPERATOR,
    ("POST", "/api/adjustments"): Need.OPERATOR,
    ("POST", "/api/refunds"): Need.OPERATOR,
    ("GET", "/api/prices"): Need.VIEWER,
    ("GET", "/api/price"): Need.VIEWER,
    ("GET", "/api/operators"): Need.ADMIN,
    ("POST", "/api/operators"): Need.ADMIN,
    ("POST", "/api/operators/{operator_id}/disable"): Need.ADMIN,
    ("POST", "/api/operators/{operator_id}/enable"): Need.ADMIN,
    ("POST", "/api/operators/{operator_id}/role"): Need.ADMIN,
    ("POST", "/api/operators/{operator_id}/password"): Need.ADMIN,
    ("GET", "/api/operators/{operator_id}/keys"): Need.ADMIN,
    ("POST", "/api/operators/{operator_id}/keys"): Need.ADMIN,
    ("POST", "/api/operator-keys/{key_id}/revoke"): Need.ADMIN,
    ("GET", "/api/audit"): Need.VIEWER,
    ("GET", "/api/receipts/{receipt_id}"): Need.VIEWER,
    ("GET", "/api/ledger/attempts"): Need.VIEWER,
    ("GET", "/api/ledger/rollups"): Need.VIEWER,
    ("GET", "/api/routing"): Need.VIEWER,
    ("POST", "/api/routing/explain"): Need.VIEWER,
    ("GET", "/api/routing/misroutes"): Need.VIEWER,
    ("GET", "/api/routing/audits"): Need.VIEWER,
    ("GET", "/api/routing/feedback"): Need.VIEWER,
    ("GET", "/api/routing/feedback/{receipt_id}"): Need.VIEWER,
    ("GET", "/api/statements"): Need.VIEWER,
    ("GET", "/api/customers/{customer_id}/statement"): Need.VIEWER,
    ("GET", "/api/status"): Need.VIEWER,
    ("GET", "/api/lineup"): Need.VIEWER,
    ("POST", "/api/lineup/apply"): Need.OPERATOR,
}


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who was let in."""

    operator: Operator
    session_id: str | None
    """None where a key was shown."""


class GuardedRoute(APIRoute):
    """A route whose handler runs only for those whom the table allows."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler.

        Raises: LookupError: the table does not have this route.
        """
        handle = super().get_route_handler()
        need = max((_rule(method, self.path) for method in self.methods or ()), key=list(Need).index)

        async def guarded(request: Request) -> Response:
            request.state.visitor = await admit(request, need)
            return await handle(_measured(request, LARGER_BODIES.get(self.path, MAX_BODY)))

        return guarded


async def admit(request: Request, need: Need) -> Visitor | None:
    """Let a caller pass, or say why not.

    Returns: Who it is; None where the route is open to those whom nobody knows.
    Raises:
        NotAuthenticated: no session or key that is valid.
        NotEntitled: the role is too small, or another site may have sent the request.
    """
    match need:
        case Need.NOBODY:
            _refuse_other_sites(request, has_cookie=False)
            return None
        case Need.LOOPBACK:
            if is_local(request):
                return None
            return await _admit_with(request, Role.VIEWER)
        case Need.VIEWER | Need.OPERATOR | Need.ADMIN:
            return await _admit_with(request, Role(need.value))
        case _:
            assert_never(need)


def is_local(request: Request) -> bool:
    """Tell whether the caller is a program on this machine that speaks to us directly.

    A page that points its own name at 127.0.0.1 has the browser's address, but not our name in ``Host``; what a proxy passes
    on says so.
    """
    if request.client is None or "x-forwarded-for" in request.headers or "forwarded" in request.headers:
        return False
    return _is_loopback(request.client.host) and _is_loopback(_host_name(request.headers.get("host", "")))


def caller_address(request: Request) -> str:
    """Return where the caller is, for the throttle and the audit log."""
    return request.client.host if request.client is not None else "unknown"


async def _admit_with(request: Request, role: Role) -> Visitor:
    visitor = await run_in_threadpool(_recognise, request)
    require(visitor.operator.actor(), role)
    _refuse_other_sites(request, has_cookie=visitor.session_id is not None)
    return visitor


def _recognise(request: Request) -> Visitor:
    services: AdminServices = request.app.state.services
    scheme, _, credential = request.headers.get("authorization", "").partition(" ")
    if scheme:
        operator = services.access.operators.resolve_key(credential.strip()) if scheme.lower() == "bearer" else None
        if operator is None:
            raise NotAuthenticated("this key opens nothing here; an operator's key begins with tpo-", code="not_authenticated")
        return Visitor(operator=operator, session_id=None)
    session_id = request.cookies.get(SESSION_COOKIE)
    operator = services.access.sessions.resolve(session_id) if session_id else None
    if operator is None:
        raise NotAuthenticated(
            "log in at POST /api/login, or send an operator's key as `Authorization: Bearer tpo-…`", code="not_authenticated"
        )
    return Visitor(operator=operator, session_id=session_id)


def _refuse_other_sites(request: Request, *, has_cookie: bool) -> None:
    if request.method in _SAFE_METHODS or request.headers.get(CSRF_HEADER) == "1":
        return
    is_ours = _is_same_origin(request)
    if is_ours is False or (has_cookie and is_ours is None):
        raise NotEntitled(
            f"this request may come from another site; send the header {CSRF_HEADER}: 1 with it",
            code="cross_site",
            param=CSRF_HEADER,
        )


def _is_same_origin(request: Request) -> bool | None:
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("origin")
    if origin is None:
        return None
    return origin.partition("://")[2] == request.headers.get("host", "") != ""


def _measured(request: Request, limit: int) -> Request:
    """Return the same request with a body that breaks off at the limit, however its length was announced."""
    received = 0

    async def receive() -> Message:
        nonlocal received
        message = await request.receive()
        received += len(message.get("body", b""))
        if received > limit:  # FastAPI lets only this kind of fault through from the reading of a body
            raise HTTPException(413, f"the body is larger than the {limit} bytes that are read here")
        return message

    return Request(request.scope, receive)


def _host_name(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _rule(method: str, path: str) -> Need:
    try:
        return RULES[method, path]
    except KeyError:
        raise LookupError(f"{method} {path} has no line in admin.guard.RULES; say there who may call it") from None
