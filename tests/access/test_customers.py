"""Customers and their keys, on a real database."""

import msgspec
import pytest
from tests.access.helpers import ADMIN, SECRET, Room

from triplepoint.access.keys import digest
from triplepoint.access.model import Actor, Role
from triplepoint.foundation.errors import Conflict, NotEntitled, NotFound, RequestInvalid

VIEWER = Actor("operator:vera", Role.VIEWER)
OPERATOR = Actor("operator:otto", Role.OPERATOR)
DAY_US = 86_400_000_000


def _live_ids(room: Room) -> list[str]:
    return [key.id for key, _ in room.access.live_keys()]


def test_a_customer_is_found_by_id_and_by_name(room: Room) -> None:
    """What was created is found either way, and listed in order."""
    acme = room.access.customers.create(OPERATOR, " acme ")
    room.clock.pass_s(1)
    beta = room.access.customers.create(OPERATOR, "beta")
    assert (acme.name, acme.created_us) == ("acme", room.clock.us - 1_000_000)
    assert acme.id.startswith("cust_")
    assert room.access.customers.find(VIEWER, acme.id) == acme
    assert room.access.customers.find(VIEWER, "beta") == beta
    assert room.access.customers.all(VIEWER) == [acme, beta]


def test_a_name_belongs_to_one_customer(room: Room) -> None:
    """A second customer of the same name is refused, and leaves no line in the audit log."""
    room.access.customers.create(OPERATOR, "acme")
    with pytest.raises(Conflict, match="'acme' already"):
        room.access.customers.create(OPERATOR, "acme")
    assert [entry.action for entry in room.access.audit(VIEWER)] == ["customer.create"]


def test_a_customer_has_a_time_zone_that_can_change(room: Room) -> None:
    """It is UTC unless said; the change is announced, noted with what was before, and seen by the snapshot's view."""
    acme = room.access.customers.create(OPERATOR, "acme")
    beta = room.access.customers.create(OPERATOR, "beta", time_zone="Asia/Kathmandu")
    assert (acme.time_zone, beta.time_zone) == ("UTC", "Asia/Kathmandu")
    room.access.keys.create(OPERATOR, "acme")
    changed = room.access.customers.set_time_zone(OPERATOR, "acme", "Europe/Paris")
    assert changed.time_zone == "Europe/Paris"
    assert room.access.customers.find(VIEWER, "acme") == changed
    assert room.access.customers.find(VIEWER, "beta") == beta
    assert [customer.time_zone for _, customer in room.access.live_keys()] == ["Europe/Paris"]
    entry = room.access.audit(VIEWER, subject=acme.id)[0]
    assert (entry.action, msgspec.json.decode(entry.detail)) == (
        "customer.set_time_zone",
        {"before": "UTC", "time_zone": "Europe/Paris"},
    )
    assert len(room.announced) == 4


@pytest.mark.parametrize("name", ["", "Paris", "europe/Paris/", "../etc/passwd", "UTC\x00", "Europe"])
def test_what_is_no_time_zone_is_refused(room: Room, name: str) -> None:
    """A name that the tz database does not have makes no customer and changes none."""
    acme = room.access.customers.create(OPERATOR, "acme")
    for attempt in (
        lambda: room.access.customers.create(OPERATOR, "beta", time_zone=name),
        lambda: room.access.customers.set_time_zone(OPERATOR, "acme", name),
    ):
        with pytest.raises(RequestInvalid, match="no time zone"):
            attempt()
    assert room.access.customers.all(VIEWER) == [acme]


def test_a_new_key_is_live_and_kept_as_its_digest(room: Room) -> None:
    """A key is handed out once, opens at once, and is kept as a digest with its first 8 characters."""
    acme = room.access.customers.create(OPERATOR, "acme")
    issued = room.access.keys.create(OPERATOR, "acme", label="website", models=("mini", "nano"))
    text = issued.text.reveal()
    assert issued.key.digest == digest(SECRET, text)
    assert issued.key.display == text[:8]
    assert issued.key.models == ("mini", "nano")
    assert room.access.live_keys() == [(issued.key, acme)]
    assert room.access.keys.find(VIEWER, issued.key.id) == issued.key
    assert text not in repr(issued)


