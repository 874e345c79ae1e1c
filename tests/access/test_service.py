"""The room as a whole: first run, faults half-way, and what holds for any sequence of operations."""

import stat
import threading
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.access.helpers import ADMIN, Room, furnish

from triplepoint.access.changes import Changes
from triplepoint.access.model import Role
from triplepoint.access.store import SqlAccessStore
from triplepoint.foundation.errors import TriplepointError
from triplepoint.foundation.ids import IdFactory
from triplepoint.foundation.secret import Secret


def test_the_first_run_gets_a_customer_with_a_key_once(room: Room, tmp_path: Path) -> None:
    """An empty installation gets customer and key, shown once and left in a private file; the second run gets nothing."""
    path = tmp_path / "first-key"
    issued = room.access.ensure_first_key(path)
    assert issued is not None
    assert path.read_text() == issued.text.reveal() + "\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [(key.id, customer.name) for key, customer in room.access.live_keys()] == [(issued.key.id, "default")]
    assert [entry.action for entry in room.access.audit(ADMIN)] == ["key.create", "customer.create"]
    assert len(room.announced) == 1
    assert room.access.ensure_first_key(path) is None
    assert len(room.announced) == 1


def test_the_first_key_needs_no_file(room: Room, tmp_path: Path) -> None:
    """Without a path the key is in no file at all."""
    issued = room.access.ensure_first_key()
    assert issued is not None
    assert not any(issued.text.reveal().encode() in path.read_bytes() for path in tmp_path.iterdir())


def test_a_key_of_a_database_that_is_gone_is_replaced(room: Room, tmp_path: Path) -> None:
    """A file left by a former database does not keep an empty one from its first key."""
    path = tmp_path / "first-key"
    path.write_text("tp-of-a-former-database\n")
    issued = room.access.ensure_first_key(path)
    assert issued is not None
    assert path.read_text() == issued.text.reveal() + "\n"


def test_a_key_that_cannot_be_left_is_not_made(room: Room, tmp_path: Path) -> None:
    """Where the file cannot be written there is no customer either, so the next run tries again."""
    with pytest.raises(OSError, match="nowhere"):
        room.access.ensure_first_key(tmp_path / "nowhere" / "first-key")
    assert room.access.customers.all(ADMIN) == []
    assert room.access.audit(ADMIN) == []
    assert room.announced == []


def test_the_first_run_gets_an_admin_once(room: Room) -> None:
    """An empty installation gets an admin whose password logs in; the second run gets nothing."""
    first = room.access.ensure_first_operator()
    assert first is not None
    assert first.password.reveal() not in repr(first)
    assert room.access.sessions.login("admin", first.password, address="here").operator.role is Role.ADMIN
    assert room.access.ensure_first_operator() is None


def test_first_runs_at_once_make_one_key(room: Room) -> None:
    """Of several first runs at the same moment one makes the key."""
    gate = threading.Barrier(6)
    made: list[object] = []

    def run() -> None:
        gate.wait()
        made.append(room.access.ensure_first_key())

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 6
    assert len([issued for issued in made if issued is not None]) == 1
    assert len(room.access.customers.all(ADMIN)) == 1


def test_a_change_that_nobody_notes_is_not_kept(room: Room) -> None:
    """Leaving a change without a line in the audit log raises and undoes it."""
    changes = Changes(SqlAccessStore(room.engine), clock=room.clock, new_id=IdFactory(room.clock.now_us), on_change=None)
    made = room.access.ensure_first_key()
    assert made is not None

    def forget() -> None:
        with changes.begin(ADMIN, Role.ADMIN) as change:
            change.records.set_key_end(made.key.id, expires_us=None, revoked_us=1)

    with pytest.raises(RuntimeError, match="without a line"):
        forget()
    assert len(room.access.live_keys()) == 1


def test_a_secret_cannot_be_noted(room: Room) -> None:
    """A secret handed to the audit log by mistake raises instead of being written."""
    changes = Changes(SqlAccessStore(room.engine), clock=room.clock, new_id=IdFactory(room.clock.now_us), on_change=None)

    def blunder() -> None:
        with changes.begin(ADMIN, Role.ADMIN) as change:
            change.note("key.create", "key_1", text=Secret("tp-planted"))  # pyright: ignore[reportArgumentType]

    with pytest.raises(TypeError):
        blunder()
    assert room.access.audit(ADMIN) == []


