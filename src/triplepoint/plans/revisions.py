"""What ``plans.yaml`` said when, as far as bills need it; kept in SQL and only added to."""

import msgspec
import sqlalchemy as sa

from triplepoint.plans.fees import FeeSchedule, Revision
from triplepoint.plans.tables import REVISIONS
from triplepoint.storage.engine import reading, writing


class PlanRevisions:
    """Reads and adds revisions.

    Args:
        engine: The database.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def note(self, schedule: FeeSchedule | None, *, digest: str, now_us: int) -> bool:
        """Keep what holds from now on, unless it held already.

        Args:
            schedule: What ``plans.yaml`` says; None: there is none.
            digest: Its digest; empty where there is none.
            now_us: From when.
        Returns: Whether it was new.
        """
        if _latest_digest(self.all()) == digest:  # the usual case, without waiting for anyone
            return False
        with writing(self._engine) as connection:
            known = _read(connection)
            if _latest_digest(known) == digest:
                return False
            since_us = max([now_us, *(one.since_us for one in known)])  # a wall clock may step back
            body = msgspec.json.encode(schedule).decode()
            connection.execute(REVISIONS.insert().values(no=len(known) + 1, since_us=since_us, digest=digest, body=body))
        return True

    def all(self) -> tuple[Revision, ...]:
        """Return all revisions, oldest first."""
        with reading(self._engine) as connection:
            return _read(connection)


def _read(connection: sa.Connection) -> tuple[Revision, ...]:
    rows = connection.execute(sa.select(REVISIONS).order_by(REVISIONS.c.no)).all()
    return tuple(Revision(row.since_us, row.digest, msgspec.json.decode(row.body, type=FeeSchedule | None)) for row in rows)


def _latest_digest(revisions: tuple[Revision, ...]) -> str:
    """Return the digest in force; of an installation that never had plans, that of none."""
    return revisions[-1].digest if revisions else ""
