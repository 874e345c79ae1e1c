"""Records of this room as commands and the admin API show them: the same JSON from both, amounts as exact text."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from triplepoint.foundation.money import money_text
from triplepoint.plans.assigning import ends_of
from triplepoint.plans.entries import Entry, GrantStanding
from triplepoint.plans.model import Assignment, Holder, Override, PlansFile
from triplepoint.plans.usage import PlanUse, QuotaUse


class PlanView(msgspec.Struct, frozen=True, kw_only=True):
    """A plan, and how many are on it."""

    name: str
    is_default: bool
    """Customers without a plan of their own are on it."""
    customers: int
    """On it now."""
    terms: dict[str, Any]
    """As ``plans.yaml`` says, defaults filled in."""


class AssignmentView(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's plan from a moment on."""

    id: str
    customer_id: str
    plan: str | None
    """null: none of its own from then on."""
    since_us: int
    until_us: int | None
    """When the next takes its place; null: it holds on."""
    made_us: int


class OverrideView(msgspec.Struct, frozen=True, kw_only=True):
    """Another limit than the plan's."""

    id: str
    customer_id: str
    key_id: str | None
    quota: str
    limit: str
    since_us: int
    until_us: int | None
    ended_us: int | None
    reason: str
    made_us: int
    is_in_force: bool


class EntryView(msgspec.Struct, frozen=True, kw_only=True):
    """A money entry."""

    id: str
    customer_id: str
    kind: str
    """``grant``, ``credit``, ``refund`` or ``adjustment``."""
    amount_usd: str
    at_us: int
    expires_us: int | None
    priority: int
    receipt_id: str | None
    reason: str
    idempotency_key: str | None
    made_us: int
    burnt_usd: str | None = None
    """Of a grant: burnt by what has ended."""
    left_usd: str | None = None
    state: str | None = None
    """Of a grant: ``live``, ``coming``, ``expired`` or ``burnt``."""


class QuotaView(msgspec.Struct, frozen=True, kw_only=True):
    """A quota in the period that runs."""

    quota: str
    unit: str
    period: str
    models: list[str] | None
    key_id: str | None
    used: str
    limit: str
    remaining: str
    override_id: str | None
    since_us: int
    resets_us: int


class UsageView(msgspec.Struct, frozen=True, kw_only=True):
    """How a customer stands with its plan."""

    customer_id: str
    time_zone: str
    plan: str | None
    """In force now; null: none, and requests are refused."""
    is_default: bool
    is_sold: bool
    """``plans.yaml`` has it."""
    quotas: list[QuotaView]
    grants: list[EntryView]
    """Credit that can be burnt, now or later."""


def view_plans(sold: PlansFile | None, holders: Sequence[Holder], now_us: int) -> list[PlanView]:
    """Show the plans of the file in its order."""
    if sold is None:
        return []
    held = [holder.plan_at(now_us) or sold.default for holder in holders]
    return [
        PlanView(name=name, is_default=name == sold.default, customers=held.count(name), terms=plan.model_dump(mode="json"))
        for name, plan in sold.plans.items()
    ]


def view_assignments(assignments: Iterable[Assignment]) -> list[AssignmentView]:
    """Show histories, of one customer or of many, in the order given."""
    found = list(assignments)
    ends: dict[str, int | None] = {}
    for customer_id in {one.customer_id for one in found}:
        ends |= ends_of([one for one in found if one.customer_id == customer_id])
    return [
        AssignmentView(
            id=one.id,
            customer_id=one.customer_id,
            plan=one.plan or None,
            since_us=one.since_us,
            until_us=ends[one.id],
            made_us=one.made_us,
        )
        for one in found
    ]


def view_override(override: Override, now_us: int) -> OverrideView:
    """Show an override."""
    return OverrideView(
        id=override.id,
        customer_id=override.customer_id,
        key_id=override.key_id,
        quota=override.quota,
        limit=money_text(override.limit),
        since_us=override.since_us,
        until_us=override.until_us,
        ended_us=override.ended_us,
        reason=override.reason,
        made_us=override.made_us,
        is_in_force=override.holds_at(now_us),
    )


def view_entry(entry: Entry, standing: GrantStanding | None = None) -> EntryView:
    """Show an entry; of a grant, with how it stands."""
    return EntryView(
        id=entry.id,
        customer_id=entry.customer_id,
        kind=entry.kind.value,
        amount_usd=money_text(entry.amount_usd),
        at_us=entry.at_us,
        expires_us=entry.expires_us,
        priority=entry.priority,
        receipt_id=entry.receipt_id,
        reason=entry.reason,
        idempotency_key=entry.idempotency_key,
        made_us=entry.made_us,
        burnt_usd=None if standing is None else money_text(standing.burnt_usd),
        left_usd=None if standing is None else money_text(standing.left_usd),
        state=None if standing is None else standing.state.value,
    )


def view_usage(use: PlanUse) -> UsageView:
    """Show how a customer stands."""
    return UsageView(
        customer_id=use.holder.customer_id,
        time_zone=use.holder.time_zone,
        plan=use.plan,
        is_default=use.is_default,
        is_sold=use.is_sold,
        quotas=[_quota(one) for one in use.quotas],
        grants=[view_entry(one.entry, one) for one in use.grants],
    )


def _quota(use: QuotaUse) -> QuotaView:
    return QuotaView(
        quota=use.quota,
        unit=use.unit.value,
        period=use.period,
        models=None if use.models is None else list(use.models),
        key_id=use.key_id,
        used=money_text(use.used),
        limit=money_text(use.limit),
        remaining=money_text(use.remaining),
        override_id=use.override_id,
        since_us=use.since_us,
        resets_us=use.resets_us,
    )