def test_keys_are_listed_by_customer(room: Room) -> None:
    """Keys of one customer, or of all, oldest first."""
    for name in ("acme", "beta"):
        room.access.customers.create(OPERATOR, name)
    first = room.access.keys.create(OPERATOR, "acme").key
    second = room.access.keys.create(OPERATOR, "beta").key
    assert room.access.keys.all(VIEWER, "acme") == [first]
    assert room.access.keys.all(VIEWER) == [first, second]
    with pytest.raises(NotFound):
        room.access.keys.all(VIEWER, "gamma")


def test_a_revoked_key_opens_nothing_for_good(room: Room) -> None:
    """After revocation a key is not live and cannot be revoked, rotated or given another end."""
    room.access.customers.create(OPERATOR, "acme")
    key = room.access.keys.create(OPERATOR, "acme").key
    revoked = room.access.keys.revoke(OPERATOR, key.id)
    assert revoked.revoked_us == room.clock.us
    assert room.access.keys.find(VIEWER, key.id) == revoked
    assert _live_ids(room) == []
    for attempt in (
        lambda: room.access.keys.revoke(OPERATOR, key.id),
        lambda: room.access.keys.rotate(OPERATOR, key.id),
        lambda: room.access.keys.expire(OPERATOR, key.id, expires_us=None),
    ):
        with pytest.raises(Conflict):
            attempt()


def test_a_key_ends_at_its_moment(room: Room) -> None:
    """A key with an end is live before it and not at it."""
    room.access.customers.create(OPERATOR, "acme")
    key = room.access.keys.create(OPERATOR, "acme", expires_us=room.clock.us + DAY_US).key
    room.clock.pass_s(86_399.9)
    assert _live_ids(room) == [key.id]
    room.clock.pass_s(0.1)
    assert _live_ids(room) == []
    with pytest.raises(Conflict, match="has ended"):
        room.access.keys.expire(OPERATOR, key.id, expires_us=None)


def test_the_end_of_a_live_key_can_move(room: Room) -> None:
    """A live key's end is brought forward, put off, and taken away."""
    room.access.customers.create(OPERATOR, "acme")
    key = room.access.keys.create(OPERATOR, "acme").key
    for end in (room.clock.us + DAY_US, room.clock.us + 2 * DAY_US, None):
        assert room.access.keys.expire(OPERATOR, key.id, expires_us=end).expires_us == end
    with pytest.raises(RequestInvalid):
        room.access.keys.expire(OPERATOR, key.id, expires_us=room.clock.us)
    assert _live_ids(room) == [key.id]


def test_rotation_ends_the_old_key_at_once_by_default(room: Room) -> None:
    """The new key takes over label and models, and the old one opens nothing any more."""
    room.access.customers.create(OPERATOR, "acme")
    old = room.access.keys.create(OPERATOR, "acme", label="website", models=("nano",))
    new = room.access.keys.rotate(OPERATOR, old.key.id)
    assert (new.key.label, new.key.models, new.key.expires_us) == ("website", ("nano",), None)
    assert new.text != old.text
    assert _live_ids(room) == [new.key.id]


def test_rotation_can_overlap(room: Room) -> None:
    """Within the overlap both keys open, after it only the new one."""
    room.access.customers.create(OPERATOR, "acme")
    old = room.access.keys.create(OPERATOR, "acme").key
    room.clock.pass_s(1)
    new = room.access.keys.rotate(OPERATOR, old.id, overlap_s=3600).key
    assert _live_ids(room) == [old.id, new.id]
    room.clock.pass_s(3600)
    assert _live_ids(room) == [new.id]


def test_rotation_keeps_a_limited_time_limited(room: Room) -> None:
    """A key made for 30 days is followed by one for 30 days, and an overlap does not lengthen the old one."""
    room.access.customers.create(OPERATOR, "acme")
    old = room.access.keys.create(OPERATOR, "acme", expires_us=room.clock.us + 30 * DAY_US).key
    room.clock.pass_s(29.5 * 86400)
    new = room.access.keys.rotate(OPERATOR, old.id, overlap_s=86400).key
    assert new.expires_us == room.clock.us + 30 * DAY_US
    assert room.access.keys.find(VIEWER, old.id).expires_us == old.expires_us


