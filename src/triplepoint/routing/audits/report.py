"""What there is to say of a line-up's audits, as values: rates, what is watched, alarms, lapses."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

import msgspec

from triplepoint.foundation.money import EXACT, ZERO, money_text
from triplepoint.ledger.audits.model import Audit, Lapse
from triplepoint.routing.audits.watching import AuditedLineup, as_audited
from triplepoint.routing.guarantee.alarm import Stream, Watch, Watched
from triplepoint.routing.guarantee.misroutes import Misroutes, misroute_rates


class WatchedRate(msgspec.Struct, frozen=True, kw_only=True):
    """One rate that is watched at every look."""

    watched: str
    """``all``, ``plan``, ``group``, ``certificate`` or ``novelty``."""
    name: str
    """Of the plan, or the group of requests; empty for all, and for the pooled certificate."""
    reference: str
    """Of a certificate, by the scorer's name."""
    limit: float
    """What the rate should not be above."""
    audits: int
    found: int
    evidence: float
    """Largest so far; an alarm is at 1,000: it has a chance of 1 in 1,000 while the rate is at most the limit."""
    is_alarming: bool
    has_lapsed: bool


class MisrouteReport(msgspec.Struct, frozen=True, kw_only=True):
    """How often a line-up's router is wrong."""

    lineup: str
    lineup_hash: str
    share: float
    """Of the requests to ``auto`` that are drawn."""
    alarm_above: float
    audits: int
    undecided: int
    cost_usd: str
    """What the audits cost, as far as it is known; exact decimal text."""
    unpriced: int
    """Audits whose cost is unknown."""
    rates: list[Misroutes]
    """Of all requests, then by plan, model and group."""
    watched: list[WatchedRate]
    """Those with the most evidence first."""
    alarms: list[str]
    """In words; empty where all is well."""
    lapses: list[Lapse]
    """Certificates of its scorer that hold no more."""


def make_report(lineup: AuditedLineup, audits: Sequence[Audit], watch: Watch, lapses: Iterable[Lapse]) -> MisrouteReport:
    """Put a report together.

    Args:
        audits: Of the line-up, in the order of their requests.
        watch: After them.
        lapses: All that are known.
    """
    costs = [Decimal(audit.cost_usd) for audit in audits if audit.cost_usd is not None]
    cost = ZERO
    for one in costs:
        cost = EXACT.add(cost, one)
    streams = sorted(watch.streams.values(), key=lambda one: (-one.bet.highest, one.watched, one.reference, one.name))
    looked_at = [as_audited(audit) for audit in audits]
    return MisrouteReport(
        lineup=lineup.name,
        lineup_hash=lineup.hash,
        share=lineup.share,
        alarm_above=lineup.alarm_above,
        audits=len(audits),
        undecided=sum(not one.is_decided for one in looked_at),
        cost_usd=money_text(cost),
        unpriced=len(audits) - len(costs),
        rates=misroute_rates(looked_at) if looked_at else [],
        watched=[_watched(stream) for stream in streams],
        alarms=[alarm_text(stream) for stream in watch.alarms()],
        lapses=[one for one in lapses if one.scorer == lineup.scorer],
    )


def alarm_text(stream: Stream) -> str:
    """Say in words what alarms: ``misroutes of the plan pro: 31 of 120 audits, above 5 %``."""
    match stream.watched:
        case Watched.ALL:
            what = "misroutes of all requests"
        case Watched.PLAN:
            what = f"misroutes of the plan {stream.name}" if stream.name else "misroutes of customers without a plan"
        case Watched.GROUP:
            what = f"misroutes of the group {stream.name}" if stream.name else "misroutes of requests of no group"
        case Watched.CERTIFICATE:
            what = f"misroutes under the certificate for {_certificate(stream)}"
        case Watched.NOVELTY:
            what = f"requests unlike anything learnt, under the certificate for {_certificate(stream)}"
    return f"{what}: {stream.found} of {stream.bet.n} audits, above {stream.bet.threshold * 100:.3g} %"


def _certificate(stream: Stream) -> str:
    return f"{stream.reference}, {stream.name}" if stream.name else f"{stream.reference}, small groups together"


def _watched(stream: Stream) -> WatchedRate:
    return WatchedRate(
        watched=stream.watched.value,
        name=stream.name,
        reference=stream.reference,
        limit=stream.bet.threshold,
        audits=stream.bet.n,
        found=stream.found,
        evidence=stream.bet.highest,
        is_alarming=stream.is_alarming,
        has_lapsed=stream.has_lapsed,
    )
