"""Lets requests in on their plans: reserves the worst case, goes down the ladder where that does not fit, settles afterwards.

One step reserves on every limit (`plans.counters`). Where one has no room:

- a *rate* refuses, to be tried again in a moment;
- a *quota* that turns to credit is paid for from the customer's grants, while they last;
- else the plan's *ladder* names the next model down, and the same is tried there; the caller is told;
- else, or where the caller would rather not be moved, the request is refused with the moment at which the quota is fresh again.

A request in a tool loop, and one that asked for a pin, is never moved.
"""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import Protocol

import msgspec

from triplepoint.foundation.clock import Clock
from triplepoint.foundation.errors import NotEntitled, RequestInvalid, TriplepointError
from triplepoint.gateway.admitted import Admitted
from triplepoint.gateway.choice import Choice, is_offered
from triplepoint.gateway.claims import Ask, ask_again, ask_for, turns_to_credit, used_up
from triplepoint.gateway.conversations import Conversations
from triplepoint.gateway.eligible import eligible
from triplepoint.gateway.ladder import Entry, step_down
from triplepoint.gateway.quota_words import quota_refusal, rate_refusal, standing_headers, why_bound
from triplepoint.gateway.request import REFUSE, Request
from triplepoint.gateway.snapshot import KeyGrant
from triplepoint.gateway.toolloop import goes_on_with_tools, turn_of
from triplepoint.gateway.upstream import LiveUpstream
from triplepoint.gateway.wire import HeaderList
from triplepoint.gateway.worst import Worst, worst_case
from triplepoint.plans.counters.model import Bound, Claim, Hold, Kind, Reserved, Seed, Unknown
from triplepoint.plans.counters.ports import Counters, CountersAway
from triplepoint.plans.counters.unheld import unheld
from triplepoint.plans.limits import Limit
from triplepoint.plans.terms import Terms
from triplepoint.telemetry.logs import get_logger
from triplepoint.telemetry.metrics import GatewayMetrics
from triplepoint.upstreams.dialects.model import Dialect

LIFE_US = 15 * 60 * 1_000_000
"""How long a reservation lives whose process died; longer than any attempt may take by default."""

_ENDPOINTS = {Dialect.CHAT: "chat", Dialect.RESPONSES: "responses", Dialect.MESSAGES: "messages"}
_log = get_logger("admission")


class Seeding(Protocol):
    """Says where counters begin: what the ledger knows of them."""

    async def __call__(
        self, customer_id: str, limits: Sequence[Limit | None], claims: Sequence[Claim], *, now_us: int
    ) -> list[Seed]:
        """Return a seed for each claim.

        Args:
            limits: The limit of each claim; None where it is of a grant of credit.
        """
        ...


class Entrant(Protocol):
    """What is asked of the head of a request; `arrival.Arrival` is one."""

    grant: KeyGrant | None
    """Whose request it is; known where its plan has limits."""
    receipt_id: str
    headers: HeaderList
    """Of the answer."""


