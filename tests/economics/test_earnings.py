"""What plans earned, and what they would, on a ledger and plans in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from triplepoint.access.model import Actor, Customer, Role
from triplepoint.economics.earnings import Earnings
from triplepoint.economics.forecast import Forecasts, ObservedUse, Question, StatedUse, read_amounts
from triplepoint.foundation.errors import RequestInvalid
from triplepoint.foundation.ids import CustomerId
from triplepoint.ledger.model import Rollup, Total
from triplepoint.ledger.rollups import By
from triplepoint.plans.entries import Entry, EntryKind
from triplepoint.plans.fees import Fee, FeeSchedule, Revision
from triplepoint.plans.model import Assignment, Calendar, Holder, Plan

ANYONE = Actor("operator:reader", Role.VIEWER)
NOV_US = 1_793_491_200_000_000  # 2026-11-01 00:00 UTC
DAY_US = 86_400_000_000
SCHEDULE = FeeSchedule("free", {"free": Fee("0", Calendar.MONTH), "plus": Fee("20", Calendar.MONTH)})


class StillClock:
    """A clock that stands."""

    now = NOV_US + 40 * DAY_US

    def now_us(self) -> int:
        return self.now

    def steady_s(self) -> float:
        return 0.0


@dataclass
class World:
    """A ledger and who pays."""

    sums: list[Rollup] = field(default_factory=list[Rollup])
    models: list[Total] = field(default_factory=list[Total])
    assigned: dict[str, str] = field(default_factory=dict[str, str])
    entered: list[Entry] = field(default_factory=list[Entry])
    asked: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    clock: StillClock = field(default_factory=StillClock)

    def earned(self, *, since_us: int, until_us: int) -> list[Rollup]:
        self.asked.append((since_us, until_us))
        return self.sums

    def sum(self, *, by: By, since_us: int | None = None, until_us: int | None = None, with_audits: bool = True) -> list[Total]:
        assert (by, with_audits) == (By.MODEL, False)
        return self.models

    def customers(self, actor: Actor) -> list[Customer]:
        return [Customer(CustomerId(name), f"name of {name}", 0, "UTC") for name in self.assigned]

    def holders(self) -> list[Holder]:
        return [
            Holder(CustomerId(name), "UTC", (Assignment(f"a_{name}", CustomerId(name), plan, 0, 0),))
            for name, plan in self.assigned.items()
            if plan
        ]

    def entries(self, actor: Actor, *, since_us: int, until_us: int) -> list[Entry]:
        return [entry for entry in self.entered if since_us <= entry.at_us < until_us]

    def revisions(self) -> Sequence[Revision]:
        return (Revision(0, "d", SCHEDULE),)

    def earnings(self) -> Earnings:
        return Earnings(self, self, self.clock)

    def forecasts(self) -> Forecasts:
        return Forecasts(self, self, self.clock)


def _used(customer: str, plan: str, cost: str, **changed: int | str) -> Rollup:
    fields: dict[str, int | str] = {"requests": 10, "attempts": 10, "answered": 10, "cost_usd": cost, "charge_usd": "0"}
    whose = {"customer_id": customer, "plan": plan, "key_id": "", "served_model": "", "lineup": ""}
    return Rollup(hour_us=0, **whose, **(fields | changed))  # pyright: ignore[reportArgumentType] - the values come by name


def _entry(customer: str, kind: EntryKind, usd: str) -> Entry:
    return Entry(f"e_{kind}", CustomerId(customer), kind, Decimal(usd), NOV_US + DAY_US, None, 0, None, "so", None, 0)


def test_margins_join_fees_use_and_entries() -> None:
    """Fees of those who held a plan, charges, refunds and costs; those who use nothing count too, and grants are no income."""
    world = World(
        sums=[_used("a", "plus", "25"), _used("b", "plus", "5", charge_usd="1.5")],
        assigned={"a": "plus", "b": "plus", "c": "plus", "d": ""},
        entered=[
            _entry("b", EntryKind.REFUND, "0.5"),
            _entry("b", EntryKind.ADJUSTMENT, "2"),
            _entry("c", EntryKind.GRANT, "9"),
        ],
    )
    report = world.earnings().margins(ANYONE, "2026-11")
    assert [line.plan for line in report.plans] == ["free", "plus"]
    plus = report.plans[1]
    assert (plus.customers, plus.loss_makers, plus.loss_share) == (3, 1, pytest.approx(1 / 3))
    assert (plus.fee_usd, plus.charge_usd, plus.adjustment_usd, plus.revenue_usd) == ("60", "1.5", "1.5", "63")
    assert (plus.cost_usd, plus.margin_usd, plus.margin_share) == ("30", "33", pytest.approx(33 / 63))
    verdicts = [(line.customer_name, line.verdict, line.margin_usd) for line in report.customers if line.plan == "plus"]
    assert verdicts == [("name of a", "loses", "-5"), ("name of b", "earns", "18"), ("name of c", "earns", "20")]
    assert (report.total.customers, report.is_running, world.asked) == (4, False, [(NOV_US, NOV_US + 30 * DAY_US)])


def test_a_period_that_runs_counts_fees_up_to_now() -> None:
    """Half of November is half of the fee, and the report says that it is not over."""
    world = World(assigned={"a": "plus"})
    world.clock.now = NOV_US + 15 * DAY_US
    report = world.earnings().margins(ANYONE)
    assert (report.period, report.is_running, report.total.fee_usd) == ("2026-11", True, "10")
    world.clock.now = NOV_US - DAY_US
    assert world.earnings().margins(ANYONE, "2026-11").total.fee_usd == "0"


def test_unknown_costs_leave_a_customer_undecided() -> None:
    """Who seems to pay, but has attempts of unknown cost, cannot be judged; unknown fees are counted."""
    world = World(sums=[_used("a", "plus", "1", unpriced=2), _used("b", "gold", "1")], assigned={"a": "plus", "b": "gold"})
    report = world.earnings().margins(ANYONE, "2026-11")
    gold, plus = report.plans
    assert (plus.undecided, plus.unpriced, plus.loss_share) == (1, 2, None)
    assert (gold.unknown_fees, gold.undecided, report.total.unknown_fees) == (1, 1, 1)


PLAN = Plan.model_validate(
    {
        "fee_usd": 20,
        "charge": {"kind": "included"},
        "ladder": {"thinking": "mini"},
        "quotas": {"a": {"unit": "messages", "per": "month", "limit": 1000, "models": ["thinking"]}},
    }
)
COSTS = {"thinking": 0.02, "mini": 0.001}


def test_formulas_and_simulation_agree() -> None:
    """Within half a per cent, with costs that are stated; the same question has the same answer."""
    question = Question(
        "plus", PLAN, ["mini", "thinking"], StatedUse(300), {"thinking": 0.02, "mini": 0.001}, subscribers=50_000
    )
    answer = World().forecasts().answer(ANYONE, question)
    assert (answer.period, answer.fee_usd, answer.largest_difference < 0.005) == ("month", 20, True)
    assert [(step.model, step.quota) for step in answer.steps] == [("thinking", 1000), ("mini", None)]
    assert answer.break_even_messages == 1000
    assert answer == World().forecasts().answer(ANYONE, question)


def test_costs_come_from_the_ledger_where_it_knows_them_all() -> None:
    """An average that leaves unknown costs out would be too low, so it is asked for instead."""
    known = Total(group="thinking", answered=10, cost_usd="0.5")
    world = World(models=[known, Total(group="mini", answered=10, cost_usd="0.1")])
    question = Question("plus", PLAN, ["mini", "thinking"], StatedUse(300), subscribers=10)
    assert [step.cost_usd for step in world.forecasts().answer(ANYONE, question).steps] == [0.05, 0.01]
    world.models[1] = Total(group="mini", answered=10, cost_usd="0.1", unpriced=1)
    with pytest.raises(RequestInvalid, match="--cost mini="):
        world.forecasts().answer(ANYONE, question)


def test_use_is_fitted_to_those_who_held_the_plan() -> None:
    """Of the last whole month: those on another plan are not in it, those who used nothing are."""
    used = {"a": 10, "b": 100, "c": 1000, "d": 77}
    sums = [_used(name, "free" if name == "d" else "plus", "1", answered=count) for name, count in used.items()]
    world = World(sums=sums, assigned={"a": "plus", "b": "plus", "c": "plus", "d": "free", "e": "plus"})
    question = Question("plus", PLAN, ["mini", "thinking"], ObservedUse(), COSTS, subscribers=10)
    use = world.forecasts().answer(ANYONE, question).use
    assert (use.kind, use.customers, use.zero_share, use.start_us) == ("fitted", 4, 0.25, NOV_US)
    assert use.distance is not None
    was = Question("plus", PLAN, ["mini", "thinking"], ObservedUse(as_it_was=True), question.costs, subscribers=10)
    assert world.forecasts().answer(ANYONE, was).use.mean_messages == pytest.approx(1110 / 4)


@pytest.mark.parametrize(
    ("question", "word"),
    [
        (Question("plus", PLAN, ["thinking"], ObservedUse(), COSTS), "nobody held"),
        (Question("plus", PLAN, ["thinking"], StatedUse(5, sigma=0), COSTS), "sigma"),
        (Question("plus", PLAN, ["other"], StatedUse(-1), {"other": 1}), "mean"),
    ],
)
def test_what_cannot_be_asked_is_refused(question: Question, word: str) -> None:
    """Nobody to fit to, a spread or a mean that cannot be."""
    with pytest.raises(RequestInvalid, match=word):
        World().forecasts().answer(ANYONE, question)


def test_amounts_of_models_are_read() -> None:
    """Names may hold what they like but an equals sign; amounts are numbers from zero on."""
    assert read_amounts(["a-b=0.02", "c=1e-3"], "cost") == {"a-b": 0.02, "c": 0.001}
    for text in ("a", "=1", "a=", "a=-1", "a=nan", "a=inf", "a=x"):
        with pytest.raises(RequestInvalid, match=r"thinking=0\.02"):
            read_amounts([text], "cost")
