"""The record of an attempt: opened before it is sent, closed exactly once, right on a clock that steps back."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.gateway.harness import model, openai_upstream
from tests.gateway.making import TODAY_US, SteppingClock, chat, grant, snapshot_of

from triplepoint.foundation.errors import Overloaded, StoreFault
from triplepoint.foundation.ids import IdFactory
from triplepoint.foundation.usage import Usage, UsageSource
from triplepoint.gateway.admitted import Admitted
from triplepoint.gateway.choice import choose_named, find_model
from triplepoint.gateway.record import Book, OpenAttempt, Recents
from triplepoint.ledger.framing import frame_into
from triplepoint.ledger.journal import Journal
from triplepoint.ledger.model import Closed, JournalRecord, Opened, Outcome
from triplepoint.plans.terms import UNBOUND
from triplepoint.settings import JournalSettings
from triplepoint.telemetry.metrics import GatewayMetrics

USED = Usage(input_tokens=1_000_000, output_tokens=10, source=UsageSource.REPORTED)


class Paper(Journal):
    """A journal on paper, which can run out."""

    def __init__(self) -> None:
        self.records: list[JournalRecord] = []
        self.is_full = False

    def write(self, record: JournalRecord) -> bytes:
        """Keep a record; where it is full, refuse opened ones."""
        if self.is_full and isinstance(record, Opened):
            raise StoreFault("the disk is full", code="journal_full")
        self.records.append(record)
        frame = bytearray()
        frame_into(frame, record, 0)
        return bytes(frame)


class Desk:
    """A book with what it is written with."""

    def __init__(self, folder: Path) -> None:
        self.clock = SteppingClock()
        self.paper = Paper()
        self.recents = Recents()
        self.metrics = GatewayMetrics()
        self.book = Book(self.paper, self.recents, self.metrics, self.clock)
        self._snapshot = snapshot_of(folder, upstreams={"a": openai_upstream(1)}, models={"chat": model("a")})

    def open(self, receipt_id: str = "rcpt_1", attempt: int = 1) -> OpenAttempt:
        """Open an attempt."""
        request = chat(triplepoint={"conversation": "c-1", "tags": {"team": "red"}})
        choice = choose_named(request, find_model("chat", self._snapshot), grant(), UNBOUND, now_us=TODAY_US)
        facts = {"receipt_id": receipt_id, "request_id": "req_1", "reason": choice.reason}
        admitted = Admitted(UNBOUND, choice, UNBOUND.charge)
        return self.book.open(request, admitted, choice.route.targets[0], grant(), attempt=attempt, **facts)

    def closed(self) -> Closed:
        """Return the closed record, of which there is one."""
        (record,) = [record for record in self.paper.records if isinstance(record, Closed)]
        return record


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Return a desk of its own."""
    return Desk(tmp_path)


def test_what_an_opened_record_holds(desk: Desk) -> None:
    """Everything that an interrupted attempt is settled by is written before it is sent."""
    attempt = desk.open()
    assert desk.paper.records == [attempt.opened]
    opened = attempt.opened
    assert (opened.at_us, opened.customer_id, opened.served_model, opened.upstream) == (TODAY_US, "cust_1", "chat", "a")
    assert (opened.conversation, opened.tags) == ("c-1", {"team": "red"})
    assert opened.input_estimate > 0
    assert opened.input_usd_per_mtok == "0.1"


def test_what_cannot_be_recorded_must_not_be_sent(desk: Desk) -> None:
    """Opening raises before anything else is done, and nothing of it is remembered."""
    desk.paper.is_full = True
    with pytest.raises(Overloaded) as refused:
        desk.open()
    assert (refused.value.code, refused.value.retry_after_s) == ("journal_full", 1.0)
    assert desk.recents.get("rcpt_1") is None


def test_an_attempt_ends_once(desk: Desk) -> None:
    """Whatever is said of it after its end changes neither record nor memory."""
    attempt = desk.open()
    attempt.finished(USED, finish_reason="stop", notices=[])
    attempt.failed("late")
    attempt.broken(Outcome.CANCELLED, Usage(), error=None)
    assert (desk.closed().outcome, attempt.outcome, attempt.error) == (Outcome.FINISHED, Outcome.FINISHED, None)
    found = desk.recents.get("rcpt_1")
    assert found == [(attempt.opened, desk.closed())]


