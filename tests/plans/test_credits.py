"""Money entries, on either kind of database."""

import threading
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.access.helpers import ADMIN
from tests.plans.shop import DAY_US, OPERATOR, VIEWER, Shop

from triplepoint.foundation.errors import Conflict, NotEntitled, NotFound, RequestInvalid, TriplepointError
from triplepoint.foundation.ids import CustomerId
from triplepoint.plans import rules
from triplepoint.plans.entries import Entry, EntryKind, GrantState, ReceiptCharge

CENT = Decimal("0.01")


def _customer(shop: Shop, name: str = "acme") -> CustomerId:
    return shop.room.access.customers.find(ADMIN, name).id


def _charged(shop: Shop, charge: str | None, receipt_id: str = "rcpt_1") -> str:
    shop.spending.charges[receipt_id] = ReceiptCharge(_customer(shop), None if charge is None else Decimal(charge))
    return receipt_id


def _refunded(shop: Shop) -> Decimal:
    return sum((one.amount_usd for one in shop.plans.credits.entries(ADMIN) if one.kind is EntryKind.REFUND), Decimal(0))


def test_entries_of_each_kind_come_back_exact(shop: Shop) -> None:
    """Amounts keep their last digit, each kind its own fields, and each customer its own entries, oldest first."""
    receipt = _charged(shop, "0.000000000000000003")
    grant = shop.plans.credits.grant(
        OPERATOR, "acme", Decimal("25.10"), reason="welcome", expires_us=shop.now_us + DAY_US, priority=3, idempotency_key="t-1"
    )
    credit = shop.plans.credits.credit(OPERATOR, "acme", Decimal("1.5"), reason="outage")
    refund = shop.plans.credits.refund(OPERATOR, receipt, reason="wrong answer")
    adjustment = shop.plans.credits.adjust(OPERATOR, "beta", Decimal(100), reason="setup fee")
    assert [one.kind for one in (grant, credit, refund, adjustment)] == list(EntryKind)
    assert (grant.expires_us, grant.priority, grant.idempotency_key) == (shop.now_us + DAY_US, 3, "t-1")
    assert (refund.receipt_id, refund.amount_usd) == (receipt, Decimal("0.000000000000000003"))
    assert shop.plans.credits.entries(VIEWER, "acme") == [grant, credit, refund]
    assert shop.plans.credits.entries(VIEWER) == [grant, credit, refund, adjustment]
    assert list(shop.plans.entries_of(adjustment.customer_id)) == [adjustment]
    assert list(shop.plans.entries_of(grant.customer_id, until_us=shop.now_us)) == []
    assert list(shop.plans.entries_of(grant.customer_id, since_us=shop.now_us, until_us=shop.now_us + 1)) == [
        grant,
        credit,
        refund,
    ]


def test_the_gateway_gets_the_grants_that_can_still_be_burnt(shop: Shop) -> None:
    """Grants that have not ended are handed over whole, credits and refunds are not; and only of grants the gateway hears."""
    kept = shop.plans.credits.grant(OPERATOR, "acme", Decimal(5), reason="welcome")
    short = shop.plans.credits.grant(OPERATOR, "acme", Decimal(7), reason="event", expires_us=shop.now_us + 10, priority=1)
    coming = shop.plans.credits.grant(OPERATOR, "acme", Decimal(9), reason="june", from_us=shop.now_us + DAY_US)
    assert len(shop.room.announced) == 3
    shop.plans.credits.credit(OPERATOR, "acme", Decimal(1), reason="outage")
    assert len(shop.room.announced) == 3
    shop.spending.burns = {kept.id: Decimal(4)}
    assert shop.plans.holders()[0].grants == (kept.grant(), short.grant(), coming.grant())
    shop.room.clock.pass_s(0.00001)
    assert shop.plans.holders()[0].grants == (kept.grant(), coming.grant())
    assert shop.plans.holders()[1].grants == ()


def test_a_grant_says_how_it_stands(shop: Shop) -> None:
    """Live, coming, expired or burnt, with what is burnt and what is left."""
    make = shop.plans.credits.grant
    live = make(OPERATOR, "acme", Decimal(5), reason="a")
    burnt = make(OPERATOR, "acme", Decimal(6), reason="b")
    expired = make(OPERATOR, "acme", Decimal(7), reason="c", expires_us=shop.now_us + 1)
    coming = make(OPERATOR, "acme", Decimal(8), reason="d", from_us=shop.now_us + DAY_US)
    shop.plans.credits.credit(OPERATOR, "acme", Decimal(1), reason="outage")
    shop.spending.burns = {live.id: Decimal("1.25"), burnt.id: Decimal(6)}
    shop.room.clock.pass_s(1)
    standings = shop.plans.credits.standings(shop.plans.credits.entries(VIEWER, "acme"))
    assert {one.id: (standings[one.id].state, standings[one.id].left_usd) for one in (live, burnt, expired, coming)} == {
        live.id: (GrantState.LIVE, Decimal("3.75")),
        burnt.id: (GrantState.BURNT, Decimal(0)),
        expired.id: (GrantState.EXPIRED, Decimal(7)),
        coming.id: (GrantState.COMING, Decimal(8)),
    }
    assert len(standings) == 4


