"""Our reader beside h11's, over answers well formed and broken: the same answer, or a refusal that is on the list."""

import re
from dataclasses import dataclass

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triplepoint.upstreams.transport.faults import FramingError
from triplepoint.upstreams.transport.wire.reader import HEAD_LIMIT, AnswerReader

_OK = b"HTTP/1.1 200 OK\r\n"
_CHUNKED = _OK + b"Transfer-Encoding: chunked\r\n\r\n"


@dataclass(frozen=True)
class Difference:
    """Something that h11 accepts and we refuse."""

    what: str
    raw: bytes
    """An example."""
    words: str
    """Pattern of our words for it."""


DELIBERATE = [
    Difference("another version", b"HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1 status line"),
    Difference("control characters in a reason", b"HTTP/1.1 200 O\x01K\r\nContent-Length: 0\r\n\r\n", "HTTP/1 status line"),
    Difference("control characters in a value", _OK + b"X: a\x01b\r\nContent-Length: 0\r\n\r\n", "Invalid header value char"),
    Difference("LF alone in a head", b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", "ends in LF alone"),
    Difference("LF alone after the status line", b"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", "HTTP/1 status line"),
    Difference("LF alone after a value", _OK + b"X: y\nContent-Length: 0\r\n\r\n", "Missing expected CR after header value"),
    Difference("LF alone after an empty value", _OK + b"X:\nContent-Length: 0\r\n\r\n", "Invalid header value char"),
    Difference("LF alone as the empty line", _OK + b"Content-Length: 4\r\n\n\r\n\r\n", "Invalid header field char"),
    Difference("folded headers", _OK + b"X: a\r\n b\r\nContent-Length: 0\r\n\r\n", "Unexpected whitespace after header value"),
    Difference("one length, twice", _OK + b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n", "Duplicate Content-Length"),
    Difference("one length, listed twice", _OK + b"Content-Length: 0, 0\r\n\r\n", "Invalid character in Content-Length"),
    Difference("a length, then chunks", _OK + b"Content-Length: 0\r\n" + _CHUNKED[17:] + b"0\r\n\r\n", "can't be present"),
    Difference("chunks, then a length", _CHUNKED[:-2] + b"Content-Length: 0\r\n\r\n0\r\n\r\n", "can't be present"),
    Difference("chunks in HTTP/1.0", _CHUNKED.replace(b"1.1", b"1.0") + b"0\r\n\r\n", "HTTP/1.0 answer with transfer-encoding"),
    Difference("early answers with a length", b"HTTP/1.1 103 E\r\nContent-Length: 0\r\n\r\n" + _OK + b"\r\n", "informational"),
    Difference("early answers of HTTP/1.0", b"HTTP/1.0 103 E\r\n\r\n" + _OK + b"\r\n", "informational"),
    Difference("white space after a chunk's size", _CHUNKED + b"1 \r\na\r\n0\r\n\r\n", "Invalid character in chunk size"),
    Difference("control characters in an extension", _CHUNKED + b"1;\x01\r\na\r\n0\r\n\r\n", "chunk extensions? name"),
    Difference("the same in its value", _CHUNKED + b"1;a=\x01\r\na\r\n0\r\n\r\n", "chunk extensions? value"),
    Difference("the same in its quotes", _CHUNKED + b'1;a="\x01"\r\na\r\n0\r\n\r\n', "chunk extensions? quoted value"),
    Difference("a length as a trailer", _CHUNKED + b"0\r\nContent-Length: 5\r\n\r\n", "can't be present"),
]


@dataclass(frozen=True)
class Outcome:
    """What a reader made of the bytes of a connection."""

    is_whole: bool
    status: int = 0
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    why: str = ""


def _ours(method: bytes, pieces: list[bytes]) -> Outcome:
    reader = AnswerReader()
    reader.begin(method)
    try:
        for piece in pieces:
            reader.feed(piece)
        is_whole = reader.eof()
    except FramingError as error:
        return Outcome(is_whole=False, why=str(error))
    if not is_whole:
        return Outcome(is_whole=False, why="incomplete")
    return Outcome(True, reader.status, tuple(map(_plain, reader.headers)), b"".join(reader.body))


def _plain(header: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """Write a header as h11 does: it gives the names of transfer codings in lower case."""
    name, value = bytes(header[0]), bytes(header[1])
    return (name, value.lower() if name == b"transfer-encoding" else value)


def _h11(method: bytes, raw: bytes) -> Outcome:
    peer = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_LIMIT)
    peer.send(h11.Request(method=method, target="/", headers=[("host", "x")]))
    peer.send(h11.EndOfMessage())
    status, headers, body = 0, (), b""
    try:
        peer.receive_data(raw)
        is_ended = False
        while True:
            event = peer.next_event()
            if isinstance(event, h11.Response):
                status, headers = event.status_code, tuple(map(_plain, event.headers))
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return Outcome(True, status, headers, body)
            elif event is h11.NEED_DATA and not is_ended:
                is_ended = True
                peer.receive_data(b"")
            elif not isinstance(event, h11.InformationalResponse):
                return Outcome(is_whole=False, why=f"h11 stopped at {event!r}")
    except h11.RemoteProtocolError as error:
        return Outcome(is_whole=False, why=str(error))


def _compare(method: bytes, raw: bytes) -> None:
    ours, theirs = _ours(method, [raw]), _h11(method, raw)
    if ours.is_whole and theirs.is_whole:
        assert ours == theirs
    elif theirs.is_whole:
        assert any(re.search(difference.words, ours.why) for difference in DELIBERATE), (ours.why, theirs)
    else:
        assert not ours.is_whole, (ours, theirs.why)


_names = st.from_regex(rb"[A-Za-z][-A-Za-z0-9_.!~]{0,12}", fullmatch=True).filter(
    lambda name: name.lower() not in {b"content-length", b"transfer-encoding", b"connection", b"upgrade", b"proxy-connection"}
)
_values = st.from_regex(rb"([!-~\x80-\xff]([ \t!-~\x80-\xff]{0,20}[!-~\x80-\xff])?)?", fullmatch=True)
_padding = st.sampled_from([b"", b" ", b"  ", b"\t"])
_bodies = st.binary(max_size=200)
_methods = st.sampled_from([b"POST", b"POST", b"GET", b"HEAD"])


@st.composite
def _fields(draw: st.DrawFn) -> bytes:
    fields = draw(st.lists(st.tuples(_names, _padding, _values, _padding), max_size=6))
    return b"".join(b"%b:%b%b%b\r\n" % field for field in fields)


@st.composite
def _chunked(draw: st.DrawFn, body: bytes) -> bytes:
    cuts = sorted(draw(st.lists(st.integers(0, len(body)), max_size=5)))
    pieces = [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    extension = draw(st.sampled_from([b"", b";a=b", b";a", b';a="b c";d=1']))
    size = draw(st.sampled_from([b"%x", b"%X", b"00%x"]))
    return b"".join((size % len(piece)) + extension + b"\r\n" + piece + b"\r\n" for piece in pieces if piece) + b"0\r\n"


@st.composite
def _answers(draw: st.DrawFn) -> bytes:
    """Draw a well-formed answer, informational ones before it, perhaps bytes after it."""
    early = b"".join(
        b"HTTP/1.1 %d Wait\r\n%b\r\n" % (status, draw(_fields()))
        for status in draw(st.lists(st.sampled_from([100, 102, 103]), max_size=2))
    )
    status = draw(st.sampled_from([200, 200, 200, 204, 304, 400, 429, 500, 529, 599]))
    reason = draw(st.sampled_from([b"", b" ", b" OK", b" Not \xfc\tgood"]))
    head = early + b"HTTP/1.1 %d%b\r\n" % (status, reason) + draw(_fields())
    body = draw(_bodies)
    match draw(st.sampled_from(["length", "chunked", "close", "old"])):
        case "length":
            return head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body) + draw(st.sampled_from([b"", b"\r\n", b"HTTP"]))
        case "chunked":
            trailers = draw(st.sampled_from([b"", b"X-Sum: 1\r\n", b"a: b\r\nc:\r\n"]))
            return (
                head
                + b"Transfer-Encoding: %b\r\n\r\n" % draw(st.sampled_from([b"chunked", b"Chunked"]))
                + draw(_chunked(body))
                + trailers
                + b"\r\n"
            )
        case "close":
            return head + b"Connection: close\r\n\r\n" + body
        case _:
            return head.replace(early + b"HTTP/1.1", b"HTTP/1.0", 1) + b"\r\n" + body


_SNIPPETS = [
    b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\x00", b"\x01", b"\x7f", b" ", b"\t", b":", b";", b",", b"0", b"1", b"-",
    b"+", b"f" * 17, b"\x0b", b"Content-Length: 5\r\n", b"Content-Length: 5, 5\r\n", b"content-length:0\r\n",
    b"Transfer-Encoding: chunked\r\n", b"chunked", b"gzip, ", b"Transfer-Encoding: identity\r\n",
    b"Connection: close\r\n", b"Connection: upgrade\r\nUpgrade: x\r\n", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0",
    b"HTTP/1.1 100 Continue\r\n\r\n", b"X: y\r\n z\r\n", b"0\r\n\r\n", b"5\r\nhello\r\n", b"204", b"101", b"099",
]  # fmt: skip


@st.composite
def _broken(draw: st.DrawFn) -> bytes:
    """Draw an answer with a few small damages, mostly where framing is."""
    raw = draw(_answers())
    for _ in range(draw(st.integers(1, 3))):
        ends = [match.start() for match in re.finditer(rb"\r\n|:", raw)]
        at = draw(st.one_of(st.integers(0, len(raw)), st.sampled_from(ends or [0])))
        length = draw(st.sampled_from([0, 0, 1, 2, 5, 20]))
        raw = raw[:at] + draw(st.sampled_from([b"", *_SNIPPETS])) + raw[at + length :]
    return raw


def _cut(raw: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(raw) + 1) for cut in cuts})
    return [raw[start:end] for start, end in zip([0, *places], [*places, len(raw)], strict=True)]


