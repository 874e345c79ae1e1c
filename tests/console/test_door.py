"""The door in front of the console, with something simple behind it."""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from tests.access.helpers import ADMIN, Room, furnish
from tests.admin.helpers import make_routing, make_statements, misroutes, payers, render_plainly
from tests.console.attempts import ScriptedGateway, ScriptedLedger
from tests.plans.shop import open_shop

from triplepoint.access.model import Role
from triplepoint.access.sessions import SESSION_COOKIE
from triplepoint.admin.app import create_admin
from triplepoint.admin.ports import AdminServices
from triplepoint.console.door import ConsoleMount, Door
from triplepoint.console.plain import safe_path
from triplepoint.economics.earnings import Earnings
from triplepoint.economics.forecast import Forecasts
from triplepoint.foundation.secret import Secret
from triplepoint.ledger.model import AttemptRow, Outcome, Rollup
from triplepoint.ledger.store import LedgerStore
from triplepoint.pricing.book import PriceBook

PASSWORD = Secret("a password of these tests")


class Ledger(ScriptedLedger):
    """A ledger that takes every question of the admin API."""

    def attempts(
        self,
        *,
        customer_id: str | None = None,
        model: str | None = None,
        outcome: Outcome | None = None,
        since_us: int | None = None,
        before_us: int | None = None,
        limit: int = 100,
    ) -> list[AttemptRow]:
        """Return none."""
        return []

    def rollups(self, *, since_us: int | None = None, until_us: int | None = None) -> list[Rollup]:
        """Return none."""
        return []


class Gateway(ScriptedGateway):
    """A gateway that does nothing."""

    def publish(self) -> None:
        """Publish nothing."""

    def metrics(self) -> None:
        """Have none."""


@dataclass
class House:
    """The admin API with the door beside it."""

    room: Room
    client: TestClient

    def session(self) -> str:
        """Log in as a viewer."""
        return self.room.access.sessions.login("vera", PASSWORD, address="here").session_id.reveal()


async def _show(request: Request) -> Response:
    return PlainTextResponse(f"{request.state.operator.name} is in")


@pytest.fixture
def house(tmp_path: Path) -> Generator[House]:
    """Give a house to a test."""
    room = furnish(tmp_path)
    room.access.operators.create(ADMIN, "vera", role=Role.VIEWER, password=PASSWORD)
    shop = open_shop(room)
    services = AdminServices(
        access=room.access,
        plans=shop.plans,
        ledger=Ledger(),
        gateway=Gateway(),
        lineup=dict,
        statements=make_statements(room),
        render_statement=render_plainly,
        earnings=Earnings(LedgerStore(room.engine), payers(room), room.clock),
        forecasts=Forecasts(LedgerStore(room.engine), payers(room), room.clock),
        models=lambda: ["nano", "regular"],
        routing=make_routing(tmp_path / "files", shop),
        misroutes=misroutes(room),
        prices=lambda: PriceBook.of([]),
    )
    app = create_admin(services)
    behind = Starlette(routes=[Route("/", _show, methods=["GET", "POST"]), Route("/lineup", _show)])
    app.router.routes.append(ConsoleMount("/", app=Door(behind, services)))
    yield House(room, TestClient(app, follow_redirects=False, headers={"accept": "text/html"}))
    room.engine.dispose()


def test_a_session_opens_the_door_until_it_ends(house: House) -> None:
    """Who has a session comes in and is known inside; after the end of the session nobody does."""
    session = house.session()
    house.client.cookies.set(SESSION_COOKIE, session)
    assert house.client.get("/").text == "vera is in"
    house.room.access.sessions.logout(session)
    assert house.client.get("/").headers["location"] == "/login"


def test_a_disabled_operator_is_out_at_once(house: House) -> None:
    """Disabling an operator closes the console to all of their sessions."""
    house.client.cookies.set(SESSION_COOKIE, house.session())
    house.room.access.operators.disable(ADMIN, "vera")
    assert house.client.get("/").status_code == 303


def test_the_login_remembers_where_one_wanted_to_go(house: House) -> None:
    """A page leads to the login and from there back to itself; to a path that is not the console's, never."""
    assert house.client.get("/lineup").headers["location"] == "/login?next=/lineup"
    assert 'data-next="/lineup"' in house.client.get("/login?next=/lineup").text
    assert 'data-next="/"' in house.client.get("/login?next=//evil.example/").text
    house.client.cookies.set(SESSION_COOKIE, house.session())
    assert house.client.get("/login?next=/lineup").headers["location"] == "/lineup"


@given(st.text(max_size=30))
def test_no_path_leads_out_of_the_console(path: str) -> None:
    """Whatever is asked for, the login leads to a page of ours."""
    for asked in (path, f"/{path}", f"/receipts/{path}"):
        assert safe_path(asked) in {"/", "/lineup"} or (safe_path(asked) == asked and asked.startswith("/receipts/"))
        assert not {"\\", ":", "?", "#"} & set(safe_path(asked))
        assert "//" not in safe_path(asked)


def test_the_login_page_allows_its_own_script_alone(house: House) -> None:
    """The login's policy names its scripts by hash, and nothing else may run, load, frame or be posted to."""
    policy = house.client.get("/login").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert policy.count("sha256-") == 3


def test_another_origin_is_refused_with_the_cookie(house: House) -> None:
    """A call that names another origin is refused, whatever its method; one that names ours is not."""
    house.client.cookies.set(SESSION_COOKIE, house.session())
    for method in ("GET", "POST"):
        answer = house.client.request(method, "/", headers={"origin": "http://testserver:9"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "cross_site")
        assert house.client.request(method, "/", headers={"origin": "http://testserver"}).text == "vera is in"


def test_a_socket_without_a_session_is_not_opened(house: House) -> None:
    """A web socket is closed before it is accepted."""
    with pytest.raises(WebSocketDisconnect) as closed, house.client.websocket_connect("/_nicegui_ws/socket.io/"):
        pass
    assert closed.value.code == 1008


def test_every_answer_is_careful(house: House) -> None:
    """What passes the door is kept out of caches and frames, and may load from this host only."""
    house.client.cookies.set(SESSION_COOKIE, house.session())
    headers = house.client.get("/").headers
    assert headers["cache-control"] == "no-store"
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


def test_the_admin_api_keeps_its_own_faults(house: House) -> None:
    """What is wrong about a call under /api is told by the admin API, in JSON, as if there were no console."""
    assert house.client.get("/api/nothing").json()["error"]["code"] == "not_found"
    wrong = house.client.put("/api/customers")
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (405, "method_not_allowed")