def test_ids_are_unique_across_threads(room: Room) -> None:
    """Customers made by many threads at once all exist, each with an id of its own."""

    def run(worker: int) -> None:
        for number in range(10):
            room.access.customers.create(ADMIN, f"customer {worker}-{number}")

    threads = [threading.Thread(target=run, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({customer.id for customer in room.access.customers.all(ADMIN)}) == 40


OPERATIONS = (
    "customer",
    "key",
    "dated key",
    "revoke",
    "rotate",
    "overlap",
    "expire",
    "never",
    "wait",
    "operator",
    "login",
    "okey",
)
MOVES = st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 5)), max_size=25)


@dataclass
class Play:
    """A sequence of operations on a room, and what should hold afterwards."""

    room: Room
    writes: int = 0
    planted: set[str] = field(default_factory=set[str])
    key_ids: list[str] = field(default_factory=list[str])

    def make(self, move: str, number: int) -> None:
        """Play one move; a refusal by rule is an outcome like another."""
        try:
            self._make(move, number)
        except TriplepointError:
            return
        self.writes += move != "wait"

    def _make(self, move: str, number: int) -> None:
        access, now_us = self.room.access, self.room.clock.us
        key_id = self.key_ids[number % len(self.key_ids)] if self.key_ids else "key_none"
        match move:
            case "customer":
                access.customers.create(ADMIN, f"customer {number}")
            case "key" | "dated key":
                self._keep(f"customer {number}", None if move == "key" else now_us + (number + 1) * 1_000_000)
            case "revoke":
                access.keys.revoke(ADMIN, key_id)
            case "rotate" | "overlap":
                issued = access.keys.rotate(ADMIN, key_id, overlap_s=0.0 if move == "rotate" else number + 0.5)
                self.key_ids.append(issued.key.id)
                self.planted.add(issued.text.reveal())
            case "expire" | "never":
                access.keys.expire(ADMIN, key_id, expires_us=None if move == "never" else now_us + number * 1_000_000)
            case "operator":
                password = f"planted password {number}"
                access.operators.create(ADMIN, f"operator-{number}", role=list(Role)[number % 3], password=Secret(password))
                self.planted.add(password)
            case "login":
                password = Secret(f"planted password {number}")
                self.planted.add(access.sessions.login(f"operator-{number}", password, address="here").session_id.reveal())
            case "okey":
                self.planted.add(access.operators.create_key(ADMIN, f"operator-{number}").text.reveal())
            case _:
                self.room.clock.pass_s(number)

    def _keep(self, customer: str, expires_us: int | None) -> None:
        issued = self.room.access.keys.create(ADMIN, customer, label="a key", expires_us=expires_us)
        self.key_ids.append(issued.key.id)
        self.planted.add(issued.text.reveal())


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(moves=MOVES)
def test_whatever_is_done(tmp_path_factory: pytest.TempPathFactory, moves: list[tuple[str, int]]) -> None:
    """After any operations: one audit line for each write, only live keys live, and no secret anywhere on the disk."""
    room = furnish(tmp_path_factory.mktemp("play"))
    play = Play(room)
    for move, number in moves:
        play.make(move, number)

    entries = room.access.audit(ADMIN, limit=1000)
    assert len(entries) == play.writes
    assert all(isinstance(msgspec.json.decode(entry.detail), dict) for entry in entries)

    live = {key.id for key, _ in room.access.live_keys()}
    assert live == {key.id for key in room.access.keys.all(ADMIN) if key.is_live(room.clock.us)}
    assert len(room.access.keys.all(ADMIN)) == len(play.key_ids)

    kept = b"".join(path.read_bytes() for path in room.path.parent.iterdir())
    shown = repr((entries, room.access.live_keys(), room.access.operators.all(ADMIN))).encode()
    for secret in play.planted:
        assert secret.encode() not in kept
        assert secret.encode() not in shown
        assert secret.encode()[12:] not in kept  # nor the rest of a key, past what is shown of it
    room.engine.dispose()
