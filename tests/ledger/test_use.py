"""What the ledger says was used, for the counters to begin from."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from triplepoint.foundation.usage import Usage
from triplepoint.ledger.drain import drain
from triplepoint.ledger.journal import Journal
from triplepoint.ledger.model import Closed, Opened, Outcome
from triplepoint.ledger.rollups import HOUR_US
from triplepoint.ledger.store import LedgerStore
from triplepoint.ledger.use import LedgerUse, Whose
from triplepoint.plans.model import Unit
from triplepoint.settings import JournalSettings

START_US = 1_767_960_000_000_000
"""On the hour."""


@pytest.fixture
def ledger(
    tmp_path: Path,
    empty: Callable[[], LedgerStore],
    opened: Callable[..., Opened],
    closed: Callable[..., Closed],
    settings: Callable[..., JournalSettings],
) -> LedgerUse:
    """Give a ledger with one attempt each quarter of an hour, of two customers, keys and models by turns."""
    store = empty()
    with Journal(tmp_path, boot="boot_1", settings=settings()) as journal:
        for number in range(40):
            at_us = START_US + number * HOUR_US // 4
            customer, key = f"cust_{number % 2}", f"key_{number % 4}"
            model = ("nano", "regular")[number // 4 % 2]
            journal.write(opened(number, at_us=at_us, customer_id=customer, key_id=key, served_model=model))
            usage = Usage(input_tokens=100, output_tokens=None if number == 8 else number)
            outcome = Outcome.FAILED if number == 6 else Outcome.CANCELLED if number == 8 else Outcome.FINISHED
            cost = None if number == 8 else str(number)
            burnt = {"grant_1": "0.5", "grant_2": "0.25"} if number == 10 else {}
            journal.write(
                closed(
                    number, outcome=outcome, usage=usage, cost_usd=cost, charge_usd=f"{number}.5", burnt=burnt, at_us=at_us + 1
                )
            )
    drain(tmp_path, store)
    return LedgerUse(store.engine)


@pytest.mark.parametrize("since", [0, 1, 7, 8, 9, 30, 40], ids=lambda since: f"quarter {since}")
@pytest.mark.parametrize(
    ("whose", "numbers"),
    [
        (Whose("cust_0"), range(0, 40, 2)),
        (Whose("cust_1", key_id="key_3"), range(3, 40, 4)),
        (Whose("cust_0", models=frozenset({"nano"})), [n for n in range(0, 40, 2) if n // 4 % 2 == 0]),
        (Whose("cust_9"), ()),
    ],
    ids=["customer", "key", "model", "nobody"],
)
def test_a_span_is_added_up_from_any_moment(ledger: LedgerUse, since: int, whose: Whose, numbers: range) -> None:
    """Whether a span begins on the hour or inside it, each attempt in it counts once, and none before it."""
    counted = [number for number in numbers if number >= since]
    since_us = START_US + since * HOUR_US // 4
    assert ledger.total(whose, Unit.MESSAGES, since_us=since_us) == len([n for n in counted if n != 6])
    assert ledger.total(whose, Unit.TOKENS, since_us=since_us) == sum(100 + (0 if n == 8 else n) for n in counted)
    assert ledger.total(whose, Unit.CHARGE_USD, since_us=since_us) == sum(Decimal(f"{n}.5") for n in counted)
    unpriced = Decimal("0.000015") if 8 in counted else 0  # its 100 tokens of input at 0.15 for a million
    assert ledger.total(whose, Unit.COST_USD, since_us=since_us) == sum(n for n in counted if n != 8) + unpriced
    assert ledger.total(whose, Unit.ENERGY_WH, since_us=since_us) == 0


@pytest.mark.parametrize("step_us", [60_000_000, HOUR_US // 4, HOUR_US, 6 * HOUR_US])
def test_a_course_holds_what_the_total_holds(ledger: LedgerUse, step_us: int) -> None:
    """The steps of a course ascend and add up to the total, whether they are read from attempts or from rollups."""
    course = ledger.course(Whose("cust_0"), Unit.TOKENS, since_us=START_US, step_us=step_us)
    assert sum(amount for _, amount in course) == ledger.total(Whose("cust_0"), Unit.TOKENS, since_us=START_US)
    moments = [at_us for at_us, _ in course]
    assert moments == sorted(set(moments))
    assert all(at_us % step_us == 0 for at_us in moments)


def test_burnt_grants_are_known(ledger: LedgerUse) -> None:
    """What attempts have burnt of a grant is known; of one that nobody touched, nothing is."""
    assert ledger.burnt(["grant_1", "grant_2", "grant_3"]) == {
        "grant_1": Decimal("0.5"),
        "grant_2": Decimal("0.25"),
        "grant_3": Decimal(0),
    }


@pytest.mark.parametrize("since_us", [START_US, START_US - HOUR_US // 2], ids=["rolled up", "by attempts"])
def test_an_escalated_request_is_one_message_over_all_models(
    tmp_path: Path,
    empty: Callable[[], LedgerStore],
    opened: Callable[..., Opened],
    closed: Callable[..., Closed],
    settings: Callable[..., JournalSettings],
    since_us: int,
) -> None:
    """Of a quota that names models, each that answered has its own; of one over all of them the request counts once."""
    store = empty()
    at_us = START_US if since_us == START_US else START_US - HOUR_US // 4
    with Journal(tmp_path, boot="boot_1", settings=settings()) as journal:
        for number, outcome in enumerate((Outcome.FINISHED, Outcome.FAILED)):
            facts = {"at_us": at_us + number, "customer_id": "cust_1"}
            journal.write(opened(number, served_model="nano", **facts))
            journal.write(closed(number, at_us=at_us + 10))
            journal.write(opened(number, 2, served_model="regular", escalated_from="nano", **facts))
            journal.write(closed(number, 2, outcome=outcome, at_us=at_us + 20))
    drain(tmp_path, store)
    use = LedgerUse(store.engine)
    counts = {
        models: use.total(Whose("cust_1", models=frozenset(models) if models else None), Unit.MESSAGES, since_us=since_us)
        for models in ((), ("nano",), ("regular",), ("nano", "regular"))
    }
    assert counts == {(): 2, ("nano",): 2, ("regular",): 1, ("nano", "regular"): 3}
    for step_us in (60_000_000, HOUR_US):
        course = use.course(Whose("cust_1"), Unit.MESSAGES, since_us=since_us, step_us=step_us)
        assert sum(amount for _, amount in course) == 2
