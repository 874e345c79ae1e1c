"""Server-sent events: found whole in any stream of bytes, however it was cut, and written so that they are found again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.foundation.errors import UpstreamFault
from triplepoint.upstreams.dialects.model import Event
from triplepoint.upstreams.dialects.sse import KEEP_ALIVE, SseFramer, parse, write

LINE = st.binary(max_size=12).filter(lambda line: not {10, 13} & set(line))
NAME = LINE.filter(lambda name: not name.startswith(b" "))
EVENTS = st.lists(st.builds(Event, NAME, st.lists(LINE, min_size=1, max_size=3).map(b"\n".join)), max_size=6)
ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])


def chopped(data: bytes, cuts: list[int]) -> list[bytes]:
    """Cut bytes at these places."""
    places = sorted({min(cut, len(data)) for cut in cuts})
    return [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]


def framed(chunks: list[bytes]) -> tuple[list[bytes], bytes]:
    """Return the events found in chunks, and what is left."""
    framer = SseFramer()
    return [block for chunk in chunks for block in framer.blocks(chunk)], framer.rest


@given(events=EVENTS, end=ENDS, cuts=st.lists(st.integers(0, 300), max_size=12))
def test_events_are_found_however_they_are_cut(events: list[Event], end: bytes, cuts: list[int]) -> None:
    """What was written is read again, with any of the three line ends, cut anywhere, also between CR and LF."""
    data = b"".join(write(event) for event in events).replace(b"\n", end)
    blocks, rest = framed(chopped(data, cuts))
    read = [event for block in blocks if (event := parse(block)) is not None]
    assert [(event.name, event.data) for event in read] == [(event.name, event.data) for event in events]
    assert rest == b""


@given(
    data=st.binary(max_size=200) | st.text("data: x\r\n:", max_size=200).map(str.encode),
    cuts=st.lists(st.integers(0, 200), max_size=12),
)
def test_cuts_make_no_difference(data: bytes, cuts: list[int]) -> None:
    """Any bytes at all frame in the same way, in one piece and in many."""
    assert framed(chopped(data, cuts)) == framed([data])


@given(data=st.binary(max_size=200))
def test_every_block_is_one_event(data: bytes) -> None:
    """A block has LF line ends, ends with its empty line, and holds no other."""
    for block in framed([data])[0]:
        assert block.endswith(b"\n\n")
        assert b"\n\n" not in block[:-2]
        assert b"\r" not in block


def test_nothing_but_line_ends_splits() -> None:
    """Unicode's line separators inside JSON are text like any other."""
    data = 'data: {"text": "one\u2028two\u2029three\x85four\x0bfive"}\n\n'.encode()
    assert framed([data]) == ([data], b"")


def test_empty_lines_between_events_are_nothing() -> None:
    """However many there are."""
    assert framed([b"\n\n\ndata: 1\n\n\n\n\ndata: 2\n\n"])[0] == [b"data: 1\n\n", b"data: 2\n\n"]


def test_what_is_not_whole_is_left() -> None:
    """An event without its empty line is not one; at the end of a stream it tells that the stream was cut."""
    assert framed([b"data: 1\n\ndata: 2\n"]) == ([b"data: 1\n\n"], b"data: 2")


def _feed(chunks: list[bytes]) -> None:
    framer = SseFramer(max_event_bytes=100)
    for chunk in chunks:
        framer.blocks(chunk)


@pytest.mark.parametrize(
    "chunks",
    [[b"x" * 101], [b"x"] * 101, [b"data: 1\n\n" + b"x" * 101], [b"data: x\n"] * 15],
    ids=["one piece", "many pieces", "after another", "many lines"],
)
def test_an_event_without_end_is_refused(chunks: list[bytes]) -> None:
    """Memory is bounded, in one large piece and in many small ones."""
    with pytest.raises(UpstreamFault) as refused:
        _feed(chunks)
    assert refused.value.code == "protocol_error"


def test_an_event_of_the_limit_is_taken() -> None:
    """The limit is on what is held, not on a stream."""
    _feed([b"x" * 100, b"\n\n"] * 10)


def test_a_large_event_costs_no_more_than_its_length() -> None:
    """Many small pieces of one event are put together once, not again for each piece."""
    framer = SseFramer()
    for _ in range(200_000):
        assert framer.blocks(b"x" * 10) == []
    assert len(framer.blocks(b"\n\n")[0]) == 2_000_002


@pytest.mark.parametrize(
    ("block", "event"),
    [
        (b"data: x\n\n", Event(b"", b"x")),
        (b"data:x\n\n", Event(b"", b"x")),
        (b"data:  x\n\n", Event(b"", b" x")),
        (b"data\n\n", Event(b"", b"")),
        (b"data: a\ndata: b\n\n", Event(b"", b"a\nb")),
        (b"event: e\ndata: x\nid: 1\nretry: 5\n\n", Event(b"e", b"x")),
        (b": note\ndata: x\n\n", Event(b"", b"x")),
        (b"unknown: y\ndata: x\n\n", Event(b"", b"x")),
        (KEEP_ALIVE, None),
        (b"event: alone\n\n", None),
    ],
)
def test_an_event_is_read_as_the_standard_has_it(block: bytes, event: Event | None) -> None:
    """One space after the colon is dropped, lines of data are joined, comments and what is unknown are passed over."""
    assert parse(block) == event