@settings(max_examples=100, deadline=None)
@given(_methods, _answers())
def test_well_formed_answers_read_the_same(method: bytes, raw: bytes) -> None:
    """What is well formed is read by both, and read alike: status, headers in their order, body."""
    ours = _ours(method, [raw])
    assert ours.is_whole, ours.why
    assert ours == _h11(method, raw)


@pytest.mark.parametrize("difference", DELIBERATE, ids=lambda difference: difference.what)
def test_the_table_of_differences_is_true(difference: Difference) -> None:
    """Each example is accepted by h11 and refused by us, in the words of the table."""
    ours = _ours(b"POST", [difference.raw])
    assert _h11(b"POST", difference.raw).is_whole
    assert not ours.is_whole
    assert re.search(difference.words, ours.why), ours.why


@settings(max_examples=300, deadline=None)
@given(_methods, _broken())
def test_broken_answers_differ_only_as_listed(method: bytes, raw: bytes) -> None:
    """What h11 refuses we refuse; what it accepts we read alike, or refuse for a reason in the table.

    Deliberately refused by us, accepted by h11; `DELIBERATE` has an example of each, and h11 is asked whether it is one:

    =======================================================  ===========================================================
    any version but HTTP/1.0 and HTTP/1.1                    nobody sends one who means well
    control characters in reason, value or chunk extension   only tab is text; logs and terminals act on the rest
    LF alone as a line's end in a head                       the classic way to smuggle: not every reader sees a line there
    folded headers                                           the same; RFC 9112, 5.2 lets a reader refuse
    white space after a chunk's size                         the same
    equal lengths given twice                                one is enough; two come from two writers
    length and chunked coding together                       the other classic way to smuggle
    chunked coding in HTTP/1.0                               RFC 9112, 6.1: its framing is faulty
    informational answers with a length, or of HTTP/1.0      both are forbidden to the sender
    a length as a trailer                                    forbidden to the sender
    =======================================================  ===========================================================

    The other way round there is nothing: what h11 refuses is refused here.
    """
    _compare(method, raw)


