"""Fixtures of the admin API."""

from collections.abc import Generator
from pathlib import Path

import pytest
from tests.access.helpers import furnish
from tests.admin.helpers import (
    BOOK,
    Console,
    OneReceipt,
    ScriptedGateway,
    add_operators,
    make_routing,
    make_statements,
    misroutes,
    payers,
    render_plainly,
)
from tests.plans.shop import open_shop

from triplepoint.admin.app import create_admin
from triplepoint.admin.ports import AdminServices
from triplepoint.economics.earnings import Earnings
from triplepoint.economics.forecast import Forecasts
from triplepoint.ledger.store import LedgerStore


@pytest.fixture
def console(tmp_path: Path) -> Generator[Console]:
    """Give an application with one operator of each role to a test."""
    room = furnish(tmp_path)
    ledger, gateway = OneReceipt(), ScriptedGateway()
    shop, files = open_shop(room), tmp_path / "files"
    services = AdminServices(
        access=room.access,
        plans=shop.plans,
        ledger=ledger,
        gateway=gateway,
        lineup=lambda: {"lineup": "embedded"},
        statements=make_statements(room),
        render_statement=render_plainly,
        earnings=Earnings(LedgerStore(room.engine), payers(room), room.clock),
        forecasts=Forecasts(LedgerStore(room.engine), payers(room), room.clock),
        models=lambda: ["nano", "regular"],
        routing=make_routing(files, shop),
        misroutes=misroutes(room),
        prices=lambda: BOOK,
    )
    yield Console(create_admin(services), room, ledger, gateway, add_operators(room), shop, files)
    room.engine.dispose()