Ending = Callable[[OpenAttempt], None]
ONLY_INPUT = Usage(input_tokens=5)
ENDS: dict[str, tuple[Ending, Outcome, str | None, str | None]] = {
    "whole": (lambda a: a.finished(USED, finish_reason="stop", notices=["x"]), Outcome.FINISHED, "0.100004", "0.100004"),
    "uncounted": (
        lambda a: a.finished(ONLY_INPUT, finish_reason=None, notices=[]),
        Outcome.FINISHED,
        None,
        "0.0000005",
    ),
    "refused": (lambda a: a.refused("upstream_error"), Outcome.FAILED, "0", "0"),
    "failed": (lambda a: a.failed("connection_lost"), Outcome.FAILED, None, "0"),
    "cut": (lambda a: a.broken(Outcome.CUT, USED, error="stream_cut"), Outcome.CUT, "0.100004", "0.100004"),
    "cancelled": (
        lambda a: a.broken(Outcome.CANCELLED, ONLY_INPUT, error=None),
        Outcome.CANCELLED,
        None,
        "0.0000005",
    ),
}


@pytest.mark.parametrize(("end", "outcome", "cost", "charge"), ENDS.values(), ids=ENDS.keys())
def test_what_each_end_costs(desk: Desk, end: Ending, outcome: Outcome, cost: str | None, charge: str | None) -> None:
    """Nothing is due for what was refused; what nobody counted costs we do not know what, and is charged what is known."""
    end(desk.open())
    assert desk.closed().outcome is outcome
    assert (desk.closed().cost_usd, desk.closed().charge_usd) == (cost, charge)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"service_tier": "flex"}, "no price for service tier flex"),
        ({"web_searches": 1}, "no price for web_search"),
        ({"cache_read_tokens": 2_000_000}, "contradict each other"),
    ],
)
def test_a_cost_that_is_unknown_says_why(desk: Desk, more: dict[str, Any], reason: str) -> None:
    """A tier or a search without a price, or counts that cannot be, have no cost, and the receipt says why."""
    desk.open().finished(msgspec.structs.replace(USED, **more), finish_reason="stop", notices=["x"])
    assert desk.closed().cost_usd is None
    assert desk.closed().notices[0] == "x"
    assert reason in desk.closed().notices[1]


def test_durations_are_those_of_the_steady_clock(desk: Desk) -> None:
    """A wall clock that steps back, or on, between sending and answer makes no duration negative or long."""
    attempt = desk.open()
    desk.clock.steady += 0.25
    desk.clock.wall_us -= 3_600_000_000
    attempt.first_byte()
    desk.clock.steady += 0.5
    desk.clock.wall_us += 86_400_000_000
    attempt.first_byte()
    attempt.finished(USED, finish_reason=None, notices=[])
    assert (desk.closed().first_byte_us, desk.closed().total_us) == (250_000, 750_000)


@given(steps=st.lists(st.integers(-5_000_000, 5_000_000), max_size=200))
def test_ids_stay_in_order_whatever_the_clock_does(steps: list[int]) -> None:
    """However the wall clock steps, ids are new, and sort in the order of their making."""
    clock = SteppingClock()
    new_id = IdFactory(clock.now_us)
    made: list[str] = []
    for step in steps:
        clock.wall_us = max(0, clock.wall_us + step)
        made += [new_id("rcpt"), new_id("rcpt")]
    assert made == sorted(set(made))


@contextmanager
def _journal(folder: Path) -> Generator[Journal]:
    with Journal(folder, boot="boot_1", settings=JournalSettings()) as journal:
        yield journal


def test_it_is_written_before_it_is_remembered(tmp_path: Path) -> None:
    """In a real journal too the opened record stands on disk by the time that an attempt may be sent."""
    desk = Desk(tmp_path / "desk")
    with _journal(tmp_path / "data") as journal:
        book = Book(journal, desk.recents, desk.metrics, desk.clock)
        desk.book = book
        before = sum(path.stat().st_size for path in journal.folder.iterdir())
        desk.open()
        assert sum(path.stat().st_size for path in journal.folder.iterdir()) > before


def test_the_latest_receipts_are_kept_and_the_oldest_go(desk: Desk) -> None:
    """Memory holds so many attempts; a receipt of several attempts is given whole or not at all."""
    desk.recents = Recents(limit=4)
    desk.book = Book(desk.paper, desk.recents, desk.metrics, desk.clock)
    for number in range(6):
        desk.open(f"rcpt_{number}").finished(USED, finish_reason=None, notices=[])
    assert [desk.recents.get(f"rcpt_{number}") is not None for number in range(6)] == [False, False, True, True, True, True]
    retried = desk.open("rcpt_9")
    retried.failed("connection_lost")
    desk.open("rcpt_9", attempt=2).finished(USED, finish_reason=None, notices=[])
    found = desk.recents.get("rcpt_9")
    assert found is not None
    assert [(opened.attempt, closed.outcome if closed else None) for opened, closed in found] == [
        (1, Outcome.FAILED),
        (2, Outcome.FINISHED),
    ]
    for number in range(3):
        desk.open(f"rcpt_1{number}")
    assert desk.recents.get("rcpt_9") is None
