"""A plan with what is the customer's own, as a key meets it."""

from decimal import Decimal

import pytest

from triplepoint.foundation.errors import NotEntitled
from triplepoint.foundation.ids import CustomerId, KeyId
from triplepoint.plans.counters.model import Kind
from triplepoint.plans.limits import quota_limit
from triplepoint.plans.model import Assignment, Grant, Holder, Override, PlansFile, Quota, Unit
from triplepoint.plans.terms import UNBOUND, Terms, TermsBook

NOW_US = 1_795_600_000_000_000
DAY_US = 86_400_000_000
CUSTOMER = CustomerId("cust_1")


def plans(default: str | None = "free") -> PlansFile:
    """Make a file of plans."""
    week = {"unit": "messages", "limit": 3000, "per": "week", "models": ["large"]}
    return PlansFile.model_validate(
        {
            "default": default,
            "plans": {
                "free": {"charge": {"kind": "included"}, "models": ["small"]},
                "plus": {
                    "fee_usd": "20",
                    "rates": {"requests_per_minute": 60, "tokens_per_minute": 1000},
                    "quotas": {"week": week, "mine": {"unit": "tokens", "limit": 9, "sliding": "3h", "scope": "key"}},
                    "ladder": {"large": "small"},
                },
                "prepaid": {"prepaid": True, "counters_away": "open"},
            },
        }
    )


def assigned(plan: str, since_us: int) -> Assignment:
    """Assign a plan from a moment on."""
    return Assignment(f"asgn_{since_us}", CUSTOMER, plan, since_us, since_us)


def override(limit: int, *, made_us: int, since_us: int = 0, until_us: int | None = None, key: str | None = None) -> Override:
    """Give the quota of the week another limit."""
    key_id = KeyId(key) if key is not None else None
    return Override(f"over_{made_us}", CUSTOMER, key_id, "week", Decimal(limit), since_us, until_us, None, "test", made_us)


def test_without_plans_everything_goes() -> None:
    """Where there is no file, everybody is unbound."""
    assert TermsBook(None).of(CUSTOMER, "key_1", NOW_US) is UNBOUND


def test_who_was_given_none_has_the_default() -> None:
    """A customer without a plan is on the default one; without a default it is refused."""
    assert TermsBook(plans()).of(CUSTOMER, "key_1", NOW_US).plan == "free"
    with pytest.raises(NotEntitled) as refused:
        TermsBook(plans(default=None)).of(CUSTOMER, "key_1", NOW_US)
    assert refused.value.code == "no_plan"


def test_a_plan_that_is_gone_refuses() -> None:
    """A customer whose plan the file no longer has is refused, and not moved to another one in silence."""
    holders = {CUSTOMER: Holder(CUSTOMER, "UTC", (assigned("gold", 1),))}
    with pytest.raises(NotEntitled):
        TermsBook(plans(), holders=holders).of(CUSTOMER, "key_1", NOW_US)


def test_a_plan_begins_at_its_moment() -> None:
    """An assignment in the future holds from its moment on, without a new snapshot."""
    holders = {CUSTOMER: Holder(CUSTOMER, "UTC", (assigned("free", 1), assigned("plus", NOW_US + 5)))}
    book = TermsBook(plans(), holders=holders)
    assert [book.of(CUSTOMER, "key_1", NOW_US + after).plan for after in (0, 4, 5, 6)] == ["free", "free", "plus", "plus"]


def _plus(holder: Holder | None = None, key_id: str = "key_1") -> Terms:
    holders = {CUSTOMER: holder or Holder(CUSTOMER, "UTC", (assigned("plus", 1),))}
    return TermsBook(plans(), holders=holders).of(CUSTOMER, key_id, NOW_US)


def test_limits_are_compiled_in_order() -> None:
    """Rates come first, then quotas; each knows what it counts, and of whom."""
    terms = _plus()
    assert [(limit.name, limit.kind, limit.key_id) for limit in terms.limits] == [
        ("requests_per_minute", Kind.RATE, "key_1"),
        ("tokens_per_minute", Kind.RATE, "key_1"),
        ("week", Kind.WINDOW, None),
        ("mine", Kind.SLIDING, "key_1"),
    ]
    assert terms.units == {Unit.MESSAGES, Unit.TOKENS}
    assert terms.bounds_output


def test_a_counter_is_named_after_what_it_counts() -> None:
    """Two quotas of other plans that count the same have one counter; another zone, model or key has another."""
    quota = Quota.model_validate({"unit": "messages", "limit": 5, "per": "week", "models": ["b", "a"]})
    same = Quota.model_validate({"unit": "messages", "limit": 9, "per": "week", "models": ["a", "b"]})
    other = Quota.model_validate({"unit": "messages", "limit": 5, "per": "week", "models": ["a"]})

    def counter(one: Quota, zone: str = "UTC") -> str:
        limit = quota_limit("q", one, time_zone=zone, key_id="key_1", overrides=())
        return limit.claim(NOW_US, amount=1, if_lost=1).counter

    assert counter(quota) == counter(same)
    assert counter(quota) != counter(other)
    assert counter(quota) != counter(quota, "Asia/Tokyo")


def test_a_period_that_ends_is_another_counter() -> None:
    """The counter of next week is not that of this week, and a clock that steps back finds the former one again."""
    week = next(limit for limit in _plus().limits if limit.name == "week")
    now = week.claim(NOW_US, amount=1, if_lost=1)
    later = week.claim(now.until_us, amount=1, if_lost=1)
    assert later.counter != now.counter
    assert later.since_us < now.until_us
    assert week.claim(NOW_US, amount=1, if_lost=1) == now


def test_an_override_holds_while_it_holds() -> None:
    """Of the overrides in force the one made last counts, a key's own before the customer's; afterwards the plan's limit."""
    overrides = (
        override(10, made_us=1),
        override(20, made_us=2, since_us=NOW_US + 10, until_us=NOW_US + 20),
        override(30, made_us=0, key="key_2"),
    )
    holder = Holder(CUSTOMER, "UTC", (assigned("plus", 1),), overrides)
    week = next(limit for limit in _plus(holder).limits if limit.name == "week")
    assert [week.limit_at(NOW_US + after) for after in (0, 10, 19, 20)] == [10, 20, 20, 10]
    theirs = next(limit for limit in _plus(holder, "key_2").limits if limit.name == "week")
    assert theirs.limit_at(NOW_US) == 30


def test_credit_is_burnt_in_order() -> None:
    """The smaller priority first, then the sooner end, then the older; what is over or has not begun is not claimed."""
    grants = (
        Grant("late", Decimal(5), 1, NOW_US + 2 * DAY_US, 0),
        Grant("soon", Decimal(5), 2, NOW_US + DAY_US, 0),
        Grant("last", Decimal("0.5"), 1, None, 1),
        Grant("over", Decimal(5), 1, NOW_US, 0),
        Grant("coming", Decimal(5), NOW_US + 1, None, 0),
        Grant("endless", Decimal(5), 1, None, 0),
    )
    holder = Holder(CUSTOMER, "UTC", (assigned("prepaid", 1),), grants=grants)
    terms = _plus(holder)
    claims = terms.credit(NOW_US, amount=7, if_lost=3)
    assert [claim.counter for claim in claims] == ["soon", "late", "endless", "last"]
    assert claims[-1].limit == 5 * 10**17
    assert terms.is_prepaid
    (nothing,) = _plus(Holder(CUSTOMER, "UTC", (assigned("prepaid", 1),))).credit(NOW_US, amount=7, if_lost=3)
    assert (nothing.limit, nothing.amount) == (0, 7)
    assert terms.is_open_when_away
