"""Pages that need no login and none of NiceGUI: the login itself, and what stands where there is nothing.

Each is one piece of HTML whose policy allows its own style, its own script (both by hash) and a call to this host, nothing
else. The login calls the admin API, so cookie, throttle and audit log are one and the same.
"""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

from starlette.responses import HTMLResponse

from triplepoint.console.markup import Markup, join, tag

STATIC = Path(__file__).parent / "static"
MARK = Markup(
    '<svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" focusable="false" fill="none" stroke="currentColor" '
    'stroke-width="1.8" stroke-linecap="round"><path d="M12 13.5C8.5 15 5 18 3 22"/><path d="M12 13.5C16 12 19.5 8 21 2"/>'
    '<path d="M12 13.5C11 9.5 8.500 6 4.500 4"/><circle cx="12" cy="13.5" r="2.6" fill="currentColor" stroke="none"/></svg>'
)
"""Three lines that meet: the triple point of a phase diagram."""
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="#0d6e6e" stroke-width="2.2" '
    'stroke-linecap="round"><path d="M12 13.500C8.500 15 5 18 3 22"/><path d="M12 13.500C16 12 19.500 8 21 2"/>'
    '<path d="M12 13.500C11 9.500 8.500 6 4.500 4"/><circle cx="12" cy="13.500" r="3" fill="#0d6e6e" stroke="none"/></svg>'
)

_PATHS = re.compile(r"/(lineup|router|receipts/[A-Za-z0-9_.-]{1,128})?")
_SCRIPTS = {name: (STATIC / f"{name}.js").read_text("utf-8") for name in ("theme", "login")}
_STYLE = "".join((STATIC / name).read_text("utf-8") for name in ("tokens.css", "plain.css"))


def safe_path(path: str) -> str:
    """Return a path of the console to go to after the login; anything else becomes the first page."""
    return path if _PATHS.fullmatch(path) else "/"


def login_page(next_path: str) -> HTMLResponse:
    """Make the login.

    Args:
        next_path: Where to go then.
    """
    form = tag(
        "form",
        tag("label", "Name", for_="name"),
        _field(id="name", name="name", autocomplete="username", autocapitalize="none", spellcheck="false", required=True),
        tag("label", "Password", for_="password"),
        _field(id="password", name="password", type="password", autocomplete="current-password", required=True),
        tag("p", id="fault", role="alert"),
        tag("button", "Log in", type="submit"),
        id="login",
        method="post",
        data_next=safe_path(next_path),
    )
    hint = tag(
        "p",
        "The first password is shown once, when the installation starts for the first time. ",
        tag("code", "triplepoint operator"),
        " makes others.",
        class_="hint",
    )
    return _page("Log in", join(tag("h1", "Log in"), form, hint), scripts=("theme", "login"), status=200)


def missing_page() -> HTMLResponse:
    """Make what stands where there is nothing."""
    body = join(
        tag("h1", "Nothing here"), tag("p", "The console has no such page."), tag("p", tag("a", "To the first page", href="/"))
    )
    return _page("Nothing here", body, scripts=("theme",), status=404)


def fault_page() -> HTMLResponse:
    """Make what stands where a page failed."""
    body = join(
        tag("h1", "This was not foreseen"),
        tag("p", "The page could not be made; the log of the control plane has the reason."),
        tag("p", tag("a", "To the first page", href="/")),
    )
    return _page("Fault", body, scripts=("theme",), status=500)


def _field(**attributes: str | bool) -> Markup:
    return Markup(tag("input", **attributes).removesuffix("</input>"))


def _page(title: str, body: Markup, *, scripts: tuple[str, ...], status: int) -> HTMLResponse:
    head = join(
        Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        tag("title", f"{title} · Triplepoint"),
        Markup('<link rel="icon" href="/icon.svg">'),
        tag("style", Markup(_STYLE)),
        tag("script", Markup(_SCRIPTS[scripts[0]])),
    )
    main = tag("main", tag("p", MARK, "Triplepoint", class_="brand"), body)
    late = join(*(tag("script", Markup(_SCRIPTS[name])) for name in scripts[1:]))
    page = join(Markup("<!doctype html>"), tag("html", tag("head", head), tag("body", main, late), lang="en-GB"))
    return HTMLResponse(page, status, headers={"Content-Security-Policy": _policy(scripts), "Cache-Control": "no-store"})


@cache
def _policy(scripts: tuple[str, ...]) -> str:
    allowed = " ".join(f"'sha256-{_hash(_SCRIPTS[name])}'" for name in scripts)
    return (
        f"default-src 'none'; style-src 'sha256-{_hash(_STYLE)}'; script-src {allowed}; img-src 'self'; connect-src 'self'; "
        "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
    )


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
