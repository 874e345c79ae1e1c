"""Plans, limits, credit and prices, from outside."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient
from tests.access.helpers import ADMIN
from tests.admin.helpers import Console
from tests.plans.shop import DAY_US

from triplepoint.access.model import Role
from triplepoint.foundation.ids import CustomerId
from triplepoint.plans.entries import ReceiptCharge
from triplepoint.plans.model import Unit

BODIES: dict[str, dict[str, Any]] = {
    "/api/assignments": {"customer": "acme", "plan": "plus"},
    "/api/overrides": {"customer": "acme", "quota": "day", "limit": "50", "reason": "pilot"},
    "/api/grants": {"customer": "acme", "amount_usd": "25.10", "reason": "welcome"},
    "/api/credits": {"customer": "acme", "amount_usd": "1.5", "reason": "outage"},
    "/api/adjustments": {"customer": "acme", "amount_usd": "100", "reason": "setup"},
    "/api/refunds": {"receipt_id": "rcpt_9", "reason": "wrong answer"},
}
"""A body that is right, for each call that makes something."""


@pytest.fixture
def operator(console: Console) -> TestClient:
    """Give a caller with the role operator, in an installation with the customer acme and a receipt of 0.30."""
    acme = console.room.access.customers.create(ADMIN, "acme")
    console.shop.spending.charges["rcpt_9"] = ReceiptCharge(CustomerId(acme.id), Decimal("0.30"))
    return console.caller(Role.OPERATOR)


def _code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def _last_line(console: Console) -> tuple[str, str, dict[str, Any]]:
    line = console.room.access.audit(ADMIN, limit=1)[0]
    return line.actor, line.action, msgspec.json.decode(line.detail)


@pytest.mark.parametrize("path", BODIES)
def test_each_write_is_an_operators_and_is_noted(console: Console, operator: TestClient, path: str) -> None:
    """With a right body a stranger gets 401, a viewer 403 and an operator 201; only the last leaves a line, under its name."""
    lines = console.room.access.audit(ADMIN, limit=1000)
    assert _code(console.caller().post(path, json=BODIES[path])) == (401, "not_authenticated")
    assert _code(console.caller(Role.VIEWER).post(path, json=BODIES[path])) == (403, "role_too_small")
    assert console.room.access.audit(ADMIN, limit=1000) == lines
    answer = operator.post(path, json=BODIES[path])
    assert answer.status_code == 201, answer.text
    assert _last_line(console)[0] == "operator:operator-cookie"
    assert len(console.room.access.audit(ADMIN, limit=1000)) == len(lines) + 1
    again = console.caller(Role.ADMIN).post(path, json=BODIES[path])
    assert again.status_code == (409 if path in {"/api/assignments", "/api/refunds"} else 201)


def test_plans_are_read_with_who_is_on_them(console: Console, operator: TestClient) -> None:
    """Viewers read the file's plans with all terms, and how many customers are on each."""
    viewer = console.caller(Role.VIEWER)
    assert {plan["name"]: plan["customers"] for plan in viewer.get("/api/plans").json()} == {"free": 1, "plus": 0, "prepaid": 0}
    operator.post("/api/assignments", json=BODIES["/api/assignments"])
    shown = viewer.get("/api/plans/plus").json()
    assert (shown["customers"], shown["is_default"], shown["terms"]["fee_usd"]) == (1, False, "20")
    answer = viewer.get("/api/plans/puls")
    assert _code(answer) == (404, "not_found")
    assert "did you mean plus" in answer.json()["error"]["message"]
    console.shop.files[0] = None
    assert viewer.get("/api/plans").json() == []
    assert _code(viewer.get("/api/plans/plus")) == (404, "not_found")


def test_a_customer_is_assigned_and_taken_off(console: Console, operator: TestClient) -> None:
    """A plan of null ends the customer's own; both stand in the history, whole or of one customer."""
    first = operator.post("/api/assignments", json=BODIES["/api/assignments"]).json()
    later = {"customer": "acme", "plan": None, "since_us": console.room.clock.us + DAY_US}
    second = operator.post("/api/assignments", json=later).json()
    assert (first["plan"], second["plan"], second["since_us"]) == ("plus", None, console.room.clock.us + DAY_US)
    history = operator.get("/api/assignments", params={"customer": "acme"}).json()
    assert history == [first | {"until_us": second["since_us"]}, second] == operator.get("/api/assignments").json()
    assert _last_line(console)[1:] == (
        "plan.end",
        {"assignment": second["id"], "before": "plus", "plan": None, "since_us": second["since_us"]},
    )


