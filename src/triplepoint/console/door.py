"""The door in front of the console: whoever has no session gets the login page, and nothing else.

It stands before everything that NiceGUI serves: pages, scripts, the web socket and its polling. A session is looked up at
each request. An open socket outlives its session, so `viewer` looks after those.

A browser sends the cookie to this host whatever page of this host asks, other ports included, and NiceGUI's socket answers any
origin; so whatever names an origin that is not ours is refused. Following a link names none.
"""

from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Match, Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from triplepoint.access.model import Operator
from triplepoint.access.sessions import SESSION_COOKIE
from triplepoint.console.plain import ICON, login_page, safe_path
from triplepoint.console.ports import Services

LOGIN_PATH = "/login"
ICON_PATH = "/icon.svg"
_OURS = ("/api/", "/metrics", "/healthz")
"""Paths of the admin API, whose answers to what does not exist stay its own."""
_SAFE_METHODS = frozenset({"GET", "HEAD"})
_POLICY = (
    # NiceGUI compiles templates in the browser and writes inline scripts and styles; all else is shut out, other hosts first.
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'self'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class ConsoleMount(Mount):
    """The console at ``/``, beside the admin API: its paths, and what is wrong about a call there, are not the console's."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Tell whether a request is the console's."""
        if scope["type"] in {"http", "websocket"} and scope["path"].startswith(_OURS):
            return Match.NONE, {}
        return super().matches(scope)


class Door:
    """Lets those with a session in.

    Args:
        app: What lies behind.
        services: Knows the sessions.
    """

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._sessions = services.access.sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Admit a request, or answer it here."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        answer = await self._stop(scope)
        if answer is not None and scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "log in first"})
            return
        careful = _careful(send)
        await (answer or self._app)(scope, receive, careful)

    async def _stop(self, scope: Scope) -> Response | None:
        """Return what is answered at the door; None: come in."""
        connection = HTTPConnection(scope)
        path = scope["path"]
        if path == ICON_PATH:
            return Response(ICON, media_type="image/svg+xml")
        if not _is_own_origin(connection.headers):
            return _refusal(403, "cross_site", "this request comes from another site")
        operator, session_id = await self._recognise(connection)
        if path == LOGIN_PATH:
            next_path = safe_path(connection.query_params.get("next", "/"))
            return login_page(next_path) if operator is None else RedirectResponse(next_path, 303)
        if operator is None:
            return _ask_to_log_in(scope, connection.headers)
        scope.setdefault("state", {}).update(operator=operator, session_id=session_id)
        return None

    async def _recognise(self, connection: HTTPConnection) -> tuple[Operator | None, str | None]:
        session_id = connection.cookies.get(SESSION_COOKIE)
        if not session_id:
            return None, None
        return await run_in_threadpool(self._sessions.resolve, session_id), session_id


def _careful(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return send_with_headers


def _is_own_origin(headers: Headers) -> bool:
    origin = headers.get("origin")
    return origin is None or origin.partition("://")[2] == headers.get("host", "") != ""


def _ask_to_log_in(scope: Scope, headers: Headers) -> Response:
    if scope["type"] == "http" and scope["method"] in _SAFE_METHODS and "text/html" in headers.get("accept", ""):
        path = safe_path(scope["path"])
        return RedirectResponse(LOGIN_PATH if path == "/" else f"{LOGIN_PATH}?next={quote(path)}", 303)
    return _refusal(401, "not_authenticated", f"log in at {LOGIN_PATH}")


def _refusal(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": message, "param": None}}, status)
