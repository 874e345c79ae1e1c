"""Fixtures of the access room."""

from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.access.helpers import Room, furnish
from tests.postgres import lent_database


@pytest.fixture(params=["sqlite", "postgresql"])
def room(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Room]:
    """Give an empty access room of its own to a test, on either kind of database."""
    with ExitStack() as stack:
        url = None
        if request.param == "postgresql":
            url = stack.enter_context(lent_database(request.getfixturevalue("postgres")))
        made = furnish(tmp_path, url)
        yield made
        made.engine.dispose()