def test_usage_is_read_by_quota(console: Console, operator: TestClient) -> None:
    """Used, limit, what is left and when it begins anew; and the credit there is."""
    console.shop.spending.use = {Unit.MESSAGES: Decimal(15)}
    grant = operator.post("/api/grants", json=BODIES["/api/grants"]).json()
    usage = console.caller(Role.VIEWER).get("/api/customers/acme/usage").json()
    assert (usage["plan"], usage["is_default"], usage["is_sold"]) == ("free", True, True)
    (quota,) = usage["quotas"]
    assert (quota["quota"], quota["used"], quota["limit"], quota["remaining"]) == ("day", "15", "20", "5")
    assert quota["resets_us"] - quota["since_us"] == DAY_US
    assert [(one["id"], one["left_usd"]) for one in usage["grants"]] == [(grant["id"], "25.1")]
    assert _code(console.caller(Role.VIEWER).get("/api/customers/nobody/usage")) == (404, "not_found")


def test_a_limit_is_overridden_and_ended(console: Console, operator: TestClient) -> None:
    """An override is listed while it lasts; ended, it is listed only with the others that have."""
    made = operator.post("/api/overrides", json=BODIES["/api/overrides"] | {"until_us": console.room.clock.us + DAY_US}).json()
    assert (made["limit"], made["is_in_force"]) == ("50", True)
    assert operator.get("/api/overrides", params={"customer": "acme"}).json() == [made]
    assert console.caller(Role.VIEWER).post(f"/api/overrides/{made['id']}/end").status_code == 403
    ended = operator.post(f"/api/overrides/{made['id']}/end").json()
    assert (ended["ended_us"], ended["is_in_force"]) == (console.room.clock.us, False)
    assert operator.get("/api/overrides").json() == []
    assert operator.get("/api/overrides", params={"with_ended": "true"}).json() == [ended]
    assert _code(operator.post(f"/api/overrides/{made['id']}/end")) == (409, "conflict")


def test_entries_are_listed_with_what_is_left(console: Console, operator: TestClient) -> None:
    """Each kind of entry, oldest first; of a grant what is burnt; a refund without an amount is all that is left."""
    made = [operator.post(path, json=body).json() for path, body in list(BODIES.items())[2:]]
    console.shop.spending.burns = {made[0]["id"]: Decimal("5.10")}
    listed = console.caller(Role.VIEWER).get("/api/entries", params={"customer": "acme"}).json()
    assert [one["kind"] for one in listed] == ["grant", "credit", "adjustment", "refund"]
    assert listed[0] == made[0] | {"burnt_usd": "5.1", "left_usd": "20", "state": "live"}
    assert listed[1:] == made[1:]
    assert (listed[3]["amount_usd"], listed[3]["receipt_id"]) == ("0.3", "rcpt_9")
    assert console.caller(Role.VIEWER).get("/api/entries", params={"since_us": console.room.clock.us + 1}).json() == []


@pytest.mark.parametrize("path", ["/api/grants", "/api/credits", "/api/adjustments", "/api/refunds"])
def test_a_call_sent_twice_makes_one_entry(console: Console, operator: TestClient, path: str) -> None:
    """The same body under a key is the same entry; another amount under it is refused."""
    body = BODIES[path] | {"idempotency_key": "retry-1"}
    first, second = (operator.post(path, json=body) for _ in range(2))
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert len(operator.get("/api/entries").json()) == 1
    other = operator.post(path, json=body | {"amount_usd": "0.01"})
    assert (_code(other), other.json()["error"]["param"]) == ((409, "conflict"), "idempotency_key")


