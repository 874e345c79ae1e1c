"""The API described: an OpenAPI document, and a page made from it.

The page is one piece of HTML without scripts, fonts or anything else from elsewhere, so it works on a machine without a
network and under a content policy that allows nothing. Shapes that are msgspec structs bring their schema from msgspec.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

import msgspec
from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from starlette.responses import HTMLResponse, JSONResponse

from triplepoint.admin.guard import RULES, GuardedRoute, Need
from triplepoint.economics.earnings import MarginReport
from triplepoint.economics.forecast import Forecast
from triplepoint.ledger.audits.model import Audit, Feedback
from triplepoint.ledger.model import AttemptRow, Receipt, Rollup
from triplepoint.ledger.statements.model import Statement, StatementSummary
from triplepoint.plans.views import AssignmentView, EntryView, OverrideView, PlanView, UsageView
from triplepoint.routing.audits.report import MisrouteReport
from triplepoint.routing.description import RouterDescription
from triplepoint.routing.enquiry import Reply
from triplepoint.routing.feedback import Opinion
from triplepoint.telemetry.status import GatewayStatus, Published

_STRUCTS = (
    *(Receipt, AttemptRow, Rollup, Statement, StatementSummary, MarginReport, Forecast, GatewayStatus, Published),
    *(PlanView, AssignmentView, OverrideView, EntryView, UsageView),
    *(RouterDescription, Reply),
    *(Audit, Feedback, MisrouteReport, Opinion),
)
_SCHEMAS = "#/components/schemas/"
_WHO = {
    Need.NOBODY: "anyone",
    Need.LOOPBACK: "this machine, or the role viewer",
    Need.VIEWER: "the role viewer",
    Need.OPERATOR: "the role operator",
    Need.ADMIN: "the role admin",
}
_FAULT = {
    "description": "What is wrong, and what to do.",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["error"],
                "properties": {
                    "error": {
                        "type": "object",
                        "required": ["code", "message", "param"],
                        "properties": {
                            "code": {"type": "string"},
                            "message": {"type": "string"},
                            "param": {"type": ["string", "null"]},
                            "fix": {"type": "string"},
                            "problems": {"type": "array", "items": {"type": "string"}},
                        },
                    }
                },
            }
        }
    },
}
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2430;background:#fff}
h2{margin-top:2.5rem;border-bottom:1px solid #d5dbe3}article{margin:1.2rem 0;padding-left:.8rem;border-left:3px solid #8aa4c8}
h3{margin:0;font:600 15px/1.6 ui-monospace,monospace}p{margin:.2rem 0}small{color:#5a6675}
table{border-collapse:collapse;margin:.3rem 0}td{padding:.1rem .9rem .1rem 0;vertical-align:top}
code{font-family:ui-monospace,monospace}
@media(prefers-color-scheme:dark){body{color:#dfe5ee;background:#12161c}h2{border-color:#364152}small{color:#9aa7b8}}
""".strip()
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

router = APIRouter(route_class=GuardedRoute)

Responses = dict[int | str, dict[str, Any]]
Json = Mapping[str, Any]


def answers(struct: type[msgspec.Struct], *, many: bool = False, status: int = 200) -> Responses:
    """Describe an answer that is a struct, or a list of them, for a route's ``responses``."""
    reference: dict[str, Any] = {"$ref": _SCHEMAS + struct.__name__}
    schema = {"type": "array", "items": reference} if many else reference
    return {status: {"content": {"application/json": {"schema": schema}}}}


def describe(app: FastAPI) -> dict[str, Any]:
    """Make the OpenAPI document of the admin API, with who may call what."""
    document = get_openapi(
        title=app.title, version=app.version, summary=app.summary, routes=[r for r in app.routes if isinstance(r, GuardedRoute)]
    )
    _, structs = msgspec.json.schema_components(_STRUCTS, ref_template=_SCHEMAS + "{name}")
    components: dict[str, Any] = document.setdefault("components", {})
    schemas: dict[str, Any] = components.setdefault("schemas", {})
    schemas.update(structs)
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    components["securitySchemes"] = {
        "session": {"type": "apiKey", "in": "cookie", "name": "triplepoint_session"},
        "key": {"type": "http", "scheme": "bearer", "description": "An operator's key, tpo-…"},
    }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _describe_caller(operation, RULES[method.upper(), path])
    return document


