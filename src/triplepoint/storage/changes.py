"""Telling gateways on other machines that something changed: a number that grows, and a word to those who listen.

The number is raised in the transaction of the change itself, and PostgreSQL sends its NOTIFY when that is kept: nobody hears of
what was undone, and nothing that was kept goes untold. Whoever missed the word sees the number at its next look. SQLite serves
one machine, where the control plane asks the gateways itself.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from triplepoint.storage.engine import is_postgres, metadata, writing

CHANNEL = "triplepoint_changes"
"""PostgreSQL's channel; a word is ``KIND NUMBER ORIGIN``."""
ACCESS = "access"
"""Keys, customers, their plans and limits: what a gateway holds of the database."""
FILES = "files"
"""Line-ups, prices, plans, settings: each machine has its own files, and reads them again."""

CHANGES = sa.Table(
    "changes",
    metadata,
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False),
)
"""How often each kind of thing has changed."""


def announce(connection: sa.Connection, kind: str, *, origin: str = "") -> None:
    """Say that something changed, as a part of the transaction that changes it.

    Args:
        connection: In a transaction that writes.
        kind: `ACCESS` or `FILES`.
        origin: Machine that knows already, such as the one whose files were applied; empty: none.
    """
    if not is_postgres(connection):
        return
    insert = postgresql.insert(CHANGES).values(kind=kind, number=1)
    raised = insert.on_conflict_do_update(index_elements=[CHANGES.c.kind], set_={"number": CHANGES.c.number + 1})
    number = connection.execute(raised.returning(CHANGES.c.number)).scalar_one()
    connection.execute(sa.select(sa.func.pg_notify(CHANNEL, f"{kind} {number} {origin}")))


def announce_alone(engine: sa.Engine, kind: str, *, origin: str = "") -> None:
    """Say that something changed that is not in the database; see `announce`.

    Raises: StoreFault: the database cannot be written.
    """
    with writing(engine) as connection:
        announce(connection, kind, origin=origin)