@settings(max_examples=150, deadline=None)
@given(_methods, st.one_of(_answers(), _broken()), st.lists(st.integers(0, 2**16), max_size=12))
def test_cutting_the_bytes_changes_nothing(method: bytes, raw: bytes, cuts: list[int]) -> None:
    """However an answer's bytes are cut, its reader ends in the same state: also what came before a fault is the same."""
    assert _state(method, _cut(raw, cuts)) == _state(method, [raw])


@settings(max_examples=25, deadline=None)
@given(_methods, st.one_of(_answers(), _broken()))
def test_single_bytes_change_nothing(method: bytes, raw: bytes) -> None:
    """The same where each byte comes alone."""
    assert _state(method, [raw[at : at + 1] for at in range(len(raw))]) == _state(method, [raw])


def _state(method: bytes, pieces: list[bytes]) -> tuple[object, ...]:
    reader = AnswerReader()
    reader.begin(method)
    is_refused = False
    try:
        for piece in pieces:
            reader.feed(piece)
    except FramingError:
        is_refused = True
    if not reader.is_headed:
        return (is_refused,)
    is_whole = not is_refused and reader.eof()
    return (is_refused, is_whole, reader.has_surplus, reader.keep_alive, reader.status, reader.headers, b"".join(reader.body))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(_methods, _bodies), min_size=1, max_size=5))
def test_one_reader_reads_many_answers(exchanges: list[tuple[bytes, bytes]]) -> None:
    """Answers one after the other on one connection are each read as if they were the first."""
    reader = AnswerReader()
    for number, (method, body) in enumerate(exchanges):
        reader.begin(method)
        reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nX-N: %d\r\n\r\n" % (len(body), number))
        if method != b"HEAD":
            reader.feed(body)
        assert reader.is_ended
        assert reader.keep_alive
        assert not reader.has_surplus
        assert reader.headers[1] == (b"x-n", b"%d" % number)
        assert b"".join(reader.body) == (b"" if method == b"HEAD" else body)
