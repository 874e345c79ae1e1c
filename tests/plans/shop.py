"""A plans room on a real database, beside the access room of the same, with a ledger that says what a test wants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec
from tests.access.helpers import ADMIN, Room

from triplepoint.access.model import Actor, Role
from triplepoint.plans.entries import ReceiptCharge
from triplepoint.plans.model import PlansFile, Unit
from triplepoint.plans.service import PlansService
from triplepoint.plans.store import SqlPlansStore

VIEWER = Actor("operator:vera", Role.VIEWER)
OPERATOR = Actor("operator:otto", Role.OPERATOR)
DAY_US = 86_400_000_000

SOLD = PlansFile.model_validate(
    {
        "default": "free",
        "plans": {
            "free": {"charge": {"kind": "included"}, "quotas": {"day": {"unit": "messages", "limit": 20, "per": "day"}}},
            "plus": {
                "fee_usd": "20",
                "quotas": {
                    "regular-week": {"unit": "messages", "limit": 3000, "per": "week", "models": ["regular"]},
                    "each-key": {"unit": "tokens", "limit": 5000, "sliding": "3h", "scope": "key"},
                    "spend": {"unit": "cost_usd", "limit": "2.50", "per": "month"},
                },
            },
            "prepaid": {"prepaid": True},
        },
    }
)


@dataclass
class ScriptedSpending:
    """A ledger that knows what it is told, and keeps what it was asked."""

    charges: dict[str, ReceiptCharge] = field(default_factory=dict[str, ReceiptCharge])
    burns: dict[str, Decimal] = field(default_factory=dict[str, Decimal])
    use: dict[Unit, Decimal] = field(default_factory=dict[Unit, Decimal])
    asked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def charge_of(self, receipt_id: str) -> ReceiptCharge | None:
        return self.charges.get(receipt_id)

    def burnt(self, grants: Sequence[str]) -> Mapping[str, Decimal]:
        return {grant: self.burns.get(grant, Decimal(0)) for grant in grants}

    def used(self, customer_id: str, unit: Unit, **span: Any) -> Decimal:
        self.asked.append({"customer_id": customer_id, "unit": unit, **span})
        return self.use.get(unit, Decimal(0))


@dataclass
class Shop:
    """The service, and what stands around it."""

    plans: PlansService
    room: Room
    spending: ScriptedSpending
    files: list[PlansFile | None]
    """One: what ``plans.yaml`` says now."""

    @property
    def now_us(self) -> int:
        return self.room.clock.us

    def audit(self) -> list[tuple[str, str, str, dict[str, Any]]]:
        """Return the lines of the audit log, oldest first, without those about customers and keys."""
        lines = reversed(self.room.access.audit(ADMIN, limit=1000))
        ours = [line for line in lines if line.action.split(".")[0] in {"plan", "quota", "credit"}]
        return [(line.actor, line.action, line.subject, msgspec.json.decode(line.detail)) for line in ours]


def open_shop(room: Room) -> Shop:
    """Open a plans room on the database of an access room."""
    spending = ScriptedSpending()
    told: list[PlansFile | None] = [SOLD]
    plans = PlansService(room.access.changes.on(SqlPlansStore(room.engine)), sold=lambda: told[0], spending=spending)
    return Shop(plans, room, spending, told)
