"""Follows the audits of a line-up: is its router wrong too often, and which of its certificates hold no more?

Audits are looked at in the order in which their requests came, and the same audits in the same order say the same on every
machine. An audit may become known minutes after its request; so what is older than `SETTLED_US` is looked at for good, and what
is newer anew at each look.
"""

from collections.abc import Iterable, Iterator
from typing import Final, Protocol

import msgspec

from triplepoint.ledger.audits.model import Audit, Lapse
from triplepoint.routing.audits.model import Outcome
from triplepoint.routing.guarantee.alarm import Stream, Watch, Watched
from triplepoint.routing.guarantee.misroutes import Audited
from triplepoint.routing.guarantee.model import Promised

SETTLED_US: Final = 20 * 60 * 1_000_000
"""Longest time from a request to what came of its audit: it waits, is answered, and is judged twice."""


class Audits(Protocol):
    """Where audits are; `ledger.audits.store.AuditStore` is one."""

    def iterate(
        self, *, lineup: str | None = None, since_us: int | None = None, until_us: int | None = None
    ) -> Iterator[Audit]:
        """Yield the audits of requests that came in a span, in their order."""
        ...


class AuditedLineup(msgspec.Struct, frozen=True, kw_only=True):
    """A line-up, as far as its audits are held against it."""

    name: str
    hash: str
    alarm_above: float
    """Rate of under-routes above which there is an alarm."""
    share: float
    """Of the requests to ``auto``."""
    scorer: str = ""
    """First characters of the scorer's digest; empty: none."""
    promised: Promised | None = None
    """Certificates that its promise stands on; None: it makes none."""


def as_audited(audit: Audit) -> Audited:
    """Return an audit of the ledger as rates and alarms read it."""
    return Audited(
        outcome=Outcome(audit.outcome),
        chosen_is_reference=audit.chosen == audit.reference,
        plan=audit.plan,
        model=audit.chosen,
        reference=audit.known_as,
        group=audit.group,
        has_signal=audit.has_signal,
        propensity=audit.share,
    )


class LineupWatch:
    """Watches one line-up.

    Args:
        audits: Where its audits are.
        lineup: Which.
    """

    def __init__(self, audits: Audits, lineup: AuditedLineup) -> None:
        self.lineup = lineup
        self._audits = audits
        self._settled = Watch(lineup.alarm_above, lineup.share)
        self._since_us = 0

    def look(self, now_us: int) -> Watch:
        """Look at what is known by now."""
        settled_us = max(self._since_us, now_us - SETTLED_US)
        known = list(self._audits.iterate(lineup=self.lineup.hash, since_us=self._since_us))
        self._settled = self._after(self._settled, (one for one in known if one.asked_us < settled_us))
        self._since_us = settled_us
        return self._after(self._settled, (one for one in known if one.asked_us >= settled_us))

    def lapses(self, watch: Watch, now_us: int) -> list[Lapse]:
        """Return the certificates that a look contradicts."""
        return [self._lapse(stream, now_us) for stream in watch.streams.values() if stream.has_lapsed]

    def _after(self, watch: Watch, audits: Iterable[Audit]) -> Watch:
        for audit in audits:
            watch = watch.after(as_audited(audit), self.lineup.promised)
        return watch

    def _lapse(self, stream: Stream, now_us: int) -> Lapse:
        return Lapse(
            scorer=self.lineup.scorer,
            reference=stream.reference,
            group=stream.name,
            at_us=now_us,
            lineup=self.lineup.hash,
            why="novelty" if stream.watched is Watched.NOVELTY else "misroutes",
            audits=stream.bet.n,
            found=stream.found,
            above=stream.bet.threshold,
        )
