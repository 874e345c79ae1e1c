"""What plans.yaml said when."""

from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.postgres import lent_database

from triplepoint.plans.fees import Fee, FeeSchedule, Revision
from triplepoint.plans.model import Calendar
from triplepoint.plans.revisions import PlanRevisions
from triplepoint.storage.engine import open_database, sqlite_url

ONE = FeeSchedule("free", {"free": Fee("0", Calendar.MONTH)})
TWO = FeeSchedule(None, {"plus": Fee("20", Calendar.WEEK)})


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[sa.Engine]:
    """Give an empty database of either kind to a test."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            url = sqlite_url(tmp_path / "triplepoint.db")
        else:
            url = stack.enter_context(lent_database(request.getfixturevalue("postgres")))
        opened = open_database(url)
        yield opened
        opened.dispose()


def test_only_what_changes_is_kept(engine: sa.Engine) -> None:
    """The same digest again is nothing new; going back to an old one is; and time never runs backwards."""
    revisions = PlanRevisions(engine)
    assert not revisions.note(None, digest="", now_us=1)
    assert revisions.note(ONE, digest="d1", now_us=10)
    assert not revisions.note(ONE, digest="d1", now_us=20)
    assert revisions.note(TWO, digest="d2", now_us=30)
    assert revisions.note(ONE, digest="d1", now_us=25)
    assert revisions.note(None, digest="", now_us=40)
    assert revisions.all() == (
        Revision(10, "d1", ONE),
        Revision(30, "d2", TWO),
        Revision(30, "d1", ONE),
        Revision(40, "", None),
    )
