"""An access room on a real database, with a clock that stands still until told otherwise."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa
from argon2 import PasswordHasher

from triplepoint.access.model import Actor, Role
from triplepoint.access.passwords import Passwords
from triplepoint.access.service import AccessService
from triplepoint.access.store import SqlAccessStore
from triplepoint.foundation.ids import IdFactory
from triplepoint.storage.engine import open_database, sqlite_url

SECRET = b"an installation's secret of these tests"
ADMIN = Actor("local:tester", Role.ADMIN)
CHEAP = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
"""Argon2 with the least that it takes, so that tests do not wait."""


@dataclass
class HandClock:
    """A clock that is moved by hand."""

    us: int = 1_800_000_000_000_000
    steady: float = 1000.0

    def now_us(self) -> int:
        return self.us

    def steady_s(self) -> float:
        return self.steady

    def pass_s(self, seconds: float) -> None:
        self.us += round(seconds * 1e6)
        self.steady += seconds


@dataclass
class Room:
    """The service, and what stands around it."""

    access: AccessService
    clock: HandClock
    path: Path
    engine: sa.Engine
    announced: list[int] = field(default_factory=list[int])


@cache
def _empty_database() -> bytes:
    """Return a database with its tables, made once for all tests: that takes longer than most of them."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "triplepoint.db"
        open_database(sqlite_url(path)).dispose()
        return path.read_bytes()


def furnish(folder: Path, url: str | None = None) -> Room:
    """Make an access room in a folder, or in the database of a URL."""
    path = folder / "triplepoint.db"
    if url is None:
        path.write_bytes(_empty_database())
        path.chmod(0o600)
    engine = open_database(url or sqlite_url(path))
    clock = HandClock()
    announced: list[int] = []
    access = AccessService(
        SqlAccessStore(engine),
        secret=SECRET,
        clock=clock,
        new_id=IdFactory(clock.now_us),
        on_change=lambda: announced.append(clock.us),
        passwords=CHEAP,
        session_s=3600.0,
    )
    return Room(access, clock, path, engine, announced)
