"""Operators, their keys and their sessions, on a real database."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from argon2 import PasswordHasher
from structlog.testing import capture_logs
from tests.access.helpers import ADMIN, SECRET, Room

from triplepoint.access.keys import digest
from triplepoint.access.model import Actor, Role
from triplepoint.access.passwords import Passwords
from triplepoint.access.service import AccessService
from triplepoint.access.store import SqlAccessStore
from triplepoint.foundation.errors import Conflict, NotAuthenticated, NotEntitled, NotFound, RateLimited, RequestInvalid
from triplepoint.foundation.ids import IdFactory
from triplepoint.foundation.secret import Secret

GOOD = Secret("correct horse battery")
OTHER = Secret("staple staple staple")
OPERATOR = Actor("operator:otto", Role.OPERATOR)


def _actions(room: Room) -> list[str]:
    return [entry.action for entry in reversed(room.access.audit(ADMIN))]


def test_an_operator_logs_in_and_out(room: Room) -> None:
    """A login opens a session that resolves to its operator until logout."""
    ada = room.access.operators.create(ADMIN, "ada", role=Role.OPERATOR, password=GOOD)
    login = room.access.sessions.login("ada", GOOD, address="here")
    assert login.operator == ada
    assert room.access.sessions.resolve(login.session_id.reveal()) == ada
    room.access.sessions.logout(login.session_id.reveal())
    assert room.access.sessions.resolve(login.session_id.reveal()) is None
    assert _actions(room) == ["operator.create", "session.open", "session.close"]


def test_logging_out_twice_writes_once(room: Room) -> None:
    """Closing a session that has ended changes nothing and leaves no line."""
    room.access.operators.create(ADMIN, "ada", role=Role.VIEWER, password=GOOD)
    session_id = room.access.sessions.login("ada", GOOD, address="here").session_id.reveal()
    for _ in range(2):
        room.access.sessions.logout(session_id)
    room.access.sessions.logout("invented")
    assert _actions(room).count("session.close") == 1


def test_a_session_ends_by_itself(room: Room) -> None:
    """A session resolves until its time is over; the next login sweeps it away."""
    room.access.operators.create(ADMIN, "ada", role=Role.VIEWER, password=GOOD)
    login = room.access.sessions.login("ada", GOOD, address="here")
    assert login.expires_us == room.clock.us + 3_600_000_000
    room.clock.pass_s(3599)
    assert room.access.sessions.resolve(login.session_id.reveal()) is not None
    room.clock.pass_s(1)
    assert room.access.sessions.resolve(login.session_id.reveal()) is None
    room.access.sessions.login("ada", GOOD, address="here")
    with room.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM sessions").scalar_one() == 1


def test_a_session_is_kept_as_a_digest_apart_from_keys(room: Room) -> None:
    """The database holds no session id, and a session's digest is not what a key of the same text would have."""
    room.access.operators.create(ADMIN, "ada", role=Role.VIEWER, password=GOOD)
    session_id = room.access.sessions.login("ada", GOOD, address="here").session_id.reveal()
    with room.engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT digest FROM sessions").scalar_one()
    assert kept == digest(SECRET, f"session:{session_id}")
    assert room.access.operators.resolve_key(session_id) is None


def test_refusals_all_look_alike(room: Room) -> None:
    """Unknown name, wrong password and a disabled operator get the same words."""
    for name in ("ada", "bob"):
        room.access.operators.create(ADMIN, name, role=Role.VIEWER, password=GOOD)
    room.access.operators.disable(ADMIN, "bob")
    words: set[tuple[str, str]] = set()
    for name, password in (("nobody", GOOD), ("ada", OTHER), ("bob", GOOD)):
        with pytest.raises(NotAuthenticated) as caught:
            room.access.sessions.login(name, password, address="here")
        words.add((str(caught.value), caught.value.code))
    assert words == {("name or password is wrong", "invalid_login")}


def test_the_log_names_only_who_exists(room: Room) -> None:
    """A refused login is logged with its address, but a name that is none (a password, perhaps) is not."""
    room.access.operators.create(ADMIN, "ada", role=Role.VIEWER, password=GOOD)
    with capture_logs() as lines:
        for name in ("ada", "my secret password"):
            with pytest.raises(NotAuthenticated):
                room.access.sessions.login(name, OTHER, address="192.0.2.7")
    assert [(line["operator"], line["address"]) for line in lines] == [("ada", "192.0.2.7"), (None, "192.0.2.7")]


def test_guessing_is_slowed_and_the_right_password_too(room: Room) -> None:
    """After too many failures even the right password waits, and then works."""
    room.access.operators.create(ADMIN, "ada", role=Role.VIEWER, password=GOOD)
    for _ in range(5):
        with pytest.raises(NotAuthenticated):
            room.access.sessions.login("ada", OTHER, address="here")
    with pytest.raises(RateLimited) as caught:
        room.access.sessions.login("ada", GOOD, address="here")
    room.clock.pass_s(caught.value.retry_after_s or 0)
    assert room.access.sessions.login("ada", GOOD, address="here").operator.name == "ada"


