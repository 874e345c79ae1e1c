"""A question of our own to a model: through the same attempts as a caller's, on the audits' budget and account.

Its attempts are rows of the ledger with their real cost; they are charged to nobody. It takes nothing that a caller could want:
where an upstream is resting, is busy, or has its last turn free, it is not asked.
"""

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import msgspec

from triplepoint.foundation.clock import Clock
from triplepoint.foundation.errors import TriplepointError
from triplepoint.foundation.ids import CustomerId, KeyId, NewId
from triplepoint.foundation.money import EXACT, ZERO, money_text
from triplepoint.foundation.usage import Usage
from triplepoint.gateway.admitted import Admitted
from triplepoint.gateway.arrival import Arrival
from triplepoint.gateway.audits.budget import AuditBudget
from triplepoint.gateway.choice import Choice
from triplepoint.gateway.cycle import Cycle
from triplepoint.gateway.endpoints import Endpoint
from triplepoint.gateway.job import Job
from triplepoint.gateway.nobody import Nobody
from triplepoint.gateway.outgoing import Task
from triplepoint.gateway.request import Request
from triplepoint.gateway.runtime import Runtime
from triplepoint.gateway.snapshot import KeyGrant, LineupRoutes, ModelRoute, Snapshot, TargetRoute
from triplepoint.gateway.upstream import LiveUpstream
from triplepoint.gateway.worst import worst_case
from triplepoint.ledger.audits.model import ACCOUNT
from triplepoint.ledger.audits.spending import spent_usd
from triplepoint.ledger.model import Outcome
from triplepoint.plans.amounts import of_units
from triplepoint.plans.limits import Measure
from triplepoint.plans.model import Unit
from triplepoint.plans.terms import Terms
from triplepoint.pricing.charge import Included
from triplepoint.routing.answers.model import Said
from triplepoint.routing.answers.reading import read_answer
from triplepoint.telemetry.tracing import NO_TRACING

ANSWER_S: Final = 300.0
"""Longest wait for an answer; who waits is nobody but us."""
_BUSY_SHARE: Final = 0.5
"""Of an upstream's connections: when so many are in use, the rest is for callers."""
_GRANT: Final = KeyGrant(KeyId(ACCOUNT), CustomerId(ACCOUNT), None, None)
_INCLUDED: Final = Included()


class Asked(msgspec.Struct, frozen=True, gc=False):
    """What came of a question."""

    said: Said | None
    """None: there is no answer."""
    why: str
    """Why there is none: ``budget``, ``busy``, ``resting``, ``unpriced``, ``failed``, ``unreadable``; empty: there is one."""
    cost_usd: Decimal | None
    """What it cost; None: unknown."""


NOT_ASKED: Final = {why: Asked(None, why, ZERO) for why in ("budget", "busy", "resting", "unpriced")}


class OwnAdmitted(Admitted):
    """A question of our own, let in on the audits' budget; it is charged nothing."""

    held: Decimal = ZERO
    """For each attempt."""
    spent: Decimal = ZERO
    """What its attempts count on the budget."""
    cost: Decimal | None = ZERO
    """What they cost; None: unknown."""

    def end(
        self, outcome: Outcome, usage: Usage, cost: Decimal | None, target: TargetRoute, at_us: int
    ) -> tuple[Decimal | None, dict[str, str]]:
        """Take in how an attempt ended; nobody is charged for it."""
        self.spent = EXACT.add(self.spent, spent_usd(outcome, cost, self.held))
        self.cost = None if self.cost is None or cost is None else EXACT.add(self.cost, cost)
        return ZERO, {}


class OwnJob(Job):
    """A question of our own on its way; its answer is kept, and sent to nobody."""

    __slots__ = ("body",)

    def __init__(self, arrival: Arrival, request: Request, admitted: Admitted) -> None:
        super().__init__(arrival, request, admitted, _GRANT)
        self.body: bytes | None = None
        """Of the answer, once there is one."""

    async def answer_whole(self, body: bytes) -> None:
        """Keep the answer."""
        self.body = body
        self.has_begun = True