class Admissions:
    """Lets requests in, and settles them.

    Args:
        counters: Where limits are kept.
        seeding: Where they begin.
        conversations: Know where a tool loop began.
        clock: Time.
        metrics: Counts.
    """

    def __init__(
        self,
        counters: Counters,
        seeding: Seeding,
        conversations: Conversations,
        clock: Clock,
        metrics: GatewayMetrics,
    ) -> None:
        self._counters = counters
        self._seeding = seeding
        self._conversations = conversations
        self._clock = clock
        self._metrics = metrics
        self._settling: set[asyncio.Task[None]] = set()

    async def admit(
        self,
        request: Request,
        choice: Choice,
        terms: Terms,
        arrival: Entrant,
        upstreams: Mapping[str, LiveUpstream],
        *,
        now_us: int,
    ) -> Admitted:
        """Let a request in.

        Args:
            choice: The model that was chosen; the ladder may change it.
            terms: Of its key.
            upstreams: Live ones; the ladder leads to none that is down.
            arrival: Its head; how the limits stand is added to the answer's headers, whatever the answer will be.
        Raises:
            NotEntitled, RequestInvalid: the plan does not allow it.
            RateLimited, QuotaExhausted: a limit has no room.
            CountersAway: the counters cannot be reached, and the plan does not go on without them.
        """
        if terms.endpoints is not None or terms.max_context_tokens is not None:
            _refuse_beyond_rights(request, terms)
        if not terms.limits and not terms.is_prepaid:
            admitted = Admitted(terms, choice, terms.charge)
            if terms.max_output_tokens is not None:
                _bound(admitted, worst_case(request, choice.route, terms, terms.charge))
            return admitted
        grant = arrival.grant
        assert grant is not None  # noqa: S101 - it has terms
        in_loop = (bool(terms.ladder) or terms.has_grace) and goes_on_with_tools(request)
        try:
            if not in_loop:  # the usual request: no tool loop, and there is room
                ask = ask_for(request, choice, terms, now_us)
                if not ask.claims:
                    return _let_in(terms, ask, ())
                answer = await self._counters.reserve(
                    grant.customer_id, arrival.receipt_id, ask.claims, now_us=now_us, expires_us=now_us + LIFE_US
                )
                if isinstance(answer, Reserved):
                    arrival.headers += standing_headers(terms, choice.route.name, ask.limits, answer.standings, now_us)
                    return _let_in(terms, ask, answer.holds)
            entry = Entry(request, terms, grant, arrival.receipt_id, arrival.headers, upstreams, now_us)
            return await self._enter(entry, choice, in_loop=in_loop)
        except CountersAway as away:
            if not terms.is_open_when_away:
                raise
            _log.warning("counters are away; a request goes on unreserved", receipt=arrival.receipt_id, why=away.message)
            return _unreserved(ask_for(request, choice, terms, now_us), terms)

    async def admit_up(
        self, request: Request, choice: Choice, first: Admitted, grant: KeyGrant, receipt_id: str
    ) -> Admitted | None:
        """Let a request in once more, at a stronger model, after a first attempt that was let in and settled.

        It holds the worst case of the second attempt on its own, beside what the first one used. It goes down no ladder, turns
        to no credit, and goes on without no counters: for all of these there is the first answer.

        Args:
            choice: The stronger model.
            first: What the first attempt was let in on.
            receipt_id: Of the request; what is held is under `up_reservation` of it.
        Returns: None where the plan has no room.
        """
        terms, now_us = first.terms, self._clock.now_us()
        ask = ask_again(request, choice, terms, now_us)
        entry = Entry(request, terms, grant, up_reservation(receipt_id), [], {}, now_us)
        try:
            answer = await self._hold(entry, ask)
        except CountersAway:
            return None
        return _let_in(terms, ask, answer.holds) if isinstance(answer, Reserved) else None

    async def settle(self, admitted: Admitted, grant: KeyGrant, receipt_id: str) -> None:
        """Put the truth in the place of what was held; never raises, for the request is over.

        Counters that are away are told later, by their adapter.
        """
        now_us = self._clock.now_us()
        settling = self._counters.settle(grant.customer_id, receipt_id, admitted.holds, admitted.actuals(), now_us=now_us)
        if not self._counters.is_remote:
            await settling
            return
        # The caller may leave meanwhile; that cancels its request, and must not cancel this.
        task = asyncio.ensure_future(_logged(settling, receipt_id))
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)

    async def close(self) -> None:
        """Wait for settlements under way."""
        await asyncio.gather(*self._settling)

    async def _enter(self, entry: Entry, choice: Choice, *, in_loop: bool) -> Admitted:
        """Reserve for the chosen model, or for the first below it that has room."""
        terms, first, why = entry.terms, choice, ""
        if in_loop and terms.ladder and choice.decided is None:  # what a router chose is in its tool loop already
            choice = await self._where_the_loop_began(entry, choice)
        while True:
            ask, answer = await self._reserve(entry, choice, in_loop=in_loop)
            told = standing_headers(terms, choice.route.name, ask.limits, answer.standings, entry.now_us)
            if isinstance(answer, Reserved):
                entry.headers += told
                return self._entered(entry, first, why, ask, answer)
            try:
                choice, because = self._down(entry, choice, ask, answer, in_loop=in_loop)
            except TriplepointError:
                entry.headers += told
                raise
            why = why or because

    async def _reserve(self, entry: Entry, choice: Choice, *, in_loop: bool) -> tuple[Ask, Reserved | Bound]:
        """Reserve for one model: on its quotas, then with their grace, then from credit, as the plan has it."""
        ask = ask_for(entry.request, choice, entry.terms, entry.now_us)
        answer = await self._hold(entry, ask)
        if isinstance(answer, Bound) and in_loop and entry.terms.has_grace:
            ask = ask_for(entry.request, choice, entry.terms, entry.now_us, in_loop=True)
            answer = await self._hold(entry, ask)
        if isinstance(answer, Bound) and turns_to_credit(ask, answer):
            paid = used_up(ask, answer)
            on_credit = ask_for(entry.request, choice, entry.terms, entry.now_us, in_loop=in_loop, paid=paid)
            answer_on_credit = await self._hold(entry, on_credit)
            if isinstance(answer_on_credit, Reserved):
                return on_credit, answer_on_credit
        return ask, answer

    async def _hold(self, entry: Entry, ask: Ask) -> Reserved | Bound:
        if not ask.claims:
            return Reserved((), ())
        account, now_us = entry.grant.customer_id, entry.now_us
        while True:
            answer = await self._counters.reserve(
                account, entry.receipt_id, ask.claims, now_us=now_us, expires_us=now_us + LIFE_US
            )
            if not isinstance(answer, Unknown):
                return answer
            limits, claims = [ask.limits[n] for n in answer.claims], [ask.claims[n] for n in answer.claims]
            seeds = await self._seeding(account, limits, claims, now_us=now_us)
            await self._counters.seed(account, seeds, now_us=now_us)

    def _down(self, entry: Entry, choice: Choice, ask: Ask, answer: Bound, *, in_loop: bool) -> tuple[Choice, str]:
        """Return the choice of the model that the ladder names next, and why it comes to that.

        Raises: RateLimited, QuotaExhausted: there is none, or the request is not to be moved.
        """
        too_fast = [n for n in answer.binding if ask.claims[n].kind is Kind.RATE]
        if too_fast:
            self._metrics.limited("rate")
            raise rate_refusal(ask.limits, answer, too_fast, entry.now_us)
        stays = in_loop or "@" in entry.request.asked_model
        below = None if stays else step_down(entry, choice, self._clock.steady_s())
        why, reset_us = why_bound(entry.terms, ask.limits, ask.claims, answer, entry.now_us)
        if below is None or entry.request.controls.downgrade == REFUSE:
            self._metrics.limited("quota")
            could_be = below.name if below is not None else None
            raise quota_refusal(choice.route.name, why, reset_us, entry.now_us, in_loop=in_loop, could_be=could_be)
        limit = ask.limits[answer.binding[0]]
        name = limit.name if limit is not None else "credit"
        reason = f"{choice.reason}; {name} is used up, so {choice.route.name} → {below.name}"
        return msgspec.structs.replace(choice, route=below, reason=reason), why

    def _entered(self, entry: Entry, first: Choice, why: str, ask: Ask, answer: Reserved) -> Admitted:
        admitted, route = _let_in(entry.terms, ask, answer.holds), ask.choice.route
        if route is not first.route:
            admitted.downgraded_from = first.route.name
            because = why or "its tool loop began there"
            admitted.notices.append(f"{route.name} answered in place of {first.route.name}: {because}")
            self._metrics.downgraded(first.route.name, route.name)
        return admitted

    async def _where_the_loop_began(self, entry: Entry, choice: Choice) -> Choice:
        request = entry.request
        before = await self._conversations.before(request, entry.grant.customer_id, now_us=entry.now_us)
        # Where the upstream keeps the conversation, what goes on with a loop shows no turn at all.
        if before is None or before.asked != request.asked_model or turn_of(request) not in {0, before.turn}:
            return choice  # that was another turn's loop, or another model was asked for in it
        route = eligible(choice.lineup, entry.grant, entry.terms).routes.get(before.model)
        if route is None or route.name == choice.route.name or not is_offered(route, entry.now_us):
            return choice
        return msgspec.structs.replace(choice, route=route, reason=f"{choice.reason}; its tool loop began at {route.name}")