@pytest.mark.parametrize(
    ("path", "change", "status", "param"),
    [
        ("/api/assignments", {"plan": "puls"}, 404, "plan"),
        ("/api/assignments", {"customer": "nobody"}, 404, "customer"),
        ("/api/assignments", {"since_us": 1}, 400, "since_us"),
        ("/api/assignments", {"until_us": 1}, 400, "body"),
        ("/api/overrides", {"quota": "dya"}, 404, "quota"),
        ("/api/overrides", {"limit": "0.5"}, 400, "limit"),
        ("/api/overrides", {"limit": 50}, 400, "limit"),
        ("/api/overrides", {"reason": " "}, 400, "reason"),
        ("/api/overrides", {"key_id": "key_none"}, 404, "key_id"),
        ("/api/overrides", {"until_us": 1}, 400, "until_us"),
        ("/api/grants", {"amount_usd": 25.1}, 400, "amount_usd"),
        ("/api/grants", {"amount_usd": "25,10"}, 400, "amount_usd"),
        ("/api/grants", {"amount_usd": "0"}, 400, "amount_usd"),
        ("/api/grants", {"amount_usd": "1" * 41}, 400, "amount_usd"),
        ("/api/grants", {"priority": 1001}, 400, "priority"),
        ("/api/grants", {"expires_us": 1}, 400, "expires_us"),
        ("/api/grants", {"reason": "a\x00b"}, 400, "reason"),
        ("/api/credits", {"priority": 1}, 400, "body"),
        ("/api/credits", {"idempotency_key": ""}, 400, "idempotency_key"),
        ("/api/adjustments", {"amount_usd": "-5"}, 400, "amount_usd"),
        ("/api/refunds", {"receipt_id": "rcpt_none"}, 404, "receipt_id"),
        ("/api/refunds", {"amount_usd": "0.31"}, 409, "amount_usd"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else None,  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
)
def test_bad_input_is_told_and_makes_nothing(
    console: Console, operator: TestClient, path: str, change: dict[str, Any], status: int, param: str
) -> None:
    """What cannot be is refused at its place, and leaves no line."""
    lines = console.room.access.audit(ADMIN, limit=1000)
    answer = operator.post(path, json=BODIES[path] | change)
    assert (answer.status_code, answer.json()["error"]["param"]) == (status, param), answer.text
    assert console.room.access.audit(ADMIN, limit=1000) == lines


def test_a_customer_has_a_time_zone(console: Console, operator: TestClient) -> None:
    """It is given at the making or later, shown, and refused where there is none of that name."""
    made = operator.post("/api/customers", json={"name": "beta", "time_zone": "Asia/Kathmandu"}).json()
    assert made["time_zone"] == "Asia/Kathmandu"
    assert operator.get("/api/customers/acme").json()["time_zone"] == "UTC"
    changed = operator.post("/api/customers/acme/time-zone", json={"time_zone": "Europe/Paris"})
    assert (changed.status_code, changed.json()["time_zone"]) == (200, "Europe/Paris")
    assert _last_line(console)[1:] == ("customer.set_time_zone", {"before": "UTC", "time_zone": "Europe/Paris"})
    for path, body in (
        ("/api/customers", {"name": "c", "time_zone": "Paris"}),
        ("/api/customers/acme/time-zone", {"time_zone": ""}),
    ):
        assert _code(operator.post(path, json=body)) == (400, "invalid_request")


def test_prices_of_any_day_are_read(console: Console) -> None:
    """What held on a day is answered for that day, with the history; names that mean a model find it."""
    viewer = console.caller(Role.VIEWER)
    past = viewer.get("/api/price", params={"model": "gpt-4o", "at": "2024-06-01"}).json()
    assert (past["model"], past["price"]["since"], past["price"]["rates"][0]["input"]) == ("openai/gpt-4o", "2024-05-13", "5")
    assert [one["since"] for one in past["history"]] == ["2024-05-13", "2024-10-02"]
    before = viewer.get("/api/price", params={"model": "openai/gpt-4o", "at": "2020-01-01"}).json()
    assert (before["price"], len(before["history"])) == (None, 2)
    listed = viewer.get("/api/prices", params={"at": "2026-02-01"}).json()
    assert [one["model"] for one in listed["prices"]] == ["local/nano", "openai/gpt-4o"]
    assert listed["digest"] == viewer.get("/api/prices").json()["digest"]
    only = viewer.get("/api/prices", params={"provider": "openai", "at": "2024-06-01"}).json()
    assert [one["id"].split("#")[0] for one in only["prices"]] == ["openai/gpt-4o@2024-05-13"]


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        ("/api/price", {}, 400),
        ("/api/price", {"model": "openai/gpt-5"}, 404),
        ("/api/price", {"model": "gpt-4o", "at": "June"}, 400),
        ("/api/prices", {"provider": "opnai"}, 404),
        ("/api/prices", {"at": "2024-13-01"}, 400),
    ],
)
def test_prices_that_are_not_there(console: Console, path: str, params: dict[str, str], status: int) -> None:
    """Unknown models and providers are 404 with what is near; days that are none are 400."""
    answer = console.caller(Role.VIEWER).get(path, params=params)
    assert answer.status_code == status, answer.text
    if status == 404:
        assert "openai" in answer.json()["error"]["message"]
