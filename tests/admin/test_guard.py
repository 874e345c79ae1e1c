"""Who may call what: the whole route table, walked as everybody."""

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.access.helpers import ADMIN
from tests.admin.helpers import PASSWORD, Console

from triplepoint.access.model import Role
from triplepoint.admin.guard import RULES, SESSION_COOKIE, GuardedRoute, Need

LADDER = [None, Role.VIEWER, Role.OPERATOR, Role.ADMIN]
LEAST = {
    Need.NOBODY: None,
    Need.LOOPBACK: Role.VIEWER,
    Need.VIEWER: Role.VIEWER,
    Need.OPERATOR: Role.OPERATOR,
    Need.ADMIN: Role.ADMIN,
}
EXPECTED_NEEDS = {
    "nobody": {"GET /healthz", "GET /api/docs", "GET /api/openapi.json", "POST /api/login"},
    "loopback": {"GET /metrics"},
    "operator": {
        "POST /api/customers",
        "POST /api/keys",
        "POST /api/keys/{key_id}/revoke",
        "POST /api/keys/{key_id}/rotate",
        "POST /api/keys/{key_id}/expire",
        "POST /api/lineup/apply",
        "POST /api/customers/{customer_id}/time-zone",
        "POST /api/assignments",
        "POST /api/overrides",
        "POST /api/overrides/{override_id}/end",
        "POST /api/grants",
        "POST /api/credits",
        "POST /api/adjustments",
        "POST /api/refunds",
    },
}


def _routes(console: Console) -> list[tuple[str, str]]:
    return [
        (method, route.path) for route in console.app.routes if isinstance(route, APIRoute) for method in route.methods or ()
    ]


def _path(pattern: str) -> str:
    ids = ("customer", "key", "operator", "receipt", "override")
    return pattern.format(**{f"{name}_id": f"{name}_none" for name in ids}, plan="none")


def test_every_route_stands_in_the_table_with_the_role_it_should_have(console: Console) -> None:
    """Routes and table agree, and each role is the one decided on: operators' affairs are the admin's, the rest reads."""
    assert len(console.app.routes) == len(_routes(console))
    assert sorted(_routes(console)) == sorted(RULES)
    for (method, path), need in RULES.items():
        call = f"{method} {path}"
        decided = next((name for name, calls in EXPECTED_NEEDS.items() if call in calls), None)
        if decided is None:
            decided = "admin" if "/operator" in path else "viewer"
        assert need == decided, call


@pytest.mark.parametrize(("method", "path"), sorted(RULES), ids=lambda part: str(part))
def test_each_route_lets_in_exactly_those_it_should(console: Console, method: str, path: str) -> None:
    """Nobody gets 401, a role too small 403, and a role that suffices gets past the guard."""
    least = LEAST[RULES[method, path]]
    for role in LADDER:
        status = console.caller(role).request(method, _path(path)).status_code
        if LADDER.index(role) >= LADDER.index(least):
            assert status in {200, 201, 204, 400, 404}, (role, status)
        else:
            assert status == (401 if role is None else 403), (role, status)


@pytest.mark.parametrize(("method", "path"), [rule for rule in sorted(RULES) if RULES[rule] is not Need.NOBODY])
def test_a_stranger_learns_nothing_from_a_body(console: Console, method: str, path: str) -> None:
    """Without a key even a broken or huge body gets the same 401 as none."""
    plain = console.caller().request(method, _path(path))
    for content in (b"{broken", b'{"name": 7}', b"x" * 100_000):
        answer = console.caller().request(method, _path(path), content=content, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.json()) == (401, plain.json())
    assert plain.headers["www-authenticate"] == "Bearer"


def test_refused_calls_change_nothing(console: Console) -> None:
    """Walking every route without the role for it leaves no line in the audit log."""
    before = console.room.access.audit(ADMIN, limit=1000)
    for method, path in RULES:
        least = LEAST[RULES[method, path]]
        for role in LADDER[: LADDER.index(least)]:
            console.caller(role).request(method, _path(path), json={"name": "intruder", "role": "admin", "password": PASSWORD})
    assert console.room.access.audit(ADMIN, limit=1000) == before


@pytest.mark.parametrize(
    "path", ["/", "/api", "/api/", "/api/nothing", "/api/keys/", "/api/keys/x/y/z", "/docs", "/openapi.json"]
)
def test_unknown_routes_say_only_that(console: Console, path: str) -> None:
    """What is not there is a 404 without detail, whoever asks, and never a redirect."""
    for role in (None, Role.ADMIN):
        answer = console.caller(role).get(path, follow_redirects=False)
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "not_found"