def up_reservation(receipt_id: str) -> str:
    """Return the reservation of a request's second attempt, at a stronger model."""
    return f"{receipt_id}.up"


def _let_in(terms: Terms, ask: Ask, holds: tuple[Hold, ...]) -> Admitted:
    charge = terms.overage if ask.is_on_credit else terms.charge
    admitted = Admitted(terms, ask.choice, charge, limits=ask.limits, holds=holds)
    if terms.bounds_output or terms.max_output_tokens is not None:
        _bound(admitted, ask.worst)
    return admitted


def _unreserved(ask: Ask, terms: Terms) -> Admitted:
    """Let a request in that no counter holds; what it uses is counted when they are back."""
    admitted = _let_in(terms, ask, unheld(ask.claims))
    admitted.unreserved = True
    admitted.notices.insert(0, "limits could not be looked at; what is used counts all the same")
    return admitted


def _bound(admitted: Admitted, worst: Worst) -> None:
    """Have the upstream told how long an answer may be, where the request does not say so itself, or says more."""
    asked, longest = worst.asked, worst.longest
    if asked is None or asked > longest:
        admitted.longest = longest
    if asked is not None and asked > longest:
        admitted.notices.append(f"the plan {admitted.terms.plan} gives answers of at most {longest} tokens")


def _refuse_beyond_rights(request: Request, terms: Terms) -> None:
    endpoint = "embeddings" if request.endpoint.endswith("/embeddings") else _ENDPOINTS[request.dialect]
    if terms.endpoints is not None and endpoint not in terms.endpoints:
        raise NotEntitled(
            f"The plan {terms.plan} does not include this endpoint; it has {', '.join(sorted(terms.endpoints))}.",
            code="endpoint_not_entitled",
        )
    if terms.max_context_tokens is not None and request.input_estimate > terms.max_context_tokens:
        raise RequestInvalid(
            f"The prompt has about {request.input_estimate} tokens; the plan {terms.plan} allows {terms.max_context_tokens}.",
            code="context_length_exceeded",
        )


async def _logged(settling: Coroutine[None, None, None], receipt_id: str) -> None:
    try:
        await settling
    except TriplepointError as error:
        _log.error("a reservation could not be settled", receipt=receipt_id, code=error.code)
