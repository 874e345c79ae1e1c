"""Statements over the admin API."""

import pytest
from tests.access.helpers import ADMIN
from tests.admin.helpers import Console

from triplepoint.access.model import Role


def test_a_statement_is_answered_in_every_form(console: Console) -> None:
    """JSON by default; other forms come with their type; the period is what was asked for."""
    customer = console.room.access.customers.create(ADMIN, "acme")
    caller = console.caller(Role.VIEWER)
    answer = caller.get(f"/api/customers/{customer.id}/statement", params={"period": "2026-11"})
    told = answer.json()
    assert answer.status_code == 200, answer.text
    assert (told["object"], told["customer_id"], told["period"], told["totals"]["due_usd"]) == (
        "statement",
        customer.id,
        "2026-11",
        "0.00",
    )
    for form, kind, start in [
        ("pdf", "application/pdf", b"%PDF"),
        ("html", "text/html; charset=utf-8", b"<!doctype"),
        ("csv", "text/csv; charset=utf-8", b"statement_id"),
        ("text", "text/plain; charset=utf-8", b""),
    ]:
        answer = caller.get("/api/customers/acme/statement", params={"period": "2026-11", "format": form})
        assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
        assert answer.content.startswith(start)
        assert answer.headers["cache-control"] == "no-store"


def test_statements_of_all_are_listed(console: Console) -> None:
    """Each customer's totals, without the lines."""
    for name in ("acme", "other"):
        console.room.access.customers.create(ADMIN, name)
    told = console.caller(Role.VIEWER).get("/api/statements", params={"period": "2026-W48"}).json()
    assert [one["customer_name"] for one in told] == ["acme", "other"]
    assert all("usage" not in one and one["totals"]["due_usd"] == "0.00" for one in told)


@pytest.mark.parametrize("query", ["period=soon", "format=docx"])
def test_what_cannot_be_is_refused(console: Console, query: str) -> None:
    """No period, no such form: 400 with what to write."""
    console.room.access.customers.create(ADMIN, "acme")
    answer = console.caller(Role.VIEWER).get(f"/api/customers/acme/statement?{query}")
    assert answer.status_code == 400
    assert console.caller(Role.VIEWER).get("/api/customers/nobody/statement").status_code == 404
