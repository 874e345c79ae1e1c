"""Pushing usage events to a receiver that drops, doubts and doubles."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.ledger.events.receiver import Receiver, receive

from triplepoint.foundation.clock import SystemClock
from triplepoint.foundation.errors import Conflict, RequestInvalid, UpstreamFault
from triplepoint.foundation.secret import Secret
from triplepoint.ledger.events.push import BATCH, SINGLE, HttpSink, Pusher, PushOptions, cursor_name
from triplepoint.ledger.events.store import EndingStore
from triplepoint.ledger.framing import SegmentName
from triplepoint.ledger.intake import Intake, Progress
from triplepoint.ledger.model import Closed, JournalRecord, Opened
from triplepoint.ledger.reader import Batch
from triplepoint.ledger.store import LedgerStore

MakeOpened = Callable[..., Opened]
MakeClosed = Callable[..., Closed]


class Died(Exception):
    """The pusher's process is gone."""


class Dying(EndingStore):
    """A store under a pusher that dies after it has delivered, before its place is kept."""

    def move(self, cursor: str, *, since: int, to: int, now_us: int) -> None:
        raise Died


@dataclass
class Ledger:
    """A ledger that is filled in steps, and pushed from."""

    store: LedgerStore
    pauses: list[float] = field(default_factory=list[float])
    at: int = 0

    def take(self, *records: JournalRecord) -> None:
        """Take records in, in a transaction of their own."""
        batch = Batch(list(records), next_offset=self.at + 1, is_end=True)
        Intake(self.store.engine).take(SegmentName("boot_a", 1), Progress(self.at, 0), batch)
        self.at += 1

    def pusher(
        self,
        receiver: Receiver,
        *,
        batch: int = 3,
        tries: int = 4,
        bearer: Secret | None = None,
        endings: EndingStore | None = None,
    ) -> Pusher:
        """Make a pusher that waits for nobody."""
        return Pusher(
            endings or EndingStore(self.store.engine),
            HttpSink(receiver.url, bearer=bearer, timeout_s=5),
            cursor="push:test",
            source="urn:test",
            clock=SystemClock(),
            pause=self.pauses.append,
            draw=Random(1).random,
            options=PushOptions(batch, tries),
        )


@pytest.fixture
def ledger(store: LedgerStore) -> Ledger:
    """Give an empty ledger."""
    return Ledger(store)


@pytest.fixture
def receiver() -> Generator[Receiver]:
    """Give a receiver that takes everything until it is told otherwise."""
    with receive(Receiver()) as running:
        yield running


def test_what_ended_is_delivered_once(ledger: Ledger, receiver: Receiver, opened: MakeOpened, closed: MakeClosed) -> None:
    """Each ended attempt comes once, in batches; the next push brings what ended since, however old, and then nothing."""
    ledger.take(*(record for n in range(5) for record in (opened(n), closed(n))), opened(9), opened(10))
    pusher = ledger.pusher(receiver)
    assert (pusher.push().events, pusher.push().events) == (5, 0)
    assert {head["content-type"] for head in receiver.heads} == {BATCH}
    ledger.take(closed(9))
    Intake(ledger.store.engine).interrupt("boot_a")
    assert pusher.push().events == 2
    assert [event["id"] for event in receiver.deliveries[5:]] == ["rcpt_000009-1", "rcpt_000010-1"]
    assert [event["data"]["outcome"] for event in receiver.deliveries[5:]] == ["finished", "interrupted"]
    assert len(receiver.deliveries) == len(receiver.events()) == 7


def test_alone_and_with_a_token(ledger: Ledger, receiver: Receiver, opened: MakeOpened, closed: MakeClosed) -> None:
    """Batches of one are single events in structured mode; the token is sent, and is in no message."""
    ledger.take(*(record for n in range(3) for record in (opened(n), closed(n))))
    ledger.pusher(receiver, batch=1, bearer=Secret("sesame")).push()
    assert [head["content-type"] for head in receiver.heads] == [SINGLE] * 3
    assert {head["authorization"] for head in receiver.heads} == {"Bearer sesame"}
    receiver.behave = lambda number: "refuse"
    ledger.take(opened(7), closed(7))
    with pytest.raises(RequestInvalid) as refused:
        ledger.pusher(receiver, bearer=Secret("sesame")).push()
    assert (refused.value.code, "sesame" in str(refused.value)) == ("push_refused", False)


