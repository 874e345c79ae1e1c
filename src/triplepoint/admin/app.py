"""The application: the routers together, faults told one way, and careful headers on every answer.

::

    app = create_admin(AdminServices(access=…, ledger=…, gateway=…, lineup=…, …))

It is a FastAPI application that others may add to (the console mounts itself beside ``/api``); what they add, they guard.
"""

from typing import Any

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import triplepoint
from triplepoint.admin import faults, reference
from triplepoint.admin.guard import RULES, GuardedRoute
from triplepoint.admin.ports import AdminServices
from triplepoint.admin.routes import (
    customers,
    entries,
    gateway,
    ledger,
    margins,
    misroutes,
    operators,
    plans,
    prices,
    router,
    session,
    statements,
)

ROUTERS = (
    *(session.router, customers.router, operators.router, plans.router, entries.router, prices.router),
    *(statements.router, margins.router, ledger.router, router.router, misroutes.router, gateway.router, reference.router),
)
"""All that the application has, in the order of its page."""
_OURS = ("/api/", "/metrics", "/healthz")
_HEADERS = {
    "Cache-Control": "no-store",  # keys are shown once, and not from a cache
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class AdminApp(FastAPI):
    """FastAPI whose document says who may call what."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document; made once."""
        if self.openapi_schema is None:
            self.openapi_schema = reference.describe(self)
        return self.openapi_schema


def create_admin(services: AdminServices) -> AdminApp:
    """Make the control plane's application.

    Args:
        services: What it serves.
    Raises: LookupError: the table of roles and the routes do not agree.
    """
    app = AdminApp(
        title="Triplepoint admin API",
        summary="Customers, keys, operators, plans, credit, prices, receipts and the line-up of one installation.",
        version=triplepoint.__version__,
        docs_url=None,  # FastAPI's own pages load scripts from elsewhere
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.services = services
    for part in ROUTERS:
        app.router.routes.extend(part.routes)
    _check_table(app)
    faults.install(app)
    app.add_middleware(CarefulHeaders)
    return app


class CarefulHeaders:
    """Puts headers on answers of ours that keep them out of caches, frames and guesses; what is mounted beside us is left."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and add to the head of its answer."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        is_ours = scope["type"] == "http" and scope["path"].startswith(_OURS)
        await self._app(scope, receive, send_with_headers if is_ours else send)


def _check_table(app: FastAPI) -> None:
    guarded = {
        (method, route.path) for route in app.routes if isinstance(route, GuardedRoute) for method in route.methods or ()
    }
    strangers = [route for route in app.routes if not isinstance(route, GuardedRoute)]
    if strangers or guarded != set(RULES):
        raise LookupError(f"routes and admin.guard.RULES do not agree: {strangers or sorted(guarded ^ set(RULES))}")
