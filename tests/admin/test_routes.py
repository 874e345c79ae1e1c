"""What the calls do, from outside."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.access.helpers import ADMIN
from tests.admin.helpers import PASSWORD, ROW, STATUS, Console

from triplepoint.access.model import Role
from triplepoint.admin.guard import MAX_BODY, RULES, SESSION_COOKIE
from triplepoint.foundation.errors import SettingsInvalid
from triplepoint.ledger.model import Outcome
from triplepoint.telemetry.status import Published


def test_login_sets_a_careful_cookie(console: Console) -> None:
    """The session comes as a cookie that scripts and other sites do not get, and not in the body."""
    answer = console.caller().post("/api/login", json={"name": "viewer-cookie", "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert {"httponly", "samesite=strict", "path=/"} <= {part.strip().lower() for part in cookie.split(";")}
    assert "secure" not in cookie.lower()
    assert answer.cookies[SESSION_COOKIE] not in answer.text
    assert answer.json()["operator"]["name"] == "viewer-cookie"


def test_the_cookie_is_secure_over_https(console: Console) -> None:
    """Over TLS the cookie is sent over TLS only."""
    browser = console.browser(base_url="https://testserver")
    answer = browser.post("/api/login", json={"name": "viewer-cookie", "password": PASSWORD})
    assert "secure" in answer.headers["set-cookie"].lower()


def test_a_session_is_used_and_closed(console: Console) -> None:
    """The cookie opens what the role may, until logout takes it back."""
    browser = console.browser("operator-cookie")
    assert browser.get("/api/me").json()["role"] == "operator"
    session = browser.cookies[SESSION_COOKIE]
    assert browser.post("/api/logout", headers={"x-triplepoint-csrf": "1"}).status_code == 204
    assert SESSION_COOKIE not in browser.cookies
    assert console.caller().get("/api/me", headers={"cookie": f"{SESSION_COOKIE}={session}"}).status_code == 401


def test_a_key_has_nothing_to_log_out(console: Console) -> None:
    """Logging out with a key is refused with the way to end the key."""
    assert console.caller(Role.VIEWER).post("/api/logout").status_code == 400


def test_wrong_logins_are_refused_and_slowed(console: Console) -> None:
    """A wrong password is 401; after too many the answer is 429 and says when to come back."""
    caller = console.caller()
    answers = [caller.post("/api/login", json={"name": "viewer-cookie", "password": "wrong"}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert answers[-1].headers["retry-after"] == "1"
    assert "set-cookie" not in answers[0].headers


def test_one_changes_ones_own_password(console: Console) -> None:
    """A viewer with the current password gets a new one, and the session ends."""
    browser = console.browser()
    body = {"current": PASSWORD, "new": "another good password"}
    headers = {"x-triplepoint-csrf": "1"}
    assert browser.post("/api/me/password", json=body | {"current": "wrong"}, headers=headers).status_code == 401
    assert browser.post("/api/me/password", json=body, headers=headers).status_code == 204
    assert browser.get("/api/me").status_code == 401
    login = console.caller().post("/api/login", json={"name": "viewer-cookie", "password": "another good password"})
    assert login.status_code == 200


def test_a_customer_and_its_key_from_birth_to_end(console: Console) -> None:
    """Creating, listing, showing, rotating, dating and revoking a key, as an operator's program does it."""
    caller = console.caller(Role.OPERATOR)
    acme = caller.post("/api/customers", json={"name": "acme"})
    assert acme.status_code == 201
    assert caller.get("/api/customers").json() == [acme.json()]
    assert caller.get("/api/customers/acme").json() == acme.json()

    made = caller.post("/api/keys", json={"customer": "acme", "label": "website", "models": ["nano"]})
    assert made.status_code == 201
    key = made.json()
    assert key.pop("key").startswith(key["display"])
    assert caller.get(f"/api/keys/{key['id']}").json() == key
    assert caller.get("/api/keys", params={"customer": "acme"}).json() == [key]

    rotated = caller.post(f"/api/keys/{key['id']}/rotate", json={"overlap_s": 60}).json()
    assert rotated["key"].startswith("tp-")
    assert caller.get(f"/api/keys/{key['id']}").json()["expires_us"] == console.room.clock.us + 60_000_000
    later = console.room.clock.us + 5_000_000
    assert caller.post(f"/api/keys/{rotated['id']}/expire", json={"expires_us": later}).json()["expires_us"] == later
    assert caller.post(f"/api/keys/{rotated['id']}/expire", json={"expires_us": None}).json()["expires_us"] is None
    assert caller.post(f"/api/keys/{rotated['id']}/revoke").json()["revoked_us"] == console.room.clock.us
    assert caller.post(f"/api/keys/{rotated['id']}/revoke").status_code == 409
    assert caller.post(f"/api/keys/{key['id']}/rotate").status_code == 201  # a body is not needed


