"""The admin API on a real access room, with a ledger and a gateway that say what a test wants."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient
from tests.access.helpers import ADMIN, Room
from tests.plans.shop import Shop, open_shop
from tests.routing.taught import teach

from triplepoint.access.model import Role
from triplepoint.admin.app import AdminApp
from triplepoint.app import load_today
from triplepoint.economics.payers import ServedPayers
from triplepoint.foundation.secret import Secret
from triplepoint.foundation.usage import Usage, UsageSource
from triplepoint.gateway.enquiries import Enquiries
from triplepoint.ledger.audits.store import AuditStore
from triplepoint.ledger.model import AttemptRow, Outcome, Receipt, Rollup
from triplepoint.ledger.receipts import to_receipt
from triplepoint.ledger.statements.model import Statement
from triplepoint.ledger.statements.render import Form, render
from triplepoint.ledger.statements.service import Statements
from triplepoint.ledger.statements.store import StatementStore
from triplepoint.plans.revisions import PlanRevisions
from triplepoint.pricing.book import PriceBook
from triplepoint.pricing.model import PriceRow
from triplepoint.routing.audits.service import MisrouteService
from triplepoint.routing.audits.watching import AuditedLineup
from triplepoint.settings import BillingSettings
from triplepoint.telemetry.status import GatewayStatus, Published

PASSWORD = "a password of these tests"
STATUS = GatewayStatus(
    version="0.1.0",
    pid=1,
    started_us=1,
    lineup="embedded",
    lineup_hash="0123456789ab",
    snapshot_us=2,
    in_flight=0,
    requests=3,
    journal="ok",
    upstreams=[],
)
ROW = AttemptRow(
    receipt_id="rcpt_1",
    attempt=1,
    opened_us=1_800_000_000_000_000,
    closed_us=1_800_000_001_000_000,
    customer_id="cust_1",
    key_id="key_1",
    request_id="req_1",
    endpoint="/v1/chat/completions",
    asked_model="auto",
    served_model="nano",
    upstream="nano",
    upstream_model="nano",
    lineup="0123456789ab",
    decision="rule: short",
    stream=False,
    outcome=Outcome.FINISHED,
    status=200,
    error=None,
    usage=Usage(input_tokens=12, output_tokens=5, source=UsageSource.REPORTED),
    price_id="local/nano@2026-11-20#1f3a",
    cost_usd="0.0000012",
    first_byte_us=1000,
    total_us=2000,
    finish_reason="stop",
    conversation=None,
    tags={},
    notices=[],
)
ROLLUP = Rollup(
    hour_us=0,
    customer_id="cust_1",
    key_id="key_1",
    plan="",
    served_model="nano",
    lineup="0123456789ab",
    requests=1,
    cost_usd="0.0000012",
)
BOOK = PriceBook.of(
    [
        PriceRow(
            model="openai/gpt-4o", since=date(2024, 5, 13), input_usd_per_mtok=Decimal(5), output_usd_per_mtok=Decimal(15)
        ),
        PriceRow(
            model="openai/gpt-4o", since=date(2024, 10, 2), input_usd_per_mtok=Decimal("2.5"), output_usd_per_mtok=Decimal(10)
        ),
        PriceRow(
            model="local/nano", since=date(2026, 1, 1), input_usd_per_mtok=Decimal("0.01"), output_usd_per_mtok=Decimal("0.02")
        ),
    ]
)


AUDITED = AuditedLineup(name="embedded", hash="f" * 12, alarm_above=0.05, share=0.5)
"""The active line-up, as its audits are held against it."""


def misroutes(room: Room) -> MisrouteService:
    """Make what says how often the router is wrong, on the room's database."""
    return MisrouteService(AuditStore(room.engine), lambda: AUDITED, room.clock)


@dataclass
class OneReceipt:
    """A ledger with one receipt, which keeps what it was asked."""

    asked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def receipt(self, receipt_id: str) -> Receipt | None:
        return to_receipt([ROW]) if receipt_id == ROW.receipt_id else None

    def attempts(self, **filters: Any) -> list[AttemptRow]:
        self.asked.append(filters)
        return [ROW]

    def rollups(self, **span: Any) -> list[Rollup]:
        self.asked.append(span)
        return [ROLLUP]


@dataclass
class ScriptedGateway:
    """A gateway that answers what it is told to; None is none running."""

    answer: Published | None = field(
        default_factory=lambda: Published(ok=True, lineup="embedded", lineup_hash="0123456789ab", problems=[])
    )
    is_running: bool = True
    fault: Exception | None = None

    def publish(self) -> Published | None:
        return self.answer

    def status(self) -> GatewayStatus | None:
        if self.fault is not None:
            raise self.fault
        return STATUS if self.is_running else None

    def metrics(self) -> bytes | None:
        return b"triplepoint_requests_total 3\n" if self.is_running else None


@dataclass
class Console:
    """The application, what stands behind it, and callers of every role."""

    app: AdminApp
    room: Room
    ledger: OneReceipt
    gateway: ScriptedGateway
    keys: dict[Role, str]
    shop: Shop
    files: Path
    """The folder that the router is read from."""

    def caller(self, role: Role | None = None, *, address: str = "192.0.2.1") -> TestClient:
        """Make a caller from another machine; with a role it shows an operator's key."""
        headers = {} if role is None else {"authorization": f"Bearer {self.keys[role]}"}
        return TestClient(self.app, headers=headers, client=(address, 50000), raise_server_exceptions=False)

    def browser(self, name: str = "viewer-cookie", *, base_url: str = "http://testserver") -> TestClient:
        """Make a caller that logged in and holds the cookie."""
        client = TestClient(self.app, base_url=base_url, client=("192.0.2.1", 50000), raise_server_exceptions=False)
        assert client.post("/api/login", json={"name": name, "password": PASSWORD}).status_code == 200
        return client


def make_statements(room: Room) -> Statements:
    """Make statements on the room's database."""
    store, revisions = StatementStore(room.engine), PlanRevisions(room.engine)
    return Statements(store, customers=room.access.customers, revisions=revisions, clock=room.clock)


def payers(room: Room) -> ServedPayers:
    """See who pays on the room's database."""
    return ServedPayers(room.access, open_shop(room).plans, PlanRevisions(room.engine))


def make_routing(folder: Path, shop: Shop) -> Enquiries:
    """Answer about a learned router of the embedded family, beside a gateway that does not run."""
    folder.mkdir()
    teach(folder)
    return Enquiries(
        lambda: load_today(folder),
        find_holder=shop.plans.find_holder,
        status=lambda: None,
        lapses=AuditStore(shop.room.engine).lapses,
        clock=shop.room.clock,
    )


def render_plainly(statement: Statement, form: Form) -> bytes:
    """Write a statement without a letterhead."""
    return render(statement, form, billing=BillingSettings(), folder=Path())


def add_operators(room: Room) -> dict[Role, str]:
    """Make an operator of each role; returns their keys."""
    keys: dict[Role, str] = {}
    for role in Role:
        room.access.operators.create(ADMIN, f"{role}-cookie", role=role, password=Secret(PASSWORD))
        keys[role] = room.access.operators.create_key(ADMIN, f"{role}-cookie").text.reveal()
    return keys


Call = Callable[[TestClient], Any]