def test_a_busy_receiver_is_waited_for(ledger: Ledger, receiver: Receiver, opened: MakeOpened, closed: MakeClosed) -> None:
    """Its Retry-After is kept, pauses double, and after the last try the place is kept for another push."""
    ledger.take(opened(1), closed(1))
    receiver.behave = lambda number: "busy" if number == 0 else "away" if number < 5 else "take"
    with pytest.raises(UpstreamFault, match="4 tries"):
        ledger.pusher(receiver).push()
    first, second, third = ledger.pauses
    assert (first, 0.5 <= second <= 1, 1 <= third <= 2) == (7.0, True, True)
    assert receiver.deliveries == []
    assert ledger.pusher(receiver).push().events == 1


def test_a_redirect_is_not_followed(ledger: Ledger, receiver: Receiver, opened: MakeOpened, closed: MakeClosed) -> None:
    """A token goes where it was meant to, and nowhere else."""
    ledger.take(opened(1), closed(1))
    receiver.behave = lambda number: "elsewhere"
    with pytest.raises(RequestInvalid, match="307"):
        ledger.pusher(receiver, bearer=Secret("sesame")).push()
    assert receiver.requests == 1


def test_the_past_may_be_left_out(ledger: Ledger, receiver: Receiver, opened: MakeOpened, closed: MakeClosed) -> None:
    """A push that begins now sends only what ends later."""
    ledger.take(opened(1), closed(1))
    pusher = ledger.pusher(receiver)
    assert (pusher.skip().position, pusher.push().events) == (1, 0)
    ledger.take(opened(2), closed(2))
    assert pusher.push().events == 1
    assert pusher.skip().position == 2


def test_two_pushes_under_one_name_notice_each_other(ledger: Ledger, opened: MakeOpened, closed: MakeClosed) -> None:
    """A cursor moves from where it is thought to be, or not at all."""
    endings = EndingStore(ledger.store.engine)
    endings.move("push:x", since=0, to=3, now_us=1)
    for since in (0, 2):
        with pytest.raises(Conflict, match="another push"):
            endings.move("push:x", since=since, to=4, now_us=1)
    endings.move("push:x", since=3, to=4, now_us=1)
    assert (endings.position("push:x"), endings.position("push:y")) == (4, 0)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    faults=st.lists(st.sampled_from(["take", "take", "lose", "away", "busy"]), max_size=40),
    steps=st.lists(st.sampled_from(["request", "open", "close", "push", "crash"]), min_size=1, max_size=25),
    batch=st.integers(1, 4),
    seed=st.integers(0, 99),
)
def test_no_fault_loses_or_doubles_an_event(
    empty: Callable[[], LedgerStore],
    opened: MakeOpened,
    closed: MakeClosed,
    faults: list[str],
    steps: list[str],
    batch: int,
    seed: int,
) -> None:
    """Whatever the receiver does and whenever the pusher dies, in the end it has every ended attempt, each by one id."""
    ledger, random, running = Ledger(empty()), Random(seed), list[int]()
    ended: set[str] = set()
    with receive(Receiver(lambda number: faults[number] if number < len(faults) else "take")) as receiver:
        for number, step in enumerate(steps):
            if step == "request":
                ledger.take(opened(number), closed(number))
                ended.add(f"rcpt_{number:06d}-1")
            elif step == "open":
                ledger.take(opened(number))
                running.append(number)
            elif step == "close" and running:
                late = running.pop(random.randrange(len(running)))
                ledger.take(closed(late))
                ended.add(f"rcpt_{late:06d}-1")
            elif step == "push":
                _try(ledger.pusher(receiver, batch=batch, tries=2))
            elif step == "crash":
                _try(ledger.pusher(receiver, batch=batch, tries=2, endings=Dying(ledger.store.engine)))
        receiver.behave = lambda number: "take"
        ledger.pusher(receiver, batch=batch).push()
        assert receiver.events().keys() == ended
        assert all(event == receiver.events()[event["id"]] for event in receiver.deliveries)


def _try(pusher: Pusher) -> None:
    try:
        pusher.push()
    except (UpstreamFault, Died):
        return


NO_ADDRESSES = ["", "billing.example", "ftp://x/y", "https://", "http://x:99999/", "https://a b/", "https://u:p@x/"]


@pytest.mark.parametrize("url", NO_ADDRESSES)
def test_what_is_no_address_is_refused(url: str) -> None:
    """Also one with a password in it, which would end in logs."""
    with pytest.raises(RequestInvalid):
        HttpSink(url)


def test_each_address_has_its_place() -> None:
    """Names of cursors are short, and say nothing of a query that may hold a secret."""
    one, other = cursor_name("https://x/y?token=1"), cursor_name("https://x/y?token=2")
    assert one != other
    assert len(one) < 64
    assert "token" not in one
