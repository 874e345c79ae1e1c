"""The page of the control plane's API: every route with who may call it."""

from fastapi.routing import APIRoute
from tools.pages.markdown import code, first_sentence, table

from triplepoint.admin.app import ROUTERS
from triplepoint.admin.guard import RULES, Need

_WHO = {
    Need.NOBODY: "anyone",
    Need.LOOPBACK: "this machine, or viewer",
    Need.VIEWER: "viewer",
    Need.OPERATOR: "operator",
    Need.ADMIN: "admin",
}

_INTRODUCTION = """\
# Control plane: admin API

On 127.0.0.1:8081. A running control plane shows the whole of it, with the shape of every body, at `/api/docs`, and as OpenAPI
at `/api/openapi.json`. A program sends `Authorization: Bearer tpo-…` (made by `triplepoint operator key`); the console uses a
session cookie, and then a write needs the header `x-triplepoint-csrf: 1`. A role may do what the roles before it may: viewer,
operator, admin. Every write is in the audit log.
"""


def render() -> str:
    """Return the page."""
    found = {
        (method, one.path): one
        for router in ROUTERS
        for one in router.routes
        if isinstance(one, APIRoute)
        for method in one.methods or ()
    }
    rows = [
        [code(f"{method} {path}"), _WHO[need], first_sentence(found[method, path].endpoint.__doc__)]
        for (method, path), need in RULES.items()
    ]
    return "\n".join([_INTRODUCTION, table(["route", "who", "does"], rows)])