def test_no_answer_but_the_first_holds_a_key(console: Console) -> None:
    """After its making a key stands in no answer, and a digest in none at all."""
    caller = console.caller(Role.ADMIN)
    caller.post("/api/customers", json={"name": "acme"})
    key = caller.post("/api/keys", json={"customer": "acme"}).json()
    kept = console.room.access.keys.find(ADMIN, key["id"])
    seen = "".join(caller.get(path).text for method, path in RULES if method == "GET" and "{" not in path)
    seen += caller.get(f"/api/keys/{key['id']}").text
    assert key["id"] in seen
    for secret in (key["key"], key["key"][8:], kept.digest.hex(), "argon2", PASSWORD):
        assert secret not in seen


def test_operators_from_birth_to_end(console: Console) -> None:
    """Creating, listing, promoting, locking out, letting in, a new password and a key, as an admin does it."""
    caller = console.caller(Role.ADMIN)
    made = caller.post("/api/operators", json={"name": "ada", "role": "viewer", "password": PASSWORD})
    assert made.status_code == 201
    path = f"/api/operators/{made.json()['id']}"
    assert caller.post(f"{path}/role", json={"role": "operator"}).json()["role"] == "operator"
    assert caller.post(f"{path}/disable").json()["disabled_us"] == console.room.clock.us
    assert caller.post(f"{path}/enable").json()["disabled_us"] is None
    assert caller.post(f"{path}/password", json={"password": "yet another password"}).status_code == 200
    key = caller.post(f"{path}/keys", json={"label": "ci"}).json()
    assert console.caller().get("/api/me", headers={"authorization": f"Bearer {key['key']}"}).json()["name"] == "ada"
    assert [known["label"] for known in caller.get(f"{path}/keys").json()] == ["ci"]
    assert caller.post(f"/api/operator-keys/{key['id']}/revoke").status_code == 200
    assert caller.post(f"{path}/keys").status_code == 201
    assert "ada" in [operator["name"] for operator in caller.get("/api/operators").json()]


def test_the_audit_log_shows_who_did_what(console: Console) -> None:
    """A write over the API stands in the log under the operator's name, and pages work."""
    console.caller(Role.OPERATOR).post("/api/customers", json={"name": "acme"})
    caller = console.caller(Role.VIEWER)
    (entry,) = caller.get("/api/audit", params={"limit": 1}).json()
    assert (entry["actor"], entry["action"], entry["detail"]) == (
        "operator:operator-cookie",
        "customer.create",
        {"name": "acme", "time_zone": "UTC"},
    )
    (older,) = caller.get("/api/audit", params={"limit": 1, "before_id": entry["id"]}).json()
    assert older["id"] < entry["id"]
    assert caller.get("/api/audit", params={"subject": entry["subject"]}).json() == [entry]


def test_receipts_and_attempts_are_read(console: Console) -> None:
    """A receipt is shown whole; attempts are filtered by a customer's name or id, model, time and number."""
    console.room.access.customers.create(ADMIN, "acme")
    caller = console.caller(Role.VIEWER)
    assert caller.get("/api/receipts/rcpt_1").json()["cost_usd"] == "0.0000012"
    assert caller.get("/api/receipts/rcpt_2").status_code == 404
    filters = {"customer": "acme", "model": "nano", "outcome": "cut", "since_us": 5, "before_us": 9, "limit": 7}
    (row,) = caller.get("/api/ledger/attempts", params=filters).json()
    assert row["receipt_id"] == ROW.receipt_id
    acme = console.room.access.customers.find(ADMIN, "acme").id
    asked = {"customer_id": acme, "model": "nano", "outcome": Outcome.CUT, "since_us": 5, "before_us": 9, "limit": 7}
    assert console.ledger.asked == [asked]
    assert caller.get("/api/ledger/attempts", params={"customer": "nobody"}).status_code == 404
    assert caller.get("/api/ledger/rollups", params={"since_us": 1, "until_us": 2}).json()[0]["requests"] == 1


