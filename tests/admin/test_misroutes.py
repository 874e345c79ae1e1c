"""Audits, misroutes and feedback over the admin API."""

import msgspec
import pytest
from tests.admin.helpers import Console
from tests.ledger.test_audits import rated
from tests.routing.audits.found import audit

from triplepoint.access.model import Role
from triplepoint.ledger.audits.model import Audited
from triplepoint.ledger.audits.store import insert_findings
from triplepoint.storage.engine import writing


@pytest.fixture
def told(console: Console) -> Console:
    """Give an application whose ledger has audits, of which a fifth are under-routes, and ratings."""
    audits = [audit(n, "under_route" if n % 5 == 0 else "fine", plan=("pro", "plus")[n % 2]) for n in range(300)]
    ratings = [rated(n, customer_id=f"cust_{n}", score=n % 2) for n in range(10)]
    with writing(console.room.engine) as connection:
        insert_findings(connection, [Audited(**msgspec.structs.asdict(one)) for one in audits], ratings, floor_us=0)
    return console


def test_misroutes_are_reported(told: Console) -> None:
    """Rates with intervals, what is watched with its evidence, and alarms in words."""
    report = told.caller(Role.VIEWER).get("/api/routing/misroutes").json()
    everything = report["rates"][0]
    assert (report["lineup"], report["audits"], report["undecided"], everything["slice"]) == ("embedded", 300, 0, "all")
    assert everything["under"]["rate"] == pytest.approx(0.2)
    low, high = everything["under"]["interval"]
    assert low < 0.2 < high
    assert report["alarms"][0].startswith("misroutes of ")
    assert report["watched"][0]["is_alarming"]
    assert report["cost_usd"] == "0.3"


def test_audits_are_listed(told: Console) -> None:
    """The newest first, by plan, model and outcome, page by page."""
    caller = told.caller(Role.VIEWER)
    query = {"plan": "plus", "outcome": "under_route", "limit": 2}
    first = caller.get("/api/routing/audits", params=query).json()
    assert [one["receipt_id"] for one in first] == ["rcpt_000295", "rcpt_000285"]
    then = caller.get("/api/routing/audits", params={**query, "before_us": first[-1]["asked_us"]}).json()
    assert [one["receipt_id"] for one in then] == ["rcpt_000275", "rcpt_000265"]
    assert caller.get("/api/routing/audits", params={"model": "regular"}).json() == []
    assert caller.get("/api/routing/audits", params={"outcome": "wrong"}).status_code == 400


def test_metrics_tell_of_misroutes(told: Console) -> None:
    """Beside the gateway's own: rates with their intervals, and whether something alarms."""
    page = told.caller(Role.VIEWER).get("/metrics").text
    assert page.startswith("triplepoint_requests_total 3\n")
    assert 'triplepoint_misroute_rate{name="",of="all"} 0.2' in page
    assert 'triplepoint_misroute_audits{name="plus",of="plan"} 150.0' in page
    assert "triplepoint_misroute_lapses 0.0" in page
    (alarms,) = [line for line in page.splitlines() if line.startswith("triplepoint_misroute_alarms ")]
    assert float(alarms.split()[1]) >= 1


def test_opinions_are_robust_and_ratings_have_a_history(told: Console) -> None:
    """With the bound on what one customer can do."""
    caller = told.caller(Role.VIEWER)
    (opinion,) = caller.get("/api/routing/feedback").json()
    assert (opinion["model"], opinion["customers"], opinion["ratings"]) == ("nano", 10, 10)
    assert opinion["value"] == pytest.approx(0.5)
    assert opinion["most_by_one"] == pytest.approx(1 / 5)
    (rating,) = caller.get("/api/routing/feedback/rcpt_000003").json()
    assert (rating["customer_id"], rating["score"]) == ("cust_3", 1.0)
    assert caller.get("/api/routing/feedback/none").json() == []
