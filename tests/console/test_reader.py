"""One look at ledger and gateway, for all browsers."""

from dataclasses import dataclass
from typing import Any, cast

from tests.console.attempts import HandClock, ScriptedGateway, ScriptedLedger, make_attempt, make_status

from triplepoint.access.service import AccessService
from triplepoint.console.reader import Rate, Reader
from triplepoint.console.rows import EVERYTHING, Ending, Lens
from triplepoint.console.sums import floor_hour
from triplepoint.ledger.model import Outcome, Rollup


@dataclass
class Room:
    """A reader, and what it reads."""

    ledger: ScriptedLedger
    gateway: ScriptedGateway
    clock: HandClock
    reader: Reader

    @property
    def access(self) -> AccessService:
        """Nothing here asks for it."""
        raise AssertionError("the reader looks up no names")

    @property
    def routing(self) -> Any:
        """Nothing here asks for it."""
        raise AssertionError("the reader explains nothing")

    @property
    def misroutes(self) -> Any:
        """Nothing here asks for it."""
        raise AssertionError("the reader reports no misroutes")

    def lineup(self) -> Any:
        """Nothing here asks for it."""
        raise AssertionError("the reader describes no line-up")


def furnish() -> Room:
    """Make a reader of an empty ledger."""
    room = Room(ScriptedLedger(), ScriptedGateway(), HandClock(), cast(Reader, None))
    room.reader = Reader(room, room.clock)
    return room


def test_equal_lenses_are_read_once() -> None:
    """However many look, each model is read once, as deep as the deepest lens needs."""
    room = furnish()
    room.ledger.rows = [make_attempt(), make_attempt(receipt_id="rcpt_2", outcome=Outcome.CUT, served_model="mini")]
    trouble = Lens(ending=Ending.TROUBLE)
    frame = room.reader.read([EVERYTHING, trouble, Lens("mini"), Lens("mini", Ending.FINISHED)])
    assert sorted(room.ledger.asked, key=str) == [("mini", 1000), (None, 1000)]
    assert [line.receipt for line in frame.lines[EVERYTHING]] == ["rcpt_000001", "rcpt_2"]
    assert [line.receipt for line in frame.lines[trouble]] == ["rcpt_2"]
    assert frame.lines[Lens("mini", Ending.FINISHED)] == ()


def test_rollups_are_read_less_often_than_attempts() -> None:
    """Sums are looked at every two seconds, whatever the pace of the table."""
    room = furnish()
    for _ in range(8):
        room.reader.read([])
        room.clock.pass_s(0.5)
    assert room.ledger.looks == 2


def test_a_ledger_that_fails_leaves_what_was_read_before() -> None:
    """Where the ledger cannot be read the frame says so, keeps the lines, and goes on when it can."""
    room = furnish()
    room.ledger.rows = [make_attempt()]
    before = room.reader.read([])
    room.ledger.fault = RuntimeError("disk")
    frame = room.reader.read([])
    assert frame.is_stale
    assert frame.lines == before.lines
    assert "The ledger cannot be read." in frame.panels.alarm
    room.ledger.fault = None
    assert not room.reader.read([]).is_stale


def test_a_gateway_that_is_away_hides_nothing_else() -> None:
    """Without an answer of the gateway, or with a wrong one, attempts are shown and the page says that it is away."""
    room = furnish()
    room.ledger.rows = [make_attempt()]
    room.gateway.fault = ValueError("not what a gateway says")
    frame = room.reader.read([])
    assert frame.status is None
    assert len(frame.lines[EVERYTHING]) == 1
    assert "No gateway answers." in frame.panels.alarm


def test_a_journal_in_trouble_is_an_alarm() -> None:
    """What is wrong with the journal is said on every page, in its words."""
    room = furnish()
    room.gateway.answer = make_status(journal="no space left on device <b>")
    assert "no space left on device &lt;b&gt;" in room.reader.read([]).panels.alarm


def test_spend_and_errors_come_from_the_rollups() -> None:
    """Tiles add up money exactly, name the span they saw, and tell what has no price."""
    room = furnish()
    hour = floor_hour(room.clock.us)
    room.ledger.sums = [
        Rollup(
            hour_us=hour,
            customer_id=c,
            key_id="k",
            plan="",
            served_model="nano",
            lineup="x",
            attempts=4,
            failed=1,
            cost_usd="0.1",
            unpriced=2,
        )
        for c in ("cust_1", "cust_2")
    ]
    panels = room.reader.read([]).panels
    for text in ("$0.2", "8 attempts (4 unpriced), since 22:00 UTC", "25 %", "2 of 8, since 22:00 UTC"):
        assert text in panels.tiles
    assert 'aria-label="Attempts by model: nano 100 %"' in panels.share


def test_many_models_share_the_colours() -> None:
    """Beyond six models the smallest stand together, and the shares still add up."""
    room = furnish()
    hour = floor_hour(room.clock.us)
    room.ledger.sums = [
        Rollup(
            hour_us=hour, customer_id="c", key_id="k", plan="", served_model=f"m{n}", lineup="x", attempts=10 + n, cost_usd="0"
        )
        for n in range(9)
    ]
    share = room.reader.read([]).panels.share
    assert "4 others" in share
    assert "hue-5" in share
    assert "hue-6" not in share


def test_requests_a_second_are_measured_at_the_gateway() -> None:
    """The rate is what the gateway's counter gained in the last ten seconds; a restart of the gateway begins anew."""
    rate = Rate()
    assert rate.observe(make_status(requests=100), 0.0) is None
    assert rate.observe(make_status(requests=150), 5.0) == (10.0, 5.0)
    measured = [rate.observe(make_status(requests=150 + 40 * (second - 5)), float(second)) for second in range(6, 31)]
    assert measured[-1] == (40.0, 10.0)
    assert rate.observe(make_status(requests=3, started_us=9), 31.0) is None
    assert rate.observe(None, 32.0) is None
    assert rate.observe(make_status(requests=9, started_us=9), 33.0) is None