def test_a_viewer_changes_nothing(room: Room) -> None:
    """Each write needs the role operator, and a refusal leaves no trace in the data."""
    room.access.customers.create(OPERATOR, "acme")
    key = room.access.keys.create(OPERATOR, "acme").key
    before = (room.access.customers.all(ADMIN), room.access.keys.all(ADMIN), room.access.audit(ADMIN))
    for attempt in (
        lambda: room.access.customers.create(VIEWER, "beta"),
        lambda: room.access.customers.set_time_zone(VIEWER, "acme", "Europe/Paris"),
        lambda: room.access.keys.create(VIEWER, "acme"),
        lambda: room.access.keys.revoke(VIEWER, key.id),
        lambda: room.access.keys.rotate(VIEWER, key.id),
        lambda: room.access.keys.expire(VIEWER, key.id, expires_us=None),
        lambda: room.access.note(VIEWER, "lineup.apply", "abc"),
    ):
        with pytest.raises(NotEntitled):
            attempt()
    assert (room.access.customers.all(ADMIN), room.access.keys.all(ADMIN), room.access.audit(ADMIN)) == before


def test_unknown_ids_are_not_found(room: Room) -> None:
    """Whoever asks for what is not there is told so."""
    for attempt in (
        lambda: room.access.customers.find(VIEWER, "nobody"),
        lambda: room.access.keys.find(VIEWER, "key_none"),
        lambda: room.access.keys.create(OPERATOR, "nobody"),
        lambda: room.access.keys.revoke(OPERATOR, "key_none"),
    ):
        with pytest.raises(NotFound):
            attempt()


def test_the_gateway_hears_of_each_change_once_it_is_kept(room: Room) -> None:
    """Every write to customers and keys is announced after it, and a refused one is not."""
    room.access.customers.create(OPERATOR, "acme")
    key = room.access.keys.create(OPERATOR, "acme").key
    room.access.keys.rotate(OPERATOR, key.id, overlap_s=60)
    room.access.keys.expire(OPERATOR, key.id, expires_us=room.clock.us + 5)
    room.access.keys.revoke(OPERATOR, key.id)
    assert len(room.announced) == 5
    with pytest.raises(Conflict):
        room.access.keys.revoke(OPERATOR, key.id)
    assert len(room.announced) == 5


def test_the_audit_log_says_who_did_what_to_whom(room: Room) -> None:
    """Each line has moment, actor, noun and verb, subject and the change as JSON."""
    acme = room.access.customers.create(OPERATOR, "acme")
    room.clock.pass_s(1)
    key = room.access.keys.create(ADMIN, "acme", label="website", models=("nano",)).key
    entry, former = room.access.audit(VIEWER)
    assert (former.actor, former.action, former.subject) == ("operator:otto", "customer.create", acme.id)
    assert (entry.actor, entry.action, entry.subject, entry.at_us) == ("local:tester", "key.create", key.id, room.clock.us)
    assert msgspec.json.decode(entry.detail) == {
        "customer": acme.id,
        "display": key.display,
        "expires_us": None,
        "label": "website",
        "models": ["nano"],
    }


def test_the_audit_log_is_paged_and_filtered(room: Room) -> None:
    """Lines come newest first, from before an id, about one subject, and no more than asked."""
    customers = [room.access.customers.create(OPERATOR, f"customer {number}") for number in range(5)]
    newest = room.access.audit(VIEWER, limit=2)
    older = room.access.audit(VIEWER, before_id=newest[-1].id)
    assert [entry.subject for entry in newest + older] == [customer.id for customer in reversed(customers)]
    assert [entry.subject for entry in room.access.audit(VIEWER, subject=customers[1].id)] == [customers[1].id]
    for limit in (0, 1001):
        with pytest.raises(RequestInvalid):
            room.access.audit(VIEWER, limit=limit)


def test_other_rooms_can_note_their_writes(room: Room) -> None:
    """A write that another room made stands in the log like any."""
    room.access.note(OPERATOR, "lineup.apply", "0123456789ab", ok=True, problems=[])
    (entry,) = room.access.audit(VIEWER)
    assert (entry.action, entry.subject, entry.detail) == ("lineup.apply", "0123456789ab", '{"ok":true,"problems":[]}')
