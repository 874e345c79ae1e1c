"""Fixtures of the access room."""

from collections.abc import Generator
from pathlib import Path

import pytest
from tests.access.helpers import Room, furnish


@pytest.fixture
def room(tmp_path: Path) -> Generator[Room]:
    """Give an empty access room of its own to a test."""
    made = furnish(tmp_path)
    yield made
    made.engine.dispose()
