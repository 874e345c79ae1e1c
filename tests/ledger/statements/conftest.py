"""A ledger with customers, plans and money entries, as a statement finds it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count

import pytest
import sqlalchemy as sa
from tests.ledger.conftest import make_closed, make_opened

from triplepoint.access.model import Actor, Customer, Role
from triplepoint.access.tables import CUSTOMERS
from triplepoint.foundation.ids import CustomerId
from triplepoint.foundation.usage import Usage, UsageSource
from triplepoint.ledger.framing import SegmentName
from triplepoint.ledger.intake import Intake, Progress
from triplepoint.ledger.model import JournalRecord, Outcome
from triplepoint.ledger.reader import Batch
from triplepoint.ledger.statements.model import Statement
from triplepoint.ledger.statements.service import Statements
from triplepoint.ledger.statements.store import StatementStore
from triplepoint.ledger.store import LedgerStore
from triplepoint.plans.fees import Fee, FeeSchedule, Revision
from triplepoint.plans.model import Calendar
from triplepoint.plans.tables import ASSIGNMENTS, MONEY_ENTRIES
from triplepoint.storage.engine import writing

ANYONE = Actor("operator:reader", Role.VIEWER)
NOV_US = 1_793_491_200_000_000  # 2026-11-01 00:00 UTC
DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
SCHEDULE = FeeSchedule("free", {"free": Fee("0", Calendar.MONTH), "plus": Fee("20", Calendar.MONTH)})


class StillClock:
    """A clock that stands."""

    def __init__(self) -> None:
        self.now = NOV_US + 40 * DAY_US

    def now_us(self) -> int:
        return self.now

    def steady_s(self) -> float:
        return self.now / 1e6


@dataclass
class Attempt:
    """An attempt of a test, in few words."""

    at_us: int
    charge_usd: str | None = "0.01"
    outcome: Outcome | None = Outcome.FINISHED
    plan: str = "plus"
    model: str = "regular"
    burnt: dict[str, str] = field(default_factory=dict[str, str])
    tokens: int = 10
    unreserved: bool = False
    downgraded_from: str | None = None


@dataclass
class Books:
    """An empty ledger and what fills it."""

    ledger: LedgerStore
    statements: Statements
    clock: StillClock
    people: list[Customer]
    revisions: list[Revision]
    numbers: "count[int]" = field(default_factory=count)

    def customer(self, *, time_zone: str = "UTC", created_us: int = 0) -> CustomerId:
        """Make a customer."""
        number = next(self.numbers)
        made = Customer(CustomerId(f"cust_{number}"), f"customer {number}", created_us, time_zone)
        self.people.append(made)
        with writing(self.ledger.engine) as connection:
            values = {"id": made.id, "name": made.name, "created_us": created_us, "time_zone": time_zone}
            connection.execute(CUSTOMERS.insert().values(values))
        return made.id

    def assign(self, customer_id: CustomerId, plan: str, since_us: int) -> None:
        """Give a customer a plan."""
        values = {"customer_id": customer_id, "plan": plan, "since_us": since_us, "made_us": since_us}
        with writing(self.ledger.engine) as connection:
            connection.execute(ASSIGNMENTS.insert().values(id=f"asg_{next(self.numbers)}", **values))

    def enter(self, customer_id: CustomerId, kind: str, usd: str, at_us: int, *, receipt_id: str | None = None) -> str:
        """Make a money entry."""
        name = f"ent_{next(self.numbers)}"
        values = {"customer_id": customer_id, "kind": kind, "amount_usd": usd, "at_us": at_us, "receipt_id": receipt_id}
        with writing(self.ledger.engine) as connection:
            rest = {"expires_us": None, "priority": 0, "reason": "said so", "idempotency_key": None, "made_us": at_us}
            connection.execute(MONEY_ENTRIES.insert().values(id=name, **values, **rest))
        return name

    def serve(self, customer_id: CustomerId, attempts: Iterable[Attempt]) -> list[str]:
        """Take attempts in, each as a request of its own, in their order; returns receipt ids."""
        records: list[JournalRecord] = []
        ids: list[str] = []
        for attempt in attempts:
            number = next(self.numbers)
            ids.append(f"rcpt_{number:06d}")
            records.append(
                make_opened(
                    number,
                    at_us=attempt.at_us,
                    customer_id=customer_id,
                    served_model=attempt.model,
                    plan=attempt.plan,
                    plans="abc123",
                    unreserved=attempt.unreserved,
                    downgraded_from=attempt.downgraded_from,
                    charge_input_usd_per_mtok="1",
                )
            )
            if attempt.outcome not in {None, Outcome.INTERRUPTED}:
                usage = Usage(input_tokens=attempt.tokens, output_tokens=1, source=UsageSource.REPORTED)
                paid: dict[str, object] = {"charge_usd": attempt.charge_usd, "burnt": attempt.burnt}
                records.append(make_closed(number, 1, at_us=attempt.at_us + 5, outcome=attempt.outcome, usage=usage, **paid))
        segment = SegmentName(f"boot_{next(self.numbers)}", 1)
        Intake(self.ledger.engine).take(segment, Progress(0, 0), Batch(records, next_offset=1, is_end=True))
        return ids

    def make(self, customer_id: CustomerId, period: str | None = "2026-11") -> Statement:
        """Make a statement."""
        return self.statements.make(ANYONE, customer_id, period)


class People:
    """Customers in a list."""

    def __init__(self, people: list[Customer]) -> None:
        self._people = people

    def find(self, actor: Actor, id_or_name: str) -> Customer:
        return next(one for one in self._people if id_or_name in {one.id, one.name})

    def all(self, actor: Actor) -> list[Customer]:
        return list(self._people)


class Kept:
    """Revisions in a list."""

    def __init__(self, revisions: list[Revision]) -> None:
        self._revisions = revisions

    def all(self) -> tuple[Revision, ...]:
        return tuple(self._revisions)


@pytest.fixture(scope="session")
def new_books(empty: Callable[[], LedgerStore]) -> Callable[[], Books]:
    """Give what empties the ledger and returns books on it."""

    def make() -> Books:
        ledger = empty()
        with writing(ledger.engine) as connection:
            for table in (MONEY_ENTRIES, ASSIGNMENTS, CUSTOMERS):
                connection.execute(sa.delete(table))
        clock, people, revisions = StillClock(), list[Customer](), [Revision(0, "f" * 64, SCHEDULE)]
        store = StatementStore(ledger.engine)
        statements = Statements(store, customers=People(people), revisions=Kept(revisions), clock=clock)
        return Books(ledger, statements, clock, people, revisions)

    return make


@pytest.fixture
def books(new_books: Callable[[], Books]) -> Books:
    """Give empty books."""
    return new_books()