def test_disabling_locks_out_everywhere(room: Room) -> None:
    """A disabled operator's sessions and keys open nothing; enabling brings keys and password back, not sessions."""
    room.access.operators.create(ADMIN, "ada", role=Role.VIEWER, password=GOOD)
    session_id = room.access.sessions.login("ada", GOOD, address="here").session_id.reveal()
    key = room.access.operators.create_key(ADMIN, "ada", label="ci").text.reveal()
    assert room.access.operators.disable(ADMIN, "ada").disabled_us == room.clock.us
    assert room.access.sessions.resolve(session_id) is None
    assert room.access.operators.resolve_key(key) is None
    room.access.operators.enable(ADMIN, "ada")
    assert room.access.sessions.resolve(session_id) is None
    assert (room.access.operators.resolve_key(key) or pytest.fail("the key is dead")).name == "ada"
    assert room.access.sessions.login("ada", GOOD, address="here")


def test_a_session_that_outlived_its_operator_opens_nothing(room: Room) -> None:
    """Even where the session is still there, it does not resolve to an operator who is disabled."""
    ada = room.access.operators.create(ADMIN, "ada", role=Role.VIEWER, password=GOOD)
    session_id = room.access.sessions.login("ada", GOOD, address="here").session_id.reveal()
    with SqlAccessStore(room.engine).writing() as records:
        records.update_operator(replace(ada, disabled_us=room.clock.us))
    assert room.access.sessions.resolve(session_id) is None


def test_a_disabling_during_a_login_wins(room: Room) -> None:
    """Who is disabled while the password is being checked does not get in."""

    class SlowPasswords(Passwords):
        meanwhile: Callable[[], object] = staticmethod(lambda: None)

        def verify(self, password_hash: str | None, password: str) -> bool:
            right = super().verify(password_hash, password)
            self.meanwhile()
            return right

    slow = SlowPasswords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    access = AccessService(
        SqlAccessStore(room.engine), secret=SECRET, clock=room.clock, new_id=IdFactory(room.clock.now_us), passwords=slow
    )
    access.operators.create(ADMIN, "ada", role=Role.VIEWER, password=GOOD)
    slow.meanwhile = lambda: room.access.operators.disable(ADMIN, "ada")
    with pytest.raises(NotAuthenticated):
        access.sessions.login("ada", GOOD, address="here")
    with room.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM sessions").scalar_one() == 0


def test_a_new_password_ends_sessions(room: Room) -> None:
    """After an admin set a password, the old one and all sessions are dead."""
    room.access.operators.create(ADMIN, "ada", role=Role.VIEWER, password=GOOD)
    session_id = room.access.sessions.login("ada", GOOD, address="here").session_id.reveal()
    room.access.operators.set_password(ADMIN, "ada", OTHER)
    assert room.access.sessions.resolve(session_id) is None
    with pytest.raises(NotAuthenticated):
        room.access.sessions.login("ada", GOOD, address="here")
    assert room.access.sessions.login("ada", OTHER, address="here")


def test_operators_change_their_own_password_with_the_current_one(room: Room) -> None:
    """A viewer may change its own password, but only who knows the current one."""
    vera = room.access.operators.create(ADMIN, "vera", role=Role.VIEWER, password=GOOD)
    with pytest.raises(NotAuthenticated, match="current password is wrong"):
        room.access.operators.change_own_password(vera, current=OTHER, new=OTHER)
    room.access.operators.change_own_password(vera, current=GOOD, new=OTHER)
    assert room.access.sessions.login("vera", OTHER, address="here")
    assert [entry.actor for entry in room.access.audit(ADMIN) if entry.action == "operator.password"] == ["operator:vera"]