class OwnCalls:
    """Asks models.

    Args:
        budget: Of the audits.
        clock, new_id: Time and ids.
    """

    def __init__(self, budget: AuditBudget, *, clock: Clock, new_id: NewId) -> None:
        self._budget = budget
        self._clock = clock
        self._new_id = new_id

    async def ask(
        self,
        request: Request,
        route: ModelRoute,
        *,
        lineup: LineupRoutes,
        runtime: Runtime,
        audit_of: str,
        most_output_tokens: int | None = None,
    ) -> Asked:
        """Have a model answer.

        Args:
            request: Of our own (`fit.own_request`).
            route: The model.
            lineup: With an audit, whose budget it is.
            runtime: What it runs on; the caller holds it.
            audit_of: Receipt that is audited.
            most_output_tokens: Longest answer that the caller's plan allows.
        """
        why = _why_not(route, runtime.upstreams, self._clock.steady_s())
        if why is not None:
            return NOT_ASKED[why]
        admitted, worst_usd = _let_in(request, route, lineup, audit_of, most_output_tokens)
        receipt_id, audit = self._new_id("rcpt"), lineup.audit
        assert audit is not None  # noqa: S101 - it has one
        most = _most_attempts(route, runtime) * worst_usd
        limit_usd, now_us = audit.max_usd_per_day, self._clock.now_us()
        held = await self._budget.hold(receipt_id, most, limit_usd=limit_usd, now_us=now_us)
        if held is None:
            return NOT_ASKED["budget"]
        job = self._job(request, admitted, receipt_id, runtime.snapshot)
        try:
            return await self._answer(job, admitted, runtime)
        finally:
            await self._budget.settle(held, admitted.spent, now_us=self._clock.now_us())

    async def _answer(self, job: OwnJob, admitted: OwnAdmitted, runtime: Runtime) -> Asked:
        try:
            async with asyncio.timeout(ANSWER_S):
                await runtime.own_attempts.answer(job, Task.GENERATE)
        except (TriplepointError, TimeoutError):
            return Asked(None, "failed", admitted.cost)
        said = read_answer(job.body, job.request.dialect) if job.body is not None else None
        return Asked(said, "" if said is not None else "unreadable", admitted.cost)

    def _job(self, request: Request, admitted: OwnAdmitted, receipt_id: str, snapshot: Snapshot) -> OwnJob:
        cycle = Cycle(Nobody(), method=b"POST", path="", query=b"", version="1.1", headers=[], incoming={}, keep_alive=False)
        endpoint = Endpoint(request.endpoint, request.dialect, Task.GENERATE)
        arrival = Arrival(cycle, endpoint=endpoint, snapshot=snapshot, receipt_id=receipt_id, tracing=NO_TRACING)
        arrival.deadline_s = self._clock.steady_s() + ANSWER_S
        return OwnJob(arrival, request, admitted)


def _let_in(
    request: Request, route: ModelRoute, lineup: LineupRoutes, audit_of: str, most_output_tokens: int | None
) -> tuple[OwnAdmitted, Decimal]:
    """Let a question in; returns the most that one attempt at it can cost, too."""
    terms = Terms(
        plan="",
        hash="",
        charge=_INCLUDED,
        overage=_INCLUDED,
        max_output_tokens=most_output_tokens,
        needs_money=True,
        bounds_output=True,
    )
    worst = worst_case(request, route, terms, _INCLUDED)
    worst_usd = of_units(worst.amounts[Measure.COST], Unit.COST_USD)
    admitted = OwnAdmitted(
        terms,
        Choice(lineup, route, f"{request.endpoint} of {audit_of}"),
        _INCLUDED,
        longest=worst.longest if worst.asked is None or worst.asked > worst.longest else None,
        audit_of=audit_of,
        held_usd=money_text(worst_usd),
        held=worst_usd,
    )
    return admitted, worst_usd


def _why_not(route: ModelRoute, upstreams: Mapping[str, LiveUpstream], now_s: float) -> str | None:
    """Say why a model is not to be asked now; None where it may be."""
    if any(target.price.rates[0].output is None for target in route.targets):
        return "unpriced"
    live = [upstreams[target.upstream] for target in route.targets]
    if not live[0].is_ready() or live[0].breaker.state(now_s) != "closed":
        return "resting"
    is_busy = any(one.in_flight >= _BUSY_SHARE * one.definition.pool.connections for one in live)
    if is_busy or any(one.gate is not None and not one.gate.is_spare for one in live):
        return "busy"
    return None


def _most_attempts(route: ModelRoute, runtime: Runtime) -> int:
    return runtime.upstreams[route.targets[0].upstream].definition.retry.attempts