MAKERS: dict[str, Callable[[Shop, str | None], Entry]] = {
    "grant": lambda shop, key: shop.plans.credits.grant(
        OPERATOR, "acme", Decimal(5), reason="welcome", expires_us=1_900_000_000_000_000, idempotency_key=key
    ),
    "credit": lambda shop, key: shop.plans.credits.credit(OPERATOR, "acme", Decimal(5), reason="outage", idempotency_key=key),
    "adjust": lambda shop, key: shop.plans.credits.adjust(OPERATOR, "acme", Decimal(5), reason="setup", idempotency_key=key),
    "refund": lambda shop, key: shop.plans.credits.refund(
        OPERATOR, _charged(shop, "9"), Decimal(5), reason="wrong", idempotency_key=key
    ),
    "refund of all": lambda shop, key: shop.plans.credits.refund(
        OPERATOR, _charged(shop, "9"), reason="wrong", idempotency_key=key
    ),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_the_same_key_twice_is_the_same_entry(shop: Shop, kind: str) -> None:
    """The second time, later, gives the first entry, and leaves neither another nor a line nor a word to the gateway."""
    made = MAKERS[kind](shop, "ticket-1")
    shop.room.clock.pass_s(3600)
    lines, told = shop.audit(), list(shop.room.announced)
    assert MAKERS[kind](shop, "ticket-1") == made
    assert (shop.plans.credits.entries(ADMIN), shop.audit(), shop.room.announced) == ([made], lines, told)


def test_another_content_under_a_key_is_refused(shop: Shop) -> None:
    """A key stands for one entry: another amount, kind, reason, end, priority or beginning is a conflict that says which."""
    shop.plans.credits.grant(OPERATOR, "acme", Decimal(5), reason="welcome", idempotency_key="t-1")
    give = shop.plans.credits.grant
    for match, act in {
        "another amount": lambda: give(OPERATOR, "acme", Decimal("5.01"), reason="welcome", idempotency_key="t-1"),
        "another reason": lambda: give(OPERATOR, "acme", Decimal(5), reason="Welcome", idempotency_key="t-1"),
        "another priority": lambda: give(OPERATOR, "acme", Decimal(5), reason="welcome", priority=1, idempotency_key="t-1"),
        "another expiry": lambda: give(
            OPERATOR, "acme", Decimal(5), reason="welcome", expires_us=shop.now_us + 9, idempotency_key="t-1"
        ),
        "another beginning": lambda: give(
            OPERATOR, "acme", Decimal(5), reason="welcome", from_us=shop.now_us + 9, idempotency_key="t-1"
        ),
        "another kind": lambda: shop.plans.credits.credit(
            OPERATOR, "acme", Decimal(5), reason="welcome", idempotency_key="t-1"
        ),
    }.items():
        with pytest.raises(Conflict, match=match):
            act()
    assert len(shop.plans.credits.entries(ADMIN)) == 1
    # another customer's key of the same text is its own, and without a key each is a new entry
    give(OPERATOR, "beta", Decimal(5), reason="welcome", idempotency_key="t-1")
    for _ in range(2):
        give(OPERATOR, "acme", Decimal(5), reason="welcome")
    assert len(shop.plans.credits.entries(ADMIN)) == 4


def test_equal_amounts_written_otherwise_are_the_same(shop: Shop) -> None:
    """5 and 5.00 are one amount, and kept without the zeros that say nothing."""
    made = shop.plans.credits.grant(OPERATOR, "acme", Decimal("5.00"), reason="welcome", idempotency_key="t-1")
    assert shop.plans.credits.grant(OPERATOR, "acme", Decimal(5), reason="welcome", idempotency_key="t-1").id == made.id


def test_a_receipt_is_refunded_up_to_its_charge(shop: Shop) -> None:
    """Parts add up to the charge at most; without an amount it is all that is left; then there is nothing."""
    receipt = _charged(shop, "0.30")
    for amount in ("0.10", "0.05"):
        shop.plans.credits.refund(OPERATOR, receipt, Decimal(amount), reason="wrong")
    with pytest.raises(Conflict, match=r"at most 0\.15 .* is left"):
        shop.plans.credits.refund(OPERATOR, receipt, Decimal("0.150000000000000001"), reason="wrong")
    assert shop.plans.credits.refund(OPERATOR, receipt, reason="wrong").amount_usd == Decimal("0.15")
    with pytest.raises(Conflict, match="in full already"):
        shop.plans.credits.refund(OPERATOR, receipt, CENT, reason="wrong")
    assert _refunded(shop) == Decimal("0.30")


@pytest.mark.parametrize(
    ("charge", "fault", "match"),
    [(None, RequestInvalid, "give a credit instead"), ("0", Conflict, "charged nothing")],
    ids=["unknown charge", "no charge"],
)
def test_what_charged_nothing_known_is_not_refunded(shop: Shop, charge: str | None, fault: type[Exception], match: str) -> None:
    """Unknown is not zero: where the charge is unknown a refund is refused and the way out named."""
    with pytest.raises(fault, match=match):
        shop.plans.credits.refund(OPERATOR, _charged(shop, charge), reason="wrong")


def test_two_refunds_at_one_moment_never_exceed_the_charge(shop: Shop) -> None:
    """Of many threads that refund one receipt at once, so many succeed as fit into its charge, and no more."""
    receipt = _charged(shop, "0.10")
    barrier, refused = threading.Barrier(8), list[TriplepointError]()

    def refund() -> None:
        barrier.wait()
        try:
            shop.plans.credits.refund(OPERATOR, receipt, Decimal("0.03"), reason="wrong")
        except Conflict as fault:
            refused.append(fault)

    threads = [threading.Thread(target=refund) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (_refunded(shop), len(refused)) == (Decimal("0.09"), 5)
    assert len({entry.id for entry in shop.plans.credits.entries(ADMIN)}) == 3


def test_one_key_at_one_moment_makes_one_entry(shop: Shop) -> None:
    """Of many threads that send the same request with the same key, all get the one entry that was made."""
    barrier, made = threading.Barrier(8), list[str]()

    def give() -> None:
        barrier.wait()
        made.append(MAKERS["grant"](shop, "retry").id)

    threads = [threading.Thread(target=give) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [shop.plans.credits.entries(ADMIN)[0].id] * 8


@pytest.mark.parametrize(
    ("change", "fault", "match"),
    [
        ({"customer": "nobody"}, NotFound, "customer list"),
        ({"amount_usd": Decimal(0)}, RequestInvalid, "above 0"),
        ({"amount_usd": Decimal(-5)}, RequestInvalid, "above 0"),
        ({"amount_usd": Decimal("1E-19")}, RequestInvalid, "18 decimals"),
        ({"amount_usd": Decimal("sNaN")}, RequestInvalid, "18 decimals"),
        ({"amount_usd": Decimal("1E12")}, RequestInvalid, "12 digits"),
        ({"reason": ""}, RequestInvalid, "reason is empty"),
        ({"reason": "tp-" + "x" * 43}, RequestInvalid, "looks like a key"),
        ({"idempotency_key": " "}, RequestInvalid, "idempotency_key is empty"),
        ({"idempotency_key": "x" * 129}, RequestInvalid, "at most 128"),
        ({"priority": -1}, RequestInvalid, "between 0 and 1000"),
        ({"from_us": 1}, RequestInvalid, "has passed"),
        ({"expires_us": 1}, RequestInvalid, "ends before it begins"),
        ({"actor": VIEWER}, NotEntitled, "role operator"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else None,  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
)
def test_a_wrong_grant_is_refused(shop: Shop, change: dict[str, object], fault: type[Exception], match: str) -> None:
    """What cannot be is refused with the way out, and nothing is kept."""
    asked = {"actor": OPERATOR, "customer": "acme", "amount_usd": Decimal(5), "reason": "welcome"} | change
    with pytest.raises(fault, match=match):
        shop.plans.credits.grant(**asked)  # pyright: ignore[reportArgumentType] - the values come by name
    assert (shop.plans.credits.entries(ADMIN), shop.audit(), shop.room.announced) == ([], [], [])


def test_other_refusals(shop: Shop) -> None:
    """A receipt that is not there, and whoever may only read, make no entry."""
    receipt = _charged(shop, "1")
    with pytest.raises(NotFound, match="no receipt"):
        shop.plans.credits.refund(OPERATOR, "rcpt_none", reason="wrong")
    for act in (
        lambda: shop.plans.credits.refund(VIEWER, receipt, reason="wrong"),
        lambda: shop.plans.credits.credit(VIEWER, "acme", CENT, reason="outage"),
        lambda: shop.plans.credits.adjust(VIEWER, "acme", CENT, reason="setup"),
    ):
        with pytest.raises(NotEntitled):
            act()
    with pytest.raises(NotFound):
        shop.plans.credits.entries(VIEWER, "nobody")
    assert (shop.plans.credits.entries(ADMIN), shop.audit()) == ([], [])


def test_each_entry_has_its_line(shop: Shop) -> None:
    """The audit log says what was given to whom and why, with what the kind has of its own."""
    entries = [MAKERS[kind](shop, None) for kind in ("grant", "credit", "refund", "adjust")]
    common = {"customer": _customer(shop), "amount_usd": "5", "idempotency_key": None}
    begin = {"from_us": shop.now_us, "expires_us": 1_900_000_000_000_000, "priority": 0}
    assert [line[1:] for line in shop.audit()] == [
        ("credit.grant", entries[0].id, common | begin | {"reason": "welcome"}),
        ("credit.give", entries[1].id, common | {"reason": "outage"}),
        ("credit.refund", entries[2].id, common | {"reason": "wrong", "receipt": "rcpt_1"}),
        ("credit.adjust", entries[3].id, common | {"reason": "setup"}),
    ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=12))
def test_an_amount_is_digits_or_nothing(text: str) -> None:
    """Whatever is written, an amount is read exactly as its digits say, or refused."""
    try:
        amount = rules.parse_amount(text, param="amount_usd")
    except RequestInvalid:
        return
    assert text.isascii()
    assert format(amount, "f") == text
