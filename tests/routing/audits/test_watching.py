"""Audits are followed in the order of their requests, whenever they become known; alarms and lapses follow from them alone."""

import datetime
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.routing.audits.found import NOON_US, SECOND_US, Kept, audit

from triplepoint.ledger.audits.model import Audit
from triplepoint.routing.audits.report import make_report
from triplepoint.routing.audits.service import MisrouteService
from triplepoint.routing.audits.watching import SETTLED_US, AuditedLineup, LineupWatch, as_audited
from triplepoint.routing.guarantee.alarm import Watch, Watched
from triplepoint.routing.guarantee.misroutes import Slice
from triplepoint.routing.guarantee.model import Certificate, Certificates

LINEUP = AuditedLineup(name="family", hash="f" * 12, alarm_above=0.05, share=0.5, scorer="0123456789ab")
CERTIFICATE = Certificate(
    misroute=0.05,
    confidence=0.95,
    reference="large",
    models=("small",),
    group="maths",
    threshold=0.3,
    labels=2000,
    misroutes=70,
    bound=0.045,
    downgraded=0.5,
    data="d" * 64,
    scorer="0" * 64,
    date=datetime.date(2026, 1, 1),
)
PROMISED = Certificates((CERTIFICATE,)).promised(misroute=0.05, confidence=0.95)


class HandClock:
    """A clock that a test sets."""

    def __init__(self, now_us: int) -> None:
        self.wall_us = now_us

    def now_us(self) -> int:
        """Return the wall clock."""
        return self.wall_us

    def steady_s(self) -> float:
        """Return nothing that matters."""
        return 0.0


def _stream(length: int, bad: float, *, seed: int = 7) -> list[Audit]:
    draw = random.Random(seed)
    return [audit(n, "under_route" if draw.random() < bad else "fine") for n in range(length)]


def _straight(audits: list[Audit]) -> Watch:
    watch = Watch(LINEUP.alarm_above, LINEUP.share)
    for one in sorted(audits, key=lambda one: (one.asked_us, one.receipt_id)):
        watch = watch.after(as_audited(one))
    return watch


@given(
    lateness=st.lists(st.integers(0, SETTLED_US - SECOND_US), min_size=40, max_size=40),
    looks=st.lists(st.integers(1, 3600), min_size=1, max_size=6),
)
def test_looks_between_change_nothing(lateness: list[int], looks: list[int]) -> None:
    """However late audits become known and however often one looks, the same audits in the end say the same, bit for bit."""
    audits = [audit(n * 60, "under_route" if n % 3 == 0 else "fine") for n in range(40)]
    kept = Kept()
    watch = LineupWatch(kept, LINEUP)
    now_us = NOON_US
    for pause_s in looks:
        now_us += pause_s * SECOND_US
        kept.audits = [one for one, late in zip(audits, lateness, strict=True) if one.asked_us + late <= now_us]
        watch.look(now_us)
    kept.audits = audits
    assert watch.look(now_us + 3 * 3600 * SECOND_US) == _straight(audits)


def test_what_is_settled_is_not_read_again() -> None:
    """A look costs what is new, not what has ever been."""
    kept = Kept(_stream(100, 0.0))
    watch = LineupWatch(kept, LINEUP)
    watch.look(NOON_US + 3600 * SECOND_US)
    watch.look(NOON_US + 3601 * SECOND_US)
    assert kept.asked == [0, NOON_US + 3600 * SECOND_US - SETTLED_US]


def test_an_alarm_says_what_and_a_report_says_how_much() -> None:
    """The planted rate stands in its interval; the words name the stream, and the costs add up exactly."""
    audits = [*_stream(300, 0.3), *(audit(1000 + n, "undecided") for n in range(30)), *(audit(2000, "over_route"),)]
    watch = _straight(audits)
    report = make_report(LINEUP, audits, watch, [])
    everything = next(one for one in report.rates if one.slice is Slice.ALL)
    assert everything.under.interval.low < 0.3 < everything.under.interval.high
    assert everything.under.bounds.low <= everything.under.interval.low
    assert everything.under.bounds.high >= everything.under.interval.high
    assert (report.audits, report.undecided, report.cost_usd, report.unpriced) == (331, 30, "0.331", 0)
    under = sum(one.outcome == "under_route" for one in audits)
    assert f"misroutes of all requests: {under} of 301 audits, above 5 %" in report.alarms
    assert any(one.startswith("misroutes of the plan pro:") for one in report.alarms)
    assert report.watched[0].is_alarming
    assert report.watched[0].evidence >= 1000