def test_a_login_renews_an_old_hash(room: Room) -> None:
    """A password hashed with former parameters is hashed anew at the next login."""
    former = Passwords(PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    old = AccessService(
        SqlAccessStore(room.engine), secret=SECRET, clock=room.clock, new_id=IdFactory(room.clock.now_us), passwords=former
    )
    old.operators.create(ADMIN, "ada", role=Role.VIEWER, password=GOOD)
    room.access.sessions.login("ada", GOOD, address="here")
    with room.engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT password_hash FROM operators").scalar_one()
    assert "m=8,t=1" in kept
    assert room.access.sessions.login("ada", GOOD, address="here")


def test_an_operators_key_opens_until_its_end(room: Room) -> None:
    """A key acts as its operator until it expires or is revoked; anything else opens nothing."""
    ada = room.access.operators.create(ADMIN, "ada", role=Role.VIEWER, password=GOOD)
    first = room.access.operators.create_key(ADMIN, "ada", label="ci", expires_us=room.clock.us + 60_000_000)
    second = room.access.operators.create_key(ADMIN, ada.id)
    assert first.text.reveal().startswith("tpo-")
    assert room.access.operators.resolve_key(first.text.reveal()) == ada
    room.clock.pass_s(60)
    assert room.access.operators.resolve_key(first.text.reveal()) is None
    assert room.access.operators.resolve_key(second.text.reveal()) == ada
    revoked = room.access.operators.revoke_key(ADMIN, second.key.id)
    assert room.access.operators.resolve_key(second.text.reveal()) is None
    assert room.access.operators.keys_of(ADMIN, "ada") == [first.key, revoked]
    with pytest.raises(Conflict):
        room.access.operators.revoke_key(ADMIN, second.key.id)
    for invented in ("", "tpo-", "tpo-" + "x" * 43, "tp-" + "x" * 43, "\udcff"):
        assert room.access.operators.resolve_key(invented) is None


def test_a_customers_key_opens_nothing_on_the_control_plane(room: Room) -> None:
    """The two kinds of key do not stand in for each other."""
    room.access.customers.create(ADMIN, "acme")
    issued = room.access.keys.create(ADMIN, "acme")
    assert room.access.operators.resolve_key(issued.text.reveal()) is None


def test_roles_change_at_once(room: Room) -> None:
    """A session resolves to the role of this moment, not of its login."""
    room.access.operators.create(ADMIN, "ada", role=Role.VIEWER, password=GOOD)
    session_id = room.access.sessions.login("ada", GOOD, address="here").session_id.reveal()
    room.access.operators.set_role(ADMIN, "ada", Role.OPERATOR)
    resolved = room.access.sessions.resolve(session_id)
    assert resolved is not None
    assert resolved.actor() == Actor("operator:ada", Role.OPERATOR)


def test_the_last_admin_stays(room: Room) -> None:
    """The last admin can be neither disabled nor demoted; with a second one either can."""
    room.access.operators.create(ADMIN, "ada", role=Role.ADMIN, password=GOOD)
    for attempt in (
        lambda: room.access.operators.disable(ADMIN, "ada"),
        lambda: room.access.operators.set_role(ADMIN, "ada", Role.VIEWER),
    ):
        with pytest.raises(Conflict, match="last admin"):
            attempt()
    room.access.operators.create(ADMIN, "bob", role=Role.ADMIN, password=GOOD)
    assert room.access.operators.set_role(ADMIN, "ada", Role.VIEWER).role is Role.VIEWER
    with pytest.raises(Conflict, match="last admin"):
        room.access.operators.disable(ADMIN, "bob")


def test_only_admins_touch_operators(room: Room) -> None:
    """Each operation on operators, reading included, needs the role admin."""
    room.access.operators.create(ADMIN, "ada", role=Role.VIEWER, password=GOOD)
    before = room.access.audit(ADMIN)
    for attempt in (
        lambda: room.access.operators.create(OPERATOR, "bob", role=Role.VIEWER, password=GOOD),
        lambda: room.access.operators.all(OPERATOR),
        lambda: room.access.operators.find(OPERATOR, "ada"),
        lambda: room.access.operators.disable(OPERATOR, "ada"),
        lambda: room.access.operators.enable(OPERATOR, "ada"),
        lambda: room.access.operators.set_role(OPERATOR, "otto", Role.ADMIN),
        lambda: room.access.operators.set_password(OPERATOR, "ada", OTHER),
        lambda: room.access.operators.create_key(OPERATOR, "ada"),
        lambda: room.access.operators.keys_of(OPERATOR, "ada"),
        lambda: room.access.operators.revoke_key(OPERATOR, "okey_none"),
    ):
        with pytest.raises(NotEntitled):
            attempt()
    assert room.access.audit(ADMIN) == before


def test_wrong_moves_are_conflicts_and_strangers_are_not_found(room: Room) -> None:
    """Taken names, repeated moves and unknown operators are told apart."""
    room.access.operators.create(ADMIN, "ada", role=Role.VIEWER, password=GOOD)
    with pytest.raises(Conflict, match="already"):
        room.access.operators.create(ADMIN, "ada", role=Role.ADMIN, password=GOOD)
    with pytest.raises(Conflict, match="not disabled"):
        room.access.operators.enable(ADMIN, "ada")
    room.access.operators.disable(ADMIN, "ada")
    with pytest.raises(Conflict, match="disabled already"):
        room.access.operators.disable(ADMIN, "ada")
    with pytest.raises(Conflict, match="enable it first"):
        room.access.operators.create_key(ADMIN, "ada")
    with pytest.raises(RequestInvalid, match="password"):
        room.access.operators.set_password(ADMIN, "ada", Secret("short"))
    with pytest.raises(NotFound):
        room.access.operators.disable(ADMIN, "nobody")
    with pytest.raises(NotFound):
        room.access.operators.revoke_key(ADMIN, "okey_none")
