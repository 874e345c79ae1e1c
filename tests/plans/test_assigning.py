"""Who is on which plan, on either kind of database."""

from collections.abc import Callable

import pytest
from tests.access.helpers import ADMIN
from tests.plans.shop import DAY_US, OPERATOR, VIEWER, Shop

from triplepoint.access.rules import LATEST_US
from triplepoint.foundation.errors import Conflict, NotEntitled, NotFound, RequestInvalid
from triplepoint.plans.assigning import ends_of, plan_at
from triplepoint.plans.model import Holder


def _holder(shop: Shop, name: str = "acme") -> Holder:
    found = shop.plans.holder(shop.room.access.customers.find(ADMIN, name).id)
    assert found is not None
    return found


def test_a_customer_is_on_the_plan_assigned_last(shop: Shop) -> None:
    """An assignment holds from its moment on; the history keeps what was before, and nobody else's."""
    first = shop.plans.assignments.assign(OPERATOR, "acme", "plus")
    shop.room.clock.pass_s(10)
    second = shop.plans.assignments.assign(OPERATOR, "acme", "prepaid")
    other = shop.plans.assignments.assign(OPERATOR, "beta", "plus")
    assert shop.plans.assignments.history(VIEWER, "acme") == [first, second]
    assert shop.plans.assignments.history(VIEWER) == [first, second, other]
    holder = _holder(shop)
    assert holder.assignments == (first, second)
    assert [holder.plan_at(second.since_us + step) for step in (-10_000_001, -1, 0)] == [None, "plus", "prepaid"]
    assert ends_of([first, second]) == {first.id: second.since_us, second.id: None}


def test_a_move_to_come_can_be_taken_back(shop: Shop) -> None:
    """A plan assigned from a moment to come holds from then; another for the same moment, made later, takes its place."""
    shop.plans.assignments.assign(OPERATOR, "acme", "plus")
    change_us = shop.now_us + 7 * DAY_US
    shop.plans.assignments.assign(OPERATOR, "acme", "prepaid", since_us=change_us)
    holder = _holder(shop)
    assert (holder.plan_at(change_us - 1), holder.plan_at(change_us)) == ("plus", "prepaid")
    shop.room.clock.pass_s(1)
    shop.plans.assignments.assign(OPERATOR, "acme", "plus", since_us=change_us)
    assert _holder(shop).plan_at(change_us) == "plus"
    history = shop.plans.assignments.history(VIEWER, "acme")
    assert [plan_at(history, change_us + step) for step in (-1, 0)] == ["plus", "plus"]


def test_an_ended_plan_leaves_the_default(shop: Shop) -> None:
    """After the end the customer has no plan of its own, so the file's default holds; there is nothing more to end."""
    with pytest.raises(Conflict, match="nothing to end"):
        shop.plans.assignments.end(OPERATOR, "acme")
    shop.plans.assignments.assign(OPERATOR, "acme", "plus")
    shop.room.clock.pass_s(1)
    ended = shop.plans.assignments.end(OPERATOR, "acme")
    holder = _holder(shop)
    assert (holder.plan_at(ended.since_us - 1), holder.plan_at(ended.since_us)) == ("plus", None)
    use = shop.plans.usage(VIEWER, "acme")
    assert (use.plan, use.is_default) == ("free", True)
    with pytest.raises(Conflict, match="nothing to end"):
        shop.plans.assignments.end(OPERATOR, "acme")


def test_the_same_plan_again_is_said(shop: Shop) -> None:
    """Assigning the plan that holds anyway changes nothing and says so; another plan at the same moment goes through."""
    shop.plans.assignments.assign(OPERATOR, "acme", "plus")
    with pytest.raises(Conflict, match="acme is on plus then already"):
        shop.plans.assignments.assign(OPERATOR, "acme", "plus")
    shop.plans.assignments.assign(OPERATOR, "acme", "free")
    assert _holder(shop).plan_at(shop.now_us) == "free"


REFUSALS: dict[str, tuple[Callable[[Shop], object], type[Exception], str]] = {
    "near name": (lambda shop: shop.plans.assignments.assign(OPERATOR, "acme", "puls"), NotFound, "did you mean plus"),
    "no name": (lambda shop: shop.plans.assignments.assign(OPERATOR, "acme", ""), NotFound, "no plan of this name"),
    "no customer": (lambda shop: shop.plans.assignments.assign(OPERATOR, "nobody", "plus"), NotFound, "customer list"),
    "history of nobody": (lambda shop: shop.plans.assignments.history(OPERATOR, "nobody"), NotFound, "customer list"),
    "past": (
        lambda shop: shop.plans.assignments.assign(OPERATOR, "acme", "plus", since_us=shop.now_us - 1),
        RequestInvalid,
        "the past is not rewritten",
    ),
    "far": (
        lambda shop: shop.plans.assignments.assign(OPERATOR, "acme", "plus", since_us=LATEST_US + 1),
        RequestInvalid,
        "year 9999",
    ),
    "viewer assigns": (lambda shop: shop.plans.assignments.assign(VIEWER, "acme", "plus"), NotEntitled, "role operator"),
    "viewer ends": (lambda shop: shop.plans.assignments.end(VIEWER, "acme"), NotEntitled, "role operator"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_changes_nothing(shop: Shop, name: str) -> None:
    """What is refused says why, and leaves no assignment, no line and no word to the gateway."""
    act, fault, match = REFUSALS[name]
    with pytest.raises(fault, match=match):
        act(shop)
    assert (shop.plans.assignments.history(ADMIN), shop.audit(), shop.room.announced) == ([], [], [])


def test_without_a_file_nothing_is_sold(shop: Shop) -> None:
    """Where there is no plans.yaml the refusal says to write one."""
    shop.files[0] = None
    with pytest.raises(NotFound, match=r"no plans\.yaml"):
        shop.plans.assignments.assign(OPERATOR, "acme", "plus")
    use = shop.plans.usage(VIEWER, "acme")
    assert (use.plan, use.is_sold, use.quotas) == (None, False, ())


def test_each_change_is_noted_and_announced(shop: Shop) -> None:
    """The audit log says who moved whom, from which plan to which, and the gateway hears of it once it is kept."""
    acme = shop.room.access.customers.find(ADMIN, "acme").id
    first = shop.plans.assignments.assign(OPERATOR, "acme", "plus")
    shop.room.clock.pass_s(1)
    second = shop.plans.assignments.end(ADMIN, "acme")
    assert shop.audit() == [
        (
            "operator:otto",
            "plan.assign",
            acme,
            {"assignment": first.id, "before": None, "plan": "plus", "since_us": first.since_us},
        ),
        (
            "local:tester",
            "plan.end",
            acme,
            {"assignment": second.id, "before": "plus", "plan": None, "since_us": second.since_us},
        ),
    ]
    assert len(shop.room.announced) == 2
