"""Fixtures of the admin API."""

from collections.abc import Generator
from pathlib import Path

import pytest
from tests.access.helpers import furnish
from tests.admin.helpers import Console, OneReceipt, ScriptedGateway, add_operators, make_statements, render_plainly

from triplepoint.admin.app import create_admin
from triplepoint.admin.ports import AdminServices


@pytest.fixture
def console(tmp_path: Path) -> Generator[Console]:
    """Give an application with one operator of each role to a test."""
    room = furnish(tmp_path)
    ledger, gateway = OneReceipt(), ScriptedGateway()
    services = AdminServices(
        access=room.access,
        ledger=ledger,
        gateway=gateway,
        lineup=lambda: {"lineup": "embedded"},
        statements=make_statements(room),
        render_statement=render_plainly,
    )
    yield Console(create_admin(services), room, ledger, gateway, add_operators(room))
    room.engine.dispose()
