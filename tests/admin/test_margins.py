"""Margins and forecasts over the admin API."""

import pytest
from tests.access.helpers import ADMIN
from tests.admin.helpers import Console

from triplepoint.access.model import Role


def test_margins_are_shown(console: Console) -> None:
    """Of a period, by plan and by customer, with the sum."""
    console.room.access.customers.create(ADMIN, "acme")
    told = console.caller(Role.VIEWER).get("/api/margins", params={"period": "2026-11", "zone": "Europe/Paris"}).json()
    assert (told["period"], told["time_zone"], told["total"]["revenue_usd"]) == ("2026-11", "Europe/Paris", "0")


def test_a_plan_is_forecast(console: Console) -> None:
    """With use and costs as stated; without a mean the ledger is asked, which has nobody yet."""
    sold = console.shop.plans.sold()
    assert sold is not None
    name = next(iter(sold.plans))
    query = {"mean_messages": 40, "cost": ["nano=0.001", "regular=0.02"], "charge": ["nano=0.001", "regular=0.02"]}
    told = console.caller(Role.VIEWER).get(f"/api/plans/{name}/forecast", params=query).json()
    assert (told["plan"], told["use"]["mean_messages"], told["subscribers"]) == (name, pytest.approx(40), 20_000)
    del query["mean_messages"]
    refused = console.caller(Role.VIEWER).get(f"/api/plans/{name}/forecast", params=query)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("path", "status"),
    [("/api/margins?zone=Nowhere", 400), ("/api/plans/none/forecast?mean_messages=4", 404), ("/api/margins?period=x", 400)],
)
def test_what_cannot_be_is_refused(console: Console, path: str, status: int) -> None:
    """No zone, no plan, no period."""
    assert console.caller(Role.VIEWER).get(path).status_code == status
