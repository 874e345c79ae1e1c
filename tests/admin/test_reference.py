"""The description of the API: complete, valid, and a page without anything from elsewhere."""

import re
from html import escape
from html.parser import HTMLParser
from typing import Any

from tests.admin.helpers import Console

from triplepoint.admin.guard import RULES


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"src", "href", "action", "style"}]


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []  # pyright: ignore[reportUnknownMemberType,reportUnknownVariableType]
        return own + [ref for value in node.values() for ref in _references(value)]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(node, list):
        return [ref for value in node for ref in _references(value)]  # pyright: ignore[reportUnknownVariableType]
    return []


def test_the_document_has_every_call_and_who_may_make_it(console: Console) -> None:
    """Each route but the description itself is described, with its caller and without shapes that do not exist."""
    document = console.caller().get("/api/openapi.json").json()
    described = {(method.upper(), path) for path, operations in document["paths"].items() for method in operations}
    assert described == set(RULES) - {("GET", "/api/docs"), ("GET", "/api/openapi.json")}
    for operations in document["paths"].values():
        for operation in operations.values():
            assert operation["description"]
            assert operation["x-needs"]
            assert "422" not in operation["responses"]
    for reference in set(_references(document)):
        assert reference.removeprefix("#/components/schemas/") in document["components"]["schemas"], reference


def test_secrets_are_described_as_such(console: Console) -> None:
    """Passwords are marked, so that tools hide them."""
    schemas = console.caller().get("/api/openapi.json").json()["components"]["schemas"]
    assert schemas["LoginBody"]["properties"]["password"]["format"] == "password"


def test_the_page_loads_nothing(console: Console) -> None:
    """The page has no script, picture or style from elsewhere, and its policy would not allow one."""
    answer = console.caller().get("/api/docs")
    page = _Page()
    page.feed(answer.text)
    assert answer.headers["content-type"].startswith("text/html")
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(page.tags)
    assert page.links == ["/api/openapi.json"]
    assert "url(" not in answer.text
    assert "@import" not in answer.text
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")


def test_the_page_shows_every_call(console: Console) -> None:
    """People read each method, path, caller and member there."""
    text = console.caller().get("/api/docs").text
    for method, path in set(RULES) - {("GET", "/api/docs"), ("GET", "/api/openapi.json")}:
        assert f"<h3>{method} {escape(path)}</h3>" in text
    assert "for the role admin" in text
    assert re.search(r"<code>overlap_s\?</code>", text)
    assert "number: Seconds." in text
    assert "<code>served_model</code>" in text