def test_of_no_audits_there_is_nothing_to_say() -> None:
    """And no alarm."""
    report = make_report(LINEUP, [], Watch(0.05, 0.5), [])
    assert (report.audits, report.rates, report.alarms, report.cost_usd) == (0, [], [], "0")


def _service(kept: Kept, lineup: AuditedLineup | None, told: list[str]) -> MisrouteService:
    clock = HandClock(NOON_US + 86_400 * SECOND_US)
    return MisrouteService(kept, lambda: lineup, clock, on_lapse=lambda: told.append("lapse"))


def test_a_certificate_that_audits_contradict_lapses_once() -> None:
    """It is kept with its evidence, and the gateways are told, once."""
    kept, told = Kept(_stream(400, 0.25)), list[str]()
    lineup = AuditedLineup(name="family", hash="f" * 12, alarm_above=0.5, share=0.5, scorer="0123456789ab", promised=PROMISED)
    service = _service(kept, lineup, told)
    service.look()
    service.look()
    (lapse,) = kept.lapsed
    assert (lapse.scorer, lapse.reference, lapse.group, lapse.why) == ("0123456789ab", "large", "maths", "misroutes")
    assert (lapse.audits, lapse.above) == (400, 0.05)
    assert told == ["lapse"]
    report = service.report()
    assert report is not None
    assert report.lapses == [lapse]
    assert {one.watched for one in report.watched} == {"all", "plan", "group", "certificate", "novelty"}


def test_a_certificate_that_holds_does_not(caplog: pytest.LogCaptureFixture) -> None:
    """Neither lapse nor alarm where the rate is what was promised."""
    kept, told = Kept(_stream(2000, 0.03)), list[str]()
    lineup = AuditedLineup(name="family", hash="f" * 12, alarm_above=0.05, share=0.5, scorer="x", promised=PROMISED)
    assert _service(kept, lineup, told).look() == []
    assert (kept.lapsed, told) == ([], [])


def test_a_certificate_lapses_on_requests_unlike_anything_learnt() -> None:
    """Live traffic that is unlike the labels is drift, whether its answers are good or not."""
    kept = Kept([audit(n, has_signal=n % 2 == 0) for n in range(400)])
    lineup = AuditedLineup(name="family", hash="f" * 12, alarm_above=0.5, share=0.5, scorer="x", promised=PROMISED)
    _service(kept, lineup, []).look()
    assert [one.why for one in kept.lapsed] == ["novelty"]


def test_a_new_lineup_begins_anew() -> None:
    """What was wrong under the last one is no evidence against this one."""
    kept = Kept(_stream(400, 0.5))
    lineups = [LINEUP, AuditedLineup(name="next", hash="e" * 12, alarm_above=0.05, share=0.5)]
    service = MisrouteService(kept, lambda: lineups[0], HandClock(NOON_US + 86_400 * SECOND_US))
    assert service.alarms() == service.look() != []
    del lineups[0]
    assert service.look() == []
    report = service.report()
    assert report is not None
    assert (report.lineup, report.audits) == ("next", 0)


def test_where_nothing_is_audited_there_is_no_report() -> None:
    """A line-up without a router, or a router without an audit."""
    service = _service(Kept(), None, [])
    assert (service.report(), service.look(), service.alarms()) == (None, [], [])


def test_watched_names_are_what_the_report_says() -> None:
    """The report's own list of what may be watched has not fallen behind."""
    assert {one.value for one in Watched} == {"all", "plan", "group", "certificate", "novelty"}