def test_the_wrong_method_is_told(console: Console) -> None:
    """A route that exists says which method it takes."""
    answer = console.caller().delete("/api/login")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer ", "Bearer tpo-", "Bearer tpo-" + "x" * 43, "Basic YWRtaW46YWRtaW4=", "tpo-bare"]
)
def test_what_is_no_key_opens_nothing(console: Console, authorization: str) -> None:
    """Broken, invented and foreign credentials get 401, also beside a valid cookie."""
    headers = {"authorization": authorization}
    assert console.caller().get("/api/me", headers=headers).status_code == 401
    if authorization:
        assert console.browser().get("/api/me", headers=headers).status_code == 401


def test_a_customers_key_opens_nothing_here(console: Console) -> None:
    """A key of the data plane is refused on the control plane."""
    issued = console.room.access.ensure_first_key()
    assert issued is not None
    answer = console.caller().get("/api/me", headers={"authorization": f"Bearer {issued.text.reveal()}"})
    assert answer.status_code == 401
    assert issued.text.reveal() not in answer.text


def test_a_key_dies_with_its_operator(console: Console) -> None:
    """A disabled operator's key gets 401 at the next call, and a smaller role counts at once."""
    viewer = console.caller(Role.OPERATOR)
    assert viewer.post("/api/customers", json={"name": "acme"}).status_code == 201
    console.room.access.operators.set_role(ADMIN, "operator-cookie", Role.VIEWER)
    assert viewer.post("/api/customers", json={"name": "beta"}).status_code == 403
    console.room.access.operators.disable(ADMIN, "operator-cookie")
    assert viewer.get("/api/me").status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"x-triplepoint-csrf": "1"}, 201),
        ({"x-triplepoint-csrf": "0"}, 403),
        ({"origin": "http://testserver"}, 201),
        ({"origin": "http://testserver:81"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "http://testserver.evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://["}, 403),
        ({"sec-fetch-site": "same-origin"}, 201),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site", "origin": "http://testserver"}, 403),
    ],
)
def test_a_write_with_a_cookie_needs_evidence_that_it_is_ours(console: Console, headers: dict[str, str], status: int) -> None:
    """Only the header, or the browser's word that our own page sent it, lets a write with a cookie pass."""
    browser = console.browser("operator-cookie")
    answer = browser.post("/api/customers", json={"name": "acme"}, headers=headers)
    assert answer.status_code == status
    if status == 403:
        assert answer.json()["error"]["code"] == "cross_site"


def test_reads_with_a_cookie_need_no_evidence(console: Console) -> None:
    """Reading with a cookie passes, since other sites cannot see the answer."""
    assert console.browser().get("/api/customers", headers={"origin": "https://evil.example"}).status_code == 200


def test_another_site_cannot_log_a_browser_in(console: Console) -> None:
    """A login that another site sent is refused; one from a program without any origin passes."""
    body = {"name": "viewer-cookie", "password": PASSWORD}
    assert console.caller().post("/api/login", json=body, headers={"origin": "https://evil.example"}).status_code == 403
    assert console.caller().post("/api/login", json=body, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert console.caller().post("/api/login", json=body).status_code == 200


def test_a_form_cannot_write(console: Console) -> None:
    """What a plain HTML form can send is never read as a body."""
    operator = console.caller(Role.OPERATOR)
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        answer = operator.post("/api/customers", content=b'{"name": "acme"}', headers={"content-type": kind})
        assert answer.status_code == 400
    assert console.room.access.customers.all(ADMIN) == []


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {"host": "127.0.0.1:8081"}, 200),
        ("::1", {"host": "[::1]:8081"}, 200),
        ("127.0.0.1", {"host": "localhost"}, 200),
        ("127.0.0.1", {"host": "rebound.example:8081"}, 401),
        ("127.0.0.1", {"host": "[::1"}, 200),
        ("127.0.0.1", {"host": ""}, 401),
        ("127.0.0.1", {"host": "localhost", "x-forwarded-for": "192.0.2.1"}, 401),
        ("127.0.0.1", {"host": "localhost", "forwarded": "for=192.0.2.1"}, 401),
        ("192.0.2.1", {"host": "localhost"}, 401),
        ("unknown", {"host": "localhost"}, 401),
    ],
)
def test_metrics_are_open_to_this_machine_alone(console: Console, address: str, headers: dict[str, str], status: int) -> None:
    """A program here reads metrics without a key; another machine, a proxy and a rebound name do not."""
    assert console.caller(address=address).get("/metrics", headers=headers).status_code == status


def test_a_route_without_a_line_in_the_table_cannot_be_made() -> None:
    """Forgetting to say who may call a route fails when it is declared."""
    router = APIRouter(route_class=GuardedRoute)

    def handler() -> None:
        """Do nothing."""

    with pytest.raises(LookupError, match=r"GET /api/forgotten has no line"):
        router.add_api_route("/api/forgotten", handler, methods=["GET"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(session=st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=';,"\\'), max_size=60))
def test_no_invented_session_opens_anything(console: Console, session: str) -> None:
    """Whatever stands in the cookie, only a session of ours is one."""
    answer = console.caller().get("/api/me", headers={"cookie": f"{SESSION_COOKIE}={session}"})
    assert answer.status_code == 401
