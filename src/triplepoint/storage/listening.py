"""Hearing of changes: a thread that listens to PostgreSQL, and looks for itself now and then.

The word comes within milliseconds; a lost one (a broken connection, a server that restarts, a pool in between that does not
pass it on) only delays, for at each interval the numbers in the database are looked at, and at once when a connection stands
again.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import sqlalchemy as sa

from triplepoint.storage.changes import CHANGES, CHANNEL

if TYPE_CHECKING:
    import psycopg

_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 2.0
_log = logging.getLogger(__name__)


class Listener:
    """Calls for each change, from a thread of its own.

    Args:
        url: PostgreSQL's, as `storage.engine.open_database` takes it.
        on_change: Called with the kind of what changed; several changes of a kind may be one call.
        origin: This machine; what it said itself is not told to it.
        poll_s: How often to look without a word.
    """

    def __init__(self, url: str, on_change: Callable[[str], None], *, origin: str, poll_s: float) -> None:
        self._url = sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._on_change = on_change
        self._origin = origin
        self._poll_s = poll_s
        self._seen: dict[str, int] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="changes", daemon=True)
        self._fault: str | None = None

    def begin(self, engine: sa.Engine) -> None:
        """Note how things stand; what changes from now on will be told, once the thread runs."""
        with engine.connect() as connection:
            self._seen = {one.kind: one.number for one in connection.execute(sa.select(CHANGES))}

    def start(self) -> None:
        """Begin to listen; once."""
        self._thread.start()

    def stop(self) -> None:
        """End; returns at the next look at the latest."""
        self._stop.set()

    def state(self) -> str:
        """Say for people how it is: ``ok`` or what is wrong; it is tried again by itself."""
        return self._fault or "ok"

    def _run(self) -> None:
        import psycopg

        pause_s = _PAUSE_S
        while not self._stop.is_set():
            try:
                with psycopg.connect(self._url, autocommit=True, connect_timeout=5) as connection:
                    self._note(None)
                    pause_s = _PAUSE_S
                    self._listen(connection)
            except psycopg.Error as error:
                self._note(f"changes are not heard of: {type(error).__name__}")
            self._stop.wait(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _listen(self, connection: "psycopg.Connection") -> None:
        connection.execute(f"LISTEN {CHANNEL}")
        while not self._stop.is_set():
            self._look(connection)
            for word in connection.notifies(timeout=self._poll_s):
                if self._stop.is_set():
                    return
                self._hear(word.payload)

    def _look(self, connection: "psycopg.Connection") -> None:
        """Compare the numbers in the database with those that were heard of."""
        now: Mapping[str, int] = dict(connection.execute("SELECT kind, number FROM changes").fetchall())
        seen, self._seen = self._seen, dict(now)
        for kind, number in now.items():
            if seen is not None and number > seen.get(kind, 0):
                self._on_change(kind)

    def _hear(self, word: str) -> None:
        kind, number, *origin = word.split(" ", 2)
        seen = self._seen if self._seen is not None else {}
        is_new = int(number) > seen.get(kind, 0)
        seen[kind] = max(int(number), seen.get(kind, 0))
        self._seen = seen
        if is_new and origin != [self._origin]:
            self._on_change(kind)

    def _note(self, fault: str | None) -> None:
        if fault is not None and fault != self._fault:
            _log.warning("%s", fault)
        elif fault is None and self._fault is not None:
            _log.warning("changes are heard of again")
        self._fault = fault
