"""Other limits than the plan's, on either kind of database."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from tests.access.helpers import ADMIN
from tests.plans.shop import DAY_US, OPERATOR, VIEWER, Shop

from triplepoint.foundation.errors import Conflict, NotEntitled, NotFound, RequestInvalid
from triplepoint.plans.model import Override


def _held(shop: Shop) -> list[tuple[Override, ...]]:
    return [holder.overrides for holder in shop.plans.holders()]


def test_an_override_is_exact_and_comes_to_the_gateway(shop: Shop) -> None:
    """A limit comes back to the last digit, with its key, its reason and its end, for its customer alone."""
    key = shop.room.access.keys.create(ADMIN, "acme").key
    shop.room.announced.clear()
    made = shop.plans.overrides.add(
        OPERATOR,
        "acme",
        "spend",
        Decimal("0.000000000000000001"),
        reason=" launch week ",
        key_id=key.id,
        until_us=shop.now_us + DAY_US,
    )
    assert (made.key_id, made.reason, str(made.limit), made.since_us) == (key.id, "launch week", "1E-18", shop.now_us)
    assert shop.plans.overrides.all(VIEWER, "acme") == [made]
    assert shop.plans.overrides.all(VIEWER, "beta") == []
    assert _held(shop) == [(made,), ()]
    assert len(shop.room.announced) == 1


def test_an_override_ends_by_itself_or_by_hand(shop: Shop) -> None:
    """Once it is over it is neither listed nor handed to the gateway, but kept; and it cannot be ended again."""
    short = shop.plans.overrides.add(OPERATOR, "acme", "day", Decimal(50), reason="event", until_us=shop.now_us + DAY_US)
    long = shop.plans.overrides.add(OPERATOR, "acme", "day", Decimal(40), reason="pilot")
    shop.room.clock.pass_s(86_400)
    assert _held(shop)[0] == (long,)
    ended = shop.plans.overrides.end(OPERATOR, long.id)
    assert ended.ended_us == shop.now_us
    assert _held(shop)[0] == ()
    assert shop.plans.overrides.all(VIEWER) == []
    assert shop.plans.overrides.all(VIEWER, with_ended=True) == [short, ended]
    for identity in (short.id, long.id):
        with pytest.raises(Conflict, match="ended already"):
            shop.plans.overrides.end(OPERATOR, identity)


def test_an_override_to_come_is_handed_on_before_it_holds(shop: Shop) -> None:
    """The gateway has it in time, and it holds from its moment on."""
    made = shop.plans.overrides.add(OPERATOR, "acme", "day", Decimal(0), reason="pause", since_us=shop.now_us + 5)
    assert _held(shop)[0] == (made,)
    assert [made.holds_at(shop.now_us + step) for step in (4, 5)] == [False, True]


@pytest.mark.parametrize(
    ("change", "fault", "match"),
    [
        ({"quota": "regular-weak"}, NotFound, "did you mean regular-week"),
        ({"customer": "nobody"}, NotFound, "customer list"),
        ({"limit": Decimal("10.5")}, RequestInvalid, "whole number"),
        ({"limit": Decimal(-1)}, RequestInvalid, "at least 0"),
        ({"limit": Decimal("NaN")}, RequestInvalid, "18 decimals"),
        ({"limit": Decimal("Infinity")}, RequestInvalid, "18 decimals"),
        ({"limit": Decimal(10) ** 12}, RequestInvalid, "12 digits"),
        ({"quota": "spend", "limit": Decimal("1E-19")}, RequestInvalid, "18 decimals"),
        ({"reason": "  "}, RequestInvalid, "reason is empty"),
        ({"reason": "x" * 301}, RequestInvalid, "at most 300"),
        ({"until_us": 1}, RequestInvalid, "ends before it begins"),
        ({"since_us": 1}, RequestInvalid, "has passed"),
        ({"key_id": "key_none"}, NotFound, "acme has no key"),
        ({"actor": VIEWER}, NotEntitled, "role operator"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else None,  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
)
def test_a_wrong_override_is_refused(shop: Shop, change: dict[str, object], fault: type[Exception], match: str) -> None:
    """What cannot be is refused with the way out, and nothing is kept."""
    asked = {"actor": OPERATOR, "customer": "acme", "quota": "day", "limit": Decimal(50), "reason": "event"} | change
    with pytest.raises(fault, match=match):
        shop.plans.overrides.add(**asked)  # pyright: ignore[reportArgumentType] - the values come by name
    assert (shop.plans.overrides.all(ADMIN, with_ended=True), shop.audit(), shop.room.announced) == ([], [], [])


def test_another_customers_key_and_a_dead_one_are_refused(shop: Shop) -> None:
    """A key's override is for a live key of that customer."""
    mine = shop.room.access.keys.create(ADMIN, "acme").key
    other = shop.room.access.keys.create(ADMIN, "beta").key
    shop.room.access.keys.revoke(ADMIN, mine.id)

    def add(key_id: str) -> Callable[[], object]:
        return lambda: shop.plans.overrides.add(OPERATOR, "acme", "day", Decimal(1), reason="pilot", key_id=key_id)

    with pytest.raises(NotFound, match="acme has no key"):
        add(other.id)()
    with pytest.raises(RequestInvalid, match="has ended"):
        add(mine.id)()


def test_unknown_overrides_and_small_roles_end_nothing(shop: Shop) -> None:
    """An id that is not there is said, and a viewer ends none."""
    made = shop.plans.overrides.add(OPERATOR, "acme", "day", Decimal(50), reason="event")
    with pytest.raises(NotFound, match="quota overrides"):
        shop.plans.overrides.end(OPERATOR, "ovrd_none")
    with pytest.raises(NotEntitled):
        shop.plans.overrides.end(VIEWER, made.id)
    assert shop.plans.overrides.all(VIEWER) == [made]


def test_the_audit_log_has_limit_and_reason(shop: Shop) -> None:
    """Setting and ending an override each leave a line about it."""
    made = shop.plans.overrides.add(OPERATOR, "acme", "spend", Decimal("12.50"), reason="pilot")
    shop.plans.overrides.end(ADMIN, made.id)
    (_, action, subject, detail), ended = shop.audit()
    assert (action, subject) == ("quota.override", made.id)
    assert detail == {
        "customer": made.customer_id,
        "key": None,
        "limit": "12.5",
        "quota": "spend",
        "reason": "pilot",
        "since_us": made.since_us,
        "until_us": None,
    }
    assert ended == ("local:tester", "quota.end_override", made.id, {"customer": made.customer_id, "quota": "spend"})
