"""Endings and cursors in SQL."""

from collections.abc import Iterator

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from triplepoint.foundation.errors import Conflict
from triplepoint.ledger.events.ports import Ending
from triplepoint.ledger.model import AttemptRow
from triplepoint.ledger.tables import ATTEMPTS, CURSORS, ENDINGS, to_attempt
from triplepoint.storage.engine import reading, writing

_KEYS_AT_ONCE = 500
_Key = tuple[str, int, int]


class EndingStore:
    """Reads endings, and keeps how far exports have come.

    Args:
        engine: The database.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def after(self, no: int) -> Ending | None:
        """Return the ending after a number; None: there is none yet."""
        query = sa.select(ENDINGS).where(ENDINGS.c.no > no).order_by(ENDINGS.c.no).limit(1)
        with reading(self._engine) as connection:
            found = connection.execute(query).one_or_none()
            if found is None:
                return None
            keys = msgspec.msgpack.decode(found.keys, type=list[_Key])
            return Ending(found.no, _attempts(connection, keys))

    def position(self, cursor: str) -> int:
        """Return the number up to which a cursor has come; 0: it has not begun."""
        with reading(self._engine) as connection:
            query = sa.select(CURSORS.c.position).where(CURSORS.c.name == cursor)
            return connection.execute(query).scalar_one_or_none() or 0

    def last(self) -> int:
        """Return the number of the last ending."""
        return self.position(ENDINGS.name)

    def move(self, cursor: str, *, since: int, to: int, now_us: int) -> None:
        """Keep that a cursor has come to a number.

        Raises: Conflict: it is not where it is thought to be, for somebody else moves it.
        """
        try:
            with writing(self._engine) as connection:
                if since == 0 and connection.execute(sa.select(CURSORS).where(CURSORS.c.name == cursor)).first() is None:
                    connection.execute(CURSORS.insert().values(name=cursor, position=to, moved_us=now_us))
                    return
                is_it = sa.and_(CURSORS.c.name == cursor, CURSORS.c.position == since)
                moved = connection.execute(CURSORS.update().where(is_it).values(position=to, moved_us=now_us))
        except IntegrityError:
            moved = None
        if moved is None or moved.rowcount != 1:
            raise Conflict("another push to this address is running; stop one of the two", code="push_in_use")


def _attempts(connection: sa.Connection, keys: list[_Key]) -> list[AttemptRow]:
    found: dict[tuple[str, int], AttemptRow] = {}
    for portion in _portions(keys):
        moments = [opened_us for _, _, opened_us in portion]
        query = sa.select(ATTEMPTS).where(
            ATTEMPTS.c.receipt_id.in_({receipt_id for receipt_id, _, _ in portion}),
            ATTEMPTS.c.opened_us >= min(moments),  # so that a ledger in parts need not look into all of them
            ATTEMPTS.c.opened_us <= max(moments),
        )
        for values in connection.execute(query).mappings():
            row = to_attempt(values)
            found[row.receipt_id, row.attempt] = row
    return [found[receipt_id, attempt] for receipt_id, attempt, _ in keys if (receipt_id, attempt) in found]


def _portions(keys: list[_Key]) -> Iterator[list[_Key]]:
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        yield keys[start : start + _KEYS_AT_ONCE]
