"""Watch audits as they come: raise an alarm where too many decisions are wrong, and say which certificates hold no more.

Each *stream* is a bet (`stats.betting`) that a rate is above a limit: under-routes of all requests, of each plan, of each
group, under-routes of the requests of each certificate, and requests of each certificate that are unlike anything learnt. What
is promised of a stream: while its rate is never above the limit, the chance that it ever alarms is at most 1 in 1,000, in its
whole life and however often one looks; with ``n`` streams one of them does in at most ``n`` in 1,000. A stream begins anew with
a new watch, which belongs to one router: a new scorer or line-up begins one.

Undecided audits are left out of the bets, as if they were like the others; `misroutes` shows how far that may be off.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import msgspec

from triplepoint.routing.audits.model import Outcome
from triplepoint.routing.guarantee.misroutes import Audited
from triplepoint.routing.guarantee.model import Certificate, Promised
from triplepoint.stats.betting import EProcess
from triplepoint.stats.binomial import upper_bound

ALARM_AT: Final = 1000.0
"""Evidence at which there is an alarm."""
LAPSES_AT: Final = 100.0
"""Evidence at which a certificate lapses. Sooner than an alarm: at worst the strongest model serves for nothing."""


class Watched(StrEnum):
    """Which rate a stream is about."""

    ALL = "all"
    """Under-routes of all requests."""
    PLAN = "plan"
    GROUP = "group"
    CERTIFICATE = "certificate"
    """Under-routes of the requests of one certificate, against what it promises."""
    NOVELTY = "novelty"
    """Requests of one certificate without signal, against what its labels had of them."""


class Stream(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One rate that is watched."""

    watched: Watched
    name: str = ""
    """Of the plan or group; of a certificate, its group."""
    reference: str = ""
    """Of a certificate."""
    bet: EProcess
    found: int = 0
    """Audits on which it was so, of ``bet.n``."""

    @property
    def is_alarming(self) -> bool:
        """Its evidence has at some time been enough for an alarm."""
        return self.bet.highest >= ALARM_AT

    @property
    def has_lapsed(self) -> bool:
        """It is of a certificate, and contradicts it."""
        return self.watched in {Watched.CERTIFICATE, Watched.NOVELTY} and self.bet.highest >= LAPSES_AT

    def after(self, *, found: bool, weight: float) -> "Stream":
        """Return the stream after one more audit."""
        return msgspec.structs.replace(self, bet=self.bet.after(float(found), weight=weight), found=self.found + found)


class Watch(msgspec.Struct, frozen=True, gc=False):
    """All streams of one router. Its JSON is its checkpoint, and the same audits in the same order give the same bits again."""

    alarm_above: float
    """Limit for all requests, plans and groups."""
    share: float = 1.0
    """Smallest probability with which any request is audited."""
    streams: dict[str, Stream] = {}
    """By what they watch, as a JSON array."""

    def after(self, audited: Audited, promised: Promised | None = None) -> "Watch":
        """Return the watch after one more audit.

        Args:
            promised: Certificates in force; None: none is watched.
        Raises: ValueError: it was audited with a smaller probability than ``share``; begin a new watch with the smaller one.
        """
        if audited.propensity < self.share:
            raise ValueError(
                f"audited with probability {audited.propensity}, below {self.share}: begin a new watch with that share"
            )
        streams = dict(self.streams)
        for fresh, found in self._looks(audited, promised):
            key = msgspec.json.encode((fresh.watched, fresh.reference, fresh.name)).decode()
            streams[key] = streams.get(key, fresh).after(found=found, weight=self.share / audited.propensity)
        return Watch(self.alarm_above, self.share, streams)

    def alarms(self) -> list[Stream]:
        """Return the streams that alarm, most evidence first."""
        return sorted((one for one in self.streams.values() if one.is_alarming), key=lambda one: -one.bet.highest)

    def lapsed(self) -> frozenset[tuple[str, str]]:
        """Return reference and group of the certificates that hold no more, as `Certificates.promised` takes them."""
        return frozenset((one.reference, one.name) for one in self.streams.values() if one.has_lapsed)

    def _looks(self, audited: Audited, promised: Promised | None) -> Iterator[tuple[Stream, bool]]:
        certificate = promised.find(audited.reference, audited.group) if promised else None
        if certificate is not None:
            yield _of_certificate(Watched.NOVELTY, certificate, novelty_limit(certificate)), not audited.has_signal
        if not audited.is_decided:
            return
        found = audited.outcome is Outcome.UNDER_ROUTE
        for watched, name in ((Watched.ALL, ""), (Watched.PLAN, audited.plan), (Watched.GROUP, audited.group)):
            yield Stream(watched=watched, name=name, bet=EProcess(self.alarm_above)), found
        if certificate is not None:
            yield _of_certificate(Watched.CERTIFICATE, certificate, certificate.misroute), found


def novelty_limit(certificate: Certificate) -> float:
    """Return the share of requests without signal above which live traffic is unlike the labels.

    More than the labels' own share, at its upper bound, by as much as the promised rate: so much more could by itself, if every
    one of them were a misroute, break the promise.
    """
    known = upper_bound(certificate.novel, certificate.labels, confidence=certificate.confidence)
    return min(known + certificate.misroute, 0.999)


def _of_certificate(watched: Watched, certificate: Certificate, limit: float) -> Stream:
    return Stream(watched=watched, name=certificate.group, reference=certificate.reference, bet=EProcess(limit))
