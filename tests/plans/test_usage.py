"""How much of each quota is used, and what a gateway is handed: on either kind of database."""

from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from tests.access.helpers import ADMIN
from tests.plans.shop import OPERATOR, SOLD, VIEWER, Shop

from triplepoint.foundation.errors import NotFound
from triplepoint.plans.model import Calendar, Unit
from triplepoint.plans.periods import period_at

HOUR_US = 3_600_000_000


def test_each_quota_of_the_plan_is_looked_up_in_its_period(shop: Shop) -> None:
    """Customer quotas come once, those of keys once for each live key; each from where its period begins."""
    shop.room.access.customers.set_time_zone(ADMIN, "acme", "Asia/Kathmandu")
    first, second = (shop.room.access.keys.create(ADMIN, "acme").key for _ in range(2))
    gone = shop.room.access.keys.create(ADMIN, "acme").key
    shop.room.access.keys.revoke(ADMIN, gone.id)
    shop.plans.assignments.assign(OPERATOR, "acme", "plus")
    shop.spending.use = {Unit.MESSAGES: Decimal(2900), Unit.TOKENS: Decimal(5100), Unit.COST_USD: Decimal("0.1")}
    use = shop.plans.usage(VIEWER, "acme")
    assert (use.plan, use.is_default, use.is_sold) == ("plus", False, True)
    rows = [(one.quota, one.key_id, one.used, one.limit, one.remaining, one.period) for one in use.quotas]
    assert rows == [
        ("regular-week", None, 2900, 3000, 100, "a week"),
        ("each-key", first.id, 5100, 5000, 0, "in 3 h"),
        ("each-key", second.id, 5100, 5000, 0, "in 3 h"),
        ("spend", None, Decimal("0.1"), Decimal("2.5"), Decimal("2.4"), "a month"),
    ]
    week, month = (period_at(span, "Asia/Kathmandu", shop.now_us) for span in (Calendar.WEEK, Calendar.MONTH))
    assert [one.resets_us for one in use.quotas] == [week.end_us, *[shop.now_us + 3 * HOUR_US + 180_000_000] * 2, month.end_us]
    assert [(asked["since_us"], asked["key_id"], asked["models"]) for asked in shop.spending.asked] == [
        (week.start_us, None, frozenset({"regular"})),
        (shop.now_us - 3 * HOUR_US, first.id, None),
        (shop.now_us - 3 * HOUR_US, second.id, None),
        (month.start_us, None, None),
    ]


def test_the_limit_shown_is_the_one_in_force(shop: Shop) -> None:
    """An override's limit stands in the place of the plan's while it holds, with its id; a key's own is stronger."""
    keys = [shop.room.access.keys.create(ADMIN, "acme").key.id for _ in range(2)]
    shop.plans.assignments.assign(OPERATOR, "acme", "plus")
    add = shop.plans.overrides.add
    own = add(OPERATOR, "acme", "each-key", Decimal(70), reason="pilot", key_id=keys[0])
    all_keys = add(OPERATOR, "acme", "each-key", Decimal(60), reason="pilot")
    week = add(OPERATOR, "acme", "regular-week", Decimal(9000), reason="event", until_us=shop.now_us + 1)
    by_quota = {(one.quota, one.key_id): (one.limit, one.override_id) for one in shop.plans.usage(VIEWER, "acme").quotas}
    assert by_quota["each-key", keys[0]] == (70, own.id)
    assert by_quota["each-key", keys[1]] == (60, all_keys.id)
    assert by_quota["regular-week", None] == (9000, week.id)
    shop.room.clock.pass_s(1)
    after = {(one.quota, one.key_id): (one.limit, one.override_id) for one in shop.plans.usage(VIEWER, "acme").quotas}
    assert after["regular-week", None] == (3000, None)


def test_a_plan_that_is_not_sold_any_more_is_said(shop: Shop) -> None:
    """A customer on a plan that the file has lost is on it still, and it is marked as not sold."""
    shop.plans.assignments.assign(OPERATOR, "acme", "plus")
    plans = {name: plan for name, plan in SOLD.plans.items() if name != "plus"}
    shop.files[0] = SOLD.model_copy(update={"plans": plans})
    use = shop.plans.usage(VIEWER, "acme")
    assert (use.plan, use.is_default, use.is_sold, use.quotas) == ("plus", False, False, ())
    with pytest.raises(NotFound):
        shop.plans.usage(VIEWER, "nobody")


def test_all_holders_are_read_in_four_queries(shop: Shop) -> None:
    """However many customers there are, a gateway's view of them is one query for each table; one customer's is the same."""
    for number in range(20):
        shop.room.access.customers.create(ADMIN, f"customer {number}", time_zone="Europe/Paris")
        shop.plans.assignments.assign(OPERATOR, f"customer {number}", "plus")
        shop.plans.credits.grant(OPERATOR, f"customer {number}", Decimal(number + 1), reason="welcome")
    asked: list[str] = []

    def note(*arguments: object) -> None:
        asked.append(str(arguments[2]))

    event.listen(shop.room.engine, "before_cursor_execute", note)
    holders = shop.plans.holders()
    event.remove(shop.room.engine, "before_cursor_execute", note)
    assert len([query for query in asked if query.startswith("SELECT")]) == 4
    assert [holder.customer_id for holder in holders] == [one.id for one in shop.room.access.customers.all(ADMIN)]
    last = holders[-1]
    assert (last.time_zone, last.plan_at(shop.now_us), [one.amount_usd for one in last.grants]) == (
        "Europe/Paris",
        "plus",
        [20],
    )
    assert shop.plans.holder(last.customer_id) == last == shop.plans.find_holder(VIEWER, "customer 19")
    assert shop.plans.holder("cust_none") is None


def test_a_change_without_a_line_is_undone(shop: Shop) -> None:
    """The room above is held to the same rule as access: what nobody noted is not kept."""
    made = shop.plans.assignments.assign(OPERATOR, "acme", "plus")
    changes = shop.room.access.changes
    with pytest.raises(RuntimeError, match="audit log"), changes.begin(ADMIN, ADMIN.role) as change:
        change.records.set_time_zone(made.customer_id, "Europe/Paris")
    with shop.room.engine.connect() as connection:
        zones = connection.execute(sa.text("SELECT DISTINCT time_zone FROM customers")).scalars().all()
    assert zones == ["UTC"]