@router.get("/api/openapi.json", include_in_schema=False)
async def show_openapi(request: Request) -> JSONResponse:
    """Show the OpenAPI document."""
    return JSONResponse(request.app.openapi())


@router.get("/api/docs", include_in_schema=False)
async def show_page(request: Request) -> HTMLResponse:
    """Show the page."""
    return HTMLResponse(render(request.app.openapi()), headers={"Content-Security-Policy": _POLICY})


def render(document: Json) -> str:
    """Write an OpenAPI document as a page for people."""
    groups: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            groups.setdefault(operation["tags"][0], []).append(_article(method, path, operation, document))
    body = "".join(f"<h2>{escape(tag)}</h2>{''.join(articles)}" for tag, articles in groups.items())
    title = escape(document["info"]["title"])
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body><h1>{title} <small>{escape(document['info']['version'])}</small></h1>"
        f"<p>{escape(document['info'].get('summary') or '')} The same as a document for programs: "
        f'<a href="/api/openapi.json">openapi.json</a>.</p>{body}</body></html>'
    )


def _describe_caller(operation: dict[str, Any], need: Need) -> None:
    operation["x-needs"] = _WHO[need]
    operation["security"] = [] if need is Need.NOBODY else [{"session": []}, {"key": []}]
    operation["responses"].pop("422", None)
    operation["responses"]["default"] = _FAULT


def _article(method: str, path: str, operation: Json, document: Json) -> str:
    parts = [f"<h3>{method.upper()} {escape(path)}</h3>", f"<p>{escape(operation.get('description', ''))}</p>"]
    parts.append(f"<p><small>for {escape(operation['x-needs'])}</small></p>")
    rows = [
        (parameter["name"], parameter["in"], parameter["schema"].get("description") or parameter.get("description", ""))
        for parameter in operation.get("parameters", ())
    ]
    body = operation.get("requestBody")
    if body is not None:
        rows += _members(_json_schema(body), document, "body")
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            rows += _members(_json_schema(answer), document, f"answer {status}")
    return f"<article>{''.join(parts)}{_table(rows)}</article>"


def _members(schema: Json, document: Json, place: str) -> list[tuple[str, str, str]]:
    schema, place = _resolved(schema, document, place)
    required = set(schema.get("required", ()))
    return [
        (name if name in required else f"{name}?", place, _in_words(member))
        for name, member in schema.get("properties", {}).items()
    ]


def _resolved(schema: Json, document: Json, place: str) -> tuple[Json, str]:
    if "anyOf" in schema:  # an optional body
        schema = schema["anyOf"][0]
    if schema.get("type") == "array":
        schema, place = schema["items"], f"{place}, each"
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].removeprefix(_SCHEMAS)]
    return schema, place


def _in_words(member: Json) -> str:
    kind = " or ".join(_kinds(member))
    about = member.get("description", "")
    return f"{kind}: {about}" if about else kind


def _kinds(member: Json) -> Iterable[str]:
    if "anyOf" in member:
        return [kind for option in member["anyOf"] for kind in _kinds(option)]
    if "$ref" in member:
        return [member["$ref"].removeprefix(_SCHEMAS)]
    if member.get("type") == "array":
        return [f"list of {' or '.join(_kinds(member.get('items', {})))}"]
    return [str(member.get("type", "any"))]


def _json_schema(part: Json) -> Json:
    schema: Json = part.get("content", {}).get("application/json", {}).get("schema", {})
    return schema


def _table(rows: list[tuple[str, str, str]]) -> str:
    if not rows:
        return ""
    cells = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td><small>{escape(place)}</small></td><td>{escape(words)}</td></tr>"
        for name, place, words in rows
    )
    return f"<table>{cells}</table>"
