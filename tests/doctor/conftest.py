"""A sound installation for each test."""

import os
from pathlib import Path

import pytest
from tests.doctor.patient import NOW_US, furnish

from triplepoint.doctor.examination import Examination


@pytest.fixture
def sound(tmp_path: Path) -> Examination:
    """Return an installation with nothing wrong but a model file that was not fetched, its files dated a day before."""
    examination = furnish(tmp_path)
    for path in tmp_path.rglob("*.yaml"):
        os.utime(path, (NOW_US / 1e6 - 86_400, NOW_US / 1e6 - 86_400))
    return examination