def test_status_metrics_and_line_up(console: Console) -> None:
    """What the gateway says of itself is passed on, and so is the line-up."""
    caller = console.caller(Role.VIEWER)
    assert caller.get("/api/status").json()["lineup_hash"] == STATUS.lineup_hash
    assert caller.get("/api/lineup").json() == {"lineup": "embedded"}
    metrics = caller.get("/metrics")
    assert metrics.text.startswith("triplepoint_requests_total 3\n")
    assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")


def test_a_gateway_that_is_away_is_said_to_be(console: Console) -> None:
    """Where no gateway answers, each call that needs it is a 503 that says what to start."""
    console.gateway.is_running, console.gateway.answer = False, None
    caller = console.caller(Role.OPERATOR)
    answers = [caller.get("/api/status"), caller.get("/metrics"), caller.post("/api/lineup/apply")]
    assert {(answer.status_code, answer.json()["error"]["code"]) for answer in answers} == {(503, "gateway_away")}
    assert "triplepoint up" in answers[0].json()["error"]["message"]


def test_applying_a_line_up_is_noted(console: Console) -> None:
    """A line-up that was swapped in stands in the audit log with its hash."""
    answer = console.caller(Role.OPERATOR).post("/api/lineup/apply")
    assert (answer.status_code, answer.json()["ok"]) == (200, True)
    newest = console.room.access.audit(ADMIN, limit=1)[0]
    assert (newest.action, newest.subject) == ("lineup.apply", "embedded")
    assert json.loads(newest.detail) == {"hash": "0123456789ab", "ok": True}


def test_wrong_files_are_told_problem_by_problem(console: Console) -> None:
    """A line-up that is wrong gets 422 with every problem, and the log says that it was tried."""
    problems = ["lineups/a.yaml:3: models: …", "prices/b.yaml:1: (file): …"]
    console.gateway.answer = Published(ok=False, lineup="embedded", lineup_hash="0123456789ab", problems=problems)
    answer = console.caller(Role.OPERATOR).post("/api/lineup/apply")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "settings_invalid")
    assert answer.json()["error"]["problems"] == problems
    assert json.loads(console.room.access.audit(ADMIN, limit=1)[0].detail)["ok"] is False


BAD_BODIES: list[tuple[str, object]] = [
    ("/api/customers", {}),
    ("/api/customers", {"name": 7}),
    ("/api/customers", {"name": "acme", "extra": 1}),
    ("/api/customers", {"name": ""}),
    ("/api/customers", {"name": "nul\0"}),
    ("/api/customers", ["acme"]),
    ("/api/login", {"name": "nul\0", "password": PASSWORD}),
    ("/api/keys", {"customer": "acme", "models": []}),
    ("/api/keys", {"customer": "acme", "models": "nano"}),
    ("/api/keys", {"customer": "acme", "expires_us": 2**70}),
    ("/api/keys", {"customer": "acme", "expires_us": "tomorrow"}),
    ("/api/keys", {"customer": "acme", "expires_us": 1}),
    ("/api/operators", {"name": "ada", "role": "king", "password": PASSWORD}),
    ("/api/operators", {"name": "Ada!", "role": "viewer", "password": PASSWORD}),
    ("/api/operators", {"name": "ada", "role": "viewer", "password": "short"}),
    ("/api/operators", {"name": "ada", "role": "viewer", "password": ["planted-password"]}),
    ("/api/keys/key_none/rotate", {"overlap_s": -1}),
    ("/api/keys/key_none/expire", {}),
]


