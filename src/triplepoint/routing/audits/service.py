"""What the control plane knows of misroutes: the report on demand, and the look that is repeated while it runs.

::

    misroutes.look()          # alarms are logged, certificates lapse, gateways are told
    misroutes.report()        # rates, evidence, alarms, lapses of the line-up that is active
"""

import threading
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from triplepoint.foundation.clock import Clock
from triplepoint.ledger.audits.model import Audit, Feedback, Lapse
from triplepoint.routing.audits.report import MisrouteReport, alarm_text, make_report
from triplepoint.routing.audits.watching import AuditedLineup, Audits, LineupWatch
from triplepoint.routing.feedback import Opinion, Rating, opinions
from triplepoint.routing.guarantee.alarm import Watch
from triplepoint.telemetry.logs import get_logger
from triplepoint.telemetry.misroutes import MisrouteSample, MisrouteSums, misroute_page

PAGE_S: Final = 30.0
"""How long a page of metrics holds: making one reads every audit of the line-up."""
_log = get_logger("misroutes")


class Findings(Audits, Protocol):
    """Where audits, ratings and lapses are; `ledger.audits.store.AuditStore` is one."""

    def latest(
        self,
        *,
        plan: str | None = None,
        model: str | None = None,
        outcome: str | None = None,
        before_us: int | None = None,
        limit: int = 100,
    ) -> list[Audit]:
        """Return audits, of the newest request first."""
        ...

    def ratings(
        self, *, since_us: int | None = None, until_us: int | None = None, customer_id: str | None = None
    ) -> list[Feedback]:
        """Return of each receipt the latest rating, in the order of the requests."""
        ...

    def history(self, receipt_id: str) -> list[Feedback]:
        """Return every rating of a receipt, the oldest first."""
        ...

    def lapses(self) -> list[Lapse]:
        """Return the certificates that hold no more."""
        ...

    def lapse(self, found: Sequence[Lapse]) -> list[Lapse]:
        """Keep certificates as lapsed; returns those that are new."""
        ...


class MisrouteService:
    """Reports and watches; its calls wait for the database, so they are made from threads.

    Args:
        findings: Where audits are.
        active: Reads the line-up that the files name as active; None where its router has no audit.
        clock: Time.
        on_lapse: Called after a certificate has lapsed: tells the gateways of this machine.
    """

    def __init__(
        self,
        findings: Findings,
        active: Callable[[], AuditedLineup | None],
        clock: Clock,
        *,
        on_lapse: Callable[[], None] | None = None,
    ) -> None:
        self.findings = findings
        self._active = active
        self._clock = clock
        self._on_lapse = on_lapse
        self._lock = threading.Lock()
        self._watch: LineupWatch | None = None
        self._page: tuple[float, bytes] | None = None
        """The metrics as they were made last, and when."""
        self._told: frozenset[str] = frozenset()
        """Alarms that have been logged, by the beginning of their words."""

    def report(self) -> MisrouteReport | None:
        """Report on the active line-up; None where its router has no audit.

        Raises: SettingsInvalid: the files are wrong.
        """
        lineup = self._active()
        if lineup is None:
            return None
        watch = self._look_at(lineup)
        return make_report(lineup, list(self.findings.iterate(lineup=lineup.hash)), watch, self.findings.lapses())

    def page(self) -> bytes:
        """Return metrics in Prometheus' text format, not older than `PAGE_S`; nothing where nothing is audited.

        Raises: SettingsInvalid: the files are wrong.
        """
        now_s = self._clock.steady_s()
        if self._page is None or now_s - self._page[0] > PAGE_S:
            report = self.report()
            self._page = now_s, b"" if report is None else misroute_page(*_samples(report))
        return self._page[1]

    def alarms(self) -> list[str]:
        """Say what alarms, in words; empty where all is well or nothing is watched."""
        lineup = self._active()
        return [alarm_text(stream) for stream in self._look_at(lineup).alarms()] if lineup is not None else []

    def look(self) -> list[str]:
        """Look once: log what newly alarms, and let certificates lapse that audits contradict; returns what alarms."""
        lineup = self._active()
        if lineup is None:
            return []
        watch = self._look_at(lineup)
        self._tell(watch)
        found = self._watching(lineup).lapses(watch, self._clock.now_us())
        for one in self.findings.lapse(found) if found else []:
            _log.error("a certificate holds no more", scorer=one.scorer, reference=one.reference, group=one.group, why=one.why)
            if self._on_lapse is not None:
                self._on_lapse()
        return [alarm_text(stream) for stream in watch.alarms()]

    def opinions(self, *, since_us: int | None = None, until_us: int | None = None) -> list[Opinion]:
        """Say what customers think of models, so that none of them can make it say what it wants."""
        ratings = self.findings.ratings(since_us=since_us, until_us=until_us)
        return opinions(Rating(one.receipt_id, one.customer_id, one.model, one.asked_us, one.score) for one in ratings)

    def _look_at(self, lineup: AuditedLineup) -> Watch:
        with self._lock:
            return self._watching(lineup).look(self._clock.now_us())

    def _watching(self, lineup: AuditedLineup) -> LineupWatch:
        if self._watch is None or self._watch.lineup.hash != lineup.hash:
            self._watch, self._told = LineupWatch(self.findings, lineup), frozenset()
        return self._watch

    def _tell(self, watch: Watch) -> None:
        alarms = {alarm_text(stream).partition(":")[0]: alarm_text(stream) for stream in watch.alarms()}
        for name in alarms.keys() - self._told:
            _log.error("the router misroutes too often", alarm=alarms[name])
        self._told = frozenset(alarms)


def _samples(report: MisrouteReport) -> tuple[list[MisrouteSample], MisrouteSums]:
    samples = [
        MisrouteSample(
            one.slice.value,
            one.name,
            one.under.audits,
            one.under.rate,
            one.under.interval.low,
            one.under.interval.high,
            one.over.rate,
        )
        for one in report.rates
    ]
    return samples, MisrouteSums(report.undecided, len(report.alarms), len(report.lapses))
