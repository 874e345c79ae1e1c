"""What would become of a request to ``auto`` that nobody sends: by the code that serves, beside counters that are made up.

Candidates, decision, worst case, ladder and notices are worked out by the same functions as on the request path; so what is
told is what would happen. Nothing is connected to, counted or written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from triplepoint.foundation.clock import Clock
from triplepoint.foundation.errors import NotFound, TriplepointError
from triplepoint.gateway.admission import Admissions
from triplepoint.gateway.auto import Beside, choose_auto, question_of, read_auto
from triplepoint.gateway.choice import Choice, find_model
from triplepoint.gateway.conversations import Conversations
from triplepoint.gateway.dials import refuse_vain_thrift
from triplepoint.gateway.request import Request
from triplepoint.gateway.snapshot import KeyGrant, Snapshot
from triplepoint.gateway.upstream import LiveUpstream
from triplepoint.gateway.wire import HeaderList
from triplepoint.plans.counters.memory import MemoryCounters
from triplepoint.plans.counters.model import Claim, Kind, Seed
from triplepoint.plans.limits import Limit
from triplepoint.plans.terms import Terms
from triplepoint.routing.enquiry import OnPlan
from triplepoint.routing.explanation import explain
from triplepoint.routing.model import Explanation
from triplepoint.settings import Upstream
from triplepoint.telemetry.metrics import GatewayMetrics
from triplepoint.telemetry.status import GatewayStatus
from triplepoint.upstreams.ports import UpstreamClient

_READY, _OPEN = "ready", "open"


@dataclass(frozen=True, slots=True)
class AsIf:
    """A request that is not sent, and whose it would be."""

    request: Request
    snapshot: Snapshot
    grant: KeyGrant
    terms: Terms
    upstreams: Mapping[str, LiveUpstream]
    served_before: str | None = None
    """Model that gave the conversation's last answer."""


def decide_as_if(case: AsIf, clock: Clock) -> tuple[Choice, Explanation]:
    """Have the router choose as for a request that came now.

    Returns: The choice, and how it came about.
    Raises:
        NotFound: the name does not leave the choice to a router.
        TriplepointError: as the gateway would refuse it.
    """
    request, terms = case.request, case.terms
    asked = find_model(request.asked_model, case.snapshot)
    lineup = asked.lineup
    if asked.route is not None or lineup.router is None or lineup.setup is None:
        raise NotFound(f"{request.asked_model} leaves nothing to a router; write auto, or auto@ and a line-up with a router")
    if request.controls.thrift is not None:
        refuse_vain_thrift(lineup, terms)
    reading = read_auto(request, lineup.router, {})
    beside = Beside(clock.now_us(), clock.steady_s(), case.served_before)
    choice = choose_auto(request, reading, lineup, case.grant, terms, case.upstreams, beside)
    assert choice.decided is not None  # noqa: S101 - the router has decided
    explanation = explain(
        lineup.setup,
        question=question_of(request, reading, terms, beside),
        candidates=choice.decided.candidates,
        left_out={one.model: one.why for one in choice.decided.dropped},
    )
    return choice, explanation


async def admit_as_if(case: AsIf, choice: Choice, *, used_percent: int, clock: Clock) -> OnPlan:
    """Let a chosen request in as if so much of every quota were used; rates are fresh, and so is all credit.

    Args:
        used_percent: Of each quota's limit, rounded down.
    """
    counters, entrant = MemoryCounters(), _Entrant(case.grant)
    admissions = Admissions(counters, _Used(used_percent), Conversations(counters), clock, GatewayMetrics(clock))
    plan, floor = case.terms.plan, case.terms.floor
    try:
        admitted = await admissions.admit(case.request, choice, case.terms, entrant, case.upstreams, now_us=clock.now_us())
    except TriplepointError as refusal:
        return OnPlan(
            plan=plan,
            floor=floor,
            used_percent=used_percent,
            quotas=_quotas(entrant.headers),
            refused=refusal.message,
            code=refusal.code,
            retry_after_s=refusal.retry_after_s,
        )
    return OnPlan(
        plan=plan,
        floor=floor,
        used_percent=used_percent,
        served=admitted.choice.route.name,
        downgraded_from=admitted.downgraded_from,
        notices=tuple(admitted.notices),
        quotas=_quotas(entrant.headers),
    )


def stand_ins(snapshot: Snapshot, status: GatewayStatus | None, now_s: float) -> dict[str, LiveUpstream]:
    """Make upstreams that never connect, and are as a gateway says they are.

    Args:
        status: Of the gateway; None: none answers, and all are taken to be up.
        now_s: Steady clock.
    """
    told = {one.name: one for one in status.upstreams} if status is not None else {}
    made: dict[str, LiveUpstream] = {}
    for name, definition in snapshot.upstreams.items():
        one = told.get(name)
        managed = _Absent(one.state) if one is not None and one.state != _READY else None
        live = made[name] = LiveUpstream(name, definition, None, make_client=_connect_to_nothing, managed=managed)
        if one is not None and one.breaker == _OPEN:
            for _ in range(definition.breaker.failures):
                live.breaker.failed(now_s)
    return made


class _Entrant:
    """Stands for the head of the request."""

    def __init__(self, grant: KeyGrant) -> None:
        self.grant: KeyGrant | None = grant
        self.receipt_id = "as-if"
        self.headers: HeaderList = []


class _Used:
    """Has every counter begin with a share of its limit used; as `admission.Seeding`."""

    def __init__(self, percent: int) -> None:
        self._percent = percent

    async def __call__(
        self, customer_id: str, limits: Sequence[Limit | None], claims: Sequence[Claim], *, now_us: int
    ) -> list[Seed]:
        return [self._seed(limit, claim, now_us) for limit, claim in zip(limits, claims, strict=True)]

    def _seed(self, limit: Limit | None, claim: Claim, now_us: int) -> Seed:
        used = 0 if limit is None else claim.limit * self._percent // 100
        match claim.kind:
            case Kind.WINDOW:
                return Seed(claim.counter, claim.kind, used=used, until_us=claim.until_us)
            case Kind.SLIDING:
                return Seed(claim.counter, claim.kind, slices=((now_us, used),), span_us=claim.span_us, limit=claim.limit)
            case Kind.RATE:
                return Seed(claim.counter, claim.kind, limit=claim.limit)


class _Absent:
    """An upstream's server that is not up."""

    def __init__(self, state: str) -> None:
        self._state = state

    async def start(self) -> None:
        """Stay as it is."""

    def endpoint(self) -> None:
        """Listen nowhere."""

    def state(self) -> str:
        """Say how it is."""
        return self._state

    async def stop(self) -> None:
        """Stay as it is."""


def _quotas(headers: HeaderList) -> str:
    return next((value.decode() for name, value in headers if name == b"x-triplepoint-quota"), "")


def _connect_to_nothing(origin: str, definition: Upstream) -> UpstreamClient:
    raise AssertionError(f"nothing may be sent to {origin}")