@pytest.mark.parametrize(("path", "body"), BAD_BODIES, ids=lambda part: json.dumps(part)[:40])
def test_bad_bodies_are_told_without_being_repeated(console: Console, path: str, body: object) -> None:
    """A body that cannot be is a 400 that names the member, and nothing that was sent comes back."""
    console.room.access.customers.create(ADMIN, "acme")
    answer = console.caller(Role.ADMIN).post(path, json=body)
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert error["code"] == "invalid_request"
    assert error["message"]
    for sent in (PASSWORD, "planted-password", "king", "tomorrow"):
        assert sent not in answer.text


def test_broken_json_is_told(console: Console) -> None:
    """A body that is no JSON is a 400."""
    caller = console.caller(Role.ADMIN)
    for content in (b"", b"{", b'{"name": "\xff"}', b"[" * 20_000, b"null", b"NaN", rb'{"name": "\ud800"}'):
        answer = caller.post("/api/customers", content=content, headers={"content-type": "application/json"})
        assert answer.status_code == 400, content[:20]
        assert answer.json()["error"]["code"] == "invalid_request"


def test_large_bodies_are_refused_with_and_without_a_length(console: Console) -> None:
    """More than the limit is a 413, whether announced or counted while it comes."""
    caller = console.caller(Role.OPERATOR)
    large = b'{"name": "' + b"x" * MAX_BODY + b'"}'
    headers = {"content-type": "application/json"}
    for content in (large, (large[start : start + 1000] for start in range(0, len(large), 1000))):
        answer = caller.post("/api/customers", content=content, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "request_too_large")


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=x", "before_us=-1", f"since_us={2**63}", "customer=" + "x" * 200, "model=a%00"]
)
def test_bad_queries_are_told(console: Console, query: str) -> None:
    """A filter that cannot be is a 400."""
    answer = console.caller(Role.VIEWER).get(f"/api/ledger/attempts?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == query.partition("=")[0]


@pytest.mark.parametrize("key_id", ["..%2F..%2Fetc", "key%00", "x" * 200, "key_%F0%9F", "%27%20OR%201=1"])
def test_odd_ids_are_refused(console: Console, key_id: str) -> None:
    """An id that cannot be one is a client's error, never ours."""
    assert console.caller(Role.VIEWER).get(f"/api/keys/{key_id}").status_code in {400, 404}


def test_wrong_files_raise_with_their_problems(console: Console) -> None:
    """Describing a line-up whose files are wrong is a 422."""

    def broken() -> object:
        raise SettingsInvalid([])

    services = console.app.state.services
    object.__setattr__(services, "lineup", broken)
    answer = console.caller(Role.VIEWER).get("/api/lineup")
    assert (answer.status_code, answer.json()["error"]["problems"]) == (422, [])


def test_the_unforeseen_shows_nothing(console: Console) -> None:
    """A fault of ours is a bare 500 without its words."""
    console.gateway.fault = ZeroDivisionError("planted words")
    answer = console.caller(Role.VIEWER).get("/api/status")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal_error")
    assert "planted words" not in answer.text


def test_answers_stay_out_of_caches_and_frames(console: Console) -> None:
    """Every answer under /api, faults included, says that it is not to be kept, framed or guessed at."""
    for path in ("/api/me", "/api/nothing", "/api/docs", "/healthz"):
        headers = console.caller().get(path).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=()), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = st.sampled_from(
    ["name", "customer", "label", "models", "expires_us", "overlap_s", "role", "password", "current", "new", "operator"]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rule=st.sampled_from(sorted(RULES)),
    body=ANY_JSON | st.dictionaries(MEMBERS, ANY_JSON, max_size=4),
    part=st.text(max_size=20),
)
def test_no_call_ever_surprises_us(console: Console, rule: tuple[str, str], body: object, part: str) -> None:
    """Whatever an admin sends, the answer is a success or a client's error with our body."""
    method, pattern = rule
    path = pattern
    for name in ("customer_id", "key_id", "operator_id", "receipt_id"):
        path = path.replace(f"{{{name}}}", "".join(f"%{byte:02X}" for byte in part.encode("utf-8", "replace")) or "x")
    content = (
        None if method == "GET" else json.dumps(body).encode()
    )  # with NaN, infinities and lone surrogates, as Python allows
    answer = console.caller(Role.ADMIN).request(method, path, content=content, headers={"content-type": "application/json"})
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert set(answer.json()["error"]) >= {"code", "message", "param"}
